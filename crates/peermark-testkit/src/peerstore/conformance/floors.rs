//! Floors: what keeps replays out when the record is long gone (S3).

use std::num::NonZeroU32;

use peermark_peerstore::{Engine, Evicted, Limits, Outcome, OutcomeKind, Refusal, Usage};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, MINUTE, TICK, itself};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};

/// Something that ends a record.
type End<E> = (&'static str, fn(&Trial<E>));

/// Everything that can end a record of peer 1.
fn ends<E: Engine>() -> [End<E>; 7] {
    [
        ("expiry", |trial| trial.clock.pass(HOUR)),
        ("expiry and a sweep", |trial| {
            trial.clock.pass(HOUR);
            trial.sweep_all();
        }),
        ("clear", |trial| assert!(trial.clear(&peer(1)))),
        ("removal", |trial| assert_eq!(trial.remove(&peer(1), &numbers(0..9)), 2)),
        ("clear, and something said", |trial| {
            assert!(trial.clear(&peer(1)));
            let _ = trial.report(&peer(1), &numbers(5..6), &Source::DHT, HOUR);
        }),
        ("clear, while connected", |trial| {
            assert!(trial.connect(&peer(1)));
            assert!(trial.clear(&peer(1)));
            trial.disconnect(&peer(1));
        }),
        ("eviction", |trial| {
            for index in 100..104 {
                let _ = trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, DAY);
            }
            assert_eq!(trial.addresses(&peer(1)), []);
        }),
    ]
}

fn small(limits: &mut Limits) {
    limits.peers = 4;
    limits.share = NonZeroU32::MIN;
}

/// However a record ends, nothing older than it comes back (S3).
pub fn s3_floors_outlive_records<E: Engine>(make: Make<'_, E>) {
    for (how, end) in ends::<E>() {
        let trial = Trial::with(make, small);
        let (old, held) = (record(1, 6, &numbers(0..2)), record(1, 7, &numbers(0..2)));
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        end(&trial);
        assert_eq!((trial.signed(&peer(1)), trial.floor(&peer(1))), (None, Some(7)), "{how}");
        for source in [Source::DHT, Source::MANUAL, itself(1)] {
            let outcome = trial.outcome(&old, &source, HOUR);
            assert_eq!(outcome, Outcome::Stale { held: 7.into() }, "{how}, {source}");
        }
        let other = trial.outcome(&record(1, 7, &numbers(0..3)), &itself(1), HOUR);
        assert_eq!(other.kind(), OutcomeKind::Equivocation, "{how}");
        assert_eq!(trial.certified(&peer(1)), [], "{how}");
        assert_eq!(trial.store.usage().records, 0, "{how}");
        trial.check();
    }
}

/// However a record ended, a newer one is the first of a new life, unless there is no room (S3).
pub fn s3_a_newer_record_is_welcome<E: Engine>(make: Make<'_, E>) {
    for (how, end) in ends::<E>().into_iter().take(6) {
        let trial = Trial::with(make, small);
        let _ = trial.apply(&record(1, 7, &numbers(0..2)), &Source::DHT, HOUR);
        end(&trial);
        let newer = record(1, 8, &numbers(0..2));
        assert_eq!(trial.outcome(&newer, &Source::DHT, HOUR), Outcome::Inserted, "{how}");
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(newer.as_bytes()));
        trial.check();
        trial.ends_empty();
    }
}

/// After its end the same record is over for third parties, and comes back from the peer itself
/// (S3, S4).
pub fn s3_an_expired_record_comes_back_from_its_peer_alone<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let held = record(1, 7, &numbers(0..2));
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        trial.clock.pass(HOUR);
        if sweep {
            trial.sweep_all();
        }
        let refused = Outcome::Refused { reason: Refusal::Expired };
        for source in [Source::DHT, Source::PUBSUB, Source::MANUAL] {
            assert_eq!(trial.outcome(&held, &source, HOUR), refused, "{source}");
            assert_eq!(trial.addresses(&peer(1)), []);
        }
        let applied = trial.apply(&held, &itself(1), HOUR);
        assert_eq!(applied.outcome, Outcome::Refreshed { extended: true });
        assert_eq!(applied.added, 2);
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(held.as_bytes()));
        trial.check();
    }
}

/// A floor lasts as long as the limits say after the last acceptance, and no longer; so a peer that
/// signed the highest number that there is comes back (S3).
pub fn s3_floors_end_so_that_the_highest_number_heals<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let highest = record(1, u64::MAX, &numbers(0..2));
        let normal = record(1, 5, &numbers(0..2));
        let _ = trial.apply(&highest, &Source::DHT, HOUR);
        // Floors age by small steps of the clock.
        let life = trial.store.limits().floor_life;
        let mut passed = HOUR / 2;
        trial.clock.pass(HOUR / 2);
        assert_eq!(trial.floor(&peer(1)), Some(u64::MAX));
        while passed < life {
            let outcome = trial.outcome(&normal, &itself(1), HOUR);
            assert_eq!(outcome.kind(), OutcomeKind::Stale, "after {passed:?}");
            if sweep {
                trial.sweep_all();
            }
            trial.clock.pass(HOUR / 2);
            passed += HOUR / 2;
        }
        // In whole seconds, of which none is cut short.
        trial.clock.pass(std::time::Duration::from_secs(2));
        assert_eq!(trial.floor(&peer(1)), None);
        if sweep {
            trial.sweep_all();
            assert_eq!(trial.store.usage(), Usage::default());
        }
        assert_eq!(trial.outcome(&normal, &Source::DHT, HOUR), Outcome::Inserted);
        assert_eq!(trial.floor(&peer(1)), Some(5));
        trial.check();
    }
}

/// A refresh by the peer itself is an acceptance: the floor lives from there (S3).
pub fn s3_floors_live_from_the_last_acceptance<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.floor_life = HOUR * 3;
        limits.record_age = DAY;
    });
    let _ = trial.apply(&record(1, 9, &numbers(0..2)), &Source::DHT, HOUR);
    trial.clock.pass(MINUTE * 59);
    let _ = trial.apply(&record(1, 9, &numbers(0..2)), &itself(1), MINUTE * 2);
    for _ in 0..5 {
        trial.clock.pass(MINUTE * 35);
        assert_eq!(trial.floor(&peer(1)), Some(9));
    }
    trial.clock.pass(MINUTE * 6);
    assert_eq!(trial.floor(&peer(1)), None);
    // The floor of a record that lives counts, be it as old as it may.
    let _ = trial.apply(&record(1, 9, &numbers(0..2)), &Source::DHT, DAY);
    for _ in 0..23 {
        trial.clock.pass(HOUR);
        let stale = trial.outcome(&record(1, 8, &numbers(0..2)), &itself(1), HOUR);
        assert_eq!(stale, Outcome::Stale { held: 9.into() });
        assert_eq!(trial.floor(&peer(1)), Some(9));
    }
    trial.check();
}

/// Forgetting is the one way to make a floor go (S3).
pub fn s3_forgetting_removes_a_floor<E: Engine>(make: Make<'_, E>) {
    for (clear, connected) in [(false, false), (true, false), (false, true), (true, true)] {
        let trial = Trial::new(make);
        assert_eq!(trial.forget(&peer(1)), None);
        let (old, held) = (record(1, 6, &numbers(0..2)), record(1, 7, &numbers(0..2)));
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        let _ = trial.apply(&record(1, 7, &numbers(0..1)), &Source::DHT, HOUR);
        assert!(trial.store.equivocation(&peer(1)).is_some());
        if connected {
            assert!(trial.connect(&peer(1)));
        }
        if clear {
            assert!(trial.clear(&peer(1)));
        }
        assert_eq!(trial.forget(&peer(1)), Some(7));
        assert_eq!((trial.floor(&peer(1)), trial.addresses(&peer(1))), (None, vec![]));
        assert_eq!(trial.store.equivocation(&peer(1)), None, "it contradicts nothing any more");
        assert_eq!(trial.store.usage().peers, usize::from(connected));
        trial.disconnect(&peer(1));
        assert_eq!(trial.store.usage(), Usage::default());
        assert_eq!(trial.outcome(&old, &Source::DHT, HOUR), Outcome::Inserted);
        trial.check();
    }
}

/// Floors are bounded in number, and what goes is counted (S3, S11).
pub fn s3_floors_are_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.floors = 8;
        limits.share = NonZeroU32::MIN;
    });
    let source = |index: u64| heard_from(u16::try_from(index).unwrap_or(0));
    for index in 0..30 {
        let _ = trial.apply(&record(index, 5, &numbers(0..2)), &source(index), HOUR);
        // Of a record that lives, the floor costs nothing.
        assert_eq!(trial.store.usage().floors, 0);
    }
    for index in 0..30 {
        assert!(trial.clear(&peer(index)));
        trial.check();
    }
    assert_eq!(trial.store.usage().floors, 8);
    assert_eq!(trial.tally.evicted_of(Evicted::Floor), 22);
    let left: Vec<_> = (0..30).filter(|index| trial.floor(&peer(*index)).is_some()).collect();
    assert_eq!(left.len(), 8);
    for index in left {
        let stale = trial.outcome(&record(index, 4, &numbers(0..2)), &Source::DHT, HOUR);
        assert_eq!(stale.kind(), OutcomeKind::Stale);
    }
    trial.ends_empty();
}

/// Room for a peer may cost it its own floor, and then the place of that floor is another peer's (S3).
pub fn s3_making_room_takes_no_other_floor<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        (limits.peers, limits.records, limits.floors) = (1, 1, 1);
        limits.share = NonZeroU32::MIN;
    });
    let one = numbers(0..1);
    assert!(trial.outcome(&record(1, 5, &one), &Source::DHT, HOUR).is_held());
    assert!(trial.clear(&peer(1)));
    assert!(trial.outcome(&record(2, 5, &one), &Source::DHT, HOUR).is_held());
    // The second peer goes for the first; what stays of it is its floor, and only one has room.
    assert!(trial.outcome(&record(1, 6, &one), &Source::DHT, HOUR).is_held());
    trial.check();
    assert_eq!((trial.floor(&peer(1)), trial.floor(&peer(2))), (Some(6), Some(5)));
    let stale = trial.outcome(&record(2, 4, &one), &Source::DHT, HOUR);
    assert_eq!(stale.kind(), OutcomeKind::Stale);
}

/// One network has no more than its share of the floors (S3, S11).
pub fn s3_floors_have_shares<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.floors = 64);
    for index in 0..40 {
        // Peers 0 to 3 from a network each, the others from one.
        let source = heard_from(u16::try_from(index.min(4)).unwrap_or(0));
        let _ = trial.apply(&record(index, 5, &numbers(0..2)), &source, HOUR);
        assert!(trial.clear(&peer(index)));
    }
    assert!((0..4).all(|index| trial.floor(&peer(index)) == Some(5)));
    let flood = (4..40).filter(|index| trial.floor(&peer(*index)).is_some()).count();
    assert_eq!(flood, 4, "a sixteenth of 64");
    trial.check();
}

/// A floor that is over holds nobody up, to the very second (S3).
pub fn s3_an_old_floor_is_not_told<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.floor_life = MINUTE);
    let _ = trial.apply(&record(1, 5, &numbers(0..2)), &Source::DHT, TICK);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.floor(&peer(1)), Some(5));
    trial.clock.pass(std::time::Duration::from_secs(2));
    assert_eq!(trial.floor(&peer(1)), None);
    let inserted = trial.outcome(&record(1, 1, &numbers(0..2)), &Source::DHT, HOUR);
    assert_eq!(inserted, Outcome::Inserted);
    trial.check();
    trial.ends_empty();
}
