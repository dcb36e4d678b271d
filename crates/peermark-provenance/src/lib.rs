//! Where a peer's address came from, and how far that can be trusted.
//!
//! Addresses of peers arrive from everywhere: from the peer itself, from its signed record, from
//! third parties, from the user. This crate has the words for it, as small values without any
//! behaviour beyond comparing: the peerstore answers them, the dial policy judges by them, and
//! neither has to know the other.
//!
//! # The types, in the order one meets them
//!
//! - [`Source`]: who told us, of one of the kinds in [`SourceKind`], with the reporting peer and
//!   the network it spoke from where there are such.
//! - [`Timestamp`] and [`Expiry`]: when. Time is a number that somebody passes in.
//! - [`Address`]: an address in the one form in which it is stored and compared, made by
//!   [`normalize_address`]; [`address_text`] and [`parse_address`] are its text.
//! - [`Seq`]: which of two records of a peer is newer.
//! - [`Claim`]: one reason to believe in one address: certified by a record ([`Certification`]),
//!   proven by a handshake, or reported by a source; each with its own expiry.
//! - [`Provenance`]: all claims on one address, and what dialing it taught ([`DialHistory`]);
//!   [`DialOutcome`] is how one dial ended.
//! - [`TrustClass`]: what the claims amount to, for policies and for eviction.
//!
//! ```
//! use peermark_provenance::{Claim, Expiry, Provenance, Source, Timestamp, TrustClass};
//! use std::time::Duration;
//!
//! let noon = Timestamp::from_nanos(1_000);
//! let expiry = Expiry::At(noon.saturating_add(Duration::from_secs(60)));
//! let hearsay = Claim::reported(Source::DHT, noon, expiry);
//! let provenance = Provenance::new([hearsay]);
//! assert_eq!(provenance.class(), Some(TrustClass::ThirdParty));
//! assert!(!provenance.is_certified());
//! ```
//!
//! # What holds
//!
//! - `certified` is not a source: nobody who reports an address can say that it is certified (P2).
//!   A store that keeps certified records makes such claims by a constructor that says
//!   `dangerous_` in its name, and so does a dialer with a store of its own.
//! - Claims merge in any order to the same value: the earliest first sight, the latest last sight
//!   and expiry (P3).
//! - No arithmetic on time overflows, for any duration (S12).
//!
//! # What it does not do
//!
//! It verifies nothing, stores nothing and reads no clock.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod address;
mod claim;
mod class;
mod dial;
mod provenance;
mod seq;
mod source;
mod text;
mod time;

pub use address::{Address, AddressDefect, MAX_ADDRESS_LEN, normalize_address, strip_peer_id};
pub use claim::{Certification, Claim, ClaimKind};
pub use class::TrustClass;
pub use dial::DialOutcome;
pub use provenance::{DialHistory, Provenance};
pub use seq::Seq;
pub use source::{Source, SourceGroup, SourceKind, SourceKinds, UnknownSource};
pub use text::{AddressTextError, address_text, parse_address};
pub use time::{Expiry, Timestamp};

pub use multiaddr::PeerId;
