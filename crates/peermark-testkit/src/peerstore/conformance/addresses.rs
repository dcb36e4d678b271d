//! Addresses: how they are written, who takes back what, when they end (S6, S9, S13).

use std::time::Duration;

use multiaddr::{Multiaddr, Protocol};
use peermark_peerstore::{Engine, RoutingRecord};
use peermark_provenance::{Expiry, Source, SourceKind, TrustClass};

use super::trial::{DAY, HOUR, MINUTE, TICK, ok, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{address, numbers, peer, record};

/// What was added at t for d is there until t + d, and not at t + d, whether or not anybody swept
/// (S6).
pub fn s6_an_address_ends_exactly_at_its_time<E: Engine>(make: Make<'_, E>) {
    let millis = Duration::from_millis;
    for ttl in [TICK, Duration::from_nanos(999_999_999), millis(1), millis(1500), HOUR, DAY] {
        for (path, sweep) in (0..8).map(|n| (n / 2, n % 2 == 1)) {
            let trial = Trial::new(make);
            let (peer, addresses) = one();
            let _ = match path {
                0 => trial.report(&peer, &addresses, &Source::DHT, ttl).added,
                1 => trial.set(&peer, &addresses, &Source::MANUAL, ttl).added,
                2 => usize::from(trial.dialed(&peer, &addresses[0], ttl)),
                _ => trial.apply(&record(1, 1, &addresses), &Source::DHT, ttl).added.into(),
            };
            let held = trial.addresses(&peer);
            let end = trial.clock.after(ttl);
            assert_eq!(trial.store.next_expiry(), Some(end), "path {path}");
            trial.clock.pass(ttl.saturating_sub(TICK));
            if sweep {
                trial.sweep_all();
            }
            assert_eq!(trial.addresses(&peer), held, "path {path}, before {ttl:?}");
            assert_eq!(trial.peers(), [peer]);
            trial.clock.set(end);
            if sweep {
                trial.sweep_all();
                assert_eq!(trial.store.usage().peers, 0);
            }
            is_nowhere(&trial, path);
            trial.check();
        }
    }
}

/// No way of reading shows anything of the peer.
fn is_nowhere<E: Engine>(trial: &Trial<E>, path: u32) {
    let (now, (peer, addresses)) = (trial.clock.now(), one());
    assert_eq!(trial.addresses(&peer), [], "path {path}");
    assert_eq!(trial.certified(&peer), []);
    assert_eq!(trial.signed(&peer), None);
    assert_eq!(trial.peers(), []);
    assert_eq!(ok(trial.store.count_peers(now)), 0);
    assert_eq!(ok(trial.store.routing_records(&[peer], now)), [RoutingRecord::Unknown]);
    assert!(!ok(trial.store.is_certified(&peer, &addresses[0], now)));
    let shown = ok(trial.store.view(&peer, now, |view| {
        view.is_some_and(|view| !view.is_empty() || view.address(addresses[0].as_ref()).is_some())
    }));
    assert!(!shown, "path {path}");
    let (snapshot, _) = ok(trial.store.subscribe(&peer, now));
    assert_eq!(snapshot, []);
}

/// Each address of a peer ends by itself, and the peer is listed as long as one is left (S6).
pub fn s6_addresses_end_one_by_one<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, bob) = (peer(1), peer(2));
    let addresses = numbers(0..5);
    for (address, minutes) in addresses.iter().zip(1..) {
        let _ = trial.report(&alice, std::slice::from_ref(address), &Source::DHT, MINUTE * minutes);
    }
    let _ = trial.report(&bob, &addresses, &Source::DHT, MINUTE * 3);
    for left in (0..5).rev() {
        trial.clock.pass(MINUTE);
        assert_eq!(trial.addresses(&alice).len(), left);
        let bobs = usize::from(left > 2);
        assert_eq!(trial.peers().len(), usize::from(left > 0) + bobs, "{left} left");
        if left % 2 == 0 {
            trial.sweep_all();
        }
        trial.check();
    }
    trial.ends_empty();
}

/// An address that is said again after its end is there again, swept or not (S6).
pub fn s6_an_address_that_is_seen_again_comes_back<E: Engine>(make: Make<'_, E>) {
    for sweep in [false, true] {
        let trial = Trial::new(make);
        let (peer, addresses) = one();
        for round in 0..3 {
            let reported = trial.report(&peer, &addresses, &Source::DHT, HOUR);
            assert_eq!((reported.added, reported.updated), (2, 0), "round {round}");
            trial.clock.pass(HOUR);
            assert_eq!(trial.addresses(&peer), []);
            if sweep {
                trial.sweep_all();
            }
        }
        trial.check();
    }
}

/// Swept is what is due, no more than the budget at a time, until nothing is (S6).
pub fn s6_a_sweep_keeps_to_its_budget<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    for index in 0..100 {
        let ttl = if index < 60 { MINUTE } else { HOUR };
        let _ = trial.report(&peer(index), &numbers(0..1), &Source::DHT, ttl);
    }
    assert!(!trial.sweep(1000).more);
    trial.clock.pass(MINUTE);
    assert!(trial.sweep(0).more, "60 are due");
    assert_eq!(trial.store.usage().peers, 100);
    let (mut calls, mut peers, mut addresses) = (0, 0, 0);
    loop {
        let swept = trial.sweep(7);
        assert!(swept.peers <= 7, "{swept:?}");
        (peers, addresses) = (peers + swept.peers, addresses + swept.addresses);
        calls += 1;
        if !swept.more {
            break;
        }
        assert!(calls < 1000, "sweeping does not get on");
    }
    assert!(calls >= 9, "{calls} calls");
    assert_eq!((peers, addresses, trial.store.usage().peers), (60, 60, 40));
    assert_eq!(trial.store.next_expiry(), Some(trial.clock.after(HOUR - MINUTE)));
    trial.check();
    trial.ends_empty();
}

/// Said twice, by whomever, in whichever form, an address is one (S13).
pub fn s13_an_address_is_there_once<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, addresses) = one();
    let suffixed: Vec<_> = addresses.iter().map(|plain| with_peer(plain, &peer)).collect();
    let both: Vec<_> = addresses.iter().chain(&suffixed).cloned().collect();
    let reported = trial.report(&peer, &both, &Source::DHT, HOUR);
    assert_eq!((reported.added, reported.unchanged), (2, 2));
    let reported = trial.report(&peer, &suffixed, &Source::MDNS, HOUR);
    assert_eq!((reported.added, reported.updated), (0, 2));
    assert!(trial.dialed(&peer, &suffixed[0], HOUR));
    let _ = trial.apply(&record(1, 1, &suffixed), &Source::DHT, HOUR);
    assert_eq!(trial.addresses(&peer), addresses);
    assert_eq!(trial.known(&peer)[0].provenance.claims().len(), 4);
    let certified = |address| ok(trial.store.is_certified(&peer, address, trial.clock.now()));
    assert!(certified(&addresses[1]) && certified(&suffixed[1]));
    // What did not answer can be taken out under the name that it came by.
    assert_eq!(trial.remove(&peer, &suffixed), 2);
    assert_eq!(trial.addresses(&peer), []);
    trial.check();
}

/// An address of another peer, and what is no address, never enters, and is counted (S13).
pub fn s13_foreign_suffixes_never_enter<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, mallory) = (peer(1), peer(2));
    let plain = address("/ip4/192.0.2.1/tcp/4001");
    let relayed = with_peer(&plain, &mallory).with(Protocol::P2pCircuit);
    let long: Multiaddr = (0..40).map(|_| Protocol::Dns("example.org".into())).collect();
    let foreign =
        [with_peer(&plain, &mallory), with_peer(&relayed, &mallory), Multiaddr::empty(), long];
    for source in [Source::DHT, Source::MANUAL, super::trial::itself(1)] {
        let reported = trial.report(&alice, &foreign, &source, HOUR);
        assert_eq!((reported.dropped, reported.added), (4, 0), "{source}");
        assert!(reported.defect.is_some() && reported.refusal.is_none());
        assert_eq!(trial.tally.reported_of(source.kind()), (0, 4));
    }
    assert!(foreign.iter().all(|other| !trial.dialed(&alice, other, HOUR)));
    assert_eq!(trial.peers(), []);
    // A relay is named in the middle; what counts is whose address it is.
    let reported = trial.report(&alice, &[with_peer(&relayed, &alice)], &Source::DHT, HOUR);
    assert_eq!((reported.added, trial.addresses(&alice)), (1, vec![relayed]));
    trial.check();
}

fn with_peer(address: &Multiaddr, peer: &peermark_identity::PeerId) -> Multiaddr {
    address.clone().with(Protocol::P2p(*peer))
}

/// Adding makes a claim live longer and never shorter; setting makes it end when it says (S9).
pub fn s9_adding_extends_and_setting_overrides<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, addresses) = one();
    let ends_in = |ttl| {
        let expected = Some(Expiry::At(trial.clock.after(ttl)));
        assert_eq!(trial.known(&peer)[0].provenance.expiry(), expected);
    };
    let (only, dht) = (&addresses[..1], &Source::DHT);
    assert_eq!(trial.report(&peer, only, dht, HOUR).added, 1);
    assert_eq!(trial.report(&peer, only, dht, MINUTE).unchanged, 1);
    ends_in(HOUR);
    assert_eq!(trial.report(&peer, only, dht, DAY).updated, 1);
    ends_in(DAY);
    assert_eq!(trial.set(&peer, only, dht, MINUTE).updated, 1);
    ends_in(MINUTE);
    assert_eq!(trial.set(&peer, only, dht, HOUR).updated, 1);
    ends_in(HOUR);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.report(&peer, only, dht, MINUTE).unchanged, 1);
    ends_in(HOUR - MINUTE);
    assert_eq!(trial.set_ttl(&peer, SourceKind::Dht, MINUTE), 1);
    ends_in(MINUTE);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.addresses(&peer), []);
    trial.check();
}

/// A time to live of zero takes back what that source said, and nothing else (S9).
pub fn s9_zero_takes_back_one_claim<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, addresses) = one();
    let told = [Source::DHT, Source::MANUAL, Source::DHT.reported_by(fixture_reporter())];
    for source in &told {
        let _ = trial.report(&peer, &addresses, source, HOUR);
    }
    let _ = trial.apply(&record(1, 1, &addresses[..1]), &Source::DHT, HOUR);
    for (taken, source) in (1..).zip(&told) {
        let removed = if taken == 2 {
            trial.set(&peer, &addresses, source, Duration::ZERO).removed
        } else {
            trial.report(&peer, &addresses, source, Duration::ZERO).removed
        };
        assert_eq!(removed, 2, "{source}");
        let claims = trial.known(&peer)[0].provenance.claims().len();
        assert_eq!(claims, 4 - taken, "{source}");
        trial.check();
    }
    // Nobody but the peer itself says the first any more; and nothing more can be taken back.
    assert_eq!(trial.addresses(&peer), addresses[..1]);
    let reported = trial.report(&peer, &addresses, &Source::DHT, Duration::ZERO);
    assert_eq!((reported.removed, reported.unchanged), (0, 2));
    assert_eq!(trial.class(&peer, &addresses[0]), Some(TrustClass::Certified));
    trial.check();
}

fn fixture_reporter() -> peermark_provenance::PeerId {
    peer(77)
}

/// A change by kind of source changes the claims of that kind, of that peer (S9).
pub fn s9_changes_by_source_are_of_that_source<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, bob) = (peer(1), peer(2));
    let addresses = numbers(0..2);
    let [a7, a8] = [7, 8].map(Source::application);
    for peer in [&alice, &bob] {
        for source in [&Source::DHT, &a7, &a8] {
            let _ = trial.report(peer, &addresses, source, HOUR);
        }
        let own = addresses[0].clone();
        let _ = trial.report(peer, &[own], &Source::DHT.reported_by(fixture_reporter()), HOUR);
    }
    let untouched = trial.all_of(&bob);
    // By kind, whoever the reporter is; an application's number is a part of its kind.
    assert_eq!(trial.set_ttl(&alice, SourceKind::Dht, MINUTE), 3);
    assert_eq!(trial.retract(&alice, SourceKind::Application(7)), 2);
    assert_eq!(trial.retract(&alice, SourceKind::Pubsub), 0);
    assert_eq!(trial.set_ttl(&alice, SourceKind::Pubsub, HOUR), 0);
    assert_eq!(trial.known(&alice)[0].provenance.claims().len(), 3);
    trial.clock.pass(MINUTE);
    assert_eq!(trial.known(&alice)[0].provenance.claims().len(), 1);
    assert_eq!(trial.set_ttl(&alice, SourceKind::Application(8), Duration::ZERO), 2);
    assert_eq!(trial.addresses(&alice), []);
    assert_eq!(trial.all_of(&bob), untouched);
    trial.check();
}

/// Removing takes what is there, whoever said it, and does not mind what is not (S9).
pub fn s9_removing_takes_what_is_there<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, bob) = (peer(1), peer(2));
    assert_eq!(trial.remove(&alice, &numbers(0..3)), 0);
    for peer in [&alice, &bob] {
        let _ = trial.report(peer, &numbers(0..3), &Source::DHT, HOUR);
        let _ = trial.report(peer, &numbers(0..3), &Source::MANUAL, HOUR);
    }
    assert_eq!(trial.remove(&alice, &numbers(1..9)), 2);
    assert_eq!(trial.addresses(&alice), numbers(0..1));
    assert_eq!(trial.remove(&alice, &numbers(0..9)), 1);
    assert_eq!(trial.peers(), [bob]);
    assert_eq!(trial.addresses(&bob), numbers(0..3));
    trial.check();
}

/// Clearing a peer takes all of it, and nothing of others (S9).
pub fn s9_clearing_is_of_one_peer<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, bob) = (peer(1), peer(2));
    for index in [1, 2] {
        let _ = trial.report(&peer(index), &numbers(0..3), &Source::MANUAL, HOUR);
        let _ = trial.apply(&record(index, 1, &numbers(2..5)), &Source::DHT, HOUR);
    }
    let untouched = trial.all_of(&bob);
    assert!(trial.clear(&alice));
    assert!(!trial.clear(&alice));
    assert_eq!((trial.addresses(&alice), trial.signed(&alice)), (vec![], None));
    assert_eq!(trial.all_of(&bob), untouched);
    assert_eq!(trial.peers(), [bob]);
    assert_eq!(trial.store.usage().peers, 1);
    trial.check();
}
