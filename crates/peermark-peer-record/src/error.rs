//! What can go wrong, by operation, and the stage at which it did (E6).

use core::fmt;

use peermark_envelope::{DecodeError, OpenError, SealError};
use peermark_identity::{PeerId, PeerIdError};
use peermark_provenance::AddressDefect;
use peermark_wire::{Message, WireError};

use crate::seq::SeqExhausted;

/// The stages between bytes and a certified record, in the order of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the stages are the design; a new one breaks callers")]
pub enum Stage {
    /// The size of the envelope.
    Size,
    /// The encoding of the envelope.
    Envelope,
    /// The public key: its encoding, its type, its value.
    Key,
    /// The payload type.
    PayloadType,
    /// The signature.
    Signature,
    /// The encoding of the record.
    Record,
    /// The peer id inside the record.
    PeerId,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Size,
        Self::Envelope,
        Self::Key,
        Self::PayloadType,
        Self::Signature,
        Self::Record,
        Self::PeerId,
    ];
}

/// `size`, `envelope`, `key`, `payload-type`, `signature`, `record` or `peer-id`.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Size => "size",
            Self::Envelope => "envelope",
            Self::Key => "key",
            Self::PayloadType => "payload-type",
            Self::Signature => "signature",
            Self::Record => "record",
            Self::PeerId => "peer-id",
        })
    }
}

/// Why bytes are no certified record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// They are no envelope.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The envelope does not open as a peer record.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It opens, and its payload is no record of its signer.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl VerifyError {
    /// The stage that refused.
    ///
    /// Where several would, it is the first that was reached, and what can be told without
    /// cryptography is told first: that there is no payload type or no signature, then another
    /// payload type, then the key's type and value, then the signature.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self {
            Self::Decode(DecodeError::TooLarge { .. }) => Stage::Size,
            Self::Decode(DecodeError::Malformed(error)) if error.message == Message::PublicKey => {
                Stage::Key
            }
            Self::Decode(DecodeError::EmptyPayloadType)
            | Self::Open(OpenError::PayloadTypeMismatch { .. }) => Stage::PayloadType,
            Self::Decode(DecodeError::EmptySignature) | Self::Open(OpenError::BadSignature) => {
                Stage::Signature
            }
            Self::Open(OpenError::Key(_)) => Stage::Key,
            Self::Record(RecordError::Malformed(_)) => Stage::Record,
            Self::Record(RecordError::PeerId(_) | RecordError::PeerIdMismatch { .. }) => {
                Stage::PeerId
            }
            Self::Decode(_) | Self::Open(_) => Stage::Envelope,
        }
    }
}

/// Why a verified payload is no peer record of its signer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The payload breaks a rule of the encoding (W2 to W6, R2). Offsets count from the start of
    /// the payload.
    #[error(transparent)]
    Malformed(WireError),
    /// What the record names is no canonical peer id (R1).
    #[error(transparent)]
    PeerId(PeerIdError),
    /// The record names another peer than the one whose key signed it (R1).
    #[error("record names peer {claimed}, but the key that signed it is that of {signer}")]
    PeerIdMismatch {
        /// The peer that the record names.
        claimed: PeerId,
        /// The peer whose key signed.
        signer: PeerId,
    },
}

/// Why a record could not be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// An address that no receiver would keep.
    #[error("address number {index}: {defect}")]
    Address {
        /// Its place among the addresses that were given, from 0.
        index: usize,
        /// What is wrong with it.
        defect: AddressDefect,
    },
    /// More addresses than a receiver reads.
    #[error("{got} addresses exceed the limit of {limit}")]
    TooManyAddresses {
        /// The limit.
        limit: usize,
        /// How many were given, duplicates not counted.
        got: usize,
    },
    /// No sequence number is left.
    #[error(transparent)]
    Seq(#[from] SeqExhausted),
    /// The record could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The record is that of another peer than the signer's; nothing was signed (R1).
    #[error("record is of peer {record}, but the signer is {signer}")]
    OtherPeer {
        /// The peer that the record names.
        record: PeerId,
        /// The peer of the signer's key.
        signer: PeerId,
    },
    /// What the signer returned does not verify under its own public key.
    #[error("the signer returned a signature that does not verify")]
    Signer(#[source] VerifyError),
}
