//! A node's life in virtual time: many requests for many peers, over a network of all kinds of
//! addresses, names and relays, with one victim that everybody names and counts its connections, and
//! attackers that name the hosts of others.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::Candidate;
use peermark_dialer::{
    Action, AttemptId, Config, DIALS_PER_VICTIM, Discovery, Limits, Moment, PEERS_PER_TARGET,
    RequestId,
};
use peermark_provenance::DialOutcome;

use super::network::Network;
use super::watched::{Counts, Watched};
use super::world::{self, Policy};
use crate::rng::Rng;

use known::addresses;

/// How large a simulation is. The same values make the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever runs one says how")]
pub struct Simulation {
    /// The seed of everything.
    pub seed: u64,
    /// Peers that may be wanted.
    pub peers: u32,
    /// Requests in all.
    pub requests: usize,
}

/// What came of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// What was run.
    pub of: Simulation,
    /// What the coordinator did.
    pub counts: Counts,
    /// Requests that were cancelled.
    pub left: usize,
    /// Dials to the victim.
    pub to_victim: usize,
    /// The peers whose dials these were.
    pub by_peers: usize,
    /// Events that it was told.
    pub events: usize,
    /// How long it took in virtual time.
    pub took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, counts, left, to_victim, by_peers, events, took } = self;
        writeln!(f, "seed {}: {} peers, {} requests", of.seed, of.peers, of.requests)?;
        writeln!(f, "  {} completed, {} failed, {left} left", counts.completed, counts.failed)?;
        writeln!(f, "  {} dials, {} cancelled", counts.dials, counts.cancels)?;
        writeln!(f, "  {to_victim} connections, for {by_peers} peers, to a victim that all name")?;
        writeln!(f, "  {events} events in {} virtual seconds", took.as_secs())?;
        write!(f, "  at most: {:?}", counts.most)
    }
}

enum Event {
    Ask,
    Ended(AttemptId, DialOutcome),
    Closed(PeerId, Multiaddr),
    Resolved(AttemptId, Multiaddr),
    Found(AttemptId, PeerId),
    Learned(PeerId),
}

struct Run {
    rng: Rng,
    dialer: Watched,
    network: Network,
    policies: Vec<Policy>,
    addresses: Vec<Vec<Candidate>>,
    known: Vec<usize>,
    now: Moment,
    events: BTreeMap<(Moment, u64), Event>,
    /// The end of each attempt that is under way.
    ends: BTreeMap<AttemptId, (Moment, u64)>,
    open: BTreeSet<RequestId>,
    victims: Vec<Multiaddr>,
    /// When the victim was dialed, and for whom.
    sent: Vec<(Moment, PeerId)>,
    next: u64,
    asked: usize,
    summary: Summary,
}

/// The ip and port of the victim, under a few of its spellings.
const VICTIM: [&str; 4] = [
    "/ip4/203.1.1.1/tcp/443",
    "/ip4/203.1.1.1/tcp/443/ws",
    "/ip6/::ffff:203.1.1.1/tcp/443",
    "/ip4/203.1.1.1/udp/443/quic-v1",
];

impl Simulation {
    /// Runs it, to the end.
    ///
    /// # Panics
    ///
    /// Where the oracle finds something, or a request does not end.
    #[must_use]
    pub fn run(self) -> Summary {
        let mut run = Run::new(self);
        run.schedule(Duration::ZERO, Event::Ask);
        loop {
            let until = run.settle();
            let first = run.events.first_key_value().map(|((at, _), _)| *at);
            run.now = match (first, until) {
                (None, None) => break,
                (Some(at), Some(until)) => at.min(until),
                (Some(at), None) | (None, Some(at)) => at,
            };
            while let Some(entry) = run.events.first_entry()
                && entry.key().0 <= run.now
            {
                let event = entry.remove();
                run.summary.events += 1;
                // Ends of dials come together as well; what is to be done waits for them.
                if !matches!(event, Event::Ended(..) | Event::Found(..)) {
                    run.settle();
                    run.happen(event);
                    run.settle();
                } else {
                    run.happen(event);
                }
            }
        }
        run.finish()
    }
}

impl Run {
    fn new(of: Simulation) -> Self {
        let mut rng = Rng::new(of.seed);
        let mut network = Network::default();
        let addresses = (0..of.peers).map(|peer| addresses(&mut rng, &mut network, peer)).collect();
        let summary = Summary {
            of,
            counts: Counts::default(),
            left: 0,
            to_victim: 0,
            by_peers: 0,
            events: 0,
            took: Duration::ZERO,
        };
        Self {
            rng,
            dialer: Watched::new(Config::default()),
            network,
            policies: world::policies(),
            addresses,
            known: vec![0; usize::try_from(of.peers).unwrap_or(0)],
            now: Moment::from_secs(1_000),
            events: BTreeMap::new(),
            ends: BTreeMap::new(),
            open: BTreeSet::new(),
            victims: VICTIM.map(world::address).to_vec(),
            sent: Vec::new(),
            next: 0,
            asked: 0,
            summary,
        }
    }

    fn schedule(&mut self, wait: Duration, event: Event) -> (Moment, u64) {
        self.next += 1;
        let key = (self.now.saturating_add(wait), self.next);
        self.events.insert(key, event);
        key
    }

    fn millis(&mut self, below: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.rng.below(below)).unwrap_or(0))
    }

    /// Does what it says until there is nothing to do.
    fn settle(&mut self) -> Option<Moment> {
        loop {
            match self.dialer.poll(self.now) {
                Action::Dial { attempt, peer, address } => self.dial(attempt, peer, &address),
                Action::Cancel { attempt } => self.cancelled(attempt),
                Action::Complete { request, peer, address } => {
                    self.open.remove(&request);
                    if self.rng.one_in(2) {
                        let wait = self.millis(20_000);
                        self.schedule(wait, Event::Closed(peer, address));
                    }
                }
                Action::Fail { request, .. } => {
                    self.open.remove(&request);
                }
                Action::WaitUntil(until) => {
                    // Everything is looked at now and then: it takes long.
                    if self.rng.one_in(1 + self.open.len()) {
                        self.dialer.check_all();
                    }
                    return until;
                }
            }
        }
    }

    fn dial(&mut self, attempt: AttemptId, peer: PeerId, address: &Multiaddr) {
        let (mut wait, mut result) = self.network.behaviour(address).dial(&mut self.rng);
        if self.rng.one_in(40) {
            (wait, result) = (Duration::from_millis(1), DialOutcome::NotStarted);
        } else if self.victims.contains(address) {
            self.sent.push((self.now, peer));
        } else if address.to_string().starts_with("/dns") {
            for _ in 0..=self.rng.below(2) {
                let to = self.resolve(peer);
                // The victim never answers.
                if to == self.victims[0] {
                    result = DialOutcome::Failure;
                }
                let soon = self.millis(20);
                self.schedule(soon, Event::Resolved(attempt, to));
            }
            wait += Duration::from_millis(20);
        }
        let event = match result {
            DialOutcome::WrongPeer if self.rng.one_in(2) => {
                let other = u32::try_from(self.rng.below(self.addresses.len())).unwrap_or(0);
                Event::Found(attempt, world::peer(other))
            }
            result => Event::Ended(attempt, result),
        };
        let end = self.schedule(wait, event);
        self.ends.insert(attempt, end);
    }

    /// What a name is: a host of the peer's own, one of the site, or the victim.
    fn resolve(&mut self, peer: PeerId) -> Multiaddr {
        let [_, a, b, c] = u32::try_from(self.number_of(&peer)).unwrap_or(0).to_be_bytes();
        world::address(&match self.rng.below(8) {
            0 => VICTIM[0].to_owned(),
            1 => "/ip4/10.0.0.1/tcp/4001".to_owned(),
            2 => format!("/ip6/64:ff9b::{:x}:{:x}/tcp/4001", 0x1900 | u16::from(a), c),
            _ => format!("/ip4/{}.{b}.{c}.9/tcp/4001", 20 + u32::from(a)),
        })
    }

    /// A dial that is cancelled ends soon, most often without a connection; some only when they
    /// would have ended anyway.
    fn cancelled(&mut self, attempt: AttemptId) {
        if self.rng.one_in(8) {
            return;
        }
        if let Some(end) = self.ends.get(&attempt) {
            self.events.remove(end);
        }
        let wait = self.millis(30);
        let end = self.schedule(wait, Event::Ended(attempt, DialOutcome::Cancelled));
        self.ends.insert(attempt, end);
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Ask => self.ask(),
            Event::Ended(attempt, result) => {
                self.ends.remove(&attempt);
                self.dialer.dialed(attempt, result, now);
            }
            Event::Found(attempt, other) => {
                self.ends.remove(&attempt);
                self.dialer.wrong_peer(attempt, other, now);
            }
            Event::Resolved(attempt, to) => {
                let peer = self.dialer.peer_of(attempt);
                let is_victim = to == self.victims[0];
                if self.dialer.resolved_to(attempt, &to, now) && is_victim {
                    self.sent.extend(peer.map(|peer| (now, peer)));
                }
            }
            Event::Closed(peer, address) => self.dialer.disconnected(peer, &address, now),
            Event::Learned(peer) => {
                let number = self.number_of(&peer);
                self.known[number] += self.rng.below(4);
                let (candidates, discovery) = self.candidates(number);
                self.dialer.candidates(peer, candidates, discovery, now);
            }
        }
    }

    fn number_of(&self, peer: &PeerId) -> usize {
        let digest: [u8; 4] = peer.as_ref().digest().try_into().unwrap_or_default();
        usize::try_from(u32::from_be_bytes(digest)).unwrap_or(0)
    }

    /// What is known of a peer by now: more and more, and now and then less.
    fn candidates(&mut self, peer: usize) -> (Vec<Candidate>, Discovery) {
        let all = &self.addresses[peer];
        let mut known = all[..self.known[peer].min(all.len())].to_vec();
        if self.rng.one_in(8) {
            known.truncate(known.len() / 2);
        }
        let is_all = known.len() == all.len();
        let discovery = if is_all { Discovery::Done } else { Discovery::Running };
        (known, discovery)
    }

    fn ask(&mut self) {
        let now = self.now;
        let number = self.rng.below(self.addresses.len());
        let peer = world::peer(u32::try_from(number).unwrap_or(0));
        self.known[number] = self.known[number].max(1 + self.rng.below(4));
        let (candidates, discovery) = self.candidates(number);
        let policy = self.rng.pick(&self.policies).clone();
        let wait = self.millis(40_000);
        let deadline = now.saturating_add(wait);
        if self.rng.one_in(50) {
            // It was cancelled before it could do anything, or never was.
            let open: Vec<_> = self.open.iter().copied().collect();
            if let Some(id) = open.get(self.rng.below(open.len())) {
                self.open.remove(id);
                self.dialer.cancel(*id, now);
                self.summary.left += 1;
            }
        }
        if self.rng.one_in(20) {
            let address = self.addresses[number][0].address().clone();
            self.dialer.connected(peer, &address, now);
            self.settle();
            let wait = self.millis(10_000);
            self.schedule(wait, Event::Closed(peer, address));
        }
        let id = self.dialer.request(peer, &policy, deadline, candidates, discovery, now);
        self.open.extend(id);
        for _ in 0..self.rng.below(3) {
            let wait = self.millis(5_000);
            self.schedule(wait, Event::Learned(peer));
        }
        self.asked += 1;
        if self.asked < self.summary.of.requests {
            // In bursts.
            let wait = if self.rng.one_in(64) { self.millis(20_000) } else { self.millis(20) };
            self.schedule(wait, Event::Ask);
        }
    }

    fn finish(mut self) -> Summary {
        self.dialer.check_all();
        let stats = self.dialer.stats();
        assert!(self.open.is_empty() && stats.requests == 0, "open in the end: {stats:?}");
        assert_eq!((stats.attempts, stats.waiting), (0, 0), "under way in the end");
        let counts = *self.dialer.counts();
        let ended = counts.completed + counts.failed + self.summary.left;
        assert_eq!(ended, self.summary.of.requests, "every request ends");
        let took = self.now.saturating_since(Moment::from_secs(1_000));
        self.check_victim();
        let by_peers = self.sent.iter().map(|(_, peer)| peer).collect::<BTreeSet<_>>().len();
        Summary { counts, took, by_peers, to_victim: self.sent.len(), ..self.summary }
    }

    /// The victim, which never answers, counted: in each window few peers had it dialed, each a few
    /// times (C4).
    fn check_victim(&self) {
        let window = Limits::default().window;
        for (from, (begin, _)) in self.sent.iter().enumerate() {
            let end = begin.saturating_add(window);
            let mut by_peer: BTreeMap<PeerId, usize> = BTreeMap::new();
            for (_, peer) in self.sent[from..].iter().take_while(|(at, _)| *at < end) {
                *by_peer.entry(*peer).or_default() += 1;
            }
            assert!(by_peer.len() <= PEERS_PER_TARGET, "{} peers in one window", by_peer.len());
            let most = by_peer.values().max().copied().unwrap_or(0);
            assert!(most <= PEERS_PER_TARGET, "{most} times for one peer in one window");
            let all: usize = by_peer.values().sum();
            assert!(all <= DIALS_PER_VICTIM, "{all} dials in one window");
        }
    }
}
