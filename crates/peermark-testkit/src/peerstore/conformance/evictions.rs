//! What becomes of those that had to go, and that it is counted (S4, S11).

use std::time::Duration;

use peermark_peerstore::{Engine, Evicted, Outcome, OutcomeKind, Refusal};
use peermark_provenance::Source;

use super::trial::{HOUR, MINUTE, itself, ok, unshared};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};

/// Addresses and claims that go inside of an entry are counted, in the answer and by the metrics
/// (S11).
pub fn s11_what_goes_inside_of_a_peer_is_counted<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.addresses_per_peer = 4;
        limits.claims_per_address = 2;
    });
    let alice = peer(1);
    let evicted = |trial: &Trial<E>| trial.tally.evicted_of(Evicted::Address);
    assert_eq!(trial.report(&alice, &numbers(0..4), &Source::DHT, HOUR).evicted, 0);
    assert_eq!(trial.report(&alice, &numbers(4..6), &Source::DHT, HOUR).evicted, 2);
    assert_eq!(evicted(&trial), 2);
    let applied = trial.apply(&record(1, 1, &numbers(20..23)), &Source::DHT, HOUR);
    assert_eq!((applied.evicted, evicted(&trial)), (3, 5));
    assert!(trial.dialed(&alice, &numbers(30..31)[0], HOUR));
    assert_eq!(evicted(&trial), 6);
    // A third claim on one address pushes out one of the two.
    for (source, count) in [(Source::DHT, 0), (Source::PUBSUB, 0), (Source::MDNS, 1)] {
        assert_eq!(trial.report(&alice, &numbers(20..21), &source, HOUR).evicted, count);
    }
    assert_eq!(evicted(&trial), 7);
    trial.check();
}

/// A peer that was evicted before its time comes back by anybody's hand, and what is older does not
/// (S4, S11): a flood keeps nobody out.
pub fn s4_who_was_evicted_comes_back<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 1;
        unshared(limits);
    });
    let (first, other) = (record(1, 5, &numbers(0..2)), record(2, 1, &numbers(2..3)));
    assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), Outcome::Inserted);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.outcome(&other, &Source::DHT, HOUR), Outcome::Inserted);
    assert!(trial.addresses(&peer(1)).is_empty());
    let stale = trial.outcome(&record(1, 4, &numbers(0..1)), &Source::DHT, HOUR);
    assert_eq!(stale, Outcome::Stale { held: 5.into() });
    let back = trial.apply(&first, &Source::DHT, MINUTE);
    assert_eq!((back.outcome, back.added), (Outcome::Refreshed { extended: true }, 2));
    trial.check();
    // The end that was offered when it came first, which is the later one.
    trial.clock.pass(HOUR - MINUTE - Duration::from_nanos(1));
    assert_eq!(trial.addresses(&peer(1)).len(), 2);
    trial.clock.pass(Duration::from_nanos(1));
    assert!(trial.addresses(&peer(1)).is_empty());
    trial.check();
}

/// What the user removed does not come back by a third party's hand, evicted before or not, but from
/// the peer itself, by the user, or with a higher number (S4).
pub fn s4_what_was_removed_does_not_come_back_by_hearsay<E: Engine>(make: Make<'_, E>) {
    let first = record(1, 5, &numbers(0..2));
    let removals: [fn(&Trial<E>); 4] = [
        |trial| assert!(trial.clear(&peer(1))),
        |trial| assert_eq!(trial.remove(&peer(1), &numbers(0..2)), 2),
        |trial| {
            let _ = trial.report(&peer(2), &numbers(0..1), &Source::MANUAL, MINUTE);
            assert_eq!(trial.addresses(&peer(1)), [], "it was evicted");
            assert!(!trial.clear(&peer(1)));
            assert!(trial.clear(&peer(2)));
        },
        |trial| {
            trial.clock.pass(HOUR);
            trial.sweep_all();
            assert!(!trial.clear(&peer(1)));
        },
    ];
    for remove in removals {
        for back in 0..3 {
            let trial = Trial::with(make, |limits| {
                limits.peers = 1;
                unshared(limits);
            });
            assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), Outcome::Inserted);
            remove(&trial);
            let removed = Outcome::Refused { reason: Refusal::Removed };
            for source in [Source::DHT, Source::PUBSUB, heard_from(7)] {
                assert_eq!(trial.outcome(&first, &source, HOUR), removed);
                let other = record(1, 5, &numbers(0..5));
                assert_eq!(trial.outcome(&other, &source, HOUR), removed);
            }
            assert_eq!(trial.addresses(&peer(1)), []);
            trial.check();
            let outcome = match back {
                0 => trial.outcome(&first, &itself(1), HOUR),
                1 => trial.outcome(&first, &Source::MANUAL, HOUR),
                _ => trial.outcome(&record(1, 6, &numbers(0..2)), &Source::DHT, HOUR),
            };
            assert!(outcome.is_held(), "{outcome:?}");
            assert_eq!(trial.addresses(&peer(1)), numbers(0..2));
            // And from then on it is one like any other.
            assert!(trial.outcome(&first, &Source::DHT, HOUR).kind() != OutcomeKind::Refused);
            trial.check();
        }
    }
}

/// An address of a record that the user removed stays away, as long as others repeat the record (S4).
pub fn s4_a_removed_address_stays_away<E: Engine>(make: Make<'_, E>) {
    for consume in [false, true] {
        let trial = Trial::new(make);
        let first = record(1, 5, &numbers(0..3));
        let _ = trial.apply(&first, &Source::DHT, HOUR);
        assert_eq!(trial.remove(&peer(1), &numbers(0..1)), 1);
        for source in [Source::DHT, Source::PUBSUB] {
            let outcome = match consume {
                true => ok(trial.consume(first.as_bytes(), &source, HOUR * 2)).outcome,
                false => trial.outcome(&first, &source, HOUR * 2),
            };
            assert_eq!(outcome.kind(), OutcomeKind::Refreshed);
            assert_eq!(trial.certified(&peer(1)), numbers(1..3));
        }
        // Another content of that number has them all, and is no way around it.
        let more = record(1, 5, &numbers(0..5));
        let outcome = trial.outcome(&more, &Source::DHT, HOUR);
        assert!(!outcome.is_held() && outcome.kind() == OutcomeKind::Contradiction);
        assert_eq!(trial.certified(&peer(1)), numbers(1..3));
        assert!(trial.proof(&peer(1)).is_some());
        trial.check();
        let applied = ok(trial.consume(first.as_bytes(), &itself(1), HOUR));
        assert_eq!((applied.outcome.is_held(), applied.added), (true, 1));
        assert_eq!(trial.certified(&peer(1)), numbers(0..3));
        trial.check();
    }
}

/// A record that would be over at once is refused: "inserted" says that something was (S1).
pub fn s1_what_would_be_over_at_once_is_refused<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.record_age = Duration::ZERO);
    let refused = Outcome::Refused { reason: Refusal::NoTime };
    assert_eq!(trial.outcome(&record(1, 1, &numbers(0..1)), &Source::DHT, HOUR), refused);
    assert_eq!(trial.outcome(&record(1, 1, &numbers(0..1)), &itself(1), HOUR), refused);
    assert_eq!(trial.floor(&peer(1)), None);
    trial.check();
}
