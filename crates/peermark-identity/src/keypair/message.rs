//! libp2p's `PrivateKey` message, in all the forms that are deployed.

use core::fmt;
use core::ops::Deref;

use peermark_wire::{KeyMessage, Message};
use zeroize::Zeroizing;

use super::Keypair;
use super::error::{PrivateKeyError, SecretDefect};
use super::import::{self, Curve};
use super::secret::{self, Secret};
use crate::key_type::KeyType;
use crate::public_key::PublicKey;

pub(super) fn decode(protobuf: &[u8]) -> Result<(PublicKey, Secret), PrivateKeyError> {
    // The reason holds numbers from the input, which may be a bare seed.
    let message = KeyMessage::decode(protobuf, 0, Message::PrivateKey)
        .map_err(|_| PrivateKeyError::Malformed)?;
    let key_type =
        KeyType::from_number(message.key_type).ok_or(PrivateKeyError::UnsupportedType)?;
    match key_type {
        KeyType::Rsa => secret::rsa(message.data),
        KeyType::Ed25519 => ed25519(message.data),
        KeyType::Secp256k1 => secp256k1(message.data),
        // P-256 is the only curve that this type has, so the key need not name it.
        KeyType::Ecdsa => return import::sec1(message.data, Some(Curve::P256)),
    }
    .map_err(|reason| PrivateKeyError::invalid(key_type, reason))
}

/// The seed, and then the public key no time (py), once (the specification) or twice (older js and
/// go).
fn ed25519(data: &[u8]) -> Result<(PublicKey, Secret), SecretDefect> {
    let length = SecretDefect::Length { got: data.len() };
    let (seed, publics) = data.split_first_chunk::<32>().ok_or(length)?;
    if !matches!(publics.len(), 0 | 32 | 64) {
        return Err(length);
    }
    let (public, secret) = secret::ed25519(seed);
    if publics.chunks(32).any(|half| half != public.message().data) {
        return Err(SecretDefect::PublicMismatch);
    }
    Ok((public, secret))
}

fn secp256k1(data: &[u8]) -> Result<(PublicKey, Secret), SecretDefect> {
    let scalar = data.try_into().map_err(|_| SecretDefect::Length { got: data.len() })?;
    secret::secp256k1(scalar)
}

pub(super) fn encode(keypair: &Keypair) -> SecretBytes {
    let data = keypair.secret.message_data(&keypair.public);
    let message = KeyMessage { key_type: keypair.key_type().number(), data: &data };
    // All of it is allocated at once: growing would leave copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(message.encoded_len()));
    message.encode(&mut out);
    SecretBytes(out)
}

/// Bytes that are a secret: overwritten when dropped, hidden in `Debug`.
///
/// # Examples
///
/// ```
/// use peermark_identity::Keypair;
///
/// let bytes = Keypair::ed25519_from_seed(&[7; 32]).encode();
/// assert_eq!(bytes.len(), 68);
/// assert_eq!(format!("{bytes:?}"), "SecretBytes(68 bytes)");
/// ```
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The length; never the bytes.
impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn k4_what_is_encoded_is_wiped_when_dropped() {
        fn len_of_wiped<T: AsRef<[u8]> + ZeroizeOnDrop>(bytes: &T) -> usize {
            bytes.as_ref().len()
        }

        let SecretBytes(bytes) = Keypair::ed25519_from_seed(&[7; 32]).encode();
        assert_eq!(len_of_wiped(&bytes), 68);
    }
}
