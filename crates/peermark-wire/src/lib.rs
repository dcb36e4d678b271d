//! Strict, bounded reading and writing of the protobuf messages that libp2p signs.
//!
//! This crate turns bytes into borrowed fields and fields into bytes. It knows three messages and
//! their parts: [`EnvelopeMessage`] (RFC 0002), [`PeerRecordMessage`] (RFC 0003) and
//! [`KeyMessage`] (peer id specification). It does not know what a signature is, which key types
//! exist, or whether an address makes sense; the crates above do. Nothing above this crate names
//! protobuf.
//!
//! # One slice, one reader
//!
//! A [`Reader`] sees exactly one message in exactly one slice. A nested message is a slice of its
//! parent with a reader of its own, so no length can reach beyond the message it stands in.
//!
//! ```
//! use peermark_wire::{EnvelopeMessage, WireErrorKind};
//!
//! // A key that claims 100 bytes in an envelope of 6.
//! let error = EnvelopeMessage::decode(&[0x0a, 100, 0x08, 0x01, 0x12, 0x20]).unwrap_err();
//! assert_eq!(error.offset, 1);
//! assert_eq!(error.kind, WireErrorKind::LengthOverrun { claimed: 100, remaining: 4 });
//! ```
//!
//! # What is strict, and what is not
//!
//! | | in the envelope and the record | in a key |
//! |---|---|---|
//! | lengths beyond the enclosing slice, varints beyond 64 bits, groups | refused | refused |
//! | a known field twice, or with another wire type | refused | refused |
//! | unknown fields | skipped | refused |
//! | any field order, varints longer than needed | read | refused |
//!
//! Strictness beyond protobuf's own is there because parsers disagree: where one takes the first
//! of two fields and another the last, two nodes see two records in one signed message.
//!
//! # Cost
//!
//! Decoding borrows and allocates nothing; its cost is linear in the input. With the feature
//! `steps` the crate counts what its readers do, which is how the tests hold it to that.
//!
//! Rules W2 to W7 of `docs/spec.md` live here. W1, the cap on the size of an input, belongs to
//! the caller, who knows what the bytes are for.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod envelope;
mod error;
mod key;
mod peer_record;
mod reader;
#[cfg(feature = "steps")]
pub mod steps;
#[cfg(not(feature = "steps"))]
mod steps;
pub mod varint;
mod writer;

pub use envelope::{EnvelopeLayout, EnvelopeMessage};
pub use error::{Message, WireError, WireErrorKind};
pub use key::{KeyMessage, key_type};
pub use peer_record::{AddressEntry, Addresses, PeerRecordMessage};
pub use reader::{Field, MAX_FIELD_NUMBER, Reader, Value};
pub use writer::Writer;
