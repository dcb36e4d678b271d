//! Keys as messages: types, canonical form, equality, and what `Debug` shows.

use std::collections::HashSet;

use peermark_identity::{KeyType, PublicKey, PublicKeyError};
use peermark_wire::WireErrorKind;

use crate::support::{decode_key, golden_keys, key_message, unhex};

fn accepted() -> Vec<PublicKey> {
    let keys = golden_keys().into_iter().filter(|key| key.expect == "accept");
    keys.map(|key| PublicKey::decode(&unhex(&key.public)).unwrap()).collect()
}

#[test]
fn k1_unknown_types_are_told_from_bad_keys() {
    for number in [4u8, 5, 99, 127] {
        let error = PublicKeyError::UnsupportedType(u64::from(number));
        assert_eq!(decode_key(number, &[1; 32]), Err(error));
        assert_eq!(decode_key(number, &[]), Err(error));
    }
    let largest = [&[0x08][..], &[0xff; 9], &[0x01, 0x12, 0x00]].concat();
    let error = PublicKeyError::UnsupportedType(u64::MAX);
    assert_eq!(PublicKey::decode(&largest), Err(error));
    assert_eq!(PublicKey::try_from(&largest[..]), Err(error));
    assert_eq!(error.to_string(), "unsupported key type 18446744073709551615");
}

#[test]
fn k1_types_have_the_numbers_and_names_of_the_specification() {
    let all = [
        (KeyType::Rsa, 0, "RSA"),
        (KeyType::Ed25519, 1, "Ed25519"),
        (KeyType::Secp256k1, 2, "Secp256k1"),
        (KeyType::Ecdsa, 3, "ECDSA"),
    ];
    for (key_type, number, name) in all {
        assert_eq!(key_type.number(), number);
        assert_eq!(KeyType::from_number(number), Some(key_type));
        assert_eq!(key_type.to_string(), name);
        assert_eq!(format!("{key_type:>10}"), format!("{name:>10}"));
    }
    assert_eq!(KeyType::from_number(4), None);
}

#[test]
fn w5_w6_messages_that_are_not_canonical_are_refused() {
    for key in accepted() {
        let good = key.encode();
        let data = key.message().data;
        let number = key.key_type().number() as u8;
        assert_eq!(key_message(number, data), good);
        let body = &good[2..];
        for bad in [
            // The type in two bytes, the fields in the other order, a field that is not defined.
            [&[0x08, number | 0x80, 0x00], body].concat(),
            [body, &[0x08, number]].concat(),
            [&good[..], &[0x18, 0x01]].concat(),
            [&good[..], &[0x12, 0x00]].concat(),
            good[..good.len() - 1].to_vec(),
            good[..2].to_vec(),
        ] {
            let error = PublicKey::decode(&bad).unwrap_err();
            assert!(matches!(error, PublicKeyError::Malformed(_)), "{error}");
        }
    }
    let error = PublicKey::decode(&[]).unwrap_err();
    let missing = WireErrorKind::MissingField { field: 2 };
    assert!(matches!(error, PublicKeyError::Malformed(error) if error.kind == missing));
    assert_eq!(error.to_string(), "public key: field 2 is missing at offset 0");
}

#[test]
fn equality_and_hash_are_those_of_the_message() {
    let keys = accepted();
    let distinct: HashSet<_> = keys.iter().chain(&accepted()).cloned().collect();
    assert_eq!(distinct.len(), keys.len());
    for (at, left) in keys.iter().enumerate() {
        for (other, right) in keys.iter().enumerate() {
            assert_eq!(left == right, at == other);
            assert_eq!(left.peer_id() == right.peer_id(), at == other);
        }
    }
}

#[test]
fn debug_shows_type_and_peer_id() {
    for key in accepted() {
        let expected = format!(
            "PublicKey {{ key_type: {:?}, peer_id: PeerId(\"{}\") }}",
            key.key_type(),
            key.peer_id()
        );
        assert_eq!(format!("{key:?}"), expected);
    }
}
