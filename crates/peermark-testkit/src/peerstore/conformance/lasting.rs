//! What lasts how long: floors of records that were kept for long, what a connection holds in whatever
//! order it came, and the age that is told of what the user keeps (S3, S4, S7).

use std::time::Duration;

use peermark_peerstore::{Engine, Limits, Outcome, PeerView};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, TICK, ignore, itself, ok, unshared};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};

/// Something that takes a record away.
type End<E> = (&'static str, fn(&Trial<E>));

/// Ways in which the record of peer 1 goes before its time.
fn ends<E: Engine>() -> [End<E>; 4] {
    [
        ("clear", |trial| assert!(trial.clear(&peer(1)))),
        ("removal", |trial| assert_eq!(trial.remove(&peer(1), &numbers(0..9)), 2)),
        ("eviction", |trial| {
            for index in 100..104 {
                let _ = trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, DAY * 90);
            }
        }),
        ("a withdrawal of its addresses one by one", |trial| {
            for index in 0..2 {
                assert_eq!(trial.remove(&peer(1), &numbers(index..index + 1)), 1);
            }
        }),
    ]
}

fn small(limits: &mut Limits) {
    limits.peers = 4;
    unshared(limits);
}

/// Lets time pass to the end of a floor, and holds the store to keeping older records out before.
fn lasts<E: Engine>(trial: &Trial<E>, time: Duration, what: &str) {
    let old = record(1, 6, &numbers(0..2));
    let mut left = time - TICK;
    while !left.is_zero() {
        assert_eq!(trial.floor(&peer(1)), Some(7), "{what}, {left:?} before its end");
        for source in [Source::DHT, itself(1)] {
            let stale = trial.outcome(&old, &source, HOUR);
            assert_eq!(stale, Outcome::Stale { held: 7.into() }, "{what}, {left:?} before its end");
        }
        let step = left.min(DAY);
        trial.live(step);
        left -= step;
    }
    assert_eq!(trial.floor(&peer(1)), Some(7), "{what}, just before its end");
    trial.live(Duration::from_secs(2));
    trial.sweep_all();
    assert_eq!(trial.floor(&peer(1)), None, "{what}");
    trial.check();
}

/// The user keeps a record for longer than a floor lasts: the floor lasts as long, whatever takes the
/// record away meanwhile (S3).
pub fn s3_a_floor_lasts_as_long_as_what_the_user_kept<E: Engine>(make: Make<'_, E>) {
    for source in [Source::MANUAL, Source::BOOTSTRAP] {
        for (how, end) in ends::<E>() {
            let trial = Trial::with(make, small);
            let _ = trial.apply(&record(1, 7, &numbers(0..2)), &source, DAY * 30);
            trial.live(DAY * 10);
            assert!(trial.signed(&peer(1)).is_some());
            end(&trial);
            if trial.signed(&peer(1)).is_some() {
                // Another of the user's had to go: the secret chose.
                assert_eq!(how, "eviction");
                continue;
            }
            lasts(&trial, DAY * 20, how);
        }
    }
    // Until the record ends it is its own floor, and none is left that has ended.
    let trial = Trial::new(make);
    let _ = trial.apply(&record(1, 7, &numbers(0..2)), &Source::MANUAL, DAY * 30);
    lasts(&trial, DAY * 30, "expiry");
}

/// A connection of weeks counts for the floor of the record that it held, whatever ends it (S3, S7).
pub fn s3_a_floor_outlasts_a_long_connection<E: Engine>(make: Make<'_, E>) {
    for (how, end) in ends::<E>() {
        let trial = Trial::with(make, small);
        assert!(trial.connect(&peer(1)));
        let _ = trial.apply(&record(1, 7, &numbers(0..2)), &itself(1), HOUR);
        trial.live(DAY * 30);
        end(&trial);
        assert_eq!(trial.signed(&peer(1)), None, "{how}");
        lasts(&trial, DAY * 7, how);
    }
    // Expiry after the disconnect.
    let trial = Trial::new(make);
    assert!(trial.connect(&peer(1)));
    let _ = trial.apply(&record(1, 7, &numbers(0..2)), &itself(1), HOUR);
    trial.live(DAY * 30);
    trial.disconnect(&peer(1));
    trial.live(DAY);
    trial.sweep_all();
    assert_eq!(trial.signed(&peer(1)), None);
    lasts(&trial, DAY * 6, "expiry");
    // What another store is told while the connection lasts is the same.
    let trial = Trial::new(make);
    assert!(trial.connect(&peer(1)));
    let _ = trial.apply(&record(1, 7, &numbers(0..2)), &itself(1), HOUR);
    trial.live(DAY * 30);
    let state = ok(trial.store.state(&peer(1), trial.clock.now())).expect("it is known");
    let accepted = state.accepted.as_ref().expect("a record");
    assert_eq!((accepted.floor_left, accepted.left), (DAY * 7, HOUR));
    assert_eq!(accepted.contact, Some(Duration::ZERO));
}

/// Where floors last shorter than records, that of one that had to go lasts as long as the record might
/// have (S3).
pub fn s3_a_floor_lasts_as_long_as_a_victim_might_have<E: Engine>(make: Make<'_, E>) {
    for (how, end) in ends::<E>() {
        for (ttl, contact) in [(DAY * 2, false), (DAY * 30, false), (DAY * 30, true)] {
            let trial = Trial::with(make, |limits| {
                limits.floor_life = HOUR;
                small(limits);
            });
            let held = record(1, 7, &numbers(0..2));
            let _ = trial.apply(&held, &Source::DHT, ttl);
            trial.live(DAY);
            // A contact moves the bound, and its short time to live is not what ends the record.
            let left = if contact {
                let _ = trial.apply(&held, &itself(1), HOUR);
                DAY * 7
            } else {
                ttl.min(DAY * 7) - DAY
            };
            end(&trial);
            assert_eq!(trial.signed(&peer(1)), None, "{how}");
            lasts(&trial, left, how);
        }
    }
}

/// However many records without addresses an unknown peer signs, their floor is of the lowest rank; one
/// with an address, or a contact, makes it a floor like any other, whichever came first (S3, P3).
pub fn s3_many_withdrawals_of_an_unknown_peer_leave_the_lowest_floor<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.floors = 4;
        unshared(limits);
    });
    for index in 0..4 {
        let _ = trial.apply(&record(index, 5, &numbers(0..1)), &Source::DHT, HOUR);
        assert!(trial.clear(&peer(index)));
    }
    for index in 10..20 {
        for seq in 1..4 {
            let _ = trial.apply(&record(index, seq, &[]), &Source::DHT, HOUR);
        }
        assert_eq!(trial.floor(&peer(index)), None);
    }
    assert!((0..4).all(|index| trial.floor(&peer(index)) == Some(5)));
    trial.check();

    let (first, empty) = (record(1, 4, &numbers(0..1)), record(1, 5, &[]));
    let said = record(1, 4, &[]);
    for (other, source) in [(&first, Source::DHT), (&said, itself(1)), (&first, itself(1))] {
        for is_first in [false, true] {
            let trial = Trial::new(make);
            if is_first {
                let _ = trial.apply(other, &source, HOUR);
            }
            let _ = trial.apply(&empty, &Source::DHT, HOUR);
            if !is_first {
                let _ = trial.apply(other, &source, HOUR);
            }
            trial.live(DAY * 7 - TICK);
            assert_eq!(trial.floor(&peer(1)), Some(5), "{source}, {is_first}");
            trial.live(Duration::from_secs(2));
            assert_eq!(trial.floor(&peer(1)), None, "{source}, {is_first}");
            trial.check();
        }
    }
}

/// How old a record is told to be, as another store would take it.
fn told_age<E: Engine>(trial: &Trial<E>) -> Duration {
    let now = trial.clock.now();
    let age = |view: Option<PeerView<'_>>| {
        let record = view.and_then(|view| view.record()).expect("a record that is held");
        now.saturating_since(record.contact().unwrap_or(record.accepted()))
    };
    ok(trial.store.view(&peer(1), now, age))
}

/// Whatever the user's time to live, what is told of a record to others is its real age: nobody was in
/// contact (S4).
pub fn s4_what_the_user_keeps_is_told_as_old_as_it_is<E: Engine>(make: Make<'_, E>) {
    let joined = |trial: &Trial<E>| {
        let state = ok(trial.store.state(&peer(1), trial.clock.now())).expect("it is known");
        let other = Trial::new(make);
        let join = ok(state.verify());
        ignore(ok(other.store.join(&join, &Source::PEER_EXCHANGE, other.clock.now())));
        let left = |days: u32| {
            other.clock.pass(DAY * days - HOUR);
            other.signed(&peer(1)).is_some()
        };
        // Whether the other store takes it, and whether it has it in a few days.
        (other.signed(&peer(1)).is_some(), left(3))
    };
    for ttl in [DAY * 5, DAY * 30, DAY * 365, Duration::MAX] {
        let trial = Trial::new(make);
        let held = record(1, 7, &numbers(0..2));
        let _ = trial.apply(&held, &Source::MANUAL, ttl);
        for days in 1..30 {
            trial.live(DAY);
            if ttl <= DAY * days {
                break;
            }
            assert_eq!(told_age(&trial), DAY * days, "{ttl:?}");
            let is_there = days < 5 && ttl >= DAY * (days + 3);
            assert_eq!(joined(&trial), (days < 7, is_there), "{ttl:?}, {days} days");
        }
        if ttl < DAY * 40 {
            continue;
        }
        // A contact is told, and then ages like any other.
        let _ = trial.apply(&held, &itself(1), HOUR);
        assert_eq!(told_age(&trial), Duration::ZERO, "{ttl:?}");
        trial.live(DAY * 6);
        assert_eq!(told_age(&trial), DAY * 6, "{ttl:?}");
        assert_eq!(joined(&trial), (true, false), "{ttl:?}");
        trial.live(DAY * 2);
        assert_eq!((told_age(&trial), joined(&trial)), (DAY * 8, (false, false)), "{ttl:?}");
        // And an echo is none.
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        assert_eq!(told_age(&trial), DAY * 8, "{ttl:?}");
        trial.check();
    }
    // One's own stores take it over as it is: it lives as long, and is told as old.
    let trial = Trial::new(make);
    let _ = trial.apply(&record(1, 7, &numbers(0..2)), &Source::MANUAL, DAY * 30);
    trial.live(DAY * 25);
    let state = ok(trial.store.state(&peer(1), trial.clock.now())).expect("it is known");
    let other = Trial::new(make);
    let join = ok(state.verify()).trusting_times().keeping_sources();
    ignore(ok(other.store.join(&join, &Source::PEER_EXCHANGE, other.clock.now())));
    assert_eq!(told_age(&other), DAY * 25);
    other.live(DAY * 5 - TICK);
    assert!(other.signed(&peer(1)).is_some());
    other.live(TICK);
    assert_eq!(other.signed(&peer(1)), None);
}

/// Whatever comes first at one time, the connection, the record that the peer delivers, a higher one
/// that others deliver or a repeat of either: the same is held, and as long after the disconnect (S7, P3).
pub fn s7_whichever_came_first_a_connection_holds_it<E: Engine>(make: Make<'_, E>) {
    let (low, high) = (record(1, 7, &numbers(0..2)), record(1, 8, &numbers(0..3)));
    let empty = record(1, 7, &[]);
    let events: [&[Told<'_, E>]; 4] = [
        &[
            ("connect", &|trial| assert!(trial.connect(&peer(1)))),
            ("low by identify", &|trial| ignore(trial.apply(&low, &itself(1), HOUR))),
            ("high by DHT", &|trial| ignore(trial.apply(&high, &Source::DHT, HOUR * 3))),
            ("low by DHT", &|trial| ignore(trial.apply(&low, &Source::DHT, HOUR * 9))),
        ],
        &[
            ("connect", &|trial| assert!(trial.connect(&peer(1)))),
            ("low by identify", &|trial| ignore(trial.apply(&low, &itself(1), HOUR * 2))),
            ("low by DHT", &|trial| ignore(trial.apply(&low, &Source::DHT, DAY * 30))),
            ("an address", &|trial| {
                ignore(trial.report(&peer(1), &numbers(5..6), &itself(1), HOUR));
            }),
        ],
        &[
            ("connect", &|trial| assert!(trial.connect(&peer(1)))),
            ("withdrawal by identify", &|trial| ignore(trial.apply(&empty, &itself(1), HOUR))),
            ("high by DHT", &|trial| ignore(trial.apply(&high, &Source::DHT, HOUR * 3))),
        ],
        &[
            ("connect", &|trial| assert!(trial.connect(&peer(1)))),
            ("high by identify", &|trial| ignore(trial.apply(&high, &itself(1), HOUR))),
            ("high by the user", &|trial| ignore(trial.apply(&high, &Source::MANUAL, DAY * 9))),
        ],
    ];
    for events in events {
        let mut first: Option<(Vec<_>, Vec<_>)> = None;
        for order in orders(events.len()) {
            let trial = Trial::new(make);
            let _ = trial.sweep(0);
            for index in &order {
                events[*index].1(&trial);
            }
            let names: Vec<_> = order.iter().map(|index| events[*index].0).collect();
            trial.live(DAY * 20);
            trial.sweep_all();
            assert!(trial.signed(&peer(1)).is_some(), "{names:?}");
            let mut seen = vec![trial.all_of(&peer(1))];
            trial.disconnect(&peer(1));
            seen.push(trial.all_of(&peer(1)));
            let first = first.get_or_insert_with(|| (names.clone(), seen.clone()));
            assert_eq!(seen, first.1, "{names:?}, and {:?}", first.0);
            trial.check();
        }
    }
}

/// Something that happens, and what it is.
type Told<'a, E> = (&'static str, &'a dyn Fn(&Trial<E>));

/// All orders of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let insert = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, next);
                order
            })
        };
        orders.iter().flat_map(insert).collect()
    })
}
