//! How long a record lives, and any time to live at all (S4, S5, S12).

use std::time::Duration;

use peermark_peerstore::{Engine, Outcome, Refusal};
use peermark_provenance::{DialOutcome, Expiry, Source, SourceKind, Timestamp};

use super::trial::{DAY, HOUR, MINUTE, TICK, ignore, itself, one};
use super::{Make, Trial};
use crate::peerstore::clock::Clock;
use crate::peerstore::fixtures::{numbers, peer, record};

/// Third parties that say the same again keep nothing alive (S4).
pub fn s4_third_parties_do_not_extend<E: Engine>(make: Make<'_, E>) {
    for consume in [false, true] {
        let trial = Trial::new(make);
        let held = record(1, 7, &numbers(0..2));
        let end = trial.clock.after(HOUR);
        let _ = trial.apply(&held, &itself(1), HOUR);
        for source in [Source::DHT, Source::PUBSUB, Source::MANUAL, Source::DHT, Source::MDNS] {
            trial.clock.pass(MINUTE);
            let applied = match consume {
                true => trial.consume(held.as_bytes(), &source, DAY).ok(),
                false => Some(trial.apply(&held, &source, DAY)),
            };
            let refreshed = Some(Outcome::Refreshed { extended: false });
            assert_eq!(applied.map(|applied| applied.outcome), refreshed, "{source}");
            let expiry = trial.known(&peer(1))[0].provenance.expiry();
            assert_eq!(expiry, Some(Expiry::At(end)), "{source}");
        }
        trial.clock.set(end);
        assert_eq!(trial.signed(&peer(1)), None);
        trial.check();
    }
}

/// The peer itself extends its record, up to its age since the first acceptance and never past it
/// (S4).
pub fn s4_the_peer_itself_extends_up_to_the_age<E: Engine>(make: Make<'_, E>) {
    for consume in [false, true] {
        let trial = Trial::new(make);
        let age = trial.store.limits().record_age;
        let end = trial.clock.after(age);
        let held = record(1, 7, &numbers(0..2));
        let mut last = trial.clock.after(DAY);
        let _ = trial.apply(&held, &Source::DHT, DAY);
        while trial.clock.now() < end {
            assert!(trial.signed(&peer(1)).is_some());
            let expiry = trial.known(&peer(1))[0].provenance.expiry();
            assert_eq!(expiry, Some(Expiry::At(last)));
            trial.clock.pass(DAY - HOUR);
            if trial.clock.now() >= end {
                break;
            }
            let ends = trial.clock.after(DAY).min(end);
            let outcome = match consume {
                true => {
                    trial.consume(held.as_bytes(), &itself(1), DAY).map(|done| done.outcome).ok()
                }
                false => Some(trial.outcome(&held, &itself(1), DAY)),
            };
            assert_eq!(outcome, Some(Outcome::Refreshed { extended: ends > last }));
            // It extends, and never shortens.
            let shorter = trial.outcome(&held, &itself(1), MINUTE);
            assert_eq!(shorter, Outcome::Refreshed { extended: false });
            last = ends;
        }
        trial.clock.set(end);
        assert_eq!(trial.signed(&peer(1)), None);
        let refused = Outcome::Refused { reason: Refusal::Expired };
        assert_eq!(trial.outcome(&held, &itself(1), DAY), refused, "it is of age");
        // A newer one is young again.
        let newer = record(1, 8, &numbers(0..2));
        assert_eq!(trial.outcome(&newer, &itself(1), DAY), Outcome::Inserted);
        trial.check();
    }
}

/// A record lives no longer than its age, whatever was asked for (S4).
pub fn s4_no_record_outlives_its_age<E: Engine>(make: Make<'_, E>) {
    for source in [Source::DHT, Source::MANUAL, itself(1)] {
        let trial = Trial::new(make);
        let _ = trial.apply(&record(1, 7, &numbers(0..2)), &source, Duration::MAX);
        trial.clock.pass(trial.store.limits().record_age - TICK);
        assert!(trial.signed(&peer(1)).is_some());
        trial.clock.pass(TICK);
        assert_eq!(trial.signed(&peer(1)), None);
        trial.check();
    }
}

/// Of a record that ended the age is known: its peer reinstates it up to that, and no further (S4).
pub fn s4_a_reinstated_record_is_as_old_as_it_was<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let end = trial.clock.after(trial.store.limits().record_age);
    let held = record(1, 7, &numbers(0..2));
    let _ = trial.apply(&held, &Source::DHT, HOUR);
    trial.clock.pass(HOUR * 5);
    trial.sweep_all();
    let outcome = trial.outcome(&held, &itself(1), Duration::MAX);
    assert_eq!(outcome, Outcome::Refreshed { extended: true });
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
                trial.clock.pass(Duration::MAX);
                trial.sweep_all();
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
