//! K4: private keys in PKCS#8, PKCS#1, SEC1 and PEM. The PEM files hold the golden keys; see
//! `tests/data/README.md`.

use peermark_identity::{Container, KeyDefect, KeyType, Keypair, PrivateKeyError, SecretDefect};

use crate::support::{der, golden, unhex};

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../data/", $name, ".pem"))
    };
}

/// The DER in a PEM text, by the definition.
fn der_of(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
}

fn check(imported: Result<Keypair, PrivateKeyError>, name: &str) {
    let golden = golden(name);
    let keypair = imported.unwrap();
    assert_eq!(keypair.peer_id().to_string(), golden.peer_id);
    assert_eq!(*keypair.encode(), unhex(&golden.private), "{name}");
}

#[test]
fn k4_pem_of_every_kind_is_the_same_key() {
    check(Keypair::from_pem(pem!("ed25519.pkcs8")), "js/ed25519");
    check(Keypair::from_pem(pem!("secp256k1.pkcs8")), "js/secp256k1");
    check(Keypair::from_pem(pem!("secp256k1.sec1")), "js/secp256k1");
    check(Keypair::from_pem(pem!("ecdsa.pkcs8")), "js/ecdsa_p256_spec");
    check(Keypair::from_pem(pem!("ecdsa.sec1")), "js/ecdsa_p256_spec");
    check(Keypair::from_pem(pem!("rsa.pkcs8")), "js/rsa2048");
    check(Keypair::from_pem(pem!("rsa.pkcs1")), "js/rsa2048");
}

#[test]
fn k4_der_of_every_kind_is_the_same_key() {
    check(Keypair::from_pkcs8_der(&der_of(pem!("ed25519.pkcs8"))), "js/ed25519");
    check(Keypair::from_pkcs8_der(&der_of(pem!("secp256k1.pkcs8"))), "js/secp256k1");
    check(Keypair::from_sec1_der(&der_of(pem!("secp256k1.sec1"))), "js/secp256k1");
    check(Keypair::from_pkcs8_der(&der_of(pem!("ecdsa.pkcs8"))), "js/ecdsa_p256_spec");
    check(Keypair::from_sec1_der(&der_of(pem!("ecdsa.sec1"))), "js/ecdsa_p256_spec");
    check(Keypair::from_pkcs8_der(&der_of(pem!("rsa.pkcs8"))), "js/rsa2048");
    check(Keypair::from_pkcs1_der(&der_of(pem!("rsa.pkcs1"))), "js/rsa2048");
}

#[test]
fn pem_is_found_among_other_text() {
    // What `openssl ecparam -genkey` writes, text around, Windows line ends.
    check(Keypair::from_pem(pem!("ecdsa.sec1-with-parameters")), "js/ecdsa_p256_spec");
    let around = format!(
        "my key\n{}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        pem!("ed25519.pkcs8")
    );
    check(Keypair::from_pem(around), "js/ed25519");
    check(Keypair::from_pem(pem!("rsa.pkcs8").replace('\n', "\r\n")), "js/rsa2048");
    // The first of several.
    let both = [pem!("secp256k1.sec1"), pem!("ed25519.pkcs8")].concat();
    check(Keypair::from_pem(both), "js/secp256k1");
}

#[test]
fn pem_that_is_no_private_key_is_refused() {
    let pem = PrivateKeyError::Container(Container::Pem);
    let good = pem!("ed25519.pkcs8");
    let cases = [
        (String::new(), pem),
        ("no key here".to_owned(), pem),
        (good.replace("END", "ENDE"), pem),
        (good.replace("PRIVATE", "PUBLIC"), pem),
        (good.replace("MC4C", "M*4C"), pem),
        (good.replace("MC4C", "MC4"), pem),
        ("-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----".to_owned(), pem),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            PrivateKeyError::Container(Container::Pkcs8),
        ),
        (good.replace("PRIVATE", "RSA PRIVATE"), PrivateKeyError::Container(Container::Pkcs1)),
        (good.replace("PRIVATE", "EC PRIVATE"), PrivateKeyError::Container(Container::Sec1)),
        (pem!("encrypted.pkcs8").to_owned(), PrivateKeyError::Encrypted),
        (pem!("encrypted.pkcs1").to_owned(), PrivateKeyError::Encrypted),
        (pem!("p384.pkcs8").to_owned(), PrivateKeyError::UnsupportedAlgorithm),
    ];
    for (text, error) in cases {
        assert_eq!(Keypair::from_pem(&text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn k4_rsa_outside_the_sizes_is_refused_with_the_size() {
    let small = SecretDefect::Public(KeyDefect::Modulus { bits: 1024 });
    let large = SecretDefect::ModulusTooLong { bits: 5120 };
    for (pem, reason) in [(pem!("rsa1024.pkcs1"), small), (pem!("rsa5120.pkcs1"), large)] {
        let error = Keypair::from_pem(pem).unwrap_err();
        let key_type = KeyType::Rsa;
        assert_eq!(error, PrivateKeyError::Invalid { key_type, reason });
    }
}

#[test]
fn k4_rsa_numbers_must_belong_together() {
    let good = der_of(pem!("rsa.pkcs1"));
    // Version, modulus and exponent, then the header and the 256 or 257 bytes of d: the one number
    // that is carried along unchecked.
    let d = 4 + 3 + 261 + 5 + 4..4 + 3 + 261 + 5 + 4 + 257;
    for at in (4..good.len()).step_by(7).filter(|at| !d.contains(at)) {
        let mut bad = good.clone();
        bad[at] ^= 2;
        assert!(Keypair::from_pkcs1_der(&bad).is_err(), "byte {at}");
    }
}

#[test]
fn der_is_strict_and_whole() {
    let pkcs8 = der_of(pem!("ed25519.pkcs8"));
    let pkcs1 = der_of(pem!("rsa.pkcs1"));
    let sec1 = der_of(pem!("ecdsa.sec1"));
    for (container, good) in
        [(Container::Pkcs8, pkcs8), (Container::Pkcs1, pkcs1), (Container::Sec1, sec1)]
    {
        let import = match container {
            Container::Pkcs8 => Keypair::from_pkcs8_der,
            Container::Pkcs1 => Keypair::from_pkcs1_der,
            _ => Keypair::from_sec1_der,
        };
        assert!(import(&good).is_ok());
        let behind = [&good[..], &[0]].concat();
        for bad in [&good[..good.len() - 1], &behind, &good[1..], &[]] {
            assert_eq!(import(bad).unwrap_err(), PrivateKeyError::Container(container));
        }
    }
}

#[test]
fn k4_pkcs8_ed25519_with_another_public_half_is_refused() {
    // PKCS#8 version 2 (RFC 5958) carries the public key; RFC 8410, section 10.3.
    let seed = unhex("d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842");
    let public = unhex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    let info = |public: &[u8]| {
        let algorithm = unhex("300506032b6570");
        let key = der(0x04, &der(0x04, &seed));
        let public = der(0x81, &[&[0][..], public].concat());
        der(0x30, &[unhex("020101"), algorithm, key, public].concat())
    };
    let keypair = Keypair::from_pkcs8_der(&info(&public)).unwrap();
    assert_eq!(keypair.public_key().encode()[4..], public);
    let mut other = public;
    other[0] ^= 1;
    let error = Keypair::from_pkcs8_der(&info(&other)).unwrap_err();
    let (key_type, reason) = (KeyType::Ed25519, SecretDefect::PublicMismatch);
    assert_eq!(error, PrivateKeyError::Invalid { key_type, reason });
}

#[test]
fn sec1_must_name_a_curve_and_the_right_one() {
    let sec1 = der_of(pem!("ecdsa.sec1"));
    let (scalar, point) = (&sec1[5..39], &sec1[51..]);
    let key = |parameters: &[u8]| {
        der(0x30, &[&[0x02, 0x01, 0x01][..], scalar, parameters, point].concat())
    };
    assert!(Keypair::from_sec1_der(&key(&sec1[39..51])).is_ok());
    let secp384r1 = unhex("a00706052b81040022");
    for parameters in [&[][..], &secp384r1] {
        let error = Keypair::from_sec1_der(&key(parameters)).unwrap_err();
        assert_eq!(error, PrivateKeyError::UnsupportedAlgorithm);
    }
    // A PKCS#8 of one curve around a SEC1 of another.
    let pkcs8 = |curve: &str, key: &[u8]| {
        let algorithm = der(0x30, &[unhex("06072a8648ce3d0201"), unhex(curve)].concat());
        der(0x30, &[unhex("020100"), algorithm, der(0x04, key)].concat())
    };
    let (p256, secp256k1) = ("06082a8648ce3d030107", "06052b8104000a");
    assert!(Keypair::from_pkcs8_der(&pkcs8(p256, &sec1)).is_ok());
    let error = Keypair::from_pkcs8_der(&pkcs8(secp256k1, &sec1)).unwrap_err();
    assert_eq!(error, PrivateKeyError::UnsupportedAlgorithm);
    // The public half of P-256 with a scalar on secp256k1.
    let error = Keypair::from_pkcs8_der(&pkcs8(secp256k1, &key(&[]))).unwrap_err();
    let (key_type, reason) = (KeyType::Secp256k1, SecretDefect::PublicMismatch);
    assert_eq!(error, PrivateKeyError::Invalid { key_type, reason });
}
