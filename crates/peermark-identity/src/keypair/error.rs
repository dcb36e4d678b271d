//! Why a private key is not one.
//!
//! Invariant: no error holds bytes of the input, nor numbers made of them, because a secret may be
//! in it in another form than the one asked for. A raw seed that is read as a message has its first
//! bytes for field numbers and lengths, so errors of the wire stop here. The only numbers are how
//! long the data of a well-formed key is, and how many bits an RSA modulus has, which is public.

use core::fmt;

use crate::key_type::KeyType;
use crate::public_key::KeyDefect;

/// The system has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the system")]
#[non_exhaustive]
pub struct GenerateError;

/// Why bytes are not a private key that can be used (K4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Not a canonical `PrivateKey` message. Where and why is not said: it could tell the secret.
    #[error("not a libp2p private key message")]
    Malformed,
    /// A well-formed message with a type that is not one of the four. Which one is not said: what
    /// is read as its number may be part of a secret.
    #[error("unsupported key type")]
    UnsupportedType,
    /// Not the structure that was asked for.
    #[error("not {0}")]
    Container(Container),
    /// PKCS#8 or SEC1 of an algorithm or a curve that peer ids do not use, or that is not named.
    #[error("unsupported key algorithm or curve")]
    UnsupportedAlgorithm,
    /// A key that is encrypted; this crate decrypts nothing.
    #[error("private key is encrypted")]
    Encrypted,
    /// A key of a supported type that is not one.
    #[error("invalid {key_type} private key: {reason}")]
    Invalid {
        /// The type it says it has.
        key_type: KeyType,
        /// What is wrong with it.
        reason: SecretDefect,
    },
}

impl PrivateKeyError {
    pub(super) const fn invalid(key_type: KeyType, reason: SecretDefect) -> Self {
        Self::Invalid { key_type, reason }
    }
}

/// The structures that private keys come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// PrivateKeyInfo, RFC 5958.
    Pkcs8,
    /// RSAPrivateKey, RFC 8017.
    Pkcs1,
    /// ECPrivateKey, RFC 5915.
    Sec1,
    /// Text, RFC 7468, with one of the three labels of private keys.
    Pem,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "a pkcs#8 private key in der",
            Self::Pkcs1 => "a pkcs#1 rsa private key in der",
            Self::Sec1 => "a sec1 ec private key in der",
            Self::Pem => "a private key in pem",
        })
    }
}

/// What is wrong with the data of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretDefect {
    /// Not as long as a secret of this type is.
    #[error("length {got}")]
    Length {
        /// The length of the data.
        got: usize,
    },
    /// Not the structure that a secret of this type has.
    #[error("not the encoding of such a key")]
    Encoding,
    /// A scalar of zero, or not below the order of the group.
    #[error("scalar out of range")]
    OutOfRange,
    /// The public half is not that of the secret.
    #[error("public half does not belong to the secret")]
    PublicMismatch,
    /// There is no public half, and this type cannot do without (P-256).
    #[error("public half is missing")]
    PublicMissing,
    /// The public half is not a key that may be used.
    #[error("public half: {0}")]
    Public(KeyDefect),
    /// An RSA modulus that can verify and not sign: above 4096 bits.
    #[error("modulus of {bits} bits is too long to sign with")]
    ModulusTooLong {
        /// The length of the modulus.
        bits: usize,
    },
    /// Numbers that are out of range, or do not belong together.
    #[error("inconsistent numbers")]
    Inconsistent,
}
