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

use crate::peer_id::PeerId;
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
        PeerId::inline(MESSAGE_PREFIX, self.0.as_bytes())
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
        let (r, s) = signature.split_first_chunk().ok_or(BadSignature)?;
        let s = s.first_chunk().ok_or(BadSignature)?;
        if !is_below(s, &GROUP_ORDER) || is_low_order(r) {
            return Err(BadSignature);
        }
        self.0
            .multipart_verify(message, &Signature::from_bytes(signature))
            .map_err(|_| BadSignature)
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
