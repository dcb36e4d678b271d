//! Connected or not: a state, and no time to live (S7).

use std::time::Duration;

use peermark_peerstore::{Engine, Outcome, Usage};
use peermark_provenance::{DialOutcome, Expiry, Source, SourceKind, TrustClass};

use super::trial::{DAY, HOUR, MINUTE, TICK, ignore, itself, ok, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};
use crate::rng::Rng;

/// While a peer is connected, what identify and dials claim does not expire; what others claim,
/// and a record that others delivered, does (S7).
pub fn s7_a_connection_holds_identify_and_dialed<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let [by_dht, by_itself, by_dial, by_record] =
        [0..1, 1..2, 2..3, 3..4].map(|range| numbers(range).remove(0));
    let told =
        |address: &_, source| trial.report(&alice, std::slice::from_ref(address), source, HOUR);
    assert_eq!(told(&by_dht, &Source::DHT).added, 1);
    assert_eq!(told(&by_itself, &itself(1)).added, 1);
    assert!(trial.connect(&alice));
    assert!(trial.dialed(&alice, &by_dial, HOUR));
    let _ = trial.apply(&record(1, 1, std::slice::from_ref(&by_record)), &Source::DHT, HOUR);
    assert_eq!(trial.addresses(&alice).len(), 4);
    let held = trial.known_at(&alice, &by_itself).and_then(|known| known.provenance.expiry());
    assert_eq!(held, Some(Expiry::AfterDisconnect(HOUR)));
    for sweep in [false, true] {
        trial.clock.pass(DAY * 30);
        if sweep {
            trial.sweep_all();
        }
        assert_eq!(trial.addresses(&alice), [by_itself.clone(), by_dial.clone()]);
        assert_eq!(trial.class(&alice, &by_itself), Some(TrustClass::Direct));
        assert_eq!(trial.class(&alice, &by_dial), Some(TrustClass::Dialed));
        trial.check();
    }
    assert_eq!(trial.store.next_expiry(), None);
}

/// The record that a connected peer delivered itself does not end before the disconnect, and neither
/// does a higher one that replaced it meanwhile; then its time starts to run (S7).
pub fn s7_a_connection_holds_the_record_that_it_brought<E: Engine>(make: Make<'_, E>) {
    for before in [false, true] {
        let trial = Trial::new(make);
        let alice = peer(1);
        let (held, newer) = (record(1, 7, &numbers(0..2)), record(1, 8, &numbers(0..3)));
        if before {
            let _ = trial.apply(&held, &itself(1), DAY * 2);
        }
        assert!(trial.connect(&alice));
        if !before {
            let _ = trial.apply(&held, &itself(1), DAY * 2);
        }
        let expiry = |trial: &Trial<E>| trial.known(&alice)[0].provenance.expiry();
        assert_eq!(expiry(&trial), Some(Expiry::AfterDisconnect(DAY * 2)));
        for hours in [49, 30 * 24] {
            trial.live(HOUR * hours);
            trial.sweep_all();
            assert_eq!(trial.certified(&alice), numbers(0..2), "{hours} hours");
            assert_eq!(trial.signed(&alice).as_deref(), Some(held.as_bytes()));
        }
        assert_eq!(trial.store.next_expiry(), None);
        let replaced = Outcome::Replaced { from: 7.into() };
        assert_eq!(trial.outcome(&newer, &Source::DHT, HOUR), replaced);
        trial.live(DAY * 30);
        assert_eq!(trial.certified(&alice), numbers(0..3));
        trial.check();
        trial.disconnect(&alice);
        let end = trial.clock.after(HOUR);
        assert_eq!(expiry(&trial), Some(Expiry::At(end)));
        trial.live(HOUR);
        assert_eq!(trial.signed(&alice), None);
        // The disconnect was a contact: third parties bring it back for a week.
        assert!(trial.outcome(&newer, &Source::DHT, DAY * 30).is_held());
        let week = Expiry::At(end.saturating_add(DAY * 7 - HOUR));
        assert_eq!(expiry(&trial), Some(week));
        trial.check();
        trial.ends_empty();
    }
}

/// Their time starts to run when the peer disconnects, whenever and for however long they were made
/// (S7).
pub fn s7_time_runs_from_the_disconnect<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let (alice, addresses) = one();
        let _ = trial.report(&alice, &addresses[..1], &itself(1), HOUR);
        trial.clock.pass(MINUTE);
        assert!(trial.connect(&alice) && trial.connect(&alice));
        assert!(trial.dialed(&alice, &addresses[1], HOUR * 2));
        trial.clock.pass(DAY);
        trial.disconnect(&alice);
        let end = trial.clock.after(HOUR);
        trial.disconnect(&alice);
        assert_eq!(trial.store.next_expiry(), Some(end));
        for (ends, left) in [(end, 2), (trial.clock.after(HOUR * 2), 1)] {
            trial.clock.set(before(ends));
            if sweep {
                trial.sweep_all();
            }
            assert_eq!(trial.addresses(&alice).len(), left);
            trial.clock.set(ends);
            if sweep {
                trial.sweep_all();
            }
            assert_eq!(trial.addresses(&alice).len(), left - 1);
            trial.check();
        }
        trial.sweep_all();
        assert_eq!(trial.store.usage(), Usage::default());
    }
}

fn before(time: peermark_provenance::Timestamp) -> peermark_provenance::Timestamp {
    peermark_provenance::Timestamp::from_nanos(time.as_nanos() - 1)
}

/// A claim that was over before the peer connected stays over (S7).
pub fn s7_a_connection_revives_nothing<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let _ = trial.report(&alice, &addresses, &itself(1), HOUR);
    trial.clock.pass(HOUR);
    assert!(trial.connect(&alice));
    assert_eq!(trial.addresses(&alice), []);
    trial.disconnect(&alice);
    assert_eq!(trial.addresses(&alice), []);
    trial.check();
    trial.ends_empty();
}

/// Connected is something one can see, about a peer without an address too, and nothing is left of
/// it afterwards (S7).
pub fn s7_connected_is_a_state<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let connected = || {
        let view = |view: Option<peermark_peerstore::PeerView<'_>>| {
            view.is_some_and(|view| view.is_connected())
        };
        ok(trial.store.view(&alice, trial.clock.now(), view))
    };
    trial.disconnect(&alice);
    assert!(!connected());
    assert_eq!(trial.store.usage(), Usage::default());
    assert!(trial.connect(&alice));
    assert!(connected());
    assert_eq!(trial.peers(), [], "no address is known");
    trial.clock.pass(DAY * 365);
    trial.sweep_all();
    assert!(connected());
    // Clearing takes what is known, and does not hang up.
    let _ = trial.report(&alice, &addresses, &itself(1), HOUR);
    assert!(trial.clear(&alice) && connected());
    trial.check();
    trial.disconnect(&alice);
    assert!(!connected());
    assert_eq!(trial.store.usage(), Usage::default());
    trial.check();
}

/// What the user said is the user's: identify's bookkeeping takes nothing of it (S7).
pub fn s7_what_the_user_said_survives_a_disconnect<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let _ = trial.report(&alice, &addresses, &Source::MANUAL, DAY);
    assert!(trial.connect(&alice));
    let _ = trial.report(&alice, &addresses, &itself(1), MINUTE);
    assert_eq!(trial.retract(&alice, SourceKind::Identify), 2);
    assert_eq!(trial.addresses(&alice), addresses);
    let _ = trial.report(&alice, &addresses, &itself(1), MINUTE);
    trial.disconnect(&alice);
    assert_eq!(trial.set_ttl(&alice, SourceKind::Identify, Duration::ZERO), 2);
    trial.clock.pass(DAY - TICK);
    assert_eq!(trial.addresses(&alice), addresses);
    trial.clock.pass(TICK);
    assert_eq!(trial.addresses(&alice), []);
    trial.check();
}

/// Whatever happened before: all connections closed, the longest time gone by and swept, nothing is
/// left (S7).
pub fn s7_everything_ends<E: Engine>(make: Make<'_, E>) {
    let records: Vec<_> = (0..5)
        .flat_map(|peer| (1..5).map(move |seq| record(peer, seq, &numbers(0..seq as u32))))
        .collect();
    for seed in 0..8 {
        let trial = Trial::with(make, |limits| {
            limits.peers = 4;
            limits.addresses_per_peer = 6;
            limits.claims_per_address = 3;
        });
        let mut rng = Rng::new(seed);
        for _ in 0..300 {
            let number = rng.next_u64() % 5;
            let (alice, from) = (peer(number), u32::try_from(rng.below(8)).unwrap_or(0));
            let addresses = numbers(from..from + 3);
            let ttl = *rng.pick(&[Duration::ZERO, TICK, MINUTE, HOUR, DAY, Duration::MAX]);
            let sources = [Source::DHT, Source::MANUAL, itself(number), Source::application(3)];
            let source = *rng.pick(&sources);
            let kind = source.kind();
            match rng.below(12) {
                0 | 1 => ignore(trial.report(&alice, &addresses, &source, ttl)),
                2 => ignore(trial.set(&alice, &addresses, &source, ttl)),
                3 => ignore(trial.apply(rng.pick(&records), &Source::DHT, ttl)),
                4 => ignore(trial.connect(&alice)),
                5 => trial.disconnect(&alice),
                6 => ignore(trial.dial(&alice, &addresses[0], dial(&mut rng), ttl)),
                7 => ignore(trial.set_ttl(&alice, kind, ttl)),
                8 => ignore(trial.remove(&alice, &addresses[..1])),
                9 => ignore(trial.sweep(rng.below(4))),
                10 if rng.one_in(4) => ignore(trial.clear(&alice)),
                _ => trial.clock.pass(*rng.pick(&[TICK, MINUTE, HOUR])),
            }
            trial.check();
        }
        (0..5).for_each(|number| trial.disconnect(&peer(number)));
        trial.ends_empty();
    }
}

fn dial(rng: &mut Rng) -> DialOutcome {
    *rng.pick(&[
        DialOutcome::Success,
        DialOutcome::Failure,
        DialOutcome::WrongPeer,
        DialOutcome::Cancelled,
    ])
}
