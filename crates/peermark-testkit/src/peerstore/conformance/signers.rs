//! Who may say what, and bytes that nobody signed (S16, S17).

use peermark_envelope::Envelope;
use peermark_peer_record::{Dialect, PEER_RECORD, PeerRecord};
use peermark_peerstore::{ConsumeError, Engine, Outcome, Refusal, Usage};
use peermark_provenance::{Source, SourceKind};

use super::trial::{HOUR, itself};
use super::{Make, Trial};
use crate::peerstore::fixtures::{key, numbers, peer, record, signed};
use crate::rng::Rng;
use crate::{model, mutate};

/// By identify a peer speaks for itself: what it says about another is refused, signed or not
/// (S16).
pub fn s16_identify_speaks_for_its_peer_alone<E: Engine>(make: Make<'_, E>) {
    let nobody = Source::of(SourceKind::Identify);
    for (held, source) in [(false, itself(2)), (true, itself(2)), (false, nobody), (true, nobody)] {
        let trial = Trial::new(make);
        let (alice, good) = (peer(1), record(1, 5, &numbers(0..2)));
        if held {
            let _ = trial.apply(&good, &itself(1), HOUR);
        }
        let before = (trial.all_of(&alice), trial.store.usage());
        for record in [&good, &record(1, 6, &numbers(0..3)), &record(1, 4, &numbers(0..3))] {
            let refused = Outcome::Refused { reason: Refusal::NotItself };
            assert_eq!(trial.outcome(record, &source, HOUR), refused);
            let applied = trial.consume(record.as_bytes(), &source, HOUR);
            assert_eq!(applied.map(|applied| applied.outcome).ok(), Some(refused));
        }
        for set in [false, true] {
            let reported = match set {
                true => trial.set(&alice, &numbers(0..4), &source, HOUR),
                false => trial.report(&alice, &numbers(0..4), &source, HOUR),
            };
            assert_eq!((reported.refused, reported.added), (4, 0));
            assert_eq!(reported.refusal, Some(Refusal::NotItself));
        }
        assert_eq!((trial.all_of(&alice), trial.store.usage()), before);
        assert_eq!(trial.tally.refused_of(SourceKind::Identify, Refusal::NotItself), 8);
        trial.check();
    }
}

/// It cannot take back another's addresses either (S16).
pub fn s16_identify_takes_back_nothing_of_others<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let _ = trial.report(&alice, &numbers(0..2), &itself(1), HOUR);
    let reported = trial.report(&alice, &numbers(0..2), &itself(2), std::time::Duration::ZERO);
    assert_eq!((reported.removed, reported.refusal), (0, Some(Refusal::NotItself)));
    assert_eq!(trial.addresses(&alice), numbers(0..2));
    trial.check();
}

/// Bytes that do not verify are an error and leave nothing, not even addresses without a signature
/// (S17).
pub fn s17_invalid_bytes_store_nothing<E: Engine>(make: Make<'_, E>) {
    let good = record(1, 5, &numbers(0..2));
    let mut rng = Rng::new(17);
    for held in [false, true] {
        let trial = Trial::new(make);
        if held {
            let _ = trial.apply(&good, &Source::DHT, HOUR);
        }
        let before = (trial.all_of(&peer(1)), trial.store.usage());
        let mut count = 0;
        let mut refused = |bytes: &[u8]| {
            for source in [Source::DHT, itself(1)] {
                let answer = trial.consume(bytes, &source, HOUR);
                assert!(matches!(answer, Err(ConsumeError::Invalid(_))), "{answer:?}");
                assert_eq!((trial.all_of(&peer(1)), trial.store.usage()), before);
            }
            count += 1;
            assert_eq!(trial.tally.invalid_of(SourceKind::Dht), count);
            assert_eq!(trial.tally.invalid_of(SourceKind::Identify), count);
        };
        refused(b"");
        refused(b"no record");
        let bytes = good.as_bytes();
        for at in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << rng.below(8);
            refused(&flipped);
            refused(&bytes[..at]);
        }
        refused(&[bytes, &[0x0a]].concat());
        for _ in 0..50 {
            let mutated = mutate::mutate(&mut rng, bytes, b"");
            if Envelope::decode(&mutated).is_err() {
                refused(&mutated);
            }
        }
        trial.check();
    }
}

/// A record about a peer that another key signed is an error, however high its number (S17).
pub fn s17_another_key_signs_for_nobody<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = record(1, 5, &numbers(0..2));
    let _ = trial.apply(&alice, &Source::DHT, HOUR);
    let before = (trial.all_of(&peer(1)), trial.store.usage());
    for seq in [4, 5, 6, u64::MAX] {
        let payload = record(1, seq, &numbers(3..5)).payload().to_vec();
        let forged = Envelope::seal(PEER_RECORD, &payload, &key(2)).expect("it is sealed");
        for source in [Source::DHT, Source::MANUAL, itself(1), itself(2)] {
            let answer = trial.consume(forged.as_bytes(), &source, HOUR);
            assert!(matches!(answer, Err(ConsumeError::Invalid(_))), "{answer:?}");
        }
        assert_eq!((trial.all_of(&peer(1)), trial.store.usage()), before, "{seq}");
        assert_eq!(trial.all_of(&peer(2)).floor, None);
    }
    trial.check();
}

/// An address in a record that cannot be kept is counted, and costs the others nothing (S17, R2).
pub fn s17_a_bad_address_is_counted<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let foreign = format!("/ip4/11.0.0.9/tcp/4001/p2p/{}", peer(2));
    let foreign: multiaddr::Multiaddr = foreign.parse().expect("a multiaddr");
    let mut payload = record(1, 5, &numbers(0..2)).payload().to_vec();
    for bad in [foreign.as_ref(), &b"\xff\xff\xff"[..], b""] {
        let entry = model::message(&[model::bytes(1, bad)]);
        payload.extend(model::message(&[model::bytes(3, entry)]));
    }
    let sealed = Envelope::seal(PEER_RECORD, &payload, &key(1)).expect("it is sealed");
    let applied = trial.consume(sealed.as_bytes(), &Source::DHT, HOUR).expect("it is good");
    assert_eq!((applied.outcome, applied.added, applied.dropped), (Outcome::Inserted, 2, 3));
    assert_eq!(trial.certified(&peer(1)), numbers(0..2));
    trial.check();
}

/// A plain record proves nothing: no way leads from it into a store but a signature (S17).
pub fn s17_the_store_takes_certified_records_alone<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let plain = PeerRecord::new(peer(1), 5.into(), numbers(0..2));
    assert!(plain.certify(&key(2), Dialect::PeerRecord).is_err());
    let payload = signed(&key(1), Dialect::PeerRecord, 5, &numbers(0..2)).payload().to_vec();
    assert!(trial.consume(&payload, &Source::MANUAL, HOUR).is_err());
    assert_eq!(trial.store.usage(), Usage::default());
    trial.check();
}
