//! Certified peer records: who signed which addresses, proven.
//!
//! A *peer record* (libp2p RFC 0003) is a peer id, a sequence number and the addresses that the
//! peer listens on, signed by the peer in an envelope. Anybody may pass it on. This crate turns
//! such bytes into a [`CertifiedRecord`], the one type that stands for "the holder of this peer
//! id's key said so", and makes one's own.
//!
//! # The types, in the order one meets them
//!
//! - [`CertifiedRecord`]: bytes that verified. [`CertifiedRecord::verify`] is the way in;
//!   [`VerifyError`] and its [`Stage`] say why there is none.
//! - [`Dialect`] and [`Dialects`]: two purposes are deployed for the same payload; a receiver
//!   reads both or one.
//! - [`Seq`]: newer or older, and nothing else.
//! - [`Address`]: a normalised address of a record; [`AddressDefect`] and [`SkippedAddresses`] say
//!   what was left out.
//! - [`PeerRecord`]: the plain value, to build and to sign.
//! - [`Issuer`] and [`SeqSource`]: keep one's own record current and its sequence number rising.
//! - [`objections`]: which other implementations do not read an address, or refuse the record for it.
//!
//! ```
//! use peermark_identity::Keypair;
//! use peermark_peer_record::{CertifiedRecord, Dialects, Issuer};
//!
//! // A peer signs what it listens on ...
//! let alice = Keypair::generate_ed25519()?;
//! let mut issuer = Issuer::new(alice);
//! # let now = peermark_provenance::Timestamp::EPOCH;
//! let bytes = issuer.issue(&["/ip4/192.0.2.1/tcp/4001".parse()?], now)?.record().as_bytes();
//!
//! // ... and whoever receives it, from anybody, can tell.
//! let certified = CertifiedRecord::verify(bytes, Dialects::Any)?;
//! println!("{} says: {:?}", certified.peer_id(), certified.addresses().collect::<Vec<_>>());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - The signature is verified before the payload is read, and the peer id inside must be the
//!   signer's (R1).
//! - One address that cannot be read does not cost the others: it is skipped and counted (R2).
//! - A record of no addresses is a valid record: it withdraws what was said before (R3).
//! - [`CertifiedRecord::as_bytes`] is canonical: two equal records are equal bytes (W7).
//!
//! # What it does not do
//!
//! It keeps nothing and knows no time: whether a record is the newest, or too old, is for the store
//! to say. A signature says who claims an address, never that somebody answers there.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod certified;
mod dialect;
mod error;
mod interop;
mod issuer;
mod public;
mod record;
mod seq;
mod skipped;
mod spans;
mod stored;

pub use certified::CertifiedRecord;
pub use dialect::{Dialect, Dialects, PEER_RECORD, ROUTING_STATE, UnknownDialect};
pub use error::{IssueError, RecordError, Stage, VerifyError};
pub use interop::{Effect, Implementation, Objection, objections, objections_to_all};
pub use issuer::{Issued, Issuer, Publish};
pub use peermark_provenance::{
    Address, AddressDefect, AddressTextError, MAX_ADDRESS_LEN, Seq, address_text,
    normalize_address, parse_address,
};
pub use public::is_public;
pub use record::PeerRecord;
pub use seq::{SeqExhausted, SeqSource};
pub use skipped::{MAX_ADDRESSES, SkippedAddresses};
pub use stored::StoredRecord;
