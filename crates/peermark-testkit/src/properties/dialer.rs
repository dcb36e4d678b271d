//! The dial coordinator: any events, watched by an oracle.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_dial_policy::Candidate;
use peermark_dialer::{Action, Config, Discovery, Limits, Moment};
use peermark_provenance::DialOutcome;

use crate::dialer::Watched;
use crate::dialer::world::{self, Class};

/// How many bytes an event of `dialer_events` has.
pub const EVENT_LEN: usize = 4;

/// Rules C1 to C7 over any sequence of events.
///
/// The first byte chooses the limits; each event is four: which, and three arguments. After each,
/// the coordinator is asked until it has nothing to do, and an oracle holds every action to the
/// rules; then everything is looked at. In the end time passes, every dial is answered, and every
/// request has to be over. Then it is done once more: the same events give the same actions.
///
/// # Panics
///
/// When that does not hold.
pub fn dialer_events(data: &[u8]) {
    let first = run(data);
    let second = run(data);
    assert_eq!(first, second, "the same events give the same actions (C6)");
}

fn run(data: &[u8]) -> Vec<Action> {
    let (limits, events) = data.split_first().unwrap_or((&0, &[]));
    let mut config = Config::default();
    config.limits = limits_of(*limits);
    let mut run = Run {
        dialer: Watched::new(config),
        policies: world::policies(),
        now: Moment::from_secs(1_000),
        wait: None,
        actions: Vec::new(),
    };
    for event in events.chunks_exact(EVENT_LEN).take(512) {
        run.happen([event[0], event[1], event[2], event[3]]);
        run.settle();
    }
    run.finish();
    run.actions
}

fn limits_of(byte: u8) -> Limits {
    let mut limits = Limits::default();
    if byte & 1 == 1 {
        limits.dials = 3;
    }
    if byte & 2 == 2 {
        limits.dials_per_peer = 2;
    }
    if byte & 4 == 4 {
        (limits.dials_per_target, limits.dials_per_network) = (2, 3);
    }
    if byte & 8 == 8 {
        (limits.window, limits.requests) = (Duration::from_secs(2), 9);
    }
    limits
}

struct Run {
    dialer: Watched,
    policies: Vec<world::Policy>,
    now: Moment,
    wait: Option<Moment>,
    actions: Vec<Action>,
}

impl Run {
    fn happen(&mut self, [event, a, b, c]: [u8; EVENT_LEN]) {
        let now = self.now;
        let peer = world::peer(u32::from(a % 6));
        let discovery = if c & 1 == 0 { Discovery::Done } else { Discovery::Running };
        match event % 14 {
            0 | 1 => {
                let policy = &self.policies[usize::from(a / 6) % self.policies.len()];
                let deadline = now.saturating_add(Duration::from_millis(u64::from(c) * 100));
                self.dialer.request(peer, policy, deadline, candidates(b, c), discovery, now);
            }
            2 => self.dialer.candidates(peer, candidates(b, c), discovery, now),
            3..=5 => {
                let under_way = self.dialer.under_way();
                if let Some(id) = under_way.get(usize::from(a) % under_way.len().max(1)) {
                    match b % 7 {
                        0 => self.dialer.dialed(*id, DialOutcome::Success, now),
                        1 | 2 => self.dialer.dialed(*id, DialOutcome::Failure, now),
                        3 => self.dialer.dialed(*id, DialOutcome::WrongPeer, now),
                        4 => self.dialer.wrong_peer(*id, world::peer(u32::from(c % 6)), now),
                        5 => self.dialer.dialed(*id, DialOutcome::NotStarted, now),
                        _ => self.dialer.dialed(*id, DialOutcome::Cancelled, now),
                    }
                }
            }
            6 => self.dialer.connected(peer, &address(b), now),
            7 => self.dialer.disconnected(peer, &address(b), now),
            8 => {
                let open = self.dialer.open();
                if let Some(id) = open.get(usize::from(a) % open.len().max(1)) {
                    self.dialer.cancel(*id, now);
                }
            }
            9..=11 => {
                let under_way = self.dialer.under_way();
                if let Some(id) = under_way.get(usize::from(a) % under_way.len().max(1)) {
                    self.dialer.resolved_to(*id, &resolved(b), now);
                }
            }
            12 if a & 1 == 0 => self.dialer.network_changed(now),
            12 => {
                let own = if b & 1 == 0 { Vec::new() } else { vec![address(c)] };
                self.dialer.set_own(own, now);
            }
            // To the time that it asked for, or some time on.
            _ if a & 1 == 0 => self.now = self.wait.unwrap_or(now),
            _ => {
                let millis = u64::from(b) << (c % 12);
                self.now = now.saturating_add(Duration::from_millis(millis));
            }
        }
    }

    /// Does what it says until it has nothing to do, and looks at everything.
    fn settle(&mut self) {
        loop {
            let action = self.dialer.poll(self.now);
            self.actions.push(action.clone());
            if let Action::WaitUntil(until) = action {
                self.wait = until;
                break;
            }
        }
        self.dialer.check_all();
    }

    /// Lets time pass until everything is over.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            let under_way = self.dialer.under_way();
            for id in &under_way {
                self.dialer.dialed(*id, DialOutcome::Failure, self.now);
                self.settle();
            }
            if let Some(until) = self.wait {
                self.now = self.now.max(until);
            } else if under_way.is_empty() {
                break;
            }
            self.settle();
        }
        let stats = self.dialer.stats();
        assert_eq!((stats.requests, stats.attempts, stats.waiting), (0, 0, 0), "it does not end");
    }
}

/// One of a few addresses, some of which are of one host or network.
fn address(byte: u8) -> Multiaddr {
    world::address(match byte % 18 {
        12 => "/dns4/A.example.net./tcp/443/ws",
        13 => "/dns4/k1.libp2p.direct/tcp/443/tls/ws",
        14 => "/dnsaddr/example.net",
        15 => "/ip6/64:ff9b::102:304/tcp/4001",
        16 => return circuit(4),
        17 => return circuit(5),
        0 => "/ip4/1.2.3.4/tcp/4001",
        1 => "/ip4/1.2.3.4/udp/4001/quic-v1",
        2 => "/ip6/::ffff:1.2.3.4/tcp/4001",
        3 => "/ip4/1.2.3.5/tcp/4001",
        4 => "/ip4/1.2.3.6/tcp/4002",
        5 => "/ip6/2606:4700::1/tcp/4001",
        6 => "/ip6/2606:4700::1/udp/4001/quic-v1",
        7 => "/dns4/a.example.net/tcp/443/ws",
        8 => "/dns4/b.example.net/tcp/443/ws",
        9 => "/ip4/10.1.1.1/tcp/4001",
        10 => "/ip4/8.8.4.4/tcp/1",
        _ => "/ip4/169.254.169.254/tcp/80",
    })
}

/// A circuit over a peer that may be connected, at a host and port that others name.
fn circuit(relay: u32) -> Multiaddr {
    world::address(&format!("/ip4/1.2.3.4/tcp/4001/p2p/{}/p2p-circuit", world::peer(relay)))
}

/// What a name resolves to.
fn resolved(byte: u8) -> Multiaddr {
    world::address(match byte % 7 {
        0 => "/ip4/1.2.3.4/tcp/4001",
        1 => "/ip4/10.1.1.1/tcp/4001",
        2 => "/ip6/64:ff9b::102:304/tcp/4001",
        3 => "/ip4/1.2.3.5/tcp/4001",
        4 => "/ip4/169.254.169.254/tcp/80",
        5 => "/ip6/2606:4700::1/tcp/4001",
        _ => "/ip4/8.8.4.4/tcp/1",
    })
}

/// A few addresses, with classes.
fn candidates(b: u8, c: u8) -> Vec<Candidate> {
    let classes = [Class::Hearsay, Class::Certified, Class::User, Class::Certified];
    let count = b % 5;
    (0..count)
        .map(|n| {
            let class = classes[usize::from((c >> (n % 4)) & 3)];
            world::candidate(address((b / 5).wrapping_add(n.wrapping_mul(c | 1))), class)
        })
        .collect()
}
