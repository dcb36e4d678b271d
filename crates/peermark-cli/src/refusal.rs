//! Why an input is no certified record: what the library says, and what comes before the library.

use std::fmt;

use peermark::peer_record::{Stage, VerifyError};

use crate::format::TextDefect;

/// Why an input is no certified record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The library refused the bytes.
    Verify(VerifyError),
    /// The text stands for no bytes.
    Text(TextDefect),
    /// There is nothing: an empty input, or a line without content.
    Empty,
    /// A private key, or what looks like one; a defect could tell of its bytes.
    PrivateKey,
    /// A line with more bytes than any envelope takes as text.
    LineTooLong { limit: usize, got: u64 },
    /// A file with more bytes than any envelope takes in any format.
    InputTooLong { limit: usize },
}

impl Refusal {
    /// The stage to report: of an input that stands for no envelope, the envelope.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Verify(error) => error.stage(),
            Self::Text(_) | Self::Empty | Self::PrivateKey => Stage::Envelope,
            Self::LineTooLong { .. } | Self::InputTooLong { .. } => Stage::Size,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify(error) => error.fmt(f),
            Self::Text(defect) => defect.fmt(f),
            Self::Empty => f.write_str("envelope of no bytes"),
            Self::PrivateKey => f.write_str("private key, or what looks like one, not an envelope"),
            Self::LineTooLong { limit, got } => {
                write!(f, "line of {got} bytes exceeds the limit of {limit}")
            }
            Self::InputTooLong { limit } => {
                write!(f, "input exceeds the {limit} bytes that an envelope takes in any format")
            }
        }
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

impl From<TextDefect> for Refusal {
    fn from(defect: TextDefect) -> Self {
        Self::Text(defect)
    }
}
