//! Floors: what keeps replays out when the record is long gone (S3).

use peermark_peerstore::{
    Engine, Evicted, Limits, Outcome, OutcomeKind, PayloadDigest, Share, Usage,
};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, MINUTE, TICK, itself, ok, unshared};
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
    unshared(limits);
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

/// Whoever delivers it, the floor lives from the last delivery that counted (S3).
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
        assert!(trial.proof(&peer(1)).is_some());
        if connected {
            assert!(trial.connect(&peer(1)));
        }
        if clear {
            assert!(trial.clear(&peer(1)));
        }
        assert_eq!(trial.forget(&peer(1)), Some(7));
        assert_eq!((trial.floor(&peer(1)), trial.addresses(&peer(1))), (None, vec![]));
        assert_eq!(trial.proof(&peer(1)), None, "it contradicts nothing any more");
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
        unshared(limits);
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
        unshared(limits);
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
    trial.clock.pass(MINUTE - TICK);
    assert_eq!(trial.floor(&peer(1)), Some(5));
    trial.clock.pass(TICK);
    assert_eq!(trial.floor(&peer(1)), None);
    let inserted = trial.outcome(&record(1, 1, &numbers(0..2)), &Source::DHT, HOUR);
    assert_eq!(inserted, Outcome::Inserted);
    trial.check();
    trial.ends_empty();
}

/// Floors of peers that were in contact, or that two groups told of, outlive any number of made-up
/// ones of the same network (S3).
pub fn s3_floors_of_known_peers_outlive_made_up_ones<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.floors = 256;
        limits.share = Share::new(1, 4);
    });
    let [ours, theirs] = [heard_from(1), heard_from(2)];
    for index in 0..40 {
        let held = record(index, 5, &numbers(0..1));
        let _ = trial.apply(&held, &ours, MINUTE);
        let _ = match index % 3 {
            0 => trial.apply(&held, &itself(index), MINUTE),
            1 => trial.apply(&held, &theirs, MINUTE),
            // A newer one keeps what was known of the peer.
            _ => {
                let _ = trial.apply(&held, &theirs, MINUTE);
                trial.apply(&record(index, 6, &numbers(0..1)), &ours, MINUTE)
            }
        };
    }
    trial.clock.pass(MINUTE);
    trial.sweep_all();
    assert_eq!(trial.store.usage().floors, 40);
    for index in 1000..1400 {
        let _ = trial.apply(&record(index, 5, &numbers(0..1)), &ours, MINUTE);
        if index % 20 == 0 {
            trial.clock.pass(MINUTE);
            trial.sweep_all();
        }
    }
    trial.clock.pass(MINUTE);
    trial.sweep_all();
    assert!((0..40).all(|index| trial.floor(&peer(index)).is_some()));
    let flood = (1000..1400).filter(|index| trial.floor(&peer(*index)).is_some()).count();
    assert_eq!(flood, 24, "what is left of a quarter of 256");
    trial.check();
}

/// A record without addresses of an unknown peer leaves a floor for 48 hours, and displaces no other;
/// contact makes one like any other of it (S3).
pub fn s3_a_withdrawal_of_an_unknown_peer_displaces_nothing<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    for index in [1, 2] {
        assert_eq!(trial.outcome(&record(index, 5, &[]), &Source::DHT, HOUR), Outcome::Inserted);
    }
    let _ = trial.apply(&record(2, 5, &[]), &itself(2), HOUR);
    trial.live(DAY * 2 - TICK);
    assert_eq!([1, 2].map(|index| trial.floor(&peer(index))), [Some(5); 2]);
    trial.live(TICK);
    assert_eq!([1, 2].map(|index| trial.floor(&peer(index))), [None, Some(5)]);
    // Said again by others it lasts as long again, and no longer.
    for _ in 0..2 {
        let _ = trial.apply(&record(1, 5, &[]), &Source::DHT, HOUR);
        trial.live(DAY);
    }
    trial.live(DAY - TICK);
    assert_eq!(trial.floor(&peer(1)), Some(5));
    trial.live(TICK);
    assert_eq!(trial.floor(&peer(1)), None);

    let trial = Trial::with(make, |limits| {
        limits.floors = 4;
        unshared(limits);
    });
    for index in 0..4 {
        let _ = trial.apply(&record(index, 5, &numbers(0..1)), &Source::DHT, MINUTE);
        assert!(trial.clear(&peer(index)));
    }
    for index in 10..30 {
        let _ = trial.apply(&record(index, 5, &[]), &Source::DHT, HOUR);
    }
    assert!((0..4).all(|index| trial.floor(&peer(index)) == Some(5)));
    assert!((10..30).all(|index| trial.floor(&peer(index)).is_none()));
    trial.check();
    // A floor of the lowest rank goes for any other, but not for one of its own rank.
    assert_eq!(trial.forget(&peer(0)), Some(5));
    for index in 10..30 {
        let _ = trial.apply(&record(index, 5, &[]), &Source::DHT, HOUR);
    }
    assert_eq!(trial.floor(&peer(10)), Some(5));
    let _ = trial.apply(&record(0, 5, &numbers(0..1)), &Source::DHT, MINUTE);
    assert!(trial.clear(&peer(0)));
    assert_eq!((trial.floor(&peer(0)), trial.floor(&peer(10))), (Some(5), None));
    trial.check();
}

/// A floor that somebody tells of without a record removes nothing, yields to what the peer itself says
/// over a contact, and ends after a day (S3).
pub fn s3_a_floor_from_outside_is_a_hint<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let raise = |index: u64, seq: u64| {
            let to = (seq.into(), PayloadDigest::of(b"unseen"));
            let (peer, now) = (peer(index), trial.clock.now());
            ok(trial.store.raise_floor(&peer, to, DAY * 30, &Source::PEER_EXCHANGE, now))
        };
        let held = record(1, 5, &numbers(0..2));
        let _ = trial.apply(&held, &Source::DHT, DAY * 3);
        assert!(raise(1, 9) && !raise(1, 9) && !raise(1, 8));
        assert!(raise(2, 9));
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(held.as_bytes()));
        assert_eq!([1, 2].map(|index| trial.floor(&peer(index))), [Some(9); 2]);
        let refreshed = trial.outcome(&held, &Source::DHT, HOUR);
        assert_eq!(refreshed, Outcome::Refreshed { extended: false });
        let between = |index| record(index, 7, &numbers(0..1));
        for index in [1, 2] {
            let stale = trial.outcome(&between(index), &Source::DHT, HOUR);
            assert_eq!(stale, Outcome::Stale { held: 9.into() });
        }
        trial.check();
        // One hour before the day is over it holds, and then not any more.
        trial.live(DAY - HOUR);
        assert_eq!(trial.outcome(&between(2), &Source::DHT, HOUR).kind(), OutcomeKind::Stale);
        assert_eq!(trial.outcome(&between(1), &itself(1), HOUR).kind(), OutcomeKind::Replaced);
        assert_eq!(trial.floor(&peer(1)), Some(7));
        trial.live(HOUR);
        if sweep {
            trial.sweep_all();
        }
        assert_eq!(trial.floor(&peer(2)), None);
        assert_eq!(trial.outcome(&between(2), &Source::DHT, HOUR), Outcome::Inserted);
        trial.check();
        trial.ends_empty();
    }
}
