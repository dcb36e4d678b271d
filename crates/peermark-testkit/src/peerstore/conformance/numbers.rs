//! States of any numbers (G2), and what a peer costs when it has less again (S11).

use std::time::Duration;

use peermark_identity::PeerId;
use peermark_peerstore::{
    AcceptedState, AddressState, ClaimState, DialState, Engine, OutsideState, PayloadDigest,
    PeerState,
};
use peermark_provenance::{DialOutcome, Source, SourceKind, SourceKinds};

use super::trial::{DAY, HOUR, TICK, ignore, itself, ok};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};
use crate::rng::Rng;

/// Durations at which something could go wrong.
const EXTREMES: [Duration; 9] = [
    Duration::ZERO,
    TICK,
    HOUR,
    Duration::from_secs(7 * 24 * 3600 - 1),
    Duration::from_secs(7 * 24 * 3600),
    Duration::from_secs(36_525 * 24 * 3600),
    Duration::from_secs(u32::MAX as u64 + 1),
    Duration::from_nanos(u64::MAX),
    Duration::MAX,
];

fn extreme(rng: &mut Rng) -> Duration {
    *rng.pick(&EXTREMES)
}

fn maybe(rng: &mut Rng) -> Option<Duration> {
    rng.one_in(2).then(|| extreme(rng))
}

/// What another store could say of a peer of which number 5 is held.
fn state(rng: &mut Rng, index: u64) -> PeerState {
    let (held, rival) = (record(index, 5, &numbers(0..2)), record(index, 5, &numbers(1..4)));
    let has_envelope = rng.one_in(2);
    let seq = if has_envelope { 5 } else { *rng.pick(&[0, 4, 5, 6, u64::MAX]) };
    let kinds = SourceKinds::from(SourceKind::Dht);
    let kinds = if rng.one_in(3) { kinds.with(SourceKind::Identify) } else { kinds };
    let copy = |bytes: &[u8]| bytes.to_vec().into();
    let accepted = AcceptedState {
        seq: seq.into(),
        digest: PayloadDigest::of(held.payload()),
        envelope: has_envelope.then(|| copy(held.as_bytes())),
        said: maybe(rng),
        rival: (seq == 5 && rng.one_in(2)).then(|| (copy(rival.as_bytes()), maybe(rng))),
        left: extreme(rng),
        first: extreme(rng),
        contact: maybe(rng),
        ahead: extreme(rng),
        claimed: maybe(rng),
        last: extreme(rng),
        floor_left: extreme(rng),
        kinds,
        is_known: rng.one_in(2),
    };
    let outside = OutsideState {
        seq: (*rng.pick(&[0, 5, 6, u64::MAX])).into(),
        digest: PayloadDigest::of(b"unseen"),
        left: extreme(rng),
    };
    let claim = |rng: &mut Rng, kind, reporter: Option<PeerId>| ClaimState {
        kind,
        reporter,
        first: extreme(rng),
        last: extreme(rng),
        left: extreme(rng),
        ttl: extreme(rng),
    };
    let addresses = numbers(0..3).into_iter().map(|address| AddressState {
        address,
        claims: vec![
            claim(rng, None, None),
            claim(rng, Some(SourceKind::Dht), Some(peer(7))),
            claim(rng, Some(SourceKind::Identify), Some(peer(index))),
        ],
        dials: DialState { success: maybe(rng), failure: maybe(rng), failures: u32::MAX },
    });
    let addresses = addresses.collect();
    PeerState {
        peer: peer(index),
        accepted: (!rng.one_in(8)).then_some(accepted),
        outside: rng.one_in(2).then_some(outside),
        addresses,
    }
}

/// Whatever numbers a state has, joining it does not panic, ends no record of a peer that was in contact,
/// and of a stranger's word no other either; the peer itself is heard, and nothing lasts for ever (G2, G4).
pub fn g2_a_state_of_any_numbers_does_no_harm<E: Engine>(make: Make<'_, E>) {
    for seed in 0..24 {
        for trust in 0..4 {
            let (times, sources) = (trust & 1 != 0, trust & 2 != 0);
            let mut rng = Rng::new(seed);
            let trial = Trial::with(make, |limits| limits.believe_ages = seed % 2 == 0);
            let held = |index| record(index, 5, &numbers(0..2));
            let _ = trial.apply(&held(1), &Source::DHT, DAY * 2);
            let _ = trial.apply(&held(2), &itself(2), DAY * 2);
            // Of the third nothing is known.
            for index in [1, 2, 3] {
                let join = ok(state(&mut rng, index).verify());
                let join = if times { join.trusting_times() } else { join };
                let join = if sources { join.keeping_sources() } else { join };
                let now = trial.clock.now();
                ignore(ok(trial.store.join(&join, &Source::PEER_EXCHANGE, now)));
                trial.check();
            }
            let what = format!("seed {seed}, times {times}, sources {sources}");
            assert!(trial.signed(&peer(2)).is_some(), "{what}");
            assert!(times || trial.signed(&peer(1)).is_some(), "{what}");
            // Neither sooner than without the state.
            trial.live(DAY * 2 - HOUR);
            assert!(trial.signed(&peer(2)).is_some(), "{what}");
            assert!(times || trial.signed(&peer(1)).is_some(), "{what}");
            let newer = record(1, 6, &numbers(0..1));
            assert!(trial.outcome(&newer, &itself(1), HOUR).is_held(), "{what}");
            // A week, and a day for what comes from outside.
            trial.live(DAY * 8);
            trial.sweep_all();
            for index in 1..4 {
                assert_eq!(trial.signed(&peer(index)), None, "{what}");
                assert_eq!(trial.floor(&peer(index)), None, "{what}");
            }
            trial.check();
            trial.ends_empty();
        }
    }
}

/// Where ages are believed, an age that is too old to keep a record alive ends none either, however it
/// comes (S4).
pub fn s4_an_age_that_is_too_old_ends_nothing<E: Engine>(make: Make<'_, E>) {
    let from = Trial::new(make);
    let held = record(1, 5, &numbers(0..2));
    let _ = from.apply(&held, &Source::DHT, DAY * 5);
    let state = ok(from.store.state(&peer(1), from.clock.now())).expect("it is known");
    for age in [DAY * 7, DAY * 8, Duration::MAX] {
        let trial = Trial::with(make, |limits| limits.believe_ages = true);
        let _ = trial.apply(&held, &Source::DHT, DAY * 5);
        let accepted = state.accepted.clone().map(|accepted| AcceptedState {
            first: age,
            contact: Some(age),
            claimed: Some(age),
            ..accepted
        });
        let join = ok(PeerState { accepted, ..state.clone() }.verify());
        ignore(ok(trial.store.join(&join, &Source::PEER_EXCHANGE, trial.clock.now())));
        trial.live(DAY * 5 - TICK);
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(held.as_bytes()), "{age:?}");
        trial.live(TICK);
        assert_eq!(trial.signed(&peer(1)), None, "{age:?}");
        trial.check();
    }
}

/// Something that gives and takes back.
type Change<E> = (&'static str, fn(&Trial<E>));

/// A record that is replaced by a shorter one, and whatever is taken back, leave the peer as cheap as if
/// they had never been (S11). The memory engine's own tests hold this against the allocator.
pub fn s11_what_is_replaced_or_taken_back_gives_its_memory_back<E: Engine>(make: Make<'_, E>) {
    let changes: [Change<E>; 7] = [
        ("a longer record", |trial| {
            let _ = trial.apply(&record(1, 2, &numbers(0..64)), &Source::DHT, HOUR);
        }),
        ("a contradiction", |trial| {
            let _ = trial.apply(&record(1, 3, &numbers(0..40)), &Source::DHT, HOUR);
            let _ = trial.apply(&record(1, 3, &numbers(1..50)), &Source::DHT, HOUR);
        }),
        ("claims that are taken back", |trial| {
            let _ = trial.report(&peer(1), &numbers(0..60), &Source::PUBSUB, HOUR);
            let _ = trial.report(&peer(1), &numbers(0..60), &Source::PUBSUB, Duration::ZERO);
        }),
        ("claims of many reporters", |trial| {
            for reporter in 10..18 {
                let source = Source::PEER_EXCHANGE.reported_by(peer(reporter));
                let _ = trial.report(&peer(1), &numbers(0..9), &source, HOUR);
            }
            assert_eq!(trial.retract(&peer(1), SourceKind::PeerExchange), 72);
        }),
        ("claims whose time is set to nothing", |trial| {
            let _ = trial.report(&peer(1), &numbers(0..60), &Source::MDNS, HOUR);
            assert_eq!(trial.set_ttl(&peer(1), SourceKind::Mdns, Duration::ZERO), 60);
        }),
        ("addresses that are removed", |trial| {
            let _ = trial.report(&peer(1), &numbers(10..60), &Source::MANUAL, HOUR);
            assert_eq!(trial.remove(&peer(1), &numbers(10..60)), 50);
        }),
        ("handshakes that were with somebody else", |trial| {
            for address in numbers(10..40) {
                assert!(trial.dialed(&peer(1), &address, HOUR));
                let _ = trial.dial(&peer(1), &address, DialOutcome::WrongPeer, HOUR);
            }
        }),
    ];
    let last = record(1, 9, &numbers(0..2));
    let fresh = Trial::new(make);
    let _ = fresh.apply(&last, &Source::DHT, HOUR);
    let expected = fresh.store.usage();
    for (what, change) in changes {
        for is_before in [true, false] {
            let trial = Trial::new(make);
            let _ = trial.apply(&record(1, 1, &numbers(0..5)), &Source::DHT, HOUR);
            if is_before {
                change(&trial);
                let _ = trial.apply(&last, &Source::DHT, HOUR);
            } else {
                let _ = trial.apply(&last, &Source::DHT, HOUR);
                change(&trial);
            }
            trial.check();
            assert_eq!(trial.store.usage(), expected, "{what}, {is_before}");
        }
    }
}
