//! What can go wrong, by operation; each variant is one stage (E6).

use peermark_identity::{PublicKeyError, SignError};
use peermark_wire::WireError;

/// Why bytes are no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than the limit, as received or in canonical form (W1). Nothing was read.
    #[error("envelope of {got} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
        /// The length of the envelope, in bytes.
        got: usize,
    },
    /// The bytes break a rule of the encoding (W2 to W6). The error's `message` tells whether it
    /// is the envelope or the public key in it.
    #[error(transparent)]
    Malformed(WireError),
    /// No payload type: nobody could say how to read the payload (E2).
    #[error("payload type is empty")]
    EmptyPayloadType,
    /// No signature.
    #[error("signature is empty")]
    EmptySignature,
}

/// Why an envelope does not open for a purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The payload type is that of another purpose (E2).
    #[error("payload type is not that of domain {expected_domain:?}")]
    PayloadTypeMismatch {
        /// The domain of the purpose that was expected.
        expected_domain: &'static str,
    },
    /// The public key cannot be used: a type that is not supported (K1), or data that is no key of
    /// its type (K2, K3).
    #[error(transparent)]
    Key(PublicKeyError),
    /// The signature does not verify. One bit, by nature: a forged signature, an altered payload
    /// and a signature made for another domain look the same.
    #[error(
        "bad signature: forged, or made over other bytes or for another domain, which cannot be told apart"
    )]
    BadSignature,
}

/// Why a payload could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The envelope would have more bytes than any receiver is willing to read (W1).
    #[error("envelope of {got} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
        /// The length the envelope would have, in bytes.
        got: usize,
    },
    /// The signer did not sign.
    #[error(transparent)]
    Signer(SignError),
    /// The signer returned a signature of no bytes.
    #[error("signature is empty")]
    EmptySignature,
}
