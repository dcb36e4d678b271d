//! Why a private key is not one. No value here holds any byte of the input.

use core::fmt;

use peermark_wire::WireError;

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
    /// Not a canonical `PrivateKey` message.
    #[error(transparent)]
    Malformed(#[from] WireError),
    /// A well-formed message with a type that is not one of the four: its number.
    #[error("unsupported key type {0}")]
    UnsupportedType(u64),
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
