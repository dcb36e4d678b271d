//! Certified peer addresses for libp2p-style networks.
//!
//! A peer signs the list of addresses it listens on; anybody may relay that record; the receiver
//! proves where it came from. This crate is the facade over the layers that do it, and has no rules
//! of its own: take it to have everything under one name, or take a layer alone.
//!
//! | module | crate | what it knows |
//! |---|---|---|
//! | [`peer_record`] | `peermark-peer-record` | certified records, addresses, sequence numbers |
//! | [`envelope`] | `peermark-envelope` | signed envelopes, purposes, payloads of your own |
//! | [`identity`] | `peermark-identity` | peer ids, keys, signing, strict verification |
//! | [`wire`] | `peermark-wire` | the encoding, and nothing of its meaning |
//!
//! The functions here compose the layers: [`sign`] and [`verify`]. [`Clock`] is the one place where
//! time enters; below it, time is an argument.
//!
//! ```
//! use peermark::identity::Keypair;
//!
//! let alice = Keypair::generate_ed25519()?;
//! let record = peermark::sign(&alice, ["/ip4/192.0.2.1/tcp/4001".parse()?], &peermark::SystemClock)?;
//!
//! let certified = peermark::verify(record.as_bytes())?;
//! assert_eq!(certified.peer_id(), alice.peer_id());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod compose;

pub use peermark_envelope as envelope;
pub use peermark_identity as identity;
pub use peermark_peer_record as peer_record;
pub use peermark_wire as wire;

pub use multiaddr::Multiaddr;

pub use clock::{Clock, SystemClock};
pub use compose::{sign, verify};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeDoctests;
