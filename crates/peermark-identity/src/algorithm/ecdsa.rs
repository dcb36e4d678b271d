//! ECDSA on P-256 over SHA-256 (K3).
//!
//! A key is exactly one 91-byte SubjectPublicKeyInfo: algorithm id-ecPublicKey, curve P-256, point
//! uncompressed. js-libp2p writes a form of its own, which nobody else reads, and which is refused
//! here as well.
//!
//! Decoding does not check that the point is on the curve. The library checks it whenever it
//! computes with a point; it has no function for that check alone, and its key agreement, which
//! would do, costs a multiplication for each key. A key off the curve therefore decodes, has a peer
//! id, and every signature by it is a bad signature: nothing can be certified in its name.

use multiaddr::PeerId;
use ring::digest;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use crate::peer_id;
use crate::public_key::{BadSignature, KeyDefect};

/// SubjectPublicKeyInfo of a P-256 key up to the 64 bytes of the coordinates:
/// `SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING 00 04 .. }` (RFC 5480).
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Where the point starts: its first byte, `04`, ends the prefix.
const POINT_AT: usize = SPKI_PREFIX.len() - 1;

const SPKI_LEN: usize = 91;

/// `PublicKey { type: 3, data: <91 bytes> }` up to the data.
const MESSAGE_PREFIX: [u8; 4] = [0x08, 0x03, 0x12, 0x5b];

/// The shortest signature is two INTEGERs of one byte, the longest two of 33.
const SIGNATURE_LEN: core::ops::RangeInclusive<usize> = 8..=72;

#[derive(Clone)]
pub(crate) struct PublicKey {
    spki: [u8; SPKI_LEN],
}

impl PublicKey {
    pub(crate) fn decode(data: &[u8]) -> Result<Self, KeyDefect> {
        let spki: [u8; SPKI_LEN] =
            data.try_into().map_err(|_| KeyDefect::Length { got: data.len() })?;
        if !spki.starts_with(&SPKI_PREFIX) {
            return Err(KeyDefect::Encoding);
        }
        Ok(Self { spki })
    }

    /// The key with this uncompressed point, `04` in front.
    pub(crate) fn from_point(point: &[u8]) -> Result<Self, KeyDefect> {
        let (prefix, _) = SPKI_PREFIX.split_at(POINT_AT);
        Self::decode(&[prefix, point].concat())
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.spki
    }

    /// The uncompressed point, `04` in front.
    pub(crate) fn point(&self) -> &[u8] {
        let (_, point) = self.spki.split_at(POINT_AT);
        point
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&MESSAGE_PREFIX);
        context.update(&self.spki);
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        peer_id::hashed(&bytes)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if !SIGNATURE_LEN.contains(&signature.len()) {
            return Err(BadSignature);
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.point())
            .verify(message, signature)
            .map_err(|_| BadSignature)
    }
}
