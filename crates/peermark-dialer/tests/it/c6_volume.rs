//! Many requests for many peers: bounded memory, and everything is answered (C4, C6).
//!
//! `PEERMARK_PEERS` sets for how many peers there are a hundred requests each; 10,000 in a release
//! build is what the figures of the documentation are from.

use std::collections::BTreeMap;

use peermark_dial_policy::Candidate;
use peermark_dialer::{Action, AttemptId, Config, Dialer, Request};
use peermark_provenance::DialOutcome;
use peermark_testkit::dialer::world::{Policy, peer, policies};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

use crate::support::{at, certified, hearsay};

const REQUESTS: usize = 100;

fn run(peers: u32) -> (usize, usize, Vec<String>) {
    let mut rng = Rng::new(7);
    let mut config = Config::default();
    config.limits.requests = usize::MAX;
    let limits = config.limits.clone();
    let mut dialer = Dialer::new(config);
    let policies: Vec<Policy> = policies();
    let known: Vec<_> = (0..peers).map(addresses).collect();
    let mut under_way: BTreeMap<AttemptId, u32> = BTreeMap::new();
    let (mut asked, mut ended, mut events, mut now) = (0, 0, 0, 0);
    let mut log = Vec::new();
    let all = usize::try_from(peers).unwrap() * REQUESTS;
    while ended < all {
        for _ in 0..rng.below(200).min(all - asked) {
            let number = u32::try_from(asked % usize::try_from(peers).unwrap()).unwrap();
            let policy = rng.pick(&policies).clone();
            let deadline = at(now + 1_000 + u64::try_from(rng.below(60_000)).unwrap());
            let known = known[asked % known.len()].clone();
            dialer
                .request(
                    Request { candidates: known, ..Request::new(peer(number), policy, deadline) },
                    at(now),
                )
                .unwrap();
            (asked, events) = (asked + 1, events + 1);
        }
        let until = loop {
            let action = dialer.poll(at(now));
            if log.len() < 10_000 {
                log.push(format!("{action:?}"));
            }
            match action {
                Action::Dial { attempt, .. } => {
                    under_way.insert(attempt, 0);
                }
                Action::Cancel { .. } => {}
                Action::Complete { peer, address, .. } => {
                    ended += 1;
                    if rng.one_in(2) {
                        dialer.disconnected(&peer, &address, at(now));
                        events += 1;
                    }
                }
                Action::Fail { .. } => ended += 1,
                Action::WaitUntil(until) => break until,
            }
        };
        let stats = dialer.stats();
        assert!(stats.attempts <= limits.dials, "{stats:?}");
        assert!(stats.targets <= limits.remembered && stats.backed_off <= limits.remembered);
        // What is under way, and a few addresses for each request: nothing else is kept.
        assert!(stats.waiting <= 4 * stats.requests, "{stats:?}");
        for id in under_way.keys().copied().collect::<Vec<_>>() {
            if rng.one_in(3) {
                let results = [
                    DialOutcome::Success,
                    DialOutcome::Failure,
                    DialOutcome::Failure,
                    DialOutcome::WrongPeer,
                    DialOutcome::Cancelled,
                ];
                under_way.remove(&id);
                dialer.dialed(id, *rng.pick(&results), at(now));
                events += 1;
            }
        }
        now += u64::try_from(rng.below(50)).unwrap();
        if under_way.is_empty() && asked == all {
            let Some(until) = until else { break };
            let wait = until.saturating_since(at(now)).as_millis();
            now += u64::try_from(wait).unwrap() + 1;
        }
    }
    assert_eq!((asked, ended), (all, all));
    for id in under_way.into_keys() {
        dialer.dialed(id, DialOutcome::Cancelled, at(now));
    }
    while !matches!(dialer.poll(at(now)), Action::WaitUntil(None)) {}
    let stats = dialer.stats();
    assert_eq!((stats.requests, stats.attempts, stats.waiting), (0, 0, 0));
    (asked, events, log)
}

fn addresses(peer: u32) -> Vec<Candidate> {
    let [_, a, b, c] = peer.to_be_bytes();
    vec![
        hearsay(&format!("/ip4/{}.{b}.{c}.1/tcp/4001", 30 + a)),
        certified(&format!("/ip4/{}.{b}.{c}.1/udp/4001/quic-v1", 30 + a)),
        hearsay(&format!("/ip6/2606:{b:x}:{c:x}::1/tcp/4001")),
        hearsay("/ip4/203.1.1.1/tcp/443"),
    ]
}

#[test]
fn c6_a_hundred_requests_for_each_of_many_peers_are_all_answered() {
    let peers = variable("PEERMARK_PEERS", 200);
    let (asked, events, _) = run(peers);
    println!("{asked} requests for {peers} peers, {events} events");
}

#[test]
fn c6_the_same_events_give_the_same_actions() {
    assert_eq!(run(20), run(20));
}
