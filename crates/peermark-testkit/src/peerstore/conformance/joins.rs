//! Joining what another store knows: what it takes, what goes for it, and who is told (G2, S10, S11).

use peermark_peerstore::{
    AcceptedState, AddressState, ClaimState, DialState, Engine, Event, Evicted, Joined, Limits,
    Outcome, PayloadDigest, PeerState, Refusal, Room, Share,
};
use peermark_provenance::{Source, SourceKind};

use super::trial::{HOUR, ignore, ok, unshared};
use super::{Make, Trial};
use crate::peerstore::fixtures::{address, heard_from, numbers, peer, record};

/// What `trial` knows of a peer.
fn state_of<E: Engine>(trial: &Trial<E>, index: u64) -> PeerState {
    let state = ok(trial.store.state(&peer(index), trial.clock.now()));
    state.expect("a peer that is known")
}

/// Joins the state of a store of the same owner, or of somebody else.
fn join<E: Engine>(trial: &Trial<E>, state: &PeerState, is_own: bool, source: &Source) -> Joined {
    let join = ok(state.clone().verify());
    let join = if is_own { join.trusting_times().keeping_sources() } else { join };
    ok(trial.store.join(&join, source, trial.clock.now()))
}

/// A state of these addresses, each of one source.
fn told(index: u64, addresses: &[multiaddr::Multiaddr], kind: SourceKind) -> PeerState {
    let claim = ClaimState {
        kind: Some(kind),
        reporter: None,
        first: HOUR,
        last: HOUR,
        left: HOUR,
        ttl: HOUR * 2,
    };
    let of = |address: &multiaddr::Multiaddr| AddressState {
        address: address.clone(),
        claims: vec![claim],
        dials: DialState::default(),
    };
    PeerState {
        peer: peer(index),
        accepted: None,
        outside: None,
        addresses: addresses.iter().map(of).collect(),
    }
}

/// Without room, joining changes nothing, neither of the peer nor of others, and says so (S11, G2).
pub fn s11_a_join_without_room_changes_nothing<E: Engine>(make: Make<'_, E>) {
    let from = Trial::new(make);
    let _ = from.apply(&record(1, 5, &numbers(0..2)), &Source::DHT, HOUR);
    let _ = from.report(&peer(1), &numbers(4..6), &Source::PUBSUB, HOUR);
    let state = state_of(&from, 1);
    for is_own in [false, true] {
        for is_known in [false, true] {
            let trial = Trial::with(make, |limits| {
                limits.peers = 2;
                limits.bytes = 2_000;
                unshared(limits);
            });
            if is_known {
                let _ = trial.report(&peer(1), &numbers(8..9), &Source::MANUAL, HOUR);
            }
            let _ = trial.report(&peer(2), &numbers(0..2), &Source::MANUAL, HOUR);
            if !is_known {
                let _ = trial.report(&peer(3), &numbers(0..1), &Source::MANUAL, HOUR);
            }
            let all = |trial: &Trial<E>| [1, 2, 3].map(|index| trial.all_of(&peer(index)));
            let (before, usage) = (all(&trial), trial.store.usage());
            let joined = join(&trial, &state, is_own, &Source::PEER_EXCHANGE);
            let room = if is_known { Room::Bytes } else { Room::Peers };
            assert_eq!(joined.refusal, Some(Refusal::NoRoom(room)), "{is_own} {is_known}");
            assert_eq!((joined.record, joined.added, joined.updated), (None, 0, 0));
            assert_eq!((joined.refused, joined.evicted), (0, 0));
            assert_eq!((all(&trial), trial.store.usage()), (before, usage));
            let refusals =
                |room| trial.tally.refused_of(SourceKind::PeerExchange, Refusal::NoRoom(room));
            assert_eq!(refusals(room), 1);
            trial.check();
        }
    }
    // With room there is no refusal.
    let trial = Trial::new(make);
    assert_eq!(join(&trial, &state, true, &Source::PEER_EXCHANGE).refusal, None);
}

/// Joining asks for room for what can be stored, and for no more (S11).
pub fn s11_a_join_of_many_addresses_evicts_nobody<E: Engine>(make: Make<'_, E>) {
    for is_own in [false, true] {
        let trial = Trial::with(make, |limits| limits.bytes = 1 << 20);
        for index in 0..40 {
            let _ = trial.report(&peer(index), &numbers(0..1), &heard_from(1), HOUR);
        }
        let mut state = told(99, &numbers(0..5_000), SourceKind::Dht);
        // And of one address many claims, more than it may have.
        if let Some(first) = state.addresses.first_mut() {
            let one = first.claims.first().copied();
            let by = |index| one.map(|claim| ClaimState { reporter: Some(peer(index)), ..claim });
            first.claims.extend((0..500).filter_map(by));
        }
        let joined = join(&trial, &state, is_own, &heard_from(1));
        assert_eq!(joined.refusal, None);
        let known = trial.addresses(&peer(99)).len();
        assert_eq!((joined.added, known), (64, 64));
        assert!(joined.refused > 5_000, "{joined:?}");
        assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0);
        assert!((0..40).all(|index| trial.addresses(&peer(index)).len() == 1));
        trial.check();
        trial.ends_empty();
    }
}

/// What goes inside of a peer for what is joined is counted in the answer, and told (S11).
pub fn s11_what_a_join_evicts_is_counted<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.addresses_per_peer = 4);
    let _ = trial.report(&peer(1), &numbers(0..4), &Source::DHT, HOUR);
    // Two of the user's, in the place of two that somebody told of.
    let joined = join(&trial, &told(1, &numbers(10..12), SourceKind::Manual), true, &Source::DHT);
    assert_eq!((joined.added, joined.evicted), (2, 2));
    assert_eq!(trial.tally.evicted_of(Evicted::Address), 2);
    // A record of three, in the place of the two that are left and of one of its own.
    let from = Trial::new(make);
    let _ = from.apply(&record(1, 5, &numbers(20..23)), &Source::DHT, HOUR);
    let joined = join(&trial, &state_of(&from, 1), true, &Source::DHT);
    assert_eq!((joined.evicted, trial.tally.evicted_of(Evicted::Address)), (2, 4));
    assert_eq!(trial.addresses(&peer(1)).len(), 4);
    // Of one address as many claims as it may have.
    let trial = Trial::with(make, |limits| limits.claims_per_address = 1);
    let _ = trial.report(&peer(1), &numbers(0..1), &Source::DHT, HOUR);
    let joined = join(&trial, &told(1, &numbers(0..1), SourceKind::Manual), true, &Source::DHT);
    assert_eq!((joined.updated, joined.evicted), (1, 1));
    assert_eq!(trial.tally.evicted_of(Evicted::Address), 1);
    // Whole peers go as for any other arrival.
    let trial = Trial::with(make, |limits| {
        limits.peers = 1;
        unshared(limits);
    });
    let _ = trial.report(&peer(2), &numbers(0..1), &Source::DHT, HOUR);
    ignore(join(&trial, &told(1, &numbers(0..1), SourceKind::Dht), true, &Source::DHT));
    assert_eq!(trial.tally.evicted_of(Evicted::Peer), 1);
    trial.check();
}

/// Whichever of two records a store has, or none, joining the pair is an event, once (S2, S10).
pub fn s10_an_equivocation_that_is_joined_in_is_told<E: Engine>(make: Make<'_, E>) {
    let pair = [record(1, 5, &numbers(0..2)), record(1, 5, &numbers(1..2))];
    let from = Trial::new(make);
    for record in &pair {
        let _ = from.apply(record, &Source::DHT, HOUR);
    }
    let state = state_of(&from, 1);
    for is_own in [false, true] {
        for held in [None, Some(0), Some(1)] {
            let trial = Trial::new(make);
            if let Some(held) = held.and_then(|held: usize| pair.get(held)) {
                let _ = trial.apply(held, &Source::DHT, HOUR);
            }
            let (_, mut events) = ok(trial.store.subscribe(&peer(1), trial.clock.now()));
            let mut proofs = || {
                let events = std::iter::from_fn(|| events.try_next());
                let proofs = events.filter_map(|event| match event {
                    Event::Equivocation(proof) => Some((proof.held, proof.got)),
                    _ => None,
                });
                proofs.collect::<Vec<_>>()
            };
            ignore(join(&trial, &state, is_own, &Source::PEER_EXCHANGE));
            let expected = pair.each_ref().map(|record| PayloadDigest::of(record.payload()));
            assert_eq!(proofs(), [(expected[0], expected[1])], "{is_own} {held:?}");
            assert!(trial.proof(&peer(1)).is_some());
            ignore(join(&trial, &state, is_own, &Source::PEER_EXCHANGE));
            assert_eq!(proofs(), [], "told once");
            trial.check();
        }
    }
}

/// Where a report or a state lists more than there may be, room is made for the longest of them, so
/// that the cap on bytes holds whichever of them stay (S11).
pub fn s11_the_longest_addresses_are_made_room_for<E: Engine>(make: Make<'_, E>) {
    let path = |number: u32| address(&format!("/unix/{number:0>505}"));
    let mut mixed = numbers(0..100);
    mixed.extend((0..100).map(path));
    let long: Vec<_> = (0..64).map(path).collect();
    assert!(long.iter().all(|address| address.as_ref().len() >= 500));
    for bytes in [20_000, 40_000, 46_000, 48_000, 1 << 20] {
        for how in 0..4 {
            let trial = Trial::with(make, |limits| {
                limits.bytes = bytes;
                unshared(limits);
            });
            let _ = trial.report(&peer(2), &numbers(0..3), &Source::DHT, HOUR);
            let refusal = match how {
                0 => trial.report(&peer(1), &mixed, &Source::DHT, HOUR).refusal,
                1 => trial.report(&peer(1), &long, &Source::DHT, HOUR).refusal,
                2 => join(&trial, &told(1, &mixed, SourceKind::Dht), true, &Source::DHT).refusal,
                _ => join(&trial, &told(1, &long, SourceKind::Dht), false, &Source::DHT).refusal,
            };
            let usage = trial.store.usage();
            assert!(usage.bytes <= bytes, "{usage:?} of {bytes}, {how}");
            let all: [usize; 2] = [bytes >= 46_000, bytes != 46_000].map(usize::from);
            let known = [1, 2].map(|index| trial.addresses(&peer(index)).len());
            assert_eq!(known, [64 * all[0], 3 * all[1]], "{bytes}, {how}");
            assert!(refusal.is_some() || bytes >= 46_000, "{bytes}, {how}");
            trial.check();
        }
    }
    // A record has an envelope of bounded size: of the longest addresses there are fewer.
    let trial = Trial::with(make, |limits| {
        limits.bytes = 12_000;
        unshared(limits);
    });
    for seq in 1..4 {
        let long: Vec<_> = (0..15).map(|index| path(index + seq)).collect();
        let _ = trial.apply(&record(1, seq.into(), &long), &Source::DHT, HOUR);
        assert_eq!(trial.certified(&peer(1)), long);
        trial.check();
    }
}

/// Nobody goes for something that does not fit in the end: not for a report, a record or a join, and
/// whichever cap it is that does not leave enough (S11).
pub fn s11_nothing_goes_for_what_cannot_fit<E: Engine>(make: Make<'_, E>) {
    let from = Trial::new(make);
    let _ = from.apply(&record(99, 5, &numbers(0..12)), &Source::DHT, HOUR);
    let state = state_of(&from, 99);
    // Four of hearsay, which may go, and others that may not: together they leave too little.
    let fill = |trial: &Trial<E>, ours: &Source| {
        for index in 0..4 {
            let _ = trial.report(&peer(index), &numbers(0..1), ours, HOUR);
        }
        for index in 10..14 {
            let _ = trial.report(&peer(index), &numbers(0..1), &Source::MANUAL, HOUR);
        }
        for index in 20..22 {
            let _ = trial.apply(&record(index, 1, &numbers(0..1)), ours, HOUR);
        }
    };
    let caps: [(&str, Limit); 4] = [
        ("bytes", |limits| {
            limits.bytes = 8_000;
            unshared(limits);
        }),
        ("share", |limits| {
            limits.bytes = 100_000;
            limits.share = Share::new(5, 100);
        }),
        ("kind", |limits| {
            limits.bytes = 100_000;
            limits.kind_share = Share::new(5, 100);
        }),
        ("kinds", |limits| {
            limits.bytes = 100_000;
            limits.kinds_share = Share::new(5, 100);
        }),
    ];
    for (cap, limit) in caps {
        let ours = if cap == "share" { heard_from(1) } else { Source::DHT };
        for how in 0..4 {
            let trial = Trial::with(make, limit);
            fill(&trial, &ours);
            let peers = trial.peers();
            assert_eq!(peers.len(), 10, "{cap}");
            let refusal = match how {
                // More than the whole limit, and more than may go.
                0 => trial.report(&peer(99), &numbers(0..64), &ours, HOUR).refusal,
                1 => trial.report(&peer(99), &numbers(0..20), &ours, HOUR).refusal,
                2 => join(&trial, &told(99, &numbers(0..20), SourceKind::Dht), true, &ours).refusal,
                // To what is there.
                _ => trial.report(&peer(0), &numbers(0..21), &ours, HOUR).refusal,
            };
            assert!(matches!(refusal, Some(Refusal::NoRoom(_))), "{cap} {how}: {refusal:?}");
            assert_eq!(trial.peers(), peers, "{cap} {how}");
            assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0, "{cap} {how}");
            trial.check();
        }
    }
    // A record, and the same by a join, where only the user's are left beside one of hearsay.
    for how in 0..2 {
        let trial = Trial::with(make, |limits| {
            limits.bytes = 4_500;
            unshared(limits);
        });
        for index in 0..2 {
            let _ = trial.report(&peer(index), &numbers(0..5), &Source::MANUAL, HOUR);
        }
        let _ = trial.report(&peer(2), &numbers(0..1), &Source::DHT, HOUR);
        let long = record(99, 5, &numbers(0..64));
        let refused = match how {
            0 => trial.apply(&long, &Source::DHT, HOUR).outcome.is_held(),
            _ => {
                let accepted = state.accepted.clone().map(|accepted| AcceptedState {
                    envelope: Some(long.as_bytes().to_vec().into()),
                    digest: PayloadDigest::of(long.payload()),
                    ..accepted
                });
                let state = PeerState { accepted, ..state.clone() };
                join(&trial, &state, true, &Source::DHT).refusal.is_none()
            }
        };
        assert!(!refused);
        assert_eq!(trial.addresses(&peer(2)).len(), 1);
        assert_eq!(trial.tally.evicted_of(Evicted::Peer), 0);
        trial.check();
    }
    // Of the caps on numbers one victim is enough, or there is none.
    let trial = Trial::with(make, |limits| {
        (limits.peers, limits.records) = (3, 1);
        unshared(limits);
    });
    let _ = trial.apply(&record(1, 1, &numbers(0..1)), &Source::MANUAL, HOUR);
    let _ = trial.report(&peer(2), &numbers(0..1), &Source::DHT, HOUR);
    let _ = trial.report(&peer(3), &numbers(0..1), &Source::DHT, HOUR);
    let refused = trial.outcome(&record(4, 1, &numbers(0..1)), &Source::DHT, HOUR);
    assert_eq!(refused, Outcome::Refused { reason: Refusal::NoRoom(Room::Records) });
    assert_eq!((trial.peers().len(), trial.tally.evicted_of(Evicted::Peer)), (3, 0));
}

/// Changes limits.
type Limit = fn(&mut Limits);
