//! The Wycheproof vectors of the four algorithms: every result as they say, and the few that they
//! leave open pinned with the reason.

use peermark_identity::{KeyDefect, KeyType, PublicKey, PublicKeyError};
use wycheproof::ecdsa::{TestFlag as Ecdsa, TestName as EcdsaSet};
use wycheproof::rsa_pkcs1_verify::{TestFlag as Rsa, TestName as RsaSet};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

use crate::support::{decode_key, parse_signature, unhex};

fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(message, signature).is_ok()
}

/// What a set without `acceptable` cases expects.
fn is_valid(result: TestResult, tc_id: usize) -> bool {
    match result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        TestResult::Acceptable => panic!("{tc_id}: not in this version"),
    }
}

#[test]
fn ed25519_is_as_they_say() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tests = 0;
    for group in &set.test_groups {
        let key = decode_key(1, &group.key.pk).unwrap();
        for test in &group.tests {
            let expected = is_valid(test.result, test.tc_id);
            assert_eq!(verifies(&key, &test.msg, &test.sig), expected, "{}", test.tc_id);
            tests += 1;
        }
    }
    assert_eq!(tests, set.number_of_tests);
}

#[test]
fn p256_is_as_they_say() {
    let set = ecdsa::TestSet::load(EcdsaSet::EcdsaSecp256r1Sha256).unwrap();
    let mut tests = 0;
    for group in &set.test_groups {
        let key = decode_key(3, &group.der).unwrap();
        for test in &group.tests {
            let expected = is_valid(test.result, test.tc_id);
            assert_eq!(verifies(&key, &test.msg, &test.sig), expected, "{}", test.tc_id);
            tests += 1;
        }
    }
    assert_eq!(tests, set.number_of_tests);
}

/// The 33-byte form of an uncompressed point.
fn compress(point: &[u8]) -> Vec<u8> {
    assert_eq!((point.len(), point[0]), (65, 0x04));
    [&[0x02 | point[64] & 1], &point[1..33]].concat()
}

#[test]
fn secp256k1_with_low_s_is_as_they_say() {
    let set = ecdsa::TestSet::load(EcdsaSet::EcdsaSecp256k1Sha256Bitcoin).unwrap();
    let mut tests = 0;
    for group in &set.test_groups {
        let key = decode_key(2, &compress(&group.key.key)).unwrap();
        for test in &group.tests {
            let expected = is_valid(test.result, test.tc_id);
            assert_eq!(verifies(&key, &test.msg, &test.sig), expected, "{}", test.tc_id);
            tests += 1;
        }
    }
    assert_eq!(tests, set.number_of_tests);
}

/// This set is not written for a low S: it is as they say, but that a high S is refused (K3).
#[test]
fn secp256k1_is_as_they_say_but_for_high_s() {
    let half = unhex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    let set = ecdsa::TestSet::load(EcdsaSet::EcdsaSecp256k1Sha256).unwrap();
    let mut tests = 0;
    let mut high = 0;
    for group in &set.test_groups {
        let key = decode_key(2, &compress(&group.key.key)).unwrap();
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid if parse_signature(&test.sig).1[..] > half[..] => {
                    assert!(!test.flags.contains(&Ecdsa::SignatureMalleabilityBitcoin));
                    high += 1;
                    false
                }
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{}: not in this version", test.tc_id),
            };
            assert_eq!(verifies(&key, &test.msg, &test.sig), expected, "{}", test.tc_id);
            tests += 1;
        }
    }
    assert_eq!(tests, set.number_of_tests);
    assert!(high > 0);
}

/// What they leave open, and what it is here: by flag, with the reason.
const RSA_ACCEPTABLE: [(Rsa, bool, &str); 1] = [(
    Rsa::MissingNull,
    false,
    "the digest algorithm without NULL: RFC 8017 wants it written, and one encoding is enough",
)];

/// As they say, but that keys with the exponent 3, which they call small and use in valid
/// signatures, are no keys here (K3).
#[test]
fn rsa_is_as_they_say_but_for_small_exponents() {
    let mut acceptable = 0;
    let mut small = 0;
    for name in
        [RsaSet::Rsa2048Sha256, RsaSet::Rsa3072Sha256, RsaSet::Rsa4096Sha256, RsaSet::Rsa8192Sha256]
    {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        let mut tests = 0;
        for group in &set.test_groups {
            let key = decode_key(0, &group.der);
            for test in &group.tests {
                tests += 1;
                if test.flags.contains(&Rsa::SmallPublicKey) {
                    assert_eq!(key, Err(EXPONENT), "{name:?} {}", test.tc_id);
                    small += 1;
                    continue;
                }
                let expected = match test.result {
                    TestResult::Valid => true,
                    TestResult::Invalid => false,
                    TestResult::Acceptable => {
                        let mut pinned = RSA_ACCEPTABLE.iter();
                        let pin = pinned.find(|(flag, ..)| test.flags.contains(flag));
                        acceptable += 1;
                        pin.unwrap_or_else(|| panic!("{name:?} {test:?}")).1
                    }
                };
                let key = key.as_ref().unwrap_or_else(|error| panic!("{name:?} {test:?} {error}"));
                let got = verifies(key, &test.msg, &test.sig);
                assert_eq!(got, expected, "{name:?} {} {:?}", test.tc_id, test.flags);
            }
        }
        assert_eq!(tests, set.number_of_tests);
    }
    assert_eq!((acceptable, small), (4, 3));
}

const EXPONENT: PublicKeyError =
    PublicKeyError::Invalid { key_type: KeyType::Rsa, reason: KeyDefect::Exponent };
