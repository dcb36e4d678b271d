//! The four kinds of keys that libp2p's peer id specification defines (K1).

use core::fmt;

use peermark_wire::key_type as number;

/// The kind of a key.
///
/// A number outside these four is not a `KeyType`: decoding such a key is
/// [`UnsupportedType`](crate::PublicKeyError::UnsupportedType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA, PKCS#1 v1.5 signatures over SHA-256.
    Rsa,
    /// Ed25519.
    Ed25519,
    /// ECDSA on the curve secp256k1 over SHA-256.
    Secp256k1,
    /// ECDSA on the curve P-256 over SHA-256.
    Ecdsa,
}

impl KeyType {
    /// The type with this number in libp2p's key messages, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::KeyType;
    ///
    /// assert_eq!(KeyType::from_number(1), Some(KeyType::Ed25519));
    /// assert_eq!(KeyType::from_number(4), None);
    /// ```
    #[must_use]
    pub const fn from_number(value: u64) -> Option<Self> {
        Some(match value {
            number::RSA => Self::Rsa,
            number::ED25519 => Self::Ed25519,
            number::SECP256K1 => Self::Secp256k1,
            number::ECDSA => Self::Ecdsa,
            _ => return None,
        })
    }

    /// The number of this type in libp2p's key messages.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Rsa => number::RSA,
            Self::Ed25519 => number::ED25519,
            Self::Secp256k1 => number::SECP256K1,
            Self::Ecdsa => number::ECDSA,
        }
    }

    /// The name that libp2p's specification gives it: `RSA`, `Ed25519`, `Secp256k1` or `ECDSA`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
            Self::Secp256k1 => "Secp256k1",
            Self::Ecdsa => "ECDSA",
        }
    }
}

/// Writes [`KeyType::name`].
impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
