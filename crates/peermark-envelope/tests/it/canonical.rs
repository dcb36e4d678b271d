//! W7: one form for each envelope, whatever it came in.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use peermark_envelope::{DecodeError, Envelope, Limits};
use peermark_wire::Writer;

use crate::{GREETING, fields, parts, sealed};

/// Decodes `received`, which must open, and answers its canonical bytes.
fn canonical(received: &[u8]) -> Vec<u8> {
    let envelope = Envelope::decode(received).unwrap();
    let bytes = envelope.as_bytes().to_vec();
    envelope.open(GREETING).unwrap();
    assert_eq!(Envelope::decode(&bytes).unwrap().as_bytes(), bytes, "a fixpoint");
    bytes
}

#[test]
fn w7_what_is_sealed_is_canonical() {
    let envelope = sealed(b"payload");
    let [key, payload_type, payload, signature] = parts(&envelope);
    let expected = fields(&[(1, &key), (2, &payload_type), (3, &payload), (5, &signature)]);
    assert_eq!(envelope.as_bytes(), expected);
    assert_eq!(canonical(&expected), expected);
}

#[test]
fn w7_field_order_does_not_survive() {
    let envelope = sealed(b"payload");
    let [key, payload_type, payload, signature] = parts(&envelope);
    let reversed = fields(&[(5, &signature), (3, &payload), (2, &payload_type), (1, &key)]);
    assert_eq!(canonical(&reversed), envelope.as_bytes());
}

#[test]
fn w5_unknown_fields_are_dropped() {
    let envelope = sealed(b"payload");
    let unknown: [&[u8]; 4] = [
        // Field 4, the hole, as bytes; 99 as a varint; 6 fixed64; 7 fixed32.
        &[0x22, 1, 0xee],
        &[0x98, 0x06, 1],
        &[0x31, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0x3d, 1, 2, 3, 4],
    ];
    for extra in unknown {
        let behind = [envelope.as_bytes(), extra].concat();
        let in_front = [extra, envelope.as_bytes()].concat();
        assert_eq!(canonical(&behind), envelope.as_bytes());
        assert_eq!(canonical(&in_front), envelope.as_bytes());
    }
}

#[test]
fn w6_longer_varints_than_needed_do_not_survive() {
    let envelope = sealed(b"payload");
    let [key, payload_type, payload, signature] = parts(&envelope);
    // Tag and length of field 3 in two bytes each.
    let mut received = fields(&[(1, &key), (2, &payload_type)]);
    received.extend([0x9a, 0x00, 0x80 | u8::try_from(payload.len()).unwrap(), 0x00]);
    received.extend(&payload);
    Writer::new(&mut received).bytes(5, &signature);
    assert_eq!(canonical(&received), envelope.as_bytes());
}

#[test]
fn w7_an_explicitly_empty_payload_is_an_absent_one() {
    let envelope = sealed(b"");
    let [key, payload_type, _, signature] = parts(&envelope);
    let absent = fields(&[(1, &key), (2, &payload_type), (5, &signature)]);
    let explicit = fields(&[(1, &key), (2, &payload_type), (3, b""), (5, &signature)]);
    assert_eq!(canonical(&absent), envelope.as_bytes());
    assert_eq!(canonical(&explicit), envelope.as_bytes());
    assert_eq!(envelope.as_bytes(), absent);
}

#[test]
fn w7_equal_envelopes_are_equal_values() {
    let envelope = sealed(b"payload");
    let with_extra = [envelope.as_bytes(), &[0x98, 0x06, 1]].concat();
    assert_eq!(Envelope::decode(&with_extra).unwrap(), envelope);
    assert_ne!(sealed(b"payloae"), envelope);
    let set = std::collections::HashSet::from([
        envelope.clone(),
        Envelope::decode(&with_extra).unwrap(),
        sealed(b"payloae"),
    ]);
    assert_eq!(set.len(), 2);
    let hash =
        |envelope: &Envelope| BuildHasherDefault::<DefaultHasher>::default().hash_one(envelope);
    assert_ne!(hash(&envelope), hash(&sealed(b"payloae")));
}

#[test]
fn w1_the_canonical_form_fits_the_limit_too() {
    // A key without its type, which the canonical form adds: two bytes more than was received.
    let key = [&[0x12, 4][..], &[1, 2, 3, 4]].concat();
    let received = fields(&[(1, &key), (2, b"t"), (5, b"s")]);
    let at = |limit| Envelope::decode_with(&received, Limits::new(limit).unwrap());
    let len = received.len();
    assert_eq!(at(len + 2).unwrap().as_bytes().len(), len + 2);
    let error = DecodeError::TooLarge { limit: len + 1, got: len + 2 };
    assert_eq!(at(len + 1).unwrap_err(), error);
    assert_eq!(at(len).unwrap_err(), DecodeError::TooLarge { limit: len, got: len + 2 });
}
