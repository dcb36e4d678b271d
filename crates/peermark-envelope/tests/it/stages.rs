//! E1, E4 and E6: nothing before verification, and an error that tells how far it got.

use peermark_envelope::{DecodeError, Envelope, Limits, OpenError};
use peermark_identity::{KeyType, PublicKeyError};
use peermark_wire::{Message, WireErrorKind};

use crate::{GREETING, fields, keypair, parts, sealed};

#[test]
fn round_trip_gives_back_every_value() {
    let envelope = sealed(b"hello");
    let opened = Envelope::decode(envelope.as_bytes()).unwrap().open(GREETING).unwrap();
    assert_eq!(opened.payload(), b"hello");
    assert_eq!(opened.signer(), keypair(1).public_key());
    assert_eq!(opened.purpose(), GREETING);
    assert_eq!(opened.envelope(), &envelope);
    assert_eq!(&opened.envelope().as_bytes()[opened.payload_range()], b"hello");
    assert_eq!(opened.into_envelope().into_bytes(), envelope.into_bytes());
}

#[test]
fn an_empty_payload_is_a_payload() {
    let envelope = sealed(b"");
    let opened = Envelope::decode(envelope.as_bytes()).unwrap().open(GREETING).unwrap();
    assert_eq!(opened.payload(), b"");
}

#[test]
fn e6_each_stage_has_its_error() {
    let [key, payload_type, payload, signature] = parts(&sealed(b"payload"));
    let check = |parts: &[(u32, &[u8])], expected: Result<OpenError, DecodeError>| {
        let result = Envelope::decode(&fields(parts)).map(|envelope| envelope.open(GREETING));
        assert_eq!(result.map(|opened| opened.unwrap_err()), expected);
    };
    let whole = |key, payload_type, payload, signature| -> [(u32, &[u8]); 4] {
        [(1, key), (2, payload_type), (3, payload), (5, signature)]
    };

    let unknown_key = [8, 4, 18, 1, 0];
    let unsupported = OpenError::Key(PublicKeyError::UnsupportedType(4));
    check(&whole(&unknown_key, &payload_type, &payload, &signature), Ok(unsupported));
    check_mismatch(&fields(&whole(&key, b"other", &payload, &signature)), b"other", 5);
    check_mismatch(&fields(&whole(&key, &[7; 40], &payload, &signature)), &[7; 32], 40);
    check(&whole(&key, &payload_type, b"altered", &signature), Ok(OpenError::BadSignature));
    check(&whole(&key, &payload_type, &payload, b"forged"), Ok(OpenError::BadSignature));
    let other_key = keypair(2).public_key().encode();
    check(&whole(&other_key, &payload_type, &payload, &signature), Ok(OpenError::BadSignature));

    check(&whole(&key, b"", &payload, &signature), Err(DecodeError::EmptyPayloadType));
    check(&[(1, &key), (3, &payload), (5, &signature)], Err(DecodeError::EmptyPayloadType));
    check(&whole(&key, &payload_type, &payload, b""), Err(DecodeError::EmptySignature));
}

fn check_mismatch(bytes: &[u8], first: &[u8], len: usize) {
    match Envelope::decode(bytes).unwrap().open(GREETING).unwrap_err() {
        OpenError::PayloadTypeMismatch { got } => {
            assert_eq!((got.first_bytes(), got.byte_len()), (first, len));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn e6_a_long_payload_type_is_shown_up_to_32_bytes() {
    let [key, _, payload, signature] = parts(&sealed(b"payload"));
    let shown = |payload_type: &[u8]| {
        let bytes = fields(&[(1, &key), (2, payload_type), (3, &payload), (5, &signature)]);
        match Envelope::decode(&bytes).unwrap().open(GREETING).unwrap_err() {
            OpenError::PayloadTypeMismatch { got } => (got.to_string(), format!("{got:?}")),
            other => panic!("{other:?}"),
        }
    };
    let check = |payload_type: &[u8], expected: String| {
        assert_eq!(shown(payload_type), (expected.clone(), expected));
    };
    check(b"t\x03", "\"t\\x03\"".to_owned());
    check(&[b'a'; 32], format!("\"{}\"", "a".repeat(32)));
    check(&[b'a'; 33], format!("\"{}…\"", "a".repeat(32)));
}

#[test]
fn e6_a_malformed_key_is_told_from_a_malformed_envelope() {
    let [key, payload_type, payload, signature] = parts(&sealed(b"payload"));
    let malformed = |bytes: &[u8]| match Envelope::decode(bytes).unwrap_err() {
        DecodeError::Malformed(error) => (error.message, error.kind, error.offset),
        other => panic!("{other:?}"),
    };
    let without_data = fields(&[(1, &key[..2]), (2, &payload_type), (5, &signature)]);
    let missing = WireErrorKind::MissingField { field: 2 };
    assert_eq!(malformed(&without_data), (Message::PublicKey, missing, 4));
    let without_key = fields(&[(2, &payload_type), (3, &payload), (5, &signature)]);
    let missing = WireErrorKind::MissingField { field: 1 };
    assert_eq!(malformed(&without_key), (Message::Envelope, missing, without_key.len()));
}

#[test]
fn e6_a_key_that_is_no_key_of_its_type_is_a_key_error() {
    let [_, payload_type, payload, signature] = parts(&sealed(b"payload"));
    let short = [8, 1, 18, 2, 0, 0];
    let bytes = fields(&[(1, &short), (2, &payload_type), (3, &payload), (5, &signature)]);
    match Envelope::decode(&bytes).unwrap().open(GREETING).unwrap_err() {
        OpenError::Key(PublicKeyError::Invalid { key_type, .. }) => {
            assert_eq!(key_type, KeyType::Ed25519);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn e6_a_bad_signature_says_that_the_domain_may_be_the_reason() {
    assert!(OpenError::BadSignature.to_string().contains("another domain"));
}

#[test]
fn e4_opening_needs_the_bytes_and_the_purpose_alone() {
    let bytes = sealed(b"payload").into_bytes();
    let open = move || Envelope::decode(&bytes).unwrap().open(GREETING).unwrap();
    let here = (open(), open());
    let elsewhere = std::thread::spawn(open).join().unwrap();
    assert_eq!(here.0, here.1);
    assert_eq!(here.0, elsewhere);
}

#[test]
fn e1_debug_output_shows_no_payload() {
    let envelope = sealed(b"a secret handshake");
    for text in [format!("{envelope:?}"), format!("{:?}", envelope.clone().open(GREETING).unwrap())]
    {
        assert!(!text.contains("handshake") && !text.contains("97, 32"), "{text}");
    }
    assert!(format!("{envelope:?}").contains("verified: false"));
    assert!(format!("{envelope:?}").contains("/peermark/test/greeting"));
    let opened = format!("{:?}", envelope.open(GREETING).unwrap());
    assert!(opened.contains("peermark-test-greeting") && opened.contains("payload_len: 18"));
}

#[test]
fn w1_nothing_above_the_limit_is_read() {
    let limit = Limits::DEFAULT_ENVELOPE_LEN;
    // Garbage of the permitted size is read and found malformed, one byte more is not read.
    let check = |len: usize, limits: Limits, too_large: Option<usize>| {
        let error = Envelope::decode_with(&vec![0xff; len], limits).unwrap_err();
        match too_large {
            Some(limit) => assert_eq!(error, DecodeError::TooLarge { limit, got: len }),
            None => assert!(matches!(error, DecodeError::Malformed(_)), "{error:?}"),
        }
    };
    check(limit, Limits::default(), None);
    check(limit + 1, Limits::default(), Some(limit));
    let small = Limits::new(100).unwrap();
    check(100, small, None);
    check(101, small, Some(100));
    let large = Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap();
    check(65_536, large, None);
    check(65_537, large, Some(65_536));
    let error = Limits::new(65_537).unwrap_err();
    assert_eq!((error.max, error.got), (65_536, 65_537));
}

#[test]
fn single_bit_flips_and_truncations_never_open() {
    let bytes = sealed(b"payload").into_bytes();
    for position in 0..bytes.len() {
        let truncated = Envelope::decode(&bytes[..position]).map(|e| e.open(GREETING));
        assert!(!matches!(truncated, Ok(Ok(_))), "truncated to {position}");
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[position] ^= 1 << bit;
            let opened = Envelope::decode(&flipped).map(|e| e.open(GREETING));
            assert!(!matches!(opened, Ok(Ok(_))), "bit {bit} of byte {position}");
        }
    }
}
