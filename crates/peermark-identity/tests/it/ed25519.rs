//! K2 clause by clause, on signatures built for the purpose, against the library's strict check.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use peermark_identity::{BadSignature, KeyDefect, KeyType, Keypair, PublicKeyError, Signer};
use ring::digest;

use crate::support::{Random, decode_key, unhex};

/// 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

pub(crate) fn ours(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    decode_key(1, key).is_ok_and(|key| key.verify(message, signature).is_ok())
}

/// The strict set as the library has it, and the canonical A that it does not ask for.
pub(crate) fn strict(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key: [u8; 32] = key.try_into().unwrap();
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    let canonical =
        CompressedEdwardsY(key).decompress().is_some_and(|point| point.compress().0 == key);
    canonical
        && VerifyingKey::from_bytes(&key)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

pub(crate) fn lenient(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(key.try_into().unwrap());
    let signature = Signature::from_slice(signature);
    key.is_ok_and(|key| signature.is_ok_and(|sig| key.verify(message, &sig).is_ok()))
}

/// The signature of somebody who knows the discrete logarithms: `a` of the key, `r` of R, each up
/// to a point of low order.
fn sign(a: Scalar, key: &[u8; 32], r: Scalar, big_r: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let hashed = digest::digest(&digest::SHA512, &[big_r, key, message].concat());
    let k = Scalar::from_bytes_mod_order_wide(hashed.as_ref().try_into().unwrap());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(big_r);
    signature[32..].copy_from_slice((r + k * a).as_bytes());
    signature
}

/// Every encoding of `point` that decompresses to it: the canonical one, y + p where that fits, and
/// the negative zeros.
fn encodings(point: EdwardsPoint) -> Vec<[u8; 32]> {
    let canonical = point.compress().0;
    let mut all = vec![canonical];
    let mut y = canonical;
    y[31] &= 0x7f;
    if y[0] < 19 && y[1..] == [0; 31] {
        let mut unreduced = [0xff; 32];
        unreduced[0] = 0xed + y[0];
        unreduced[31] = 0x7f | canonical[31] & 0x80;
        all.push(unreduced);
    }
    for mut encoding in all.clone() {
        encoding[31] ^= 0x80;
        let same = CompressedEdwardsY(encoding).decompress();
        if same.is_some_and(|other| other == point) {
            all.push(encoding);
        }
    }
    all
}

#[test]
fn k2_accepted_set_is_the_strict_set_over_all_torsion_components() {
    let mut random = Random(2);
    let a = Scalar::from_bytes_mod_order(random.bytes());
    let mut accepted = [[0usize; 8]; 2];
    let mut lenient_only = 0;
    for secret in [Scalar::ZERO, a] {
        for (torsion_a, in_a) in EIGHT_TORSION.iter().enumerate() {
            let point = EdwardsPoint::mul_base(&secret) + in_a;
            for key in encodings(point) {
                for r in [Scalar::ZERO, Scalar::from_bytes_mod_order(random.bytes())] {
                    for in_r in EIGHT_TORSION {
                        let big_r = EdwardsPoint::mul_base(&r) + in_r;
                        for big_r in encodings(big_r) {
                            for message in 0..12u8 {
                                let signature = sign(secret, &key, r, &big_r, &[message]);
                                let got = ours(&key, &[message], &signature);
                                assert_eq!(got, strict(&key, &[message], &signature));
                                let small =
                                    usize::from(secret == Scalar::ZERO || r == Scalar::ZERO);
                                accepted[small][torsion_a] += usize::from(got);
                                lenient_only +=
                                    usize::from(!got && lenient(&key, &[message], &signature));
                            }
                        }
                    }
                }
            }
        }
    }
    // Keys with a component of low order verify what fits them; nothing of low order ever does.
    assert!(accepted[0].iter().all(|count| *count > 0), "{accepted:?}");
    assert_eq!(accepted[1], [0; 8]);
    assert!(lenient_only > 100, "{lenient_only}");
}

#[test]
fn k2_low_order_r_is_refused() {
    // A key with a component of order 8, so that every point of low order is R for some message.
    let a = Scalar::from(3u8);
    let key = (EdwardsPoint::mul_base(&a) + EIGHT_TORSION[1]).compress().0;
    for r in EIGHT_TORSION {
        let r = r.compress().0;
        let message = (0u32..)
            .map(u32::to_le_bytes)
            .find(|message| lenient(&key, message, &sign(a, &key, Scalar::ZERO, &r, message)));
        let message = message.unwrap();
        let signature = sign(a, &key, Scalar::ZERO, &r, &message);
        let key = decode_key(1, &key).unwrap();
        assert_eq!(key.verify(&message, &signature), Err(BadSignature));
    }
}

#[test]
fn k2_verification_is_without_cofactor() {
    let (a, r) = (Scalar::from(5u8), Scalar::from(7u8));
    let key = EdwardsPoint::mul_base(&a).compress().0;
    for (index, torsion) in EIGHT_TORSION.iter().enumerate() {
        let big_r = (EdwardsPoint::mul_base(&r) + torsion).compress().0;
        let signature = sign(a, &key, r, &big_r, b"message");
        assert_eq!(ours(&key, b"message", &signature), index == 0);
    }
}

#[test]
fn k2_keys_of_low_order_have_no_peer_id() {
    for point in EIGHT_TORSION {
        check_key(&point.compress().0, KeyDefect::LowOrder);
        for encoding in encodings(point).into_iter().skip(1) {
            check_key(&encoding, KeyDefect::NotCanonical);
        }
    }
}

#[test]
fn k2_keys_that_are_not_canonical_have_no_peer_id() {
    let mut on_the_curve = 0;
    for y in 0xed..=0xff {
        for last in [0x7f, 0xff] {
            let mut encoding = [0xff; 32];
            encoding[0] = y;
            encoding[31] = last;
            check_key(&encoding, KeyDefect::NotCanonical);
            on_the_curve += usize::from(CompressedEdwardsY(encoding).decompress().is_some());
        }
    }
    assert!(on_the_curve > 10, "the library takes them");
    // Negative zero at y = 1 and y = -1; and the largest y that is canonical.
    let mut encoding = [0; 32];
    encoding[0] = 1;
    encoding[31] = 0x80;
    check_key(&encoding, KeyDefect::NotCanonical);
    let mut encoding = [0xff; 32];
    encoding[0] = 0xec;
    check_key(&encoding, KeyDefect::NotCanonical);
    encoding[31] = 0x7f;
    check_key(&encoding, KeyDefect::LowOrder);
    encoding[0] = 0xeb;
    let canonical = decode_key(1, &encoding);
    assert_eq!(canonical.is_ok(), VerifyingKey::from_bytes(&encoding).is_ok());
}

#[test]
fn k2_keys_off_the_curve_and_of_other_lengths_are_refused() {
    let mut random = Random(3);
    let off = (0..).map(|_| random.bytes::<32>());
    let off = off.filter(|bytes| VerifyingKey::from_bytes(bytes).is_err());
    for bytes in off.take(50) {
        check_key(&bytes, KeyDefect::NotOnCurve);
    }
    for got in [0, 1, 31, 33, 64] {
        check_key(&vec![9; got], KeyDefect::Length { got });
    }
}

fn check_key(data: &[u8], reason: KeyDefect) {
    let key_type = KeyType::Ed25519;
    assert_eq!(decode_key(1, data), Err(PublicKeyError::Invalid { key_type, reason }));
}

#[test]
fn k2_s_is_below_the_group_order() {
    let keypair = Keypair::ed25519_from_seed(&[4; 32]);
    let key = keypair.public_key();
    let order: [u8; 32] = unhex(ORDER).try_into().unwrap();
    for message in 0..64u8 {
        let mut signature = keypair.sign(&[message]).unwrap();
        assert_eq!(key.verify(&[message], &signature), Ok(()));
        // S + L, S + 2L, .. while it fits: the same residue, and none of them verifies.
        loop {
            let mut carry = 0;
            for (byte, add) in signature[32..].iter_mut().zip(order) {
                let sum = u16::from(*byte) + u16::from(add) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
            if carry != 0 {
                break;
            }
            assert_eq!(key.verify(&[message], &signature), Err(BadSignature));
        }
    }
}

#[test]
fn k2_mutated_signatures_are_accepted_exactly_when_strict() {
    let mut random = Random(4);
    let mut accepted = 0;
    for _ in 0..40 {
        let keypair = Keypair::ed25519_from_seed(&random.bytes());
        let message: [u8; 40] = random.bytes();
        let signature = keypair.sign(&message).unwrap();
        let encoded = keypair.public_key().encode();
        let key: [u8; 32] = encoded[4..].try_into().unwrap();
        for _ in 0..50 {
            let (mut key, mut message, mut signature) = (key, message, signature.clone());
            match random.below(6) {
                0 => {}
                1 => key[random.below(32)] ^= 1 << random.below(8),
                2 => message[random.below(40)] ^= 1 << random.below(8),
                3 => signature[random.below(64)] ^= 1 << random.below(8),
                4 => {
                    let torsion = EIGHT_TORSION[random.below(8)].compress().0;
                    signature[..32].copy_from_slice(&torsion);
                }
                _ => signature[32..].copy_from_slice(&random.bytes::<32>()),
            }
            let got = ours(&key, &message, &signature);
            assert_eq!(got, strict(&key, &message, &signature));
            accepted += usize::from(got);
        }
    }
    assert!((200..500).contains(&accepted), "{accepted}");
}

#[test]
fn k2_signatures_are_64_bytes_and_no_bit_is_free() {
    let keypair = Keypair::ed25519_from_seed(&[5; 32]);
    let key = keypair.public_key();
    let signature = keypair.sign(b"message").unwrap();
    assert_eq!(signature.len(), 64);
    for len in (0..64).chain([65, 96, 128]) {
        let mut other = signature.clone();
        other.resize(len, 0);
        assert_eq!(key.verify(b"message", &other), Err(BadSignature), "{len}");
    }
    for bit in 0..512 {
        let mut other = signature.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.verify(b"message", &other), Err(BadSignature), "bit {bit}");
    }
}

#[test]
fn rfc8032_vectors_are_signed_and_verified() {
    // RFC 8032, section 7.1, tests 1 and 3: seed, public key, message, signature.
    let vectors = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];
    for vector in vectors {
        let [seed, public, message, signature] = vector.map(unhex);
        let keypair = Keypair::ed25519_from_seed(&seed.try_into().unwrap());
        assert_eq!(keypair.public_key().encode()[4..], public);
        assert_eq!(keypair.sign(&message), Ok(signature.clone()));
        assert_eq!(keypair.public_key().verify(&message, &signature), Ok(()));
    }
}
