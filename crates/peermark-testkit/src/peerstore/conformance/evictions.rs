//! What becomes of those that had to go, and that it is counted (S4, S11).

use std::num::NonZeroU32;
use std::time::Duration;

use peermark_peerstore::{Engine, Evicted, Outcome, Refusal};
use peermark_provenance::Source;

use super::trial::{HOUR, MINUTE, itself};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};

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

/// A peer that was evicted before its time may come back by anybody's hand, for the rest of its
/// time and no longer (S4, S11): a flood keeps nobody out.
pub fn s4_who_was_evicted_comes_back_for_the_rest_of_its_time<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 1;
        limits.share = NonZeroU32::MIN;
    });
    let (first, other) = (record(1, 5, &numbers(0..2)), record(2, 1, &numbers(2..3)));
    assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), Outcome::Inserted);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.outcome(&other, &Source::DHT, HOUR), Outcome::Inserted);
    assert!(trial.addresses(&peer(1)).is_empty());
    // What is older stays out all the same.
    let stale = trial.outcome(&record(1, 4, &numbers(0..1)), &Source::DHT, HOUR);
    assert_eq!(stale, Outcome::Stale { held: 5.into() });
    let back = trial.apply(&first, &Source::DHT, HOUR);
    assert_eq!((back.outcome, back.added), (Outcome::Refreshed { extended: false }, 2));
    trial.check();
    // An hour after it came first, not an hour after it came back.
    trial.clock.pass(HOUR - MINUTE - Duration::from_nanos(1));
    assert_eq!(trial.addresses(&peer(1)).len(), 2);
    trial.clock.pass(Duration::from_nanos(1));
    assert!(trial.addresses(&peer(1)).is_empty());
    let over = Outcome::Refused { reason: Refusal::Expired };
    assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), over);
    trial.check();
}

/// What somebody removed does not come back by a repeat of what it was removed from, but from the
/// peer itself (S4).
pub fn s4_what_was_removed_does_not_come_back_by_hearsay<E: Engine>(make: Make<'_, E>) {
    for clear in [true, false] {
        let trial = Trial::new(make);
        let first = record(1, 5, &numbers(0..2));
        assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), Outcome::Inserted);
        if clear {
            assert!(trial.clear(&peer(1)));
        } else {
            assert_eq!(trial.remove(&peer(1), &numbers(0..2)), 2);
        }
        let over = Outcome::Refused { reason: Refusal::Expired };
        assert_eq!(trial.outcome(&first, &Source::DHT, HOUR), over, "clear: {clear}");
        let back = Outcome::Refreshed { extended: true };
        assert_eq!(trial.outcome(&first, &itself(1), HOUR), back, "clear: {clear}");
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
