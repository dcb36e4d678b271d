//! Time that is passed in, and stores that agree (S14, S15).

use peermark_peerstore::{Engine, Event, Outcome, OutcomeKind};
use peermark_provenance::{Expiry, Source, SourceKind, Timestamp};

use super::trial::{DAY, HOUR, MINUTE, ignore, itself, ok, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};
use crate::rng::Rng;

/// A clock that goes back revives nothing, and what is added meanwhile lives as long as it was
/// given (S14).
pub fn s14_a_clock_that_goes_back_revives_nothing<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let (alice, addresses) = one();
        let _ = trial.report(&alice, &addresses, &Source::DHT, HOUR);
        let _ = trial.apply(&record(2, 5, &addresses), &Source::DHT, HOUR);
        trial.clock.pass(HOUR);
        let latest = trial.clock.now();
        assert_eq!(trial.peers(), []);
        if sweep {
            trial.sweep_all();
        }
        for back in [HOUR, DAY * 365, std::time::Duration::MAX] {
            trial.clock.turn_back(back);
            assert_eq!((trial.addresses(&alice), trial.peers()), (vec![], vec![]));
            assert_eq!((trial.signed(&peer(2)), trial.certified(&peer(2))), (None, vec![]));
            let stale = trial.outcome(&record(2, 4, &addresses), &itself(2), HOUR);
            assert_eq!(stale, Outcome::Stale { held: 5.into() });
        }
        // At the epoch, by its own clock; an hour after the latest time, by the store's.
        let _ = trial.report(&alice, &addresses, &Source::DHT, HOUR);
        trial.clock.set(latest.saturating_add(HOUR - MINUTE));
        assert_eq!(trial.addresses(&alice), addresses);
        trial.clock.pass(MINUTE);
        assert_eq!(trial.addresses(&alice), []);
        trial.check();
    }
}

/// A clock that jumps ahead by twenty years ends what was said, and lets no replay in (S14).
pub fn s14_a_jump_ahead_ends_no_floor<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let _ = trial.apply(&record(1, 5, &numbers(0..2)), &Source::DHT, HOUR);
        let _ = trial.apply(&record(2, 5, &numbers(0..2)), &Source::DHT, HOUR);
        assert!(trial.clear(&peer(2)));
        for _ in 0..3 {
            trial.clock.pass(DAY * 365 * 20);
            if sweep {
                trial.sweep_all();
            }
            assert_eq!(trial.peers(), []);
            for index in [1, 2] {
                assert_eq!(trial.floor(&peer(index)), Some(5));
                let old = record(index, 4, &numbers(0..2));
                assert_eq!(trial.outcome(&old, &itself(index), HOUR).kind(), OutcomeKind::Stale);
            }
        }
        // A clock that goes to and fro ages them no faster.
        for _ in 0..1000 {
            trial.clock.turn_back(DAY * 365);
            assert_eq!(trial.floor(&peer(1)), Some(5));
            trial.clock.pass(DAY * 365);
            assert_eq!(trial.floor(&peer(2)), Some(5));
        }
        trial.check();
    }
}

/// A clock that was once years ahead and is right again: what is measured in seconds passes in seconds,
/// floors did not end, and times are told by the clock that is shown (S14).
pub fn s14_a_clock_that_was_ahead_measures_seconds_again<E: Engine>(make: Make<'_, E>) {
    for years in [1, 9, 470] {
        let trial = Trial::new(make);
        let right = trial.clock.now();
        let _ = trial.apply(&record(1, 5, &numbers(0..2)), &Source::DHT, HOUR);
        trial.clock.pass(DAY * 365 * years);
        let _ = trial.apply(&record(2, 5, &numbers(0..2)), &Source::DHT, HOUR);
        trial.clock.set(right);
        trial.clock.pass(MINUTE);
        assert_eq!(trial.floor(&peer(1)), Some(5), "{years} years");
        let (alice, addresses) = one();
        let seconds = std::time::Duration::from_secs;
        for _ in 0..3 {
            let _ = trial.report(&alice, &addresses, &Source::DHT, seconds(3));
            let held = record(3, 5, &addresses);
            let _ = trial.apply(&held, &itself(3), seconds(3));
            let claim = trial.known(&alice)[0].provenance.claims()[0];
            assert_eq!(claim.last_seen(), trial.clock.now());
            let ends = Some(Expiry::At(trial.clock.after(seconds(3))));
            assert_eq!(
                (Some(claim.expiry()), trial.store.next_expiry()),
                (ends, ends.and_then(Expiry::at))
            );
            assert_eq!(trial.known(&peer(3))[0].provenance.expiry(), ends);
            trial.clock.pass(seconds(2));
            assert_eq!(trial.addresses(&alice), addresses);
            trial.clock.pass(seconds(1));
            assert_eq!((trial.addresses(&alice), trial.signed(&peer(3))), (vec![], None));
            trial.sweep_all();
        }
        // Seven days later the floors are gone, as if the clock had never been wrong.
        trial.live(DAY * 7 + HOUR);
        assert_eq!([1, 2, 3].map(|index| trial.floor(&peer(index))), [None; 3]);
        trial.check();
    }
}

/// Between two calls any time may go by, and the store asks no clock of its own (S14).
pub fn s14_time_is_what_the_caller_says<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    for secs in [0, 1, 1_000, 10_000_000_000] {
        trial.clock.set(Timestamp::from_secs(secs));
        let _ = trial.report(&alice, &addresses, &Source::DHT, HOUR);
        let claim = trial.known(&alice)[0].provenance.claims()[0];
        assert_eq!(claim.last_seen(), Timestamp::from_secs(secs));
    }
    trial.check();
}

/// Two stores of one secret that are told the same at the same times are equal, in what they
/// answer, tell and evict (S15).
pub fn s15_the_same_calls_make_the_same_store<E: Engine>(make: Make<'_, E>) {
    let records: Vec<_> = (0..12)
        .flat_map(|index| (0..3).map(move |seq| record(index, seq, &numbers(0..2 + seq as u32))))
        .collect();
    for seed in 0..4 {
        let [one, other] = [0, 1].map(|_| run(make, &records, seed));
        assert_eq!(one.len(), other.len());
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "seed {seed}");
        }
    }
}

/// What came of many calls, as text.
fn run<E: Engine>(
    make: Make<'_, E>,
    records: &[peermark_peer_record::CertifiedRecord],
    seed: u64,
) -> Vec<String> {
    let trial = Trial::with(make, |limits| {
        limits.peers = 8;
        limits.addresses_per_peer = 5;
        limits.claims_per_address = 2;
        limits.floors = 6;
    });
    let mut rng = Rng::new(seed);
    let mut told = Vec::new();
    let mut events = ok(trial.store.subscribe_all(trial.clock.now(), ignore));
    for _ in 0..200 {
        let number = rng.next_u64() % 12;
        let (alice, from) = (peer(number), u32::try_from(rng.below(8)).unwrap_or(0));
        let addresses = numbers(from..from + 2);
        let ttl = *rng.pick(&[MINUTE, HOUR, DAY]);
        let heard = heard_from(u16::try_from(rng.below(20)).unwrap_or(0));
        let source = *rng.pick(&[heard, Source::MANUAL, itself(number)]);
        told.push(match rng.below(9) {
            0..3 => format!("{:?}", trial.report(&alice, &addresses, &source, ttl)),
            3..5 => format!("{:?}", trial.apply(rng.pick(records), &heard, ttl)),
            5 => format!("{:?}", trial.dialed(&alice, &addresses[0], ttl)),
            6 => format!("{:?}", trial.retract(&alice, SourceKind::Dht)),
            7 => format!("{:?}", trial.sweep(3)),
            _ => {
                trial.clock.pass(MINUTE * 7);
                String::new()
            }
        });
        told.push(format!(
            "{:?}",
            std::iter::from_fn(|| events.try_next()).collect::<Vec<Event>>()
        ));
        trial.check();
    }
    told.extend((0..12).map(|number| format!("{:?}", trial.all_of(&peer(number)))));
    told.push(format!("{:?} {:?} {:?}", trial.peers(), trial.store.usage(), trial.tally));
    told
}
