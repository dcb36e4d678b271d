//! Public keys that can be verified with, and nothing else (K1 to K3, K5).
//!
//! Everything that can be refused about a key is refused when it is decoded. There are no options:
//! verification is one fixed function of key, message and signature.

use core::fmt;
use core::hash::{Hash, Hasher};

use multiaddr::PeerId;
use peermark_wire::{KeyMessage, Message, WireError};

use crate::algorithm::{ecdsa, ed25519, rsa, secp256k1};
use crate::key_type::KeyType;
use crate::peer_id;

/// A public key of one of the four types, decoded and found usable.
///
/// Holding one means that rules K1 to K3 accept the key; its peer id is
/// [`peer_id`](Self::peer_id). Ed25519 and secp256k1 keys hold their point decompressed, so a key
/// that verifies often is worth keeping. An Ed25519 key is some 200 bytes on the stack.
///
/// One thing shows only in verification: whether a P-256 point is on the curve. Asking the library
/// underneath earlier would cost a multiplication for each key. A key off the curve decodes,
/// has a peer id, and verifies no signature at all.
///
/// # Examples
///
/// ```
/// use peermark_identity::{KeyType, PublicKey, PublicKeyError};
///
/// // An Ed25519 key whose point is of low order: such a key has no peer id.
/// let mut bytes = vec![0x08, 0x01, 0x12, 0x20, 0x01];
/// bytes.resize(36, 0);
/// let error = PublicKey::decode(&bytes).unwrap_err();
/// assert_eq!(error.to_string(), "invalid Ed25519 key: point of low order");
///
/// // A type that nobody has defined is told apart.
/// let error = PublicKey::decode(&[0x08, 0x63, 0x12, 0x00]).unwrap_err();
/// assert_eq!(error, PublicKeyError::UnsupportedType(99));
/// ```
#[derive(Clone)]
pub struct PublicKey(Inner);

#[derive(Clone)]
pub(crate) enum Inner {
    Rsa(rsa::PublicKey),
    Ed25519(ed25519::PublicKey),
    Secp256k1(secp256k1::PublicKey),
    Ecdsa(ecdsa::PublicKey),
}

impl PublicKey {
    /// Decodes a whole `PublicKey` message.
    ///
    /// The message must be canonical (W6), but for a missing type, which is read as RSA.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message, the type is not one of the four, or the key is one that
    /// K2 or K3 refuses.
    pub fn decode(protobuf: &[u8]) -> Result<Self, PublicKeyError> {
        Self::from_message(KeyMessage::decode(protobuf, 0, Message::PublicKey)?)
    }

    /// The key in a message whose fields are already decoded.
    ///
    /// # Errors
    ///
    /// The type is not one of the four, or the key is one that K2 or K3 refuses.
    pub fn from_message(message: KeyMessage<'_>) -> Result<Self, PublicKeyError> {
        let key_type = KeyType::from_number(message.key_type)
            .ok_or(PublicKeyError::UnsupportedType(message.key_type))?;
        let data = message.data;
        let inner = match key_type {
            KeyType::Rsa => rsa::PublicKey::decode(data).map(Inner::Rsa),
            KeyType::Ed25519 => ed25519::PublicKey::decode(data).map(Inner::Ed25519),
            KeyType::Secp256k1 => secp256k1::PublicKey::decode(data).map(Inner::Secp256k1),
            KeyType::Ecdsa => ecdsa::PublicKey::decode(data).map(Inner::Ecdsa),
        };
        match inner {
            Ok(inner) => Ok(Self(inner)),
            Err(reason) => Err(PublicKeyError::Invalid { key_type, reason }),
        }
    }

    /// Only for keys that went through `decode` or were derived from a secret.
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(inner)
    }

    /// Whether this is the secp256k1 key with this point, compressed or not.
    pub(crate) fn is_secp256k1_point(&self, point: &[u8]) -> bool {
        matches!(&self.0, Inner::Secp256k1(key) if key.is_point(point))
    }

    /// The canonical `PublicKey` message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = self.message();
        let mut out = Vec::with_capacity(message.encoded_len());
        message.encode(&mut out);
        out
    }

    /// The two fields of the message, borrowed, for whoever encodes it inside another.
    #[must_use]
    pub fn message(&self) -> KeyMessage<'_> {
        KeyMessage {
            key_type: self.key_type().number(),
            data: match &self.0 {
                Inner::Rsa(key) => key.data(),
                Inner::Ed25519(key) => key.data(),
                Inner::Secp256k1(key) => key.data(),
                Inner::Ecdsa(key) => key.data(),
            },
        }
    }

    /// The kind of this key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match &self.0 {
            Inner::Rsa(_) => KeyType::Rsa,
            Inner::Ed25519(_) => KeyType::Ed25519,
            Inner::Secp256k1(_) => KeyType::Secp256k1,
            Inner::Ecdsa(_) => KeyType::Ecdsa,
        }
    }

    /// The peer id of this key. Does not allocate for Ed25519, secp256k1 and ECDSA.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        match &self.0 {
            Inner::Rsa(_) => peer_id::hashed(&crate::digest::sha256(&self.encode())),
            Inner::Ed25519(key) => key.peer_id(),
            Inner::Secp256k1(key) => key.peer_id(),
            Inner::Ecdsa(key) => key.peer_id(),
        }
    }

    /// Verifies that `signature` is this key's on `message`. Does not allocate for Ed25519 and
    /// secp256k1.
    ///
    /// # Errors
    ///
    /// It is not; nothing more is said.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match &self.0 {
            Inner::Rsa(key) => key.verify(message, signature),
            Inner::Ed25519(key) => key.verify(&[message], signature),
            Inner::Secp256k1(key) => key.verify(&[message], signature),
            Inner::Ecdsa(key) => key.verify(message, signature),
        }
    }

    /// [`verify`](Self::verify) for a message in parts, as if they were written one behind the
    /// other. Ed25519 and secp256k1 never put them together.
    ///
    /// # Errors
    ///
    /// The signature is not this key's on the parts together; nothing more is said.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::{Keypair, Signer};
    ///
    /// let keypair = Keypair::ed25519_from_seed(&[7; 32]);
    /// let signature = keypair.sign(b"hello world")?;
    /// let parts = [&b"hello"[..], b" ", b"world"];
    /// assert!(keypair.public_key().verify_parts(&parts, &signature).is_ok());
    /// # Ok::<(), peermark_identity::SignError>(())
    /// ```
    pub fn verify_parts(&self, message: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        match &self.0 {
            Inner::Rsa(key) => key.verify(&message.concat(), signature),
            Inner::Ed25519(key) => key.verify(message, signature),
            Inner::Secp256k1(key) => key.verify(message, signature),
            Inner::Ecdsa(key) => key.verify(&message.concat(), signature),
        }
    }
}

/// [`PublicKey::decode`].
impl TryFrom<&[u8]> for PublicKey {
    type Error = PublicKeyError;

    fn try_from(protobuf: &[u8]) -> Result<Self, PublicKeyError> {
        Self::decode(protobuf)
    }
}

/// Keys are equal when their messages are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.message() == other.message()
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let message = self.message();
        message.key_type.hash(state);
        message.data.hash(state);
    }
}

/// The type and the peer id.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("key_type", &self.key_type())
            .field("peer_id", &self.peer_id())
            .finish()
    }
}

/// The signature is not this key's on this message: one bit, on purpose.
///
/// Which check failed says nothing that a caller could use, and something that a forger could. A
/// signature over other bytes, for another purpose, by another key, or damaged on the way looks the
/// same (E6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad signature")]
#[expect(clippy::exhaustive_structs, reason = "one bit for ever")]
pub struct BadSignature;

/// Why bytes are not a public key (K1 to K3, W6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// The bytes are not a canonical `PublicKey` message.
    #[error(transparent)]
    Malformed(#[from] WireError),
    /// A well-formed key of a type that is not one of the four: its number.
    #[error("unsupported key type {0}")]
    UnsupportedType(u64),
    /// A key of a type that is supported, which is not a key that may be used.
    #[error("invalid {key_type} key: {reason}")]
    Invalid {
        /// The type it says it has.
        key_type: KeyType,
        /// What is wrong with it.
        reason: KeyDefect,
    },
}

/// What is wrong with the data of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyDefect {
    /// Not as long as a key of this type is, or longer than the longest.
    #[error("length {got}")]
    Length {
        /// The length of the data.
        got: usize,
    },
    /// Not the structure that a key of this type has.
    #[error("not the encoding of such a key")]
    Encoding,
    /// The right structure, but not in its one canonical encoding.
    #[error("not in canonical form")]
    NotCanonical,
    /// No point of the curve.
    #[error("not a point of the curve")]
    NotOnCurve,
    /// A point that makes signatures say nothing (K2).
    #[error("point of low order")]
    LowOrder,
    /// An RSA modulus outside 2048 to 8192 bits, or even (K3).
    #[error("modulus of {bits} bits is even or out of range")]
    Modulus {
        /// The length of the modulus.
        bits: usize,
    },
    /// An RSA exponent that is even, below 65537, or 2^33 and above (K3).
    #[error("exponent is even or out of range")]
    Exponent,
}
