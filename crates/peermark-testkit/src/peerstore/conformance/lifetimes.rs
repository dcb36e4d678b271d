//! How long a record lives, and any time to live at all (S4, S5, S12).

use std::time::Duration;

use peermark_peer_record::CertifiedRecord;
use peermark_peerstore::{Delivery, Engine, LONGEST_STEP, Outcome, OutcomeKind, Refusal};
use peermark_provenance::{DialOutcome, Expiry, Source, SourceKind, Timestamp};

use super::trial::{DAY, HOUR, MINUTE, TICK, ignore, itself, ok, one};
use super::{Make, Trial};
use crate::peerstore::clock::Clock;
use crate::peerstore::fixtures::{numbers, peer, record};

/// An honest peer that signs once and says so by identify each day is certified on every day of a year
/// (S4).
pub fn s4_a_static_peer_in_contact_is_certified_all_year<E: Engine>(make: Make<'_, E>) {
    for consume in [false, true] {
        let trial = Trial::new(make);
        let held = record(1, 7, &numbers(0..2));
        for hour in 0..365 * 24 {
            if hour % 24 == 0 {
                let held_now = match consume {
                    true => ok(trial.consume(held.as_bytes(), &itself(1), DAY * 2)).outcome,
                    false => trial.outcome(&held, &itself(1), DAY * 2),
                };
                assert!(held_now.is_held(), "day {}", hour / 24);
            }
            if hour % 77 == 0 {
                trial.sweep_all();
            }
            assert!(trial.signed(&peer(1)).is_some(), "hour {hour}");
            trial.clock.pass(HOUR);
        }
        trial.check();
        trial.ends_empty();
    }
}

/// Third parties alone keep a record for as long as the age since its first acceptance, or since the
/// last contact, a disconnect among them, however often they say it (S4).
pub fn s4_third_parties_keep_a_record_for_its_age<E: Engine>(make: Make<'_, E>) {
    type Meet<E> = fn(&Trial<E>, &CertifiedRecord);
    let meetings: [Meet<E>; 3] = [
        |_, _| (),
        |trial, held| ignore(trial.outcome(held, &itself(1), HOUR)),
        |trial, held| {
            assert!(trial.connect(&peer(1)));
            let _ = trial.outcome(held, &itself(1), HOUR);
            trial.live(HOUR * 3);
            trial.disconnect(&peer(1));
        },
    ];
    for (by_contact, meet) in meetings.into_iter().enumerate() {
        for consume in [false, true] {
            let trial = Trial::new(make);
            let held = record(1, 7, &numbers(0..2));
            let _ = trial.apply(&held, &Source::DHT, DAY);
            if by_contact > 0 {
                trial.live(DAY * 3);
                assert_eq!(trial.signed(&peer(1)), None, "it had a day");
                meet(&trial, &held);
            }
            let age = trial.store.limits().record_age;
            let end = trial.clock.after(age);
            while trial.clock.now() < end {
                let outcome = match consume {
                    true => ok(trial.consume(held.as_bytes(), &Source::DHT, DAY * 30)).outcome,
                    false => trial.outcome(&held, &Source::DHT, DAY * 30),
                };
                assert!(outcome.is_held());
                let expiry = trial.known(&peer(1))[0].provenance.expiry();
                assert_eq!(expiry, Some(Expiry::At(end)));
                trial.clock.pass(HOUR);
            }
            assert_eq!(trial.signed(&peer(1)), None, "meeting {by_contact}");
            let refused = Outcome::Refused { reason: Refusal::Expired };
            assert_eq!(trial.outcome(&held, &Source::DHT, DAY), refused);
            assert!(trial.outcome(&held, &itself(1), DAY).is_held(), "the peer brings it back");
            trial.check();
            // A newer one is young.
            let newer = record(1, 8, &numbers(0..2));
            assert!(trial.outcome(&newer, &Source::DHT, DAY).is_held());
            trial.check();
        }
    }
}

/// Of what deliveries offer the later end counts, whatever the order; user sources extend like
/// contact, and their time to live alone bounds them (S4).
pub fn s4_the_later_end_counts<E: Engine>(make: Make<'_, E>) {
    let held = record(1, 7, &numbers(0..2));
    let long = HOUR * 10;
    for order in [[HOUR, long], [long, HOUR]] {
        let trial = Trial::new(make);
        for (ttl, source) in order.into_iter().zip([Source::DHT, Source::PUBSUB]) {
            let _ = trial.apply(&held, &source, ttl);
        }
        let expiry = trial.known(&peer(1))[0].provenance.expiry();
        assert_eq!(expiry, Some(Expiry::At(trial.clock.after(long))));
    }
    for days in [7, 30] {
        let trial = Trial::new(make);
        let _ = trial.apply(&held, &Source::DHT, TICK);
        let extended = trial.outcome(&held, &Source::MANUAL, DAY * days);
        assert_eq!(extended, Outcome::Refreshed { extended: true });
        trial.live(DAY * days - HOUR);
        assert!(trial.signed(&peer(1)).is_some());
        let repeated = trial.outcome(&held, &Source::DHT, HOUR / 2);
        assert_eq!(repeated, Outcome::Refreshed { extended: false });
        trial.live(HOUR);
        assert_eq!(trial.signed(&peer(1)), None, "{days} days");
        trial.check();
        trial.ends_empty();
    }
}

/// A delivery that says how old the last contact is offers what is left of the age, and the latest
/// such time is told with the record; one that is too old changes nothing (S4).
pub fn s4_ages_bound_what_is_offered<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let held = record(1, 7, &numbers(0..2));
    let deliver = |age: Duration| {
        trial.deliver(&held, Delivery::new(Source::PEER_EXCHANGE, DAY * 30).met(age)).outcome
    };
    let contact = |trial: &Trial<E>| {
        let view = |view: Option<peermark_peerstore::PeerView<'_>>| {
            view.and_then(|view| view.record()).and_then(|record| record.contact())
        };
        ok(trial.store.view(&peer(1), trial.clock.now(), view))
    };
    let refused = Outcome::Refused { reason: Refusal::Expired };
    for age in [DAY * 7, DAY * 8, Duration::MAX] {
        assert_eq!(deliver(age), refused);
        assert_eq!((trial.floor(&peer(1)), trial.store.usage().peers), (None, 0));
    }
    let ends = |trial: &Trial<E>| trial.known(&peer(1))[0].provenance.expiry();
    assert_eq!(deliver(DAY * 6), Outcome::Inserted);
    assert_eq!(ends(&trial), Some(Expiry::At(trial.clock.after(DAY))));
    let before = Timestamp::from_nanos(trial.clock.now().as_nanos());
    let six_days = before.as_nanos() - u64::try_from((DAY * 6).as_nanos()).unwrap_or(0);
    assert_eq!(contact(&trial), Some(Timestamp::from_nanos(six_days)));
    assert_eq!(deliver(DAY * 2), Outcome::Refreshed { extended: true });
    assert_eq!(ends(&trial), Some(Expiry::At(trial.clock.after(DAY * 5))));
    let told = contact(&trial);
    // An older one moves nothing, and neither does one that is refused.
    assert_eq!(deliver(DAY * 3), Outcome::Refreshed { extended: false });
    assert_eq!(deliver(DAY * 7), refused);
    assert_eq!(
        (ends(&trial), contact(&trial)),
        (Some(Expiry::At(trial.clock.after(DAY * 5))), told,)
    );
    // A claimed contact is not one of this store: the first acceptance bounds the rest.
    for _ in 0..7 * 24 {
        assert!(deliver(MINUTE).is_held());
        trial.clock.pass(HOUR);
    }
    assert_eq!(trial.signed(&peer(1)), None);
    assert_eq!(deliver(MINUTE), refused);
    trial.check();
    // The peer itself and the user are asked for no age.
    let old = Delivery::new(itself(1), DAY).met(DAY * 9);
    assert!(trial.deliver(&held, old).outcome.is_held());
    assert_eq!(contact(&trial), Some(trial.clock.now()));
    trial.check();
}

/// Where claimed contacts are believed, they keep a record like contacts; a liar keeps it as long as it
/// lies (S4).
pub fn s4_ages_are_believed_where_one_owner_says_so<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.believe_ages = true);
    let held = record(1, 7, &numbers(0..2));
    let deliver = |age| trial.deliver(&held, Delivery::new(Source::DHT, DAY * 30).met(age)).outcome;
    for _ in 0..20 {
        assert!(deliver(HOUR).is_held());
        trial.live(DAY);
    }
    let age = trial.store.limits().record_age;
    trial.live(age - DAY - HOUR - TICK);
    assert!(trial.signed(&peer(1)).is_some());
    trial.live(TICK);
    assert_eq!(trial.signed(&peer(1)), None);
    trial.check();
}

/// A delivery that is refused offers its end all the same: when the peer brings the record back, it
/// lives as long as that (S4).
pub fn s4_a_refused_delivery_offers_its_end<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.floor_life = DAY * 30);
    let held = record(1, 7, &numbers(0..2));
    let _ = trial.apply(&held, &Source::DHT, HOUR);
    trial.live(DAY * 8);
    let refused = Outcome::Refused { reason: Refusal::Expired };
    assert_eq!(trial.outcome(&held, &Source::DHT, DAY * 2), refused);
    let end = trial.clock.after(DAY * 2);
    trial.live(HOUR);
    assert_eq!(trial.outcome(&held, &itself(1), HOUR), Outcome::Refreshed { extended: true });
    assert_eq!(trial.known(&peer(1))[0].provenance.expiry(), Some(Expiry::At(end)));
    trial.check();
}

/// A record is served while it has a live certified address, and what nobody signed does not keep
/// it alive (S5).
pub fn s5_unsigned_addresses_keep_no_record_alive<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let alice = peer(1);
        let _ = trial.report(&alice, &numbers(0..3), &Source::DHT, DAY);
        let _ = trial.apply(&record(1, 7, &numbers(0..2)), &Source::DHT, HOUR);
        let _ = trial.report(&alice, &numbers(0..3), &Source::MANUAL, DAY);
        assert!(trial.dialed(&alice, &numbers(0..1)[0], DAY));
        trial.clock.pass(HOUR - TICK);
        let _ = trial.report(&alice, &numbers(0..3), &itself(1), DAY);
        assert!(trial.signed(&alice).is_some());
        trial.clock.pass(TICK);
        if sweep {
            trial.sweep_all();
            assert_eq!(trial.store.usage().records, 0);
        }
        assert_eq!((trial.signed(&alice), trial.certified(&alice)), (None, vec![]));
        assert_eq!(trial.addresses(&alice).len(), 3);
        assert!(trial.known(&alice).iter().all(|known| !known.provenance.is_certified()));
        trial.check();
    }
}

/// When the last certified address goes, the record goes with it; while one is left, it stays (S5).
pub fn s5_a_record_goes_with_its_last_address<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let held = record(1, 7, &numbers(0..3));
    let _ = trial.apply(&held, &Source::DHT, HOUR);
    let _ = trial.report(&alice, &numbers(0..5), &Source::DHT, DAY);
    for left in [2, 1] {
        assert_eq!(trial.remove(&alice, &numbers(left..left + 1)), 1);
        assert_eq!(trial.certified(&alice), numbers(0..left));
        assert_eq!(trial.signed(&alice).as_deref(), Some(held.as_bytes()));
        trial.check();
    }
    // What others took back is not the record's.
    assert_eq!(trial.retract(&alice, SourceKind::Dht), 3);
    assert_eq!(trial.addresses(&alice), numbers(0..1));
    assert_eq!(trial.remove(&alice, &numbers(0..1)), 1);
    assert_eq!((trial.signed(&alice), trial.peers()), (None, vec![]));
    assert_eq!(trial.store.usage().records, 0);
    assert_eq!(trial.floor(&alice), Some(7));
    trial.check();
}

/// A time to live of nothing, of everything and of what is between goes through every path, at both
/// ends of time, without a panic and not past the limit (S12).
pub fn s12_any_time_to_live_through_every_path<E: Engine>(make: Make<'_, E>) {
    let ttls = [
        Duration::ZERO,
        TICK,
        HOUR,
        Duration::from_nanos(u64::MAX - 1),
        Duration::from_nanos(u64::MAX),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ];
    let times = [Timestamp::EPOCH, Clock::default().now(), before_the_end(), Timestamp::MAX];
    let (alice, addresses) = one();
    for start in times {
        for ttl in ttls {
            for path in 0..7 {
                let trial = Trial::new(make);
                trial.clock.set(start);
                let _ = trial.report(&alice, &addresses[..1], &Source::DHT, HOUR);
                match path {
                    0 => ignore(trial.report(&alice, &addresses, &Source::DHT, ttl)),
                    1 => ignore(trial.set(&alice, &addresses, &Source::DHT, ttl)),
                    2 => ignore(trial.set_ttl(&alice, SourceKind::Dht, ttl)),
                    3 => ignore(trial.apply(&record(1, 1, &addresses), &itself(1), ttl)),
                    4 => ignore(trial.dial(&alice, &addresses[0], DialOutcome::Success, ttl)),
                    5 => ignore(trial.report(&alice, &addresses, &itself(1), ttl)),
                    _ => {
                        assert!(trial.connect(&alice));
                        let _ = trial.report(&alice, &addresses, &itself(1), ttl);
                        let _ = trial.dial(&alice, &addresses[0], DialOutcome::Success, ttl);
                        trial.disconnect(&alice);
                    }
                }
                let latest = Expiry::At(trial.clock.after(trial.store.limits().ttl));
                let known = trial.known(&alice);
                let expiries = known.iter().filter_map(|known| known.provenance.expiry());
                assert!(expiries.max() <= Some(latest), "path {path}, {ttl:?}");
                if ttl.is_zero() && path != 3 {
                    assert!(known.len() <= 1, "path {path}");
                }
                trial.sweep_all();
                trial.check();
                for _ in 0..11 {
                    trial.clock.pass(LONGEST_STEP);
                    trial.sweep_all();
                }
                assert_eq!(trial.addresses(&alice), [], "path {path}, {ttl:?}");
                trial.check();
            }
        }
    }
}

fn before_the_end() -> Timestamp {
    Timestamp::from_nanos(u64::MAX - 5)
}

/// What is longer than the limit is cut to it (S12).
pub fn s12_a_time_to_live_is_cut_to_the_limit<E: Engine>(make: Make<'_, E>) {
    for ttl in [HOUR + TICK, DAY, Duration::MAX] {
        let trial = Trial::with(make, |limits| limits.ttl = HOUR);
        let (alice, addresses) = one();
        let end = trial.clock.after(HOUR);
        let _ = trial.report(&peer(2), &addresses, &Source::MANUAL, ttl);
        let _ = trial.set(&peer(3), &addresses, &Source::MANUAL, ttl);
        let _ = trial.report(&peer(4), &addresses, &Source::DHT, MINUTE);
        assert_eq!(trial.set_ttl(&peer(4), SourceKind::Dht, ttl), 2);
        assert!(trial.dialed(&peer(5), &addresses[0], ttl));
        let _ = trial.apply(&record(1, 1, &addresses), &Source::DHT, ttl);
        for peer in [alice, peer(2), peer(3), peer(4), peer(5)] {
            let expiry = trial.known(&peer)[0].provenance.expiry();
            assert_eq!(expiry, Some(Expiry::At(end)), "{peer}");
        }
        assert!(trial.connect(&peer(6)));
        let _ = trial.report(&peer(6), &addresses, &itself(6), ttl);
        trial.disconnect(&peer(6));
        trial.clock.set(end);
        assert_eq!(trial.peers(), []);
        trial.check();
    }
}

/// A record that ended comes back by anybody's hand while it is young enough, also with other contents
/// of its number; and from its peer whenever (S3, S4).
pub fn s4_what_ended_comes_back_within_its_age<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let held = record(1, 7, &numbers(0..2));
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        trial.live(HOUR);
        if sweep {
            trial.sweep_all();
        }
        assert_eq!(trial.addresses(&peer(1)), []);
        let applied = trial.apply(&held, &Source::PUBSUB, HOUR);
        assert_eq!(applied.outcome, Outcome::Refreshed { extended: true });
        assert_eq!(applied.added, 2);
        trial.live(HOUR);
        // Its envelope is gone: what comes is held.
        let other = trial.outcome(&record(1, 7, &numbers(5..6)), &Source::DHT, HOUR);
        assert!(other.is_held() && other.kind() == OutcomeKind::Contradiction);
        assert_eq!(trial.certified(&peer(1)), numbers(5..6));
        trial.check();
        trial.live(DAY * 7 - HOUR * 3);
        let other = trial.outcome(&record(1, 7, &numbers(5..6)), &Source::DHT, HOUR);
        assert_eq!(other.kind(), OutcomeKind::Refreshed);
        trial.live(HOUR);
        if sweep {
            trial.sweep_all();
        }
        let refused = Outcome::Refused { reason: Refusal::Expired };
        for source in [Source::DHT, Source::PUBSUB] {
            assert_eq!(trial.outcome(&held, &source, HOUR), refused, "{source}");
            assert_eq!(trial.addresses(&peer(1)), []);
        }
        assert!(trial.outcome(&held, &itself(1), HOUR).is_held());
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(held.as_bytes()));
        trial.check();
    }
}
