//! Shares: what one network, or one kind of source, may hold (S11).

use peermark_peerstore::{Engine, Evicted, Outcome, OutcomeKind, Refusal, Room};
use peermark_provenance::{DialOutcome, Source, SourceGroup, SourceKind};

use super::trial::{DAY, HOUR, MINUTE, itself};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};

/// No network holds more than its share of the peers, with records or without, though there is room
/// for more; and a newcomer of it takes the place of another of it (S11).
pub fn s11_a_network_has_a_share_of_peers<E: Engine>(make: Make<'_, E>) {
    for signed in [false, true] {
        let trial = Trial::with(make, |limits| limits.peers = 160);
        let _ = trial.report(&peer(0), &numbers(0..1), &heard_from(1), HOUR);
        for index in 1..50 {
            let source = heard_from(2);
            assert_eq!(source.group(), SourceGroup::Ipv4([0, 2]));
            if signed {
                let _ = trial.apply(&record(index, 1, &numbers(0..1)), &source, HOUR);
            } else {
                let _ = trial.report(&peer(index), &numbers(0..1), &source, HOUR);
            }
            let held = (1..=index).filter(|index| !trial.addresses(&peer(*index)).is_empty());
            assert_eq!(held.count(), usize::try_from(index.min(10)).unwrap_or(0));
            assert_eq!(trial.addresses(&peer(index)).len(), 1, "the newcomer is there");
            trial.check();
        }
        assert_eq!(trial.tally.evicted_of(Evicted::Peer), 39);
        assert_eq!(trial.addresses(&peer(0)).len(), 1, "it is of another network");
        trial.ends_empty();
    }
}

/// A kind of source that names neither reporter nor network has a half, and all such kinds together
/// three quarters; those of one kind that name a reporter have the share of a network; users have none,
/// and no need of one (S11).
pub fn s11_a_kind_of_source_has_a_share<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.peers = 160);
    let report = |from: u64, count: u64, source: &Source| {
        for index in from..from + count {
            let _ = trial.report(&peer(index), &numbers(0..1), source, HOUR);
        }
        trial.check();
    };
    let held = |from: u64, count: u64| {
        (from..from + count).filter(|index| !trial.addresses(&peer(*index)).is_empty()).count()
    };
    report(0, 200, &Source::DHT);
    assert_eq!(held(0, 200), 80);
    report(200, 100, &Source::PUBSUB);
    assert_eq!(held(0, 300), 120, "three quarters");
    assert!(held(200, 100) > 30, "a newcomer takes the place of another of any such kind");
    report(300, 30, &Source::PUBSUB.heard_from(std::net::IpAddr::from([10, 1, 2, 3])));
    report(400, 30, &Source::DHT.reported_by(peer(999)));
    assert_eq!((held(300, 30), held(400, 30)), (10, 10));
    report(500, 30, &Source::MANUAL);
    assert_eq!(held(500, 30), 30);
    assert_eq!(trial.store.usage().peers, 160);
    trial.ends_empty();
}

/// A kind that is exempt fills what is free, and evicts only what its own kind brought (S11).
pub fn s11_an_exempt_kind_fills_what_is_free<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 160;
        limits.exempt = SourceKind::Dht.into();
    });
    for index in 0..50 {
        let network =
            Source::PUBSUB.heard_from(std::net::IpAddr::from([10, (index / 10) as u8, 0, 1]));
        let _ = trial.report(&peer(index), &numbers(0..1), &network, HOUR);
    }
    for index in 100..400 {
        let source = if index % 2 == 0 { Source::DHT } else { heard_from(9) };
        let reported = trial.report(&peer(index), &numbers(0..1), &source, HOUR);
        assert_eq!(reported.added, 1);
        trial.check();
    }
    let held = |from: u64, to: u64| {
        (from..to).filter(|index| !trial.addresses(&peer(*index)).is_empty()).count()
    };
    assert_eq!((held(0, 50), held(100, 400)), (50, 110));
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 190);
    // The place of others is not for it, nor is theirs locked.
    for index in 500..520 {
        let _ = trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, HOUR);
    }
    assert_eq!(held(500, 520), 20);
    trial.check();
}

/// What an exempt kind holds is not counted among the kinds that have a share together (S11).
pub fn s11_an_exempt_kind_takes_no_share_of_the_others<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| {
        limits.peers = 160;
        limits.exempt = SourceKind::Dht.into();
    });
    for (from, to, source) in [(0, 100, Source::DHT), (100, 150, Source::PUBSUB)] {
        for index in from..to {
            let _ = trial.report(&peer(index), &numbers(0..1), &source, HOUR);
        }
    }
    assert!((0..150).all(|index| !trial.addresses(&peer(index)).is_empty()));
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0);
    trial.check();
}

/// No network holds more than its share of the bytes, be it in addresses of peers that others
/// brought (S11).
pub fn s11_a_network_has_a_share_of_bytes<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.bytes = 256 << 10);
    for index in 0..40 {
        let source = heard_from(u16::try_from(100 + index).unwrap_or(0));
        let applied = trial.outcome(&record(index, 1, &numbers(0..1)), &source, HOUR);
        assert_eq!(applied, Outcome::Inserted);
    }
    let before = trial.store.usage().bytes;
    let mut refused = 0;
    for index in 0..40 {
        let reported = trial.report(&peer(index), &numbers(1..60), &heard_from(1), DAY);
        refused += reported.refused;
        if let Some(refusal) = reported.refusal {
            assert_eq!(refusal, Refusal::NoRoom(Room::Share));
        }
        trial.check();
    }
    let more = trial.store.usage().bytes - before;
    assert!(refused > 0, "{more} bytes more");
    assert!(more <= (256 << 10) / 16 + 40 * 300, "{more} bytes more");
    assert!((0..40).all(|index| trial.signed(&peer(index)).is_some()), "nobody else loses by it");
    trial.check();
    trial.ends_empty();
}

/// The share is held to when peers fall back into it: dialed, connected, and then neither any more
/// (S11).
pub fn s11_the_share_holds_after_a_change_of_state<E: Engine>(make: Make<'_, E>) {
    type Change<E> = fn(&Trial<E>, u64);
    let rise: [Change<E>; 3] = [
        |trial, index| assert!(trial.connect(&peer(index))),
        |trial, index| assert!(trial.dialed(&peer(index), &numbers(0..1)[0], MINUTE)),
        |trial, index| {
            let reported = trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, MINUTE);
            assert_eq!(reported.refused, 0);
        },
    ];
    let fall: [Change<E>; 3] = [
        |trial, index| trial.disconnect(&peer(index)),
        |trial, index| {
            let (address, result) = (&numbers(0..1)[0], DialOutcome::WrongPeer);
            assert!(trial.dial(&peer(index), address, result, MINUTE));
        },
        |trial, index| {
            let _ = trial.retract(&peer(index), SourceKind::Manual);
        },
    ];
    for (rise, fall) in rise.into_iter().zip(fall) {
        for expiry in [false, true] {
            let trial = Trial::with(make, |limits| limits.peers = 160);
            let source = heard_from(2);
            for index in 0..30 {
                rise(&trial, index);
                let applied = trial.outcome(&record(index, 1, &numbers(0..2)), &source, HOUR);
                assert_eq!(applied, Outcome::Inserted, "{index}");
            }
            assert_eq!(trial.store.usage().records, 30, "who is dialed is not charged for");
            trial.check();
            if expiry {
                trial.clock.pass(MINUTE);
                trial.sweep_all();
            }
            for index in 0..30 {
                fall_unless_gone(&trial, index, fall);
                trial.check();
            }
            assert_eq!(trial.store.usage().records, 10);
            trial.ends_empty();
        }
    }
}

fn fall_unless_gone<E: Engine>(trial: &Trial<E>, index: u64, fall: fn(&Trial<E>, u64)) {
    if !trial.addresses(&peer(index)).is_empty() {
        fall(trial, index);
    }
}

/// A peer that another network brought is not charged to whoever passes its record on; its own
/// refreshes find room (S11).
pub fn s11_a_full_network_refuses_nobody_else<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.peers = 32);
    let [ours, theirs] = [heard_from(1), heard_from(2)];
    let _ = trial.apply(&record(1, 1, &numbers(0..2)), &ours, HOUR);
    for index in 10..30 {
        let _ = trial.apply(&record(index, 1, &numbers(0..2)), &theirs, HOUR);
    }
    let newer = record(1, 2, &numbers(0..3));
    assert_eq!(trial.outcome(&newer, &theirs, HOUR).kind(), OutcomeKind::Replaced);
    assert_eq!(trial.outcome(&newer, &itself(1), HOUR * 2).kind(), OutcomeKind::Refreshed);
    assert_eq!(trial.store.usage().peers, 3);
    trial.check();
}
