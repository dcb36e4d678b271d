//! The strategies make what they say, and the properties hold for all of it.

use peermark_envelope::{Envelope, Limits};
use peermark_identity::{KeyType, PeerIdExt as _, PublicKey};
use peermark_peer_record::{CertifiedRecord, Dialects, VerifyError};
use peermark_testkit::strategies::{self, Payload, Sealed};
use peermark_testkit::{keys, model, properties};
use peermark_wire::{Message, Reader, WireError, varint};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> TestCaseResult) {
    if let Err(error) = strategies::runner(cases).run(&strategy, test) {
        panic!("{error}");
    }
}

/// The most that envelopes may be: certified records of the strategies may exceed the default.
fn limits() -> Limits {
    Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap()
}

fn decode(bytes: &[u8]) -> Result<CertifiedRecord, VerifyError> {
    CertifiedRecord::verify_with(bytes, Dialects::Any, limits())
}

#[test]
fn varints_are_read_and_hostile_ones_are_not() {
    run(1000, prop_oneof![strategies::varint(), strategies::long_varint()], |(value, bytes)| {
        prop_assert_eq!(varint::decode(&bytes), Ok((value, &[][..])));
        Ok(())
    });
    run(1000, strategies::hostile_varint(), |bytes| {
        prop_assert!(varint::decode(&bytes).is_err());
        Ok(())
    });
}

#[test]
fn messages_are_read_and_hostile_ones_are_not() {
    let read = |bytes: &[u8]| -> Result<usize, WireError> {
        let mut reader = Reader::new(Message::Other, bytes);
        let mut count = 0;
        while reader.next_field()?.is_some() {
            count += 1;
        }
        Ok(count)
    };
    run(1000, strategies::message(), |(fields, bytes)| {
        prop_assert_eq!(read(&bytes), Ok(fields.len()));
        properties::wire(&bytes);
        Ok(())
    });
    run(1000, strategies::hostile_message(), |bytes| {
        prop_assert!(read(&bytes).is_err(), "{:02x?}", bytes);
        properties::wire(&bytes);
        Ok(())
    });
}

#[test]
fn keys_are_read_and_hostile_ones_are_not() {
    run(100, strategies::public_key(), |bytes| {
        prop_assert!(PublicKey::decode(&bytes).is_ok());
        properties::public_key(&bytes);
        Ok(())
    });
    run(1000, strategies::hostile_public_key(), |bytes| {
        prop_assert!(PublicKey::decode(&bytes).is_err(), "{:02x?}", bytes);
        properties::public_key(&bytes);
        Ok(())
    });
}

#[test]
fn addresses_are_kept_and_hostile_ones_are_skipped() {
    let peer = keys::signer().peer_id();
    run(1000, strategies::address_of(peer), |(address, written)| {
        prop_assert_eq!(model::address(&written, &peer.multihash_bytes()), Ok(address));
        Ok(())
    });
    run(1000, strategies::hostile_address(), |written| {
        prop_assert!(
            model::address(&written, &peer.multihash_bytes()).is_err(),
            "{:02x?}",
            written
        );
        Ok(())
    });
}

#[test]
fn e3_an_envelope_opens_for_its_purpose_and_for_no_other() {
    run(200, strategies::envelope(), |sealed| {
        let envelope = Envelope::decode(&sealed.bytes).unwrap();
        for purpose in strategies::PURPOSES {
            let opened = envelope.clone().open(purpose);
            prop_assert_eq!(opened.is_ok(), purpose == sealed.purpose, "{:?}", purpose);
            if let Ok(opened) = opened {
                prop_assert_eq!(opened.payload(), &sealed.payload[..]);
                let signer = keys::keypair(sealed.signer.0, sealed.signer.1);
                prop_assert_eq!(opened.signer(), signer.public_key());
            }
        }
        properties::envelope_open(&sealed.bytes);
        properties::envelope_fixpoint(&sealed.bytes);
        Ok(())
    });
}

#[test]
fn certified_records_are_what_was_signed() {
    run(300, strategies::certified(), |sealed| {
        let record = decode(&sealed.bytes).unwrap();
        prop_assert_eq!(record.as_bytes(), &sealed.bytes[..]);
        check(&record, &sealed)
    });
}

#[test]
fn w5_w6_w7_a_disguised_record_is_the_same_record() {
    // The strategy that disguises loses what is inside: the plain form is found again by decoding.
    let plain = strategies::certified().prop_map(|sealed| sealed.bytes);
    run(300, strategies::disguised(plain, &[1, 2, 3, 5]), |bytes| {
        // An unknown field may take it beyond every limit, which is another matter.
        prop_assume!(bytes.len() <= Limits::MAX_ENVELOPE_LEN);
        let record = decode(&bytes).unwrap();
        prop_assert!(record.as_bytes().len() <= bytes.len());
        prop_assert_eq!(record.as_bytes(), model::envelope(&bytes).unwrap().canonical());
        properties::envelope_fixpoint(&bytes);
        properties::oracle_diff(&bytes);
        Ok(())
    });
}

#[test]
fn w5_w6_a_disguised_payload_is_the_same_record_signed_anew() {
    let signer = keys::signer();
    let payload = strategies::peer_record(signer.peer_id()).prop_map(|payload| payload.bytes);
    let pair = payload.prop_flat_map(|payload| {
        (Just(payload.clone()), strategies::disguised(Just(payload), &[1, 2, 3]))
    });
    run(300, pair, |(plain, disguised)| {
        let decode = |payload: &[u8]| model::record(payload, &signer.peer_id().multihash_bytes());
        prop_assert_eq!(decode(&plain), decode(&disguised));
        properties::peer_record(&disguised);
        properties::certified_flow(&disguised);
        Ok(())
    });
}

#[test]
fn r1_hostile_payloads_are_no_records_though_they_are_signed() {
    let signer = keys::signer();
    run(500, strategies::hostile_peer_record(signer.peer_id()), |payload| {
        prop_assert!(model::record(&payload, &signer.peer_id().multihash_bytes()).is_err());
        properties::peer_record(&payload);
        properties::certified_flow(&payload);
        Ok(())
    });
}

#[test]
fn what_survives_a_mutation_is_the_same_payload_by_the_same_signer() {
    let pair = strategies::certified().prop_flat_map(|sealed| {
        let mutated = strategies::mutated(Just(sealed.bytes.clone()));
        (Just(sealed), mutated)
    });
    run(2000, pair, |(sealed, mutated)| {
        if let Ok(record) = decode(&mutated) {
            prop_assert_eq!(record.payload(), &sealed.payload.bytes[..]);
            check(&record, &sealed)?;
        }
        Ok(())
    });
}

fn check(record: &CertifiedRecord, sealed: &Sealed<Payload>) -> TestCaseResult {
    let (key_type, number) = sealed.signer;
    prop_assert_eq!(record.peer_id(), keys::keypair(key_type, number).peer_id());
    prop_assert_eq!(record.dialect().purpose(), sealed.purpose);
    prop_assert_eq!(record.seq().value(), sealed.payload.seq);
    let addresses: Vec<_> = record.addresses().map(|address| address.to_multiaddr()).collect();
    prop_assert_eq!(&addresses, &sealed.payload.addresses);
    prop_assert_eq!(usize::from(record.skipped_addresses().total()), sealed.payload.skipped);
    Ok(())
}

#[test]
fn seeded_keys_are_the_same_in_every_run_and_all_different() {
    let mut ids = std::collections::BTreeSet::new();
    for key_type in keys::TYPES {
        for number in 0..keys::count(key_type).min(20) {
            let (one, again) = (keys::keypair(key_type, number), keys::keypair(key_type, number));
            assert_eq!(one.public_key(), again.public_key(), "{key_type} {number}");
            assert_eq!(one.key_type(), key_type);
            assert!(ids.insert(one.peer_id()), "{key_type} {number}");
        }
        assert!(keys::count(key_type) >= 2, "{key_type}");
    }
    // Pinned, because seeds of fuzz targets and kept inputs have it inside.
    let first = keys::keypair(KeyType::Ed25519, 0).peer_id();
    assert_eq!(keys::signer().peer_id(), first);
    assert_eq!(first.to_string(), "12D3KooWPzmNHwwhH1qUX4u3bxrcAr1NLKRcwN6CYprXY5FeuFYp");
}
