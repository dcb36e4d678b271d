//! Caps: what is refused, what goes, and that both are counted (S11).

use peermark_peerstore::{
    Engine, Event, Evicted, Outcome, OutcomeKind, Refusal, Room, Secret, Usage,
};
use peermark_provenance::{DialOutcome, Source, SourceKind, TrustClass};

use super::trial::{DAY, HOUR, MINUTE, ignore, itself, ok, unshared};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};

/// Hearsay, however long it is to live, pushes out no address of a higher class (S11).
pub fn s11_hearsay_pushes_out_nothing_better<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.addresses_per_peer = 8);
    let alice = peer(1);
    let _ = trial.report(&alice, &numbers(0..2), &Source::MANUAL, MINUTE);
    let _ = trial.apply(&record(1, 1, &numbers(2..4)), &Source::DHT, MINUTE);
    assert!(numbers(4..6).iter().all(|address| trial.dialed(&alice, address, MINUTE)));
    let _ = trial.report(&alice, &numbers(6..8), &itself(1), MINUTE);
    let better: Vec<_> = trial.addresses(&alice);
    assert_eq!(better.len(), 8);
    let reported = trial.report(&alice, &numbers(100..200), &Source::DHT, DAY);
    assert_eq!((reported.added, reported.refused), (0, 100));
    assert_eq!(reported.refusal, Some(Refusal::NoRoom(Room::Addresses)));
    assert_eq!(trial.addresses(&alice), better);
    assert_eq!(trial.tally.reported_of(SourceKind::Dht), (0, 100));
    trial.check();
}

/// At the cap on addresses the lowest class goes first, and never a higher one than what comes
/// (S11).
pub fn s11_the_lowest_address_goes_first<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.addresses_per_peer = 4);
    let alice = peer(1);
    let classes = |trial: &Trial<E>| {
        let mut classes: Vec<_> = trial.known(&alice).iter().map(|known| known.class).collect();
        classes.sort_unstable();
        classes
    };
    use TrustClass::{Certified, Dialed, Direct, ThirdParty, User};
    let _ = trial.report(&alice, &numbers(0..4), &Source::DHT, HOUR);
    assert_eq!(classes(&trial), [ThirdParty; 4]);
    // Among equals somebody goes: there is no locking out.
    let reported = trial.report(&alice, &numbers(4..6), &Source::DHT, HOUR);
    assert_eq!((reported.added, trial.addresses(&alice).len()), (2, 4));
    assert_eq!(trial.report(&alice, &numbers(10..11), &itself(1), HOUR).added, 1);
    assert_eq!(classes(&trial), [ThirdParty, ThirdParty, ThirdParty, Direct]);
    let _ = trial.apply(&record(1, 1, &numbers(20..22)), &Source::DHT, HOUR);
    assert_eq!(classes(&trial), [ThirdParty, Direct, Certified, Certified]);
    assert!(trial.dialed(&alice, &numbers(30..31)[0], HOUR));
    assert!(trial.dialed(&alice, &numbers(31..32)[0], HOUR));
    assert_eq!(classes(&trial), [Certified, Certified, Dialed, Dialed]);
    trial.check();
    let _ = trial.report(&alice, &numbers(40..43), &Source::MANUAL, HOUR);
    assert_eq!(classes(&trial), [Dialed, User, User, User]);
    // With its last address the record went.
    assert_eq!((trial.signed(&alice), trial.floor(&alice)), (None, Some(1)));
    assert_eq!(trial.report(&alice, &numbers(50..51), &itself(1), HOUR).refused, 1);
    trial.check();
    let _ = trial.report(&alice, &numbers(43..44), &Source::MANUAL, HOUR);
    let refused = Outcome::Refused { reason: Refusal::NoRoom(Room::Addresses) };
    assert_eq!(trial.outcome(&record(1, 2, &numbers(60..61)), &Source::DHT, HOUR), refused);
    assert_eq!((classes(&trial), trial.floor(&alice)), (vec![User; 4], Some(1)));
    trial.check();
}

/// Of a record with more addresses than there may be the first are kept, in order, and the rest is
/// counted; they do not push out each other (S11).
pub fn s11_a_long_record_is_cut<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.addresses_per_peer = 5);
    let alice = peer(1);
    let _ = trial.report(&alice, &numbers(90..92), &Source::DHT, HOUR);
    let long = record(1, 1, &numbers(0..9));
    let applied = trial.apply(&long, &Source::DHT, HOUR);
    assert_eq!((applied.outcome, applied.added, applied.dropped), (Outcome::Inserted, 5, 4));
    assert_eq!(trial.addresses(&alice), numbers(0..5));
    assert_eq!(trial.signed(&alice).as_deref(), Some(long.as_bytes()));
    assert_eq!(trial.outcome(&long, &Source::DHT, HOUR).kind(), OutcomeKind::Refreshed);
    trial.check();
    // What is better than certified keeps its place.
    assert!(trial.dialed(&alice, &numbers(80..81)[0], HOUR));
    let _ = trial.report(&alice, &numbers(8..9), &Source::MANUAL, HOUR);
    let applied = trial.apply(&record(1, 2, &numbers(10..19)), &Source::DHT, HOUR);
    assert_eq!((applied.added, applied.dropped), (3, 6));
    assert_eq!(trial.certified(&alice), numbers(10..13));
    assert_eq!(trial.addresses(&alice).len(), 5);
    trial.check();
}

/// At the cap on claims the lowest class goes first; that of a handshake has a place of its own
/// (S11).
pub fn s11_claims_are_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.claims_per_address = 3);
    let (alice, only) = (peer(1), numbers(0..1));
    let told = |source: &Source| trial.report(&alice, &only, source, HOUR);
    let claims = || trial.known(&alice)[0].provenance.claims().len();
    for index in 0..20 {
        let _ = told(&Source::DHT.reported_by(peer(50 + index)));
        assert!(claims() <= 3);
    }
    assert!(trial.dialed(&alice, &only[0], HOUR));
    let _ = trial.apply(&record(1, 1, &only), &Source::DHT, HOUR);
    assert_eq!(claims(), 5);
    for source in [Source::MANUAL, Source::BOOTSTRAP, itself(1)] {
        assert_eq!(told(&source).refused, 0, "{source}");
    }
    assert_eq!(claims(), 5);
    for index in 0..5 {
        let reported = told(&Source::DHT.reported_by(peer(80 + index)));
        assert_eq!((reported.refused, reported.updated), (1, 0));
    }
    assert_eq!(trial.class(&alice, &only[0]), Some(TrustClass::User));
    assert_eq!(trial.retract(&alice, SourceKind::Identify), 1);
    trial.check();
}

/// At the cap on peers somebody no better goes for a newcomer, and is counted and told; nobody is
/// locked out for ever (S11).
pub fn s11_peers_are_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 16;
        unshared(limits);
    });
    let mut events = ok(trial.store.subscribe_all(trial.clock.now(), ignore));
    for index in 0..100 {
        let record = record(index, 1, &numbers(0..1));
        assert_eq!(trial.outcome(&record, &Source::DHT, HOUR), Outcome::Inserted, "{index}");
        assert!(trial.peers().contains(&peer(index)), "the newcomer itself");
        trial.check();
    }
    assert_eq!(trial.store.usage().peers, 16);
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 84);
    let told = std::iter::from_fn(|| events.try_next());
    let evicted = told.filter(|event| {
        matches!(event, Event::Removed { cause: peermark_peerstore::Cause::Eviction, .. })
    });
    assert_eq!(evicted.count(), 84);
    assert_eq!(trial.store.usage().floors, 84, "they do not come back older");
    trial.check();
}

/// A lower class never pushes out a higher one; what finds no room is refused, and counted (S11).
pub fn s11_a_lower_class_pushes_out_no_higher_one<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 5;
        unshared(limits);
    });
    let put = |index: u64, class: TrustClass| match class {
        TrustClass::ThirdParty => {
            trial.report(&peer(index), &numbers(0..1), &Source::DHT, HOUR).added == 1
        }
        TrustClass::Direct => {
            trial.report(&peer(index), &numbers(0..1), &itself(index), HOUR).added == 1
        }
        TrustClass::Certified => {
            trial.outcome(&record(index, 1, &numbers(0..1)), &Source::DHT, HOUR).is_held()
        }
        TrustClass::Dialed => trial.dialed(&peer(index), &numbers(0..1)[0], HOUR),
        TrustClass::User => {
            trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, HOUR).added == 1
        }
    };
    for (base, class) in (1..).zip(TrustClass::ALL) {
        let base = base * 100;
        // Five of this class take the place of whatever is lower ...
        assert!((base..base + 5).all(|index| put(index, class)), "{class}");
        let mut held: Vec<_> = (base..base + 5).map(peer).collect();
        held.sort_unstable();
        assert_eq!(trial.peers(), held, "{class}");
        // ... and nothing that is lower takes theirs.
        for lower in TrustClass::ALL.into_iter().filter(|lower| *lower < class) {
            assert!((base + 10..base + 20).all(|index| !put(index, lower)), "{lower}");
            assert_eq!(trial.peers(), held, "{lower} after {class}");
        }
        trial.check();
    }
    let no_room = Refusal::NoRoom(Room::Peers);
    let refused = Outcome::Refused { reason: no_room };
    assert_eq!(trial.outcome(&record(1, 1, &numbers(0..1)), &Source::DHT, HOUR), refused);
    assert_eq!(trial.floor(&peer(1)), None);
    assert!(!trial.connect(&peer(1)));
    assert_eq!(trial.report(&peer(1), &numbers(0..2), &Source::DHT, HOUR).refusal, Some(no_room));
    // Ten records for each class above, and one; ten reports for each, and one. Where everything is
    // of one kind of source, that kind has its share, which is all.
    let share = trial.tally.refused_of(SourceKind::Dht, Refusal::NoRoom(Room::Share));
    let peers = trial.tally.refused_of(SourceKind::Dht, no_room);
    assert_eq!((peers + share, peers > 2), (20 + 1 + 40 + 1, true));
    trial.check();
}

/// Records and bytes are bounded like peers (S11).
pub fn s11_records_and_bytes_are_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 100;
        limits.records = 4;
        unshared(limits);
    });
    let _ = trial.report(&peer(99), &numbers(0..3), &Source::DHT, HOUR);
    for index in 0..20 {
        let outcome = trial.outcome(&record(index, 1, &numbers(0..2)), &Source::DHT, HOUR);
        assert_eq!(outcome, Outcome::Inserted);
        trial.check();
    }
    assert_eq!(trial.store.usage().records, 4);
    // Plain addresses take no place of a record.
    assert_eq!(trial.addresses(&peer(99)), numbers(0..3));

    let trial = Trial::with(make, |limits| {
        limits.peers = 100;
        limits.bytes = 16 << 10;
        unshared(limits);
    });
    for index in 0..60 {
        let _ = trial.apply(&record(index, 1, &numbers(0..4)), &Source::DHT, HOUR);
        let _ = trial.report(&peer(index), &numbers(4..40), &Source::DHT, HOUR);
        trial.check();
    }
    assert!(trial.store.usage().peers > 1 && trial.tally.evicted_of(Evicted::Peer) > 10);
    let one_too_large = trial.report(&peer(70), &numbers(0..1000), &Source::MANUAL, HOUR);
    assert!(one_too_large.refused > 0 || trial.addresses(&peer(70)).len() == 64);
    trial.check();
    trial.ends_empty();
}

/// What is over goes before anything that is not is pushed out (S11).
pub fn s11_what_is_over_goes_first<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 10;
        unshared(limits);
    });
    for index in 0..10 {
        let ttl = if index < 5 { MINUTE } else { HOUR };
        let _ = trial.report(&peer(index), &numbers(0..1), &Source::DHT, ttl);
    }
    trial.clock.pass(MINUTE);
    for index in 10..15 {
        assert_eq!(trial.report(&peer(index), &numbers(0..1), &Source::DHT, HOUR).added, 1);
    }
    assert!((5..15).all(|index| trial.addresses(&peer(index)).len() == 1));
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0);
    trial.check();
}

/// Who goes depends on the secret, and on nothing that the sender chooses (S11).
pub fn s11_the_secret_chooses_the_victim<E: Engine>(make: Make<'_, E>) {
    let left = |secret: u8| {
        let trial = Trial::configured(make, |config| {
            config.secret = Secret::from_bytes([secret; 16]);
            config.limits.peers = 20;
            unshared(&mut config.limits);
        });
        for index in 0..40 {
            let _ = trial.report(&peer(index), &numbers(0..1), &Source::DHT, HOUR);
        }
        let _ = trial.report(&peer(99), &numbers(0..200), &Source::DHT, HOUR);
        trial.check();
        (trial.peers(), trial.addresses(&peer(99)))
    };
    assert_eq!(left(1), left(1));
    assert_ne!(left(1).0, left(2).0);
    assert_ne!(left(1).1, left(2).1);
}

/// Proofs of equivocation are bounded, and what goes is counted (S2, S11).
pub fn s11_evidence_is_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.evidence = 3;
        unshared(limits);
    });
    for index in 0..10 {
        for addresses in 1..4 {
            let _ = trial.apply(&record(index, 1, &numbers(0..addresses)), &Source::DHT, HOUR);
        }
        trial.check();
    }
    let proofs = (0..10).filter(|index| trial.proof(&peer(*index)).is_some());
    assert_eq!((proofs.count(), trial.store.usage().evidence), (3, 3));
    assert!(trial.tally.evicted_of(Evicted::Evidence) >= 7);
    trial.ends_empty();
    assert_eq!(trial.store.usage().evidence, 0, "it goes with the floor");
}

/// Peers that one knows well are more than any flood: connected, dialed and named by the user (S11).
pub fn s11_a_flood_pushes_out_no_peer_that_counts<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 12;
        unshared(limits);
    });
    for index in 0..3 {
        assert!(trial.connect(&peer(index)));
        let _ = trial.report(&peer(index), &numbers(0..1), &itself(index), HOUR);
        assert!(trial.dialed(&peer(10 + index), &numbers(0..1)[0], HOUR));
        let _ = trial.report(&peer(20 + index), &numbers(0..1), &Source::BOOTSTRAP, HOUR);
    }
    for index in 100..200 {
        let _ = trial.apply(&record(index, 1, &numbers(0..1)), &heard_from(9), HOUR);
        let _ = trial.report(&peer(1000 + index), &numbers(0..9), &heard_from(9), DAY);
    }
    for index in (0..3).flat_map(|index| [index, 10 + index, 20 + index]) {
        assert_eq!(trial.addresses(&peer(index)), numbers(0..1), "{index}");
    }
    assert_ne!(trial.store.usage(), Usage::default());
    trial.check();
}

/// The cap on bytes holds to the byte, whichever step reaches it (S11).
pub fn s11_no_step_exceeds_the_bytes<E: Engine>(make: Make<'_, E>) {
    let records: Vec<_> = (0..8).map(|index| record(index, 1, &numbers(0..2))).collect();
    let others = numbers(10..14);
    for bytes in (3_000..4_400).step_by(28) {
        for step in 0..5 {
            let trial = Trial::with(make, |limits| {
                limits.bytes = bytes;
                limits.peers = 100;
                unshared(limits);
            });
            for record in &records {
                let _ = trial.apply(record, &Source::DHT, HOUR);
            }
            for index in 0..8 {
                let peer = peer(index);
                match step {
                    0 => ignore(trial.report(&peer, &others[..1], &Source::MANUAL, HOUR)),
                    1 => ignore(trial.dialed(&peer, &others[0], HOUR)),
                    2 => ignore(trial.dial(&peer, &numbers(0..1)[0], DialOutcome::Failure, HOUR)),
                    3 => ignore(trial.connect(&peer)),
                    _ => ignore(trial.set(&peer, &others, &itself(index), HOUR)),
                }
                assert!(trial.store.usage().bytes <= bytes, "{bytes} bytes, step {step}");
            }
            trial.check();
        }
    }
}

/// One report of 200,000 addresses is looked at as far as it may count: it evicts nobody for what has
/// no place, and what is counted as added is there afterwards (S11).
pub fn s11_one_report_of_many_addresses_evicts_nobody<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.bytes = 1 << 20);
    for index in 0..20 {
        let _ = trial.apply(&record(index, 1, &numbers(0..1)), &heard_from(1), HOUR);
    }
    let some = numbers(0..500);
    let many: Vec<_> = some.iter().cycle().take(200_000).cloned().collect();
    let reported = trial.report(&peer(99), &many, &heard_from(1), HOUR);
    let known = trial.addresses(&peer(99)).len();
    assert_eq!((reported.added, reported.evicted), (known, 0));
    assert_eq!(known, 64);
    let rest = reported.dropped + reported.refused + reported.unchanged + reported.updated;
    assert_eq!(rest, 200_000 - known);
    assert!(reported.dropped >= 199_000, "{reported:?}");
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0);
    assert!((0..20).all(|index| trial.signed(&peer(index)).is_some()));
    trial.check();

    // Where not even those have room, it is refused, and nobody goes for it.
    let trial = Trial::with(make, |limits| limits.bytes = 128 << 10);
    for index in 0..10 {
        let _ = trial.apply(&record(index, 1, &numbers(0..1)), &heard_from(1), HOUR);
    }
    let reported = trial.report(&peer(99), &many, &heard_from(1), HOUR);
    assert_eq!((reported.added, reported.refused), (0, 200_000));
    assert!((0..10).all(|index| trial.signed(&peer(index)).is_some()));
    trial.check();
}
