//! K3 for the two ECDSA curves: encodings of keys and signatures, high and low S.

use peermark_identity::{
    BadSignature, KeyDefect, KeyType, Keypair, PublicKey, PublicKeyError, Signer,
};

use crate::support::{decode_key, der, der_integer, golden, parse_signature, subtract, unhex};

/// The orders of the two groups, big-endian (SEC 2, section 2.4.1 and 2.4.2).
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const SECP256K1_ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

struct Curve {
    keypair: Keypair,
    order: [u8; 32],
}

fn p256() -> Curve {
    Curve {
        keypair: Keypair::decode(&unhex(&golden("js/ecdsa_p256_spec").private)).unwrap(),
        order: unhex(P256_ORDER).try_into().unwrap(),
    }
}

fn secp256k1() -> Curve {
    Curve {
        keypair: Keypair::secp256k1_from_secret(&[3; 32]).unwrap(),
        order: unhex(SECP256K1_ORDER).try_into().unwrap(),
    }
}

fn signature_of(r: &[u8], s: &[u8]) -> Vec<u8> {
    der(0x30, &[der_integer(r), der_integer(s)].concat())
}

/// Low and high S of sixteen signatures: whether each verifies.
fn check_both_s(curve: &Curve, high_is_good: bool) {
    let key = curve.keypair.public_key();
    for message in 0..16u8 {
        let (r, s) = parse_signature(&curve.keypair.sign(&[message]).unwrap());
        let other = subtract(&curve.order, &s);
        let (low, high) = (s.min(other), s.max(other));
        assert_eq!(key.verify(&[message], &signature_of(&r, &low)), Ok(()));
        let verified = key.verify(&[message], &signature_of(&r, &high));
        assert_eq!(verified.is_ok(), high_is_good);
    }
}

#[test]
fn k3_p256_takes_high_and_low_s() {
    check_both_s(&p256(), true);
}

#[test]
fn k3_secp256k1_takes_low_s_only() {
    check_both_s(&secp256k1(), false);
}

#[test]
fn k3_signatures_are_strict_der() {
    for curve in [p256(), secp256k1()] {
        let key = curve.keypair.public_key();
        // Numbers of 32 bytes with the top bit set get a zero in front; look for both kinds.
        for message in 0..32u8 {
            let good = curve.keypair.sign(&[message]).unwrap();
            assert_eq!(key.verify(&[message], &good), Ok(()));
            let (r, s) = parse_signature(&good);
            assert_eq!(signature_of(&r, &s), good);
            for bad in lax_forms(&r, &s) {
                assert_eq!(key.verify(&[message], &bad), Err(BadSignature), "{bad:02x?}");
            }
        }
    }
}

/// The same two numbers in encodings that lax parsers take.
fn lax_forms(r: &[u8; 32], s: &[u8; 32]) -> Vec<Vec<u8>> {
    let (int_r, int_s) = (der_integer(r), der_integer(s));
    let body = [&int_r[..], &int_s].concat();
    let good = der(0x30, &body);
    let padded = |int: &[u8]| der(0x02, &[&[0][..], &int[2..]].concat());
    let long = |value: &[u8]| [&[value[0], 0x81, value[1]], &value[2..]].concat();
    let mut forms = vec![
        // Something behind the signature, or inside it; something missing.
        [&good[..], &[0]].concat(),
        der(0x30, &[&body[..], &[0]].concat()),
        der(0x30, &[&body[..], &[0x05, 0x00]].concat()),
        good[..good.len() - 1].to_vec(),
        der(0x30, &int_r),
        // Lengths in the long form, and indefinite.
        long(&good),
        der(0x30, &[long(&int_r), int_s.clone()].concat()),
        der(0x30, &[int_r.clone(), long(&int_s)].concat()),
        [&[0x30, 0x80], &body[..], &[0, 0]].concat(),
        // Zeros in front of a number that needs none.
        der(0x30, &[padded(&int_r), int_s.clone()].concat()),
        der(0x30, &[int_r.clone(), padded(&int_s)].concat()),
        // Other tags.
        der(0x31, &body),
        der(0x30, &[&[0x03][..], &int_r[1..], &int_s].concat()),
        // No DER at all: the two numbers, as P1363 writes them.
        [&r[..], s].concat(),
        vec![],
    ];
    // A number with the top bit set and no zero in front is negative.
    if int_r[2] == 0 {
        let negative = der(0x02, &int_r[3..]);
        forms.push(der(0x30, &[negative, int_s.clone()].concat()));
    }
    if int_s[2] == 0 {
        let negative = der(0x02, &int_s[3..]);
        forms.push(der(0x30, &[int_r, negative].concat()));
    }
    forms
}

#[test]
fn k3_numbers_out_of_range_are_bad_signatures() {
    for curve in [p256(), secp256k1()] {
        let key = curve.keypair.public_key();
        let (r, s) = parse_signature(&curve.keypair.sign(b"message").unwrap());
        let zero = [0; 32];
        let too_long = [&[1][..], &zero].concat();
        let (order, ones) = (curve.order, [0xff; 32]);
        for bad in [&zero[..], &order, &ones, &too_long] {
            assert_eq!(key.verify(b"message", &signature_of(bad, &s)), Err(BadSignature));
            assert_eq!(key.verify(b"message", &signature_of(&r, bad)), Err(BadSignature));
        }
    }
}

#[test]
fn k3_p256_signatures_have_8_to_72_bytes() {
    let key = p256().keypair;
    for len in (0..8).chain([73, 74, 128, 1 << 16]) {
        let verified = key.public_key().verify(b"message", &vec![0x30; len]);
        assert_eq!(verified, Err(BadSignature), "{len}");
    }
    let lengths: Vec<usize> = (0..200u8).map(|n| key.sign(&[n]).unwrap().len()).collect();
    assert!(lengths.iter().all(|len| (68..=72).contains(len)), "{lengths:?}");
    assert!(lengths.contains(&72));
}

#[test]
fn k3_p256_keys_have_one_form() {
    let good = unhex(&golden("js/ecdsa_p256_spec").public)[4..].to_vec();
    let key = decode_key(3, &good).unwrap();
    assert_eq!(key.encode()[4..], good);
    let (prefix, point) = good.split_at(26);
    let compressed = [&[0x02 | point[64] & 1], &point[1..33]].concat();
    let hybrid = [&[0x06 | point[64] & 1], &point[1..]].concat();
    let bits = |point: &[u8]| der(0x03, &[&[0][..], point].concat());
    let algorithm = &good[2..23];
    let spki = |bits: &[u8]| der(0x30, &[algorithm, bits].concat());
    assert_eq!(spki(&bits(point)), good);
    for bad in [
        // The point alone, compressed, hybrid, and with unused bits.
        point.to_vec(),
        spki(&bits(&compressed)),
        [prefix, &hybrid].concat(),
        spki(&der(0x03, &[&[1][..], point].concat())),
        // BER lengths, something behind, something missing.
        [&[0x30, 0x81, 0x59], &good[2..]].concat(),
        [&good[..], &[0]].concat(),
        good[..90].to_vec(),
        vec![],
        // js-libp2p's own form.
        unhex(&golden("js/ecdsa_p256_js").public)[4..].to_vec(),
    ] {
        let error = decode_key(3, &bad).unwrap_err();
        let reason = if bad.len() == 91 {
            KeyDefect::Encoding
        } else {
            KeyDefect::Length { got: bad.len() }
        };
        assert_eq!(error, invalid(KeyType::Ecdsa, reason));
    }
    // Each of the 27 bytes in front of the coordinates.
    for bit in 0..27 * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode_key(3, &bad), Err(invalid(KeyType::Ecdsa, KeyDefect::Encoding)));
    }
}

#[test]
fn k3_p256_keys_off_the_curve_verify_nothing() {
    let curve = p256();
    let signature = curve.keypair.sign(b"message").unwrap();
    let mut data = curve.keypair.public_key().encode()[4..].to_vec();
    data[90] ^= 1;
    let key = decode_key(3, &data).unwrap();
    assert_eq!(key.verify(b"message", &signature), Err(BadSignature));
    assert_ne!(key.peer_id(), curve.keypair.peer_id());
}

#[test]
fn k3_secp256k1_keys_are_33_bytes_and_on_the_curve() {
    let keypair = secp256k1().keypair;
    let good = keypair.public_key().encode()[4..].to_vec();
    assert_eq!(good.len(), 33);
    let point = uncompressed(&good);
    for bad in [&point[..], &good[..32], &point[..34], &[]] {
        let reason = KeyDefect::Length { got: bad.len() };
        assert_eq!(decode_key(2, bad), Err(invalid(KeyType::Secp256k1, reason)));
    }
    for first in (0..=255u8).filter(|first| !matches!(first, 2 | 3)) {
        let bad = [&[first], &good[1..]].concat();
        let error = invalid(KeyType::Secp256k1, KeyDefect::Encoding);
        assert_eq!(decode_key(2, &bad), Err(error));
    }
    // x = 5 is on no point of the curve; x = 1 is; x = p + 1 is x = 1 again, not reduced.
    let x = |last: u8| {
        let mut data = [0; 33];
        data[0] = 2;
        data[32] = last;
        data
    };
    let off = invalid(KeyType::Secp256k1, KeyDefect::NotOnCurve);
    assert!(decode_key(2, &x(1)).is_ok());
    assert_eq!(decode_key(2, &x(5)), Err(off));
    let unreduced = unhex("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30");
    assert_eq!(decode_key(2, &unreduced), Err(off));
}

/// The 65-byte form of a compressed point, from the library.
fn uncompressed(compressed: &[u8]) -> [u8; 65] {
    let point = secp256k1::PublicKey::from_slice(compressed).unwrap();
    point.serialize_uncompressed()
}

fn invalid(key_type: KeyType, reason: KeyDefect) -> PublicKeyError {
    PublicKeyError::Invalid { key_type, reason }
}

#[test]
fn secp256k1_signatures_are_deterministic() {
    // RFC 6979 with SHA-256, secret 1, "Satoshi Nakamoto": a vector that many libraries carry.
    let mut one = [0; 32];
    one[31] = 1;
    let keypair = Keypair::secp256k1_from_secret(&one).unwrap();
    let signature = keypair.sign(b"Satoshi Nakamoto").unwrap();
    let (r, s) = parse_signature(&signature);
    let expected = unhex(
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
         2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    );
    assert_eq!([r, s].concat(), expected);
    let key = PublicKey::decode(&keypair.public_key().encode()).unwrap();
    assert_eq!(key.verify(b"Satoshi Nakamoto", &signature), Ok(()));
}
