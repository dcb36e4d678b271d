//! Provenance: what the claims on an address are, and what they amount to (P1 to P6).

use std::time::Duration;

use peermark_peerstore::Engine;
use peermark_provenance::{
    ClaimKind, DialOutcome, Expiry, Seq, Source, SourceKind, SourceKinds, TrustClass,
};

use super::trial::{DAY, HOUR, MINUTE, itself, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};
use crate::rng::Rng;

/// Each source and reporter has a claim of its own, with its own end; the address lives until the
/// last of them (P1).
pub fn p1_claims_live_beside_each_other<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let only = &addresses[..1];
    let sources = [
        Source::DHT,
        Source::DHT.reported_by(peer(7)),
        Source::DHT.reported_by(peer(8)),
        Source::PUBSUB,
        Source::application(1),
        Source::application(2),
    ];
    for (source, minutes) in sources.iter().zip(1..) {
        let _ = trial.report(&alice, only, source, MINUTE * minutes);
    }
    for left in (0..6).rev() {
        let claims = trial.known(&alice).first().map(|known| known.provenance.claims().to_vec());
        let mut expected: Vec<_> = (5 - left..6)
            .map(|index| {
                (sources[index], trial.clock.after(MINUTE * (left + 1 + index - 5) as u32))
            })
            .collect();
        let mut told: Vec<_> = claims
            .into_iter()
            .flatten()
            .filter_map(|claim| match (claim.kind(), claim.expiry()) {
                (ClaimKind::Reported(source), Expiry::At(at)) => Some((*source, at)),
                _ => None,
            })
            .collect();
        expected.sort_by_key(|(_, at)| *at);
        told.sort_by_key(|(_, at)| *at);
        assert_eq!(told, expected, "{left} left");
        trial.clock.pass(MINUTE);
    }
    assert_eq!(trial.addresses(&alice), []);
    trial.check();
}

/// A claim knows when it was made first and last (P1).
pub fn p1_claims_know_when_they_were_seen<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, addresses) = one();
    let record = record(1, 1, &addresses);
    let first = trial.clock.now();
    let again = |trial: &Trial<E>| {
        let _ = trial.report(&peer, &addresses[..1], &Source::DHT, HOUR);
        let _ = trial.apply(&record, &itself(1), HOUR);
    };
    again(&trial);
    trial.clock.pass(MINUTE);
    again(&trial);
    let known = &trial.known(&peer)[0];
    assert_eq!(known.provenance.claims().len(), 2);
    for claim in known.provenance.claims() {
        assert_eq!((claim.first_seen(), claim.last_seen()), (first, trial.clock.now()));
        assert_eq!(claim.expiry(), Expiry::At(trial.clock.after(HOUR)));
    }
    trial.check();
}

/// Whatever sources say, and whoever they are, nothing is certified by it (P2).
pub fn p2_only_a_record_certifies<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, addresses) = one();
    for kind in SourceKind::ALL {
        let source = if kind == SourceKind::Identify { itself(1) } else { Source::of(kind) };
        let _ = trial.report(&peer, &addresses, &source, HOUR);
    }
    assert!(trial.dialed(&peer, &addresses[0], HOUR));
    assert_eq!((trial.certified(&peer), trial.signed(&peer)), (vec![], None));
    assert!(trial.known(&peer).iter().all(|known| !known.provenance.is_certified()));
    let _ = trial.apply(&record(1, 9, &addresses[1..]), &Source::DHT, HOUR);
    assert_eq!(trial.certified(&peer), addresses[1..]);
    let known = trial.known(&peer);
    let seq = known[0].provenance.certification().map(|certification| certification.seq());
    assert_eq!((seq, &known[0].address), (Some(Seq::new(9)), &addresses[1]));
    assert!(!known[1].provenance.is_certified());
    trial.check();
}

/// The same claims in any order make the same store (P3).
pub fn p3_claims_in_any_order_make_the_same_store<E: Engine>(make: Make<'_, E>) {
    type Step<E> = Box<dyn Fn(&Trial<E>)>;
    let alice = peer(1);
    let mut steps: Vec<Step<E>> = Vec::new();
    for (source, range, ttl) in [
        (Source::DHT, 0..4, HOUR),
        (Source::DHT, 2..6, DAY),
        (Source::DHT, 0..3, MINUTE),
        (Source::MANUAL, 1..3, HOUR),
        (Source::MDNS.reported_by(peer(7)), 3..5, MINUTE),
        (itself(1), 4..7, HOUR),
    ] {
        steps.push(Box::new(move |trial| {
            let _ = trial.report(&peer(1), &numbers(range.clone()), &source, ttl);
        }));
    }
    for (seq, range) in [(1, 0..8), (2, 5..9), (3, 2..5)] {
        let record = record(1, seq, &numbers(range));
        steps.push(Box::new(move |trial| {
            let _ = trial.apply(&record, &Source::DHT, HOUR);
        }));
    }
    let mut rng = Rng::new(3);
    let mut first = None;
    for _ in 0..40 {
        let trial = Trial::new(make);
        for step in &steps {
            step(&trial);
        }
        trial.check();
        let all = trial.all_of(&alice);
        assert_eq!(*first.get_or_insert_with(|| all.clone()), all);
        for place in (1..steps.len()).rev() {
            steps.swap(place, rng.below(place + 1));
        }
    }
}

/// Each kind of claim gives its class, and the best of them counts (P5).
pub fn p5_the_best_claim_is_the_class<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let only = &addresses[..1];
    let class = |trial: &Trial<E>| trial.class(&alice, &addresses[0]);
    for kind in SourceKind::ALL {
        let (source, expected) = match kind {
            SourceKind::Manual | SourceKind::Bootstrap => (Source::of(kind), TrustClass::User),
            SourceKind::Identify => (itself(1), TrustClass::Direct),
            _ => (Source::of(kind), TrustClass::ThirdParty),
        };
        let _ = trial.report(&alice, only, &source, HOUR);
        assert_eq!(class(&trial), Some(expected), "{kind}");
        assert_eq!(trial.retract(&alice, kind), 1);
    }
    // Up the classes, each for less time than the one below ...
    let _ = trial.report(&alice, only, &Source::DHT, MINUTE * 5);
    let _ = trial.report(&alice, only, &itself(1), MINUTE * 4);
    let _ = trial.apply(&record(1, 1, only), &Source::DHT, MINUTE * 3);
    assert!(trial.dialed(&alice, &addresses[0], MINUTE * 2));
    let _ = trial.report(&alice, only, &Source::BOOTSTRAP, MINUTE);
    // ... and down again.
    for expected in TrustClass::ALL.into_iter().rev() {
        assert_eq!(class(&trial), Some(expected));
        trial.clock.pass(MINUTE);
    }
    assert_eq!(class(&trial), None);
    trial.check();
}

/// A record that the user handed in is the user's word too; who else delivered it is known (P5).
pub fn p5_a_record_knows_who_delivered_it<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let record = record(1, 1, &addresses);
    let delivered = || {
        let known = trial.known(&alice);
        let certification = known[0].provenance.certification().copied();
        (known[0].class, certification.map(|certification| certification.delivered_by()))
    };
    let kinds = SourceKinds::from(SourceKind::Dht);
    let _ = trial.apply(&record, &Source::DHT, HOUR);
    assert_eq!(delivered(), (TrustClass::Certified, Some(kinds)));
    let kinds = kinds.with(SourceKind::Pubsub);
    assert!(trial.consume(record.as_bytes(), &Source::PUBSUB, HOUR).is_ok());
    assert_eq!(delivered(), (TrustClass::Certified, Some(kinds)));
    let kinds = kinds.with(SourceKind::Manual);
    assert!(trial.consume(record.as_bytes(), &Source::MANUAL, HOUR).is_ok());
    assert_eq!(delivered(), (TrustClass::User, Some(kinds)));
    // A newer one is one that the user did not see.
    let _ = trial.apply(&super::records::next(&record), &Source::DHT, HOUR);
    assert_eq!(delivered().0, TrustClass::Certified);
    trial.check();
}

/// What dials teach stays with the address, and is no reason to believe in one (P6).
pub fn p6_dials_feed_back<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let [known, unknown] = &addresses[..] else { panic!("two addresses") };
    let dial = |result| trial.dial(&alice, known, result, HOUR);
    let history = || *trial.known_at(&alice, known).expect("known").provenance.dials();
    for result in [DialOutcome::Failure, DialOutcome::WrongPeer] {
        assert!(!trial.dial(&alice, unknown, result, HOUR), "nobody said it");
    }
    assert!(!trial.dial(&alice, unknown, DialOutcome::Success, Duration::ZERO));
    assert_eq!(trial.store.usage().peers, 0);

    let _ = trial.report(&alice, &addresses[..1], &Source::DHT, DAY);
    assert!(dial(DialOutcome::Failure) && dial(DialOutcome::Failure));
    assert_eq!((history().failures, history().last_success), (2, None));
    assert_eq!(history().last_failure, Some(trial.clock.now()));
    assert_eq!(trial.class(&alice, known), Some(TrustClass::ThirdParty));
    trial.clock.pass(MINUTE);
    assert!(dial(DialOutcome::Success));
    assert_eq!((history().failures, history().last_success), (0, Some(trial.clock.now())));
    assert_eq!(trial.class(&alice, known), Some(TrustClass::Dialed));
    // A failure takes nothing back; another peer there takes back that this one was.
    assert!(dial(DialOutcome::Failure));
    assert_eq!(trial.class(&alice, known), Some(TrustClass::Dialed));
    assert!(dial(DialOutcome::WrongPeer));
    assert_eq!(trial.class(&alice, known), Some(TrustClass::ThirdParty));
    assert_eq!(history().failures, 2);
    // A dial is heard of before anybody says the address.
    assert!(trial.dialed(&alice, unknown, MINUTE));
    assert_eq!(trial.class(&alice, unknown), Some(TrustClass::Dialed));
    trial.clock.pass(MINUTE);
    assert_eq!(trial.class(&alice, unknown), None);
    trial.check();
}

/// A dial that was cancelled teaches nothing; what is answered is whether the address is known (P6).
pub fn p6_a_cancelled_dial_changes_nothing<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let [certified, other] = &addresses[..] else { panic!("two addresses") };
    let cancelled = |address| trial.dial(&alice, address, DialOutcome::Cancelled, HOUR);
    assert!(!cancelled(certified), "nobody said it");
    assert_eq!(trial.store.usage().peers, 0);

    let _ = trial.apply(&record(1, 1, &addresses[..1]), &Source::DHT, DAY);
    let (known, usage) = (trial.known(&alice), trial.store.usage());
    assert!(cancelled(certified) && !cancelled(other));
    assert_eq!((trial.known(&alice), trial.store.usage()), (known, usage));

    let _ = trial.report(&alice, &addresses[1..], &Source::DHT, DAY);
    assert!(trial.dial(&alice, other, DialOutcome::Success, HOUR));
    assert!(trial.dial(&alice, other, DialOutcome::Failure, HOUR));
    let (known, usage) = (trial.known(&alice), trial.store.usage());
    trial.clock.pass(MINUTE);
    assert!(cancelled(certified) && cancelled(other));
    assert_eq!((trial.known(&alice), trial.store.usage()), (known, usage));
    trial.check();
}

/// A signature says who claims an address, never that it answers: what dials taught lives as long
/// as the address, and is neither certified nor lost by a record (P6).
pub fn p6_a_record_and_its_dials_are_apart<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let failures = || trial.known(&alice)[0].provenance.dials().failures;
    let first = record(1, 1, &addresses);
    let _ = trial.apply(&first, &Source::DHT, DAY);
    assert!(trial.dial(&alice, &addresses[0], DialOutcome::Failure, HOUR));
    assert_eq!((failures(), trial.known(&alice)[0].class), (1, TrustClass::Certified));
    let _ = trial.apply(&super::records::next(&first), &Source::DHT, DAY);
    assert_eq!((failures(), trial.known(&alice)[0].class), (1, TrustClass::Certified));
    trial.check();
    let _ = trial.apply(&record(1, 3, &addresses[1..]), &Source::DHT, DAY);
    assert_eq!(trial.addresses(&alice), addresses[1..]);
    trial.check();
}
