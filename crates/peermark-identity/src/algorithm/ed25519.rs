//! Ed25519, strictly (K2), for the price of the lenient check.
//!
//! The strict set: A and R canonical and not of low order, S below the group order, and
//! `R = [S]B - [k]A` without cofactor. `verify_strict` of the library decompresses R to find its
//! order. That is not needed: the library recomputes R and compares encodings, and what it compares
//! with is canonical, so an R that passes is canonical, and it is of low order exactly when it is
//! one of eight known encodings. The same eight tell whether A is of low order once A is known to
//! be canonical. A is decompressed once, when the key is decoded.
//!
//! S is compared with the group order here, although the library does it too: a feature of the
//! library, which any crate in a build can turn on for all, makes its check lenient.

use ed25519_dalek::ed25519::signature::MultipartVerifier as _;
use ed25519_dalek::{Signature, VerifyingKey};
use multiaddr::PeerId;

use crate::peer_id;
use crate::public_key::{BadSignature, KeyDefect};

/// `PublicKey { type: 1, data: <32 bytes> }` up to the data.
const MESSAGE_PREFIX: [u8; 4] = [0x08, 0x01, 0x12, 0x20];

#[derive(Clone)]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(crate) fn decode(data: &[u8]) -> Result<Self, KeyDefect> {
        let bytes: &[u8; 32] =
            data.try_into().map_err(|_| KeyDefect::Length { got: data.len() })?;
        if !is_canonical(bytes) {
            return Err(KeyDefect::NotCanonical);
        }
        if is_low_order(bytes) {
            return Err(KeyDefect::LowOrder);
        }
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| KeyDefect::NotOnCurve)
    }

    /// The key of a secret: a multiple of the base point, never of low order, encoded canonically.
    pub(crate) fn from_secret(secret: &ed25519_dalek::SigningKey) -> Self {
        Self(secret.verifying_key())
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        peer_id::inline(MESSAGE_PREFIX, self.0.as_bytes())
    }

    #[cfg(not(all(fuzzing, peermark_fake_crypto)))]
    pub(crate) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_strictly(message, signature)
    }

    #[cfg(all(fuzzing, peermark_fake_crypto))]
    pub(crate) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        super::fake::verify(self.0.as_bytes(), message, signature)
    }

    #[cfg_attr(
        all(fuzzing, peermark_fake_crypto),
        expect(dead_code, reason = "the fake stands in for it")
    )]
    fn verify_strictly(&self, message: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        let signature: &[u8; 64] = signature.try_into().map_err(|_| BadSignature)?;
        if !is_admissible(signature) {
            return Err(BadSignature);
        }
        self.0
            .multipart_verify(message, &Signature::from_bytes(signature))
            .map_err(|_| BadSignature)
    }
}

/// What can be refused about a signature without its key: S not below the group order, R of low
/// order.
fn is_admissible(signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_at(32);
    match (r.try_into(), s.try_into()) {
        (Ok(r), Ok(s)) => is_below(s, &GROUP_ORDER) && !is_low_order(r),
        _ => false,
    }
}

/// Whether `point` encodes y < p, and not x = 0 with a negative sign.
fn is_canonical(point: &[u8; 32]) -> bool {
    let y = without_sign(point);
    let negative = y != *point;
    is_below(&y, &FIELD_PRIME) && !(negative && (y == LOW_ORDER_Y[0] || y == LOW_ORDER_Y[1]))
}

/// Whether the canonical encoding `point` is one of the eight points of low order.
fn is_low_order(point: &[u8; 32]) -> bool {
    LOW_ORDER_Y.contains(&without_sign(point))
}

fn without_sign(point: &[u8; 32]) -> [u8; 32] {
    let mut y = *point;
    let [.., last] = &mut y;
    *last &= 0x7f;
    y
}

/// Compares little-endian numbers.
fn is_below(value: &[u8; 32], bound: &[u8; 32]) -> bool {
    value.iter().rev().lt(bound.iter().rev())
}

/// p = 2^255 - 19, little-endian.
const FIELD_PRIME: [u8; 32] = [
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
];

/// L = 2^252 + 27742317777372353535851937790883648493, little-endian.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The y coordinates of the eight points of low order: 1 and -1 (orders 1 and 2, x = 0), 0 (order
/// 4, both signs) and two of order 8 (both signs each).
const LOW_ORDER_Y: [[u8; 32]; 5] = [
    [
        0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::scalar::Scalar;

    use super::*;

    #[test]
    fn k2_the_table_is_the_eight_points_of_low_order() {
        let torsion = EIGHT_TORSION.map(|point| point.compress().0);
        for point in torsion {
            assert!(is_low_order(&point), "{point:02x?}");
            assert!(is_canonical(&point), "{point:02x?}");
        }
        for y in LOW_ORDER_Y {
            assert!(torsion.contains(&y), "{y:02x?}");
        }
        assert!(!is_low_order(&[2; 32]));
    }

    #[test]
    fn k2_the_bounds_are_the_field_and_the_group_order() {
        let minus_one = (Scalar::ZERO - Scalar::ONE).to_bytes();
        assert!(is_below(&minus_one, &GROUP_ORDER));
        let mut order = minus_one;
        order[0] += 1;
        assert_eq!(order, GROUP_ORDER);
        assert!(!is_below(&order, &GROUP_ORDER));
        order[0] += 1;
        assert!(!is_below(&order, &GROUP_ORDER));
        // y = p - 1 is canonical; p to 2^255 - 1 are not; x = 0 has one sign.
        let mut y = FIELD_PRIME;
        for low in 0..=255u8 {
            y[0] = low;
            assert_eq!(is_canonical(&y), low < 0xed, "{low:#x}");
        }
        for x_is_zero in [LOW_ORDER_Y[0], LOW_ORDER_Y[1]] {
            let mut negative = x_is_zero;
            negative[31] |= 0x80;
            assert!(is_canonical(&x_is_zero) && !is_canonical(&negative));
        }
    }

    #[test]
    fn k2_signatures_are_admissible_by_r_and_s() {
        // Here and not by the library alone: a feature of the library makes its check of S lenient.
        let signature = |r: [u8; 32], s: [u8; 32]| {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&r);
            bytes[32..].copy_from_slice(&s);
            bytes
        };
        assert!(is_admissible(&signature([2; 32], [0; 32])));
        assert!(!is_admissible(&signature([2; 32], GROUP_ORDER)));
        assert!(!is_admissible(&signature([2; 32], [0xff; 32])));
        for point in EIGHT_TORSION {
            assert!(!is_admissible(&signature(point.compress().0, [0; 32])));
        }
    }
}
