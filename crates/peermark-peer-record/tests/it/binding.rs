//! R1: verified before decoded, and signed by the peer that it names.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use peermark_envelope::OpenError;
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{
    CertifiedRecord, Dialects, PEER_RECORD, RecordError, Stage, VerifyError,
};
use peermark_wire::WireErrorKind;

use crate::{keypair, payload, sealed, verify_payload};

fn refused(payload: &[u8]) -> RecordError {
    match verify_payload(payload).unwrap_err() {
        VerifyError::Record(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r1_a_record_of_its_signer_is_certified() {
    let record = verify_payload(&payload(&keypair(1).peer_id(), 42, [])).unwrap();
    assert_eq!(record.peer_id(), keypair(1).peer_id());
    assert_eq!(record.signer(), keypair(1).public_key());
    assert_eq!(record.seq().value(), 42);
}

#[test]
fn r1_a_record_that_names_somebody_else_is_refused() {
    let (claimed, signer) = (keypair(2).peer_id(), keypair(1).peer_id());
    let error = refused(&payload(&claimed, 42, []));
    assert_eq!(error, RecordError::PeerIdMismatch { claimed, signer });
    assert_eq!(VerifyError::from(error).stage(), Stage::PeerId);
}

#[test]
fn r1_a_higher_seq_does_not_rescue_a_foreign_record() {
    let error = refused(&payload(&keypair(2).peer_id(), u64::MAX, []));
    assert!(matches!(error, RecordError::PeerIdMismatch { .. }));
}

#[test]
fn r1_the_hash_of_an_inlined_key_is_another_peer() {
    // SHA-256 of the signer's own PublicKey message: right key, wrong form of the id.
    let key = keypair(1).public_key().encode();
    assert_eq!(key, KEY_1, "the digest below is of this key");
    let hashed =
        PeerId::from_multihash_bytes(&[&[0x12, 0x20], &SHA_256_OF_KEY_1[..]].concat()).unwrap();
    let error = refused(&payload(&hashed, 1, []));
    assert!(matches!(error, RecordError::PeerIdMismatch { claimed, .. } if claimed == hashed));
}

#[test]
fn r1_a_peer_id_that_is_not_canonical_is_refused_as_such() {
    let own = keypair(1).peer_id();
    let trailing = [&own.multihash_bytes()[..], &[0]].concat();
    let long_form = [&[0x80, 0x00, 0x24][..], &own.multihash_bytes()[2..]].concat();
    for bytes in [&trailing[..], &long_form, b"", &[0x00], &own.multihash_bytes()[..37]] {
        let mut payload = Vec::new();
        peermark_wire::PeerRecordMessage::encode(bytes, 1, [], &mut payload);
        let error = refused(&payload);
        assert!(matches!(error, RecordError::PeerId(_)), "{bytes:?}: {error:?}");
        assert_eq!(VerifyError::from(error).stage(), Stage::PeerId);
    }
}

#[test]
fn r1_the_signature_is_verified_before_the_payload_is_decoded() {
    // No record at all, and a bad signature: it is the signature that is told.
    let mut bytes = sealed(b"\xff\xff", &keypair(1), PEER_RECORD);
    let error = CertifiedRecord::verify(&bytes, Dialects::Any).unwrap_err();
    assert_eq!(error.stage(), Stage::Record);
    *bytes.last_mut().unwrap() ^= 1;
    let error = CertifiedRecord::verify(&bytes, Dialects::Any).unwrap_err();
    assert_eq!(error, VerifyError::Open(OpenError::BadSignature));
}

#[test]
fn a_payload_that_is_no_record_is_malformed_with_its_offset() {
    let own = keypair(1).peer_id();
    let good = payload(&own, 1, [&[4, 127, 0, 0, 1][..]]);
    let check = |payload: &[u8], kind: WireErrorKind, offset: usize| match refused(payload) {
        RecordError::Malformed(error) => assert_eq!((error.kind, error.offset), (kind, offset)),
        other => panic!("{other:?}"),
    };
    check(b"", WireErrorKind::MissingField { field: 1 }, 0);
    check(&[&good[..], &[0xff]].concat(), WireErrorKind::Truncated, good.len() + 1);
    let twice = [&good[..], &[0x10, 2]].concat();
    check(&twice, WireErrorKind::DuplicateField { field: 2 }, good.len());
    // An address entry that is no message.
    let entry = crate::with_field(good.clone(), 3, &[0x0a, 9, 4]);
    let overrun = WireErrorKind::LengthOverrun { claimed: 9, remaining: 1 };
    check(&entry, overrun, good.len() + 3);
}

#[test]
fn w5_unknown_fields_of_the_record_stay_in_the_signed_payload() {
    let own = keypair(1).peer_id();
    let extended = crate::with_field(payload(&own, 1, [&[4, 127, 0, 0, 1][..]]), 4, b"services");
    let record = verify_payload(&extended).unwrap();
    assert_eq!(record.payload(), extended);
    assert_eq!(record.addresses().len(), 1);
    let again = CertifiedRecord::verify(record.as_bytes(), Dialects::Any).unwrap();
    assert_eq!(again, record);
}

#[test]
fn stages_have_the_names_that_the_command_line_prints() {
    let names = Stage::ALL.map(|stage| stage.to_string());
    let expected = ["size", "envelope", "key", "payload-type", "signature", "record", "peer-id"];
    assert_eq!(names, expected);
    assert!(Stage::ALL.is_sorted());
}

#[test]
fn e6_stages_tell_the_key_from_the_envelope() {
    let good = sealed(&payload(&keypair(1).peer_id(), 1, []), &keypair(1), PEER_RECORD);
    let stage = |bytes: &[u8]| CertifiedRecord::verify(bytes, Dialects::Any).unwrap_err().stage();
    // The key starts at 2: a field that it does not have, and a type of its own.
    let mut unknown_field = good.clone();
    unknown_field[2] = 0x18;
    assert_eq!(stage(&unknown_field), Stage::Key);
    let mut low_order = good.clone();
    low_order[6..38].fill(0);
    assert_eq!(stage(&low_order), Stage::Key);
    assert_eq!(stage(&good[..20]), Stage::Envelope);
    assert_eq!(stage(&[good.clone(), vec![0; 8192]].concat()), Stage::Size);
    let without = |number: u32| {
        let envelope = peermark_wire::EnvelopeMessage::decode(&good).unwrap();
        let cut = peermark_wire::EnvelopeMessage {
            payload_type: if number == 2 { &[] } else { envelope.payload_type },
            signature: if number == 5 { &[] } else { envelope.signature },
            ..envelope
        };
        let mut bytes = Vec::new();
        cut.encode(&mut bytes);
        bytes
    };
    assert_eq!(stage(&without(2)), Stage::PayloadType);
    assert_eq!(stage(&without(5)), Stage::Signature);
}

#[test]
fn records_are_equal_when_their_bytes_are() {
    let record = |seq| verify_payload(&payload(&keypair(1).peer_id(), seq, [])).unwrap();
    let set = std::collections::HashSet::from([record(1), record(1), record(2)]);
    assert_eq!(set.len(), 2);
    assert_eq!(record(1), record(1));
    assert_ne!(record(1), record(2));
    let hash =
        |record: &CertifiedRecord| BuildHasherDefault::<DefaultHasher>::default().hash_one(record);
    assert_ne!(hash(&record(1)), hash(&record(2)));
    let text = format!("{:?}", record(7));
    assert!(text.contains("seq: 7") && text.contains(&keypair(1).peer_id().to_string()), "{text}");
}

/// The PublicKey message of key 1, and its SHA-256 as another program computed it.
const KEY_1: [u8; 36] = [
    0x08, 0x01, 0x12, 0x20, 0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb, 0x2d,
    0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94, 0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01,
    0xb4, 0x0f, 0x6f, 0x5c,
];
const SHA_256_OF_KEY_1: [u8; 32] = [
    0x39, 0xce, 0x93, 0x46, 0xc0, 0xa0, 0x75, 0x2b, 0x12, 0xc7, 0x4a, 0x47, 0xb2, 0x1c, 0xa1, 0x2e,
    0xf9, 0x23, 0x19, 0x83, 0x97, 0xe6, 0x26, 0x30, 0x28, 0x63, 0x7f, 0xcf, 0xac, 0x37, 0xa9, 0x5e,
];
