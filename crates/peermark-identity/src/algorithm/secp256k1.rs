//! ECDSA on secp256k1 over SHA-256 (K3).
//!
//! The library's own rules are nearly ours: it refuses high S and reads DER strictly, with one
//! tolerance, numbers out of range, which it reads as zero. Writing the signature again and
//! comparing leaves no tolerance to reason about.

use multiaddr::PeerId;
use ring::digest;
use secp256k1::ecdsa::Signature;

use crate::peer_id;
use crate::public_key::{BadSignature, KeyDefect};

/// `PublicKey { type: 2, data: <33 bytes> }` up to the data.
const MESSAGE_PREFIX: [u8; 4] = [0x08, 0x02, 0x12, 0x21];

#[derive(Clone)]
pub(crate) struct PublicKey {
    compressed: [u8; 33],
    point: secp256k1::PublicKey,
}

impl PublicKey {
    pub(crate) fn decode(data: &[u8]) -> Result<Self, KeyDefect> {
        let compressed: [u8; 33] =
            data.try_into().map_err(|_| KeyDefect::Length { got: data.len() })?;
        if !matches!(compressed, [0x02 | 0x03, ..]) {
            return Err(KeyDefect::Encoding);
        }
        match secp256k1::PublicKey::from_byte_array_compressed(compressed) {
            Ok(point) => Ok(Self { compressed, point }),
            Err(_) => Err(KeyDefect::NotOnCurve),
        }
    }

    pub(crate) fn from_secret(secret: &secp256k1::SecretKey) -> Self {
        let point = secret.public_key();
        Self { compressed: point.serialize(), point }
    }

    /// Whether `point` is this key's, compressed or not.
    pub(crate) fn is_point(&self, point: &[u8]) -> bool {
        *point == self.compressed || *point == self.point.serialize_uncompressed()
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.compressed
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        peer_id::inline(MESSAGE_PREFIX, &self.compressed)
    }

    pub(crate) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        let parsed = Signature::from_der(signature).map_err(|_| BadSignature)?;
        if *parsed.serialize_der() != *signature {
            return Err(BadSignature);
        }
        secp256k1::ecdsa::verify(&parsed, hash(message), &self.point).map_err(|_| BadSignature)
    }
}

/// SHA-256 of the parts one behind the other.
pub(crate) fn hash(message: &[&[u8]]) -> secp256k1::Message {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in message {
        context.update(part);
    }
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    secp256k1::Message::from_digest(bytes)
}
