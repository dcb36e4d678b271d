//! K4: libp2p's private key messages, what is derived and what must match, and what never shows.

use peermark_identity::{Container, KeyType, Keypair, PrivateKeyError, SecretDefect, Signer};

use crate::support::{Random, der, golden, golden_keys, key_message, unhex};

fn check(message: &[u8], key_type: KeyType, reason: SecretDefect) {
    let error = Keypair::decode(message).unwrap_err();
    assert_eq!(error, PrivateKeyError::Invalid { key_type, reason });
}

#[test]
fn k4_ed25519_is_read_in_three_forms_and_written_in_one() {
    let seed = [9; 32];
    let keypair = Keypair::ed25519_from_seed(&seed);
    let public = &keypair.public_key().encode()[4..];
    let (short, normal) = (seed.to_vec(), [&seed, public].concat());
    let long = [&normal[..], public].concat();
    for data in [&short, &normal, &long] {
        let decoded = Keypair::decode(&key_message(1, data)).unwrap();
        assert_eq!(decoded.public_key(), keypair.public_key());
        assert_eq!(*decoded.encode(), key_message(1, &normal));
        assert_eq!(decoded.sign(b"message"), keypair.sign(b"message"));
    }
}

#[test]
fn k4_the_public_half_must_be_that_of_the_secret() {
    let normal = Keypair::ed25519_from_seed(&[9; 32]).encode()[4..].to_vec();
    let long = [&normal[..], &normal[32..]].concat();
    for data in [normal, long] {
        for byte in 32..data.len() {
            let mut bad = data.clone();
            bad[byte] ^= 1;
            check(&key_message(1, &bad), KeyType::Ed25519, SecretDefect::PublicMismatch);
        }
    }
    let ecdsa = unhex(&golden("js/ecdsa_p256_spec").private);
    let mut other_secret = ecdsa.clone();
    other_secret[4 + 7] ^= 1;
    check(&other_secret, KeyType::Ecdsa, SecretDefect::PublicMismatch);
    let mut other_public = ecdsa;
    *other_public.last_mut().unwrap() ^= 1;
    check(&other_public, KeyType::Ecdsa, SecretDefect::PublicMismatch);
}

#[test]
fn k4_secrets_of_other_lengths_are_refused() {
    for got in [0, 1, 31, 33, 63, 65, 95, 97, 128] {
        let reason = SecretDefect::Length { got };
        check(&key_message(1, &vec![1; got]), KeyType::Ed25519, reason);
        check(&key_message(2, &vec![1; got]), KeyType::Secp256k1, reason);
    }
    let reason = SecretDefect::Length { got: 5000 };
    check(&key_message(0, &[0x30; 5000]), KeyType::Rsa, reason);
}

#[test]
fn k4_scalars_are_in_range() {
    let order = unhex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut largest = order.clone();
    *largest.last_mut().unwrap() -= 1;
    assert!(Keypair::decode(&key_message(2, &largest)).is_ok());
    for bad in [vec![0; 32], order, vec![0xff; 32]] {
        check(&key_message(2, &bad), KeyType::Secp256k1, SecretDefect::OutOfRange);
        let error = Keypair::secp256k1_from_secret(&bad.try_into().unwrap()).unwrap_err();
        let (key_type, reason) = (KeyType::Secp256k1, SecretDefect::OutOfRange);
        assert_eq!(error, PrivateKeyError::Invalid { key_type, reason });
    }
}

#[test]
fn k4_types_and_messages_are_as_strict_as_those_of_public_keys() {
    let error = Keypair::decode(&key_message(4, &[1; 32])).unwrap_err();
    assert_eq!(error, PrivateKeyError::UnsupportedType);
    let good = key_message(1, &[9; 32]);
    for bad in [
        vec![],
        good[2..].iter().chain(&good[..2]).copied().collect(),
        [&good[..], &[0x18, 0x01]].concat(),
        [&[0x08, 0x81, 0x00], &good[2..]].concat(),
    ] {
        let error = Keypair::decode(&bad).unwrap_err();
        assert_eq!(error, PrivateKeyError::Malformed);
    }
}

#[test]
fn k4_ecdsa_keys_are_read_without_the_curve_and_written_with_it() {
    let golden = unhex(&golden("js/ecdsa_p256_spec").private);
    let sec1 = &golden[4..];
    let (scalar, point) = (&sec1[5..39], &sec1[51..]);
    let version = [0x02, 0x01, 0x01];
    let without_curve = der(0x30, &[&version[..], scalar, point].concat());
    let keypair = Keypair::decode(&key_message(3, &without_curve)).unwrap();
    assert_eq!(*keypair.encode(), golden);
    let without_point = der(0x30, &[&version[..], scalar, &sec1[39..51]].concat());
    check(&key_message(3, &without_point), KeyType::Ecdsa, SecretDefect::PublicMissing);
}

#[test]
fn generated_keypairs_differ_and_round_trip() {
    let generate: [(KeyType, fn() -> Keypair); 3] = [
        (KeyType::Ed25519, || Keypair::generate_ed25519().unwrap()),
        (KeyType::Secp256k1, || Keypair::generate_secp256k1().unwrap()),
        (KeyType::Ecdsa, || Keypair::generate_ecdsa().unwrap()),
    ];
    for (key_type, generate) in generate {
        let (one, two) = (generate(), generate());
        assert_ne!(one.peer_id(), two.peer_id());
        assert_eq!(one.key_type(), key_type);
        let again = Keypair::decode(&one.encode()).unwrap();
        assert_eq!(again.public_key(), one.public_key());
        let signature = again.sign(b"message").unwrap();
        assert!(one.public_key().verify(b"message", &signature).is_ok());
        assert!(two.public_key().verify(b"message", &signature).is_err());
    }
}

#[test]
fn k4_debug_shows_no_secret() {
    for golden in golden_keys() {
        let keypair = Keypair::decode(&unhex(&golden.private)).unwrap();
        let expected = format!(
            "Keypair {{ key_type: {:?}, peer_id: PeerId(\"{}\"), .. }}",
            keypair.key_type(),
            keypair.peer_id()
        );
        assert_eq!(format!("{keypair:?}"), expected);
        let bytes = keypair.encode();
        assert_eq!(format!("{bytes:?}"), format!("SecretBytes({} bytes)", bytes.len()));
        assert_eq!(format!("{bytes:#?}"), format!("SecretBytes({} bytes)", bytes.len()));
    }
}

/// What an error shows, in every form. It has no cause that could show more.
fn shown(error: &PrivateKeyError) -> String {
    assert!(std::error::Error::source(error).is_none());
    format!("{error} {error:?} {error:#?}")
}

#[test]
fn k4_errors_about_raw_seeds_say_nothing_of_them() {
    type Decoder = fn(&[u8]) -> Result<Keypair, PrivateKeyError>;

    // Every answer that a seed can get, all of them constant. The digits in them are in names.
    let mut answers = vec![shown(&PrivateKeyError::Malformed)];
    answers.push(shown(&PrivateKeyError::UnsupportedType));
    for container in [Container::Pkcs8, Container::Pkcs1, Container::Sec1, Container::Pem] {
        answers.push(shown(&PrivateKeyError::Container(container)));
    }
    // A message is canonical, so how long its data is follows from the 32 bytes that went in.
    let length = SecretDefect::Length { got: 28 };
    for (key_type, reason) in [
        (KeyType::Rsa, SecretDefect::Encoding),
        (KeyType::Ed25519, length),
        (KeyType::Secp256k1, length),
    ] {
        answers.push(shown(&PrivateKeyError::Invalid { key_type, reason }));
    }
    let malformed = "not a libp2p private key message";
    assert_eq!(answers[0], format!("{malformed} Malformed Malformed"));

    // Beginnings that lead far into the message: a type, data of any length, another field.
    let beginnings: [&[u8]; 6] = [&[], &[0x08], &[0x12], &[0x08, 0x01, 0x12], &[0x1a], &[0x12, 30]];
    let decoders: [Decoder; 5] = [
        Keypair::decode,
        Keypair::from_pkcs8_der,
        Keypair::from_pkcs1_der,
        Keypair::from_sec1_der,
        |seed| Keypair::from_pem(seed),
    ];
    let mut random = Random(4);
    for round in 0..10_000 {
        let mut seed: [u8; 32] = random.bytes();
        let beginning = beginnings[if round % 2 == 0 { 0 } else { round / 2 % beginnings.len() }];
        seed[..beginning.len()].copy_from_slice(beginning);
        for decode in decoders {
            let shown = shown(&decode(&seed).unwrap_err());
            assert!(answers.contains(&shown), "{seed:02x?}: {shown}");
        }
    }
}

#[test]
fn k4_errors_do_not_tell_the_number_of_a_type() {
    // Ten bytes of a secret, read as a varint.
    let number = [0xf3, 0xa1, 0x95, 0xd7, 0x8b, 0xe2, 0xc4, 0xb9, 0x86, 0x01];
    let message = [&[0x08][..], &number, &[0x12, 0x00]].concat();
    let error = Keypair::decode(&message).unwrap_err();
    assert_eq!(error, PrivateKeyError::UnsupportedType);
    assert_eq!(error.to_string(), "unsupported key type");
}
