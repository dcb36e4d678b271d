//! What can go wrong, by operation; each variant is one stage (E6).

use core::fmt;

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

/// The payload type of an envelope, as an error carries it: its first 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadType {
    first: [u8; Self::SHOWN],
    len: usize,
}

impl PayloadType {
    const SHOWN: usize = 32;

    pub(crate) fn of(payload_type: &[u8]) -> Self {
        let mut first = [0; Self::SHOWN];
        for (slot, byte) in first.iter_mut().zip(payload_type) {
            *slot = *byte;
        }
        Self { first, len: payload_type.len() }
    }

    /// The first 32 bytes, or all where there are fewer.
    #[must_use]
    pub fn first_bytes(&self) -> &[u8] {
        self.first.get(..self.len).unwrap_or(&self.first)
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        self.len
    }
}

/// Printable ASCII as it is and other bytes escaped, in quotation marks.
impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.len > Self::SHOWN { "…" } else { "" };
        write!(f, "\"{}{more}\"", self.first_bytes().escape_ascii())
    }
}

impl fmt::Debug for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why an envelope does not open for a purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The payload type is not that of a purpose that was asked for (E2).
    #[error("payload type {got} is not one that was expected")]
    PayloadTypeMismatch {
        /// The payload type of the envelope.
        got: PayloadType,
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
        /// The length that the envelope would have, in bytes; at least that of the payload.
        got: usize,
    },
    /// The signer did not sign.
    #[error(transparent)]
    Signer(SignError),
    /// The signer returned a signature of no bytes.
    #[error("signature is empty")]
    EmptySignature,
}
