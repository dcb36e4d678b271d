//! What can be wrong with bytes, and where.
//!
//! A [`WireError`] is small, `Copy`, holds no text and no foreign error, and always carries the
//! offset, counted from the first byte of the outermost input, at which reading stopped. The
//! offset of a nested message is therefore good for a hex dump of the whole envelope.

use core::fmt;

/// Which of the messages of this crate an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// `Envelope`, libp2p RFC 0002.
    Envelope,
    /// `PublicKey`, libp2p peer id specification.
    PublicKey,
    /// `PrivateKey`, libp2p peer id specification.
    PrivateKey,
    /// `PeerRecord`, libp2p RFC 0003.
    PeerRecord,
    /// `PeerRecord.AddressInfo`, libp2p RFC 0003.
    AddressInfo,
    /// A message that this crate does not define: somebody's own payload.
    Other,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Envelope => "envelope",
            Self::PublicKey => "public key",
            Self::PrivateKey => "private key",
            Self::PeerRecord => "peer record",
            Self::AddressInfo => "address info",
            Self::Other => "message",
        })
    }
}

/// Bytes that are not what they should be: in which message, why, and where it showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {kind} at offset {offset}")]
#[non_exhaustive]
pub struct WireError {
    /// The message whose reader stopped.
    pub message: Message,
    /// What was wrong.
    pub kind: WireErrorKind,
    /// Where, in bytes from the start of the outermost input.
    pub offset: usize,
}

impl WireError {
    pub(crate) const fn new(message: Message, kind: WireErrorKind, offset: usize) -> Self {
        Self { message, kind, offset }
    }
}

/// The reasons for which bytes are refused (rules W2 to W6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireErrorKind {
    /// The input ends inside a tag, a varint or a fixed-width value (W2).
    #[error("input ends inside a value")]
    Truncated,
    /// A length-delimited value claims more than what remains of its enclosing slice (W2).
    #[error("length {claimed} exceeds the {remaining} bytes that remain")]
    LengthOverrun {
        /// The length that was written.
        claimed: u64,
        /// What the enclosing message still had.
        remaining: usize,
    },
    /// A varint of more than ten bytes, or whose tenth byte exceeds 1 (W3).
    #[error("varint does not fit 64 bits")]
    VarintOverflow,
    /// A field number of zero or above 2^29 - 1 (W3).
    #[error("field number {0} is out of range")]
    FieldNumber(u64),
    /// A group, or one of the wire types that do not exist (W3).
    #[error("wire type {0} is refused")]
    WireType(u8),
    /// A known field with another wire type than its own (W4).
    #[error("field {field} has wire type {got}, expected {expected},")]
    WrongWireType {
        /// The field's number.
        field: u32,
        /// The wire type its definition gives.
        expected: u8,
        /// The wire type that was written.
        got: u8,
    },
    /// A known singular field for the second time (W4).
    #[error("field {field} appears twice")]
    DuplicateField {
        /// The field's number.
        field: u32,
    },
    /// A field that the message cannot do without.
    #[error("field {field} is missing")]
    MissingField {
        /// The field's number.
        field: u32,
    },
    /// A field that the message does not define, where unknown fields are refused (W5).
    #[error("unknown field {field}")]
    UnknownField {
        /// The field's number.
        field: u32,
    },
    /// A message that must be in its one canonical form and is not (W6).
    #[error("not in canonical form")]
    NotCanonical,
    /// A peer record with more address entries than the limit (R2).
    #[error("more than {limit} address entries")]
    TooManyAddresses {
        /// The limit that was exceeded.
        limit: usize,
    },
}
