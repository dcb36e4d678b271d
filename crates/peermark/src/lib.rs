//! Certified peer addresses for libp2p-style networks.
//!
//! A peer signs the list of addresses it listens on; anybody may relay that record; the receiver
//! proves where it came from. This crate is the facade over the layers that do it, and has no rules
//! of its own: take it to have everything under one name, or take a layer alone.
//!
//! | module | crate | what it knows |
//! |---|---|---|
//! | [`dialer`] | `peermark-dialer` | many dials at once: who waits for what, and who is answered by what |
//! | [`dial_policy`] | `peermark-dial-policy` | which addresses may be dialed, in which stages, and why not the others |
//! | [`peerstore`] | `peermark-peerstore` | which record is the newest, what else is said, until when |
//! | [`peerstore_redb`] | `peermark-peerstore-redb` | how all of that survives a crash, in one file |
//! | [`provenance`] | `peermark-provenance` | where an address came from, how far it can be trusted |
//! | [`peer_record`] | `peermark-peer-record` | certified records, addresses, sequence numbers |
//! | [`envelope`] | `peermark-envelope` | signed envelopes, purposes, payloads of your own |
//! | [`identity`] | `peermark-identity` | peer ids, keys, signing, strict verification |
//! | [`scope`] | `peermark-scope` | what kind of network an address leads to |
//! | [`wire`] | `peermark-wire` | the encoding, and nothing of its meaning |
//!
//! What is here composes the layers: [`sign`] and [`verify`] for single records, [`PeerBook`] for
//! those who keep them, in memory or in a file, with [`Lifetimes`] for how long. [`Clock`] is the one place where time
//! enters; below it, time is an argument, and the store measures it by what the clock moves forward.
//!
//! ```
//! use peermark::identity::Keypair;
//! use peermark::provenance::{Source, TrustClass};
//! use peermark::{PeerBook, SystemClock};
//!
//! // A peer signs where it listens ...
//! let alice = Keypair::generate_ed25519()?;
//! let record = peermark::sign(&alice, ["/ip4/192.0.2.1/tcp/4001".parse()?], &SystemClock)?;
//!
//! // ... and whoever receives it, from anybody, keeps it beside what others say.
//! let book = PeerBook::in_memory();
//! let _ = book.consume(record.as_bytes(), &Source::PUBSUB)?;
//! let addresses = book.addresses(&alice.peer_id())?;
//! assert_eq!(addresses[0].class, TrustClass::Certified);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod book;
mod builder;
mod clock;
mod compose;
mod lifetimes;
mod plan;

pub use peermark_dial_policy as dial_policy;
pub use peermark_dialer as dialer;
pub use peermark_envelope as envelope;
pub use peermark_identity as identity;
pub use peermark_peer_record as peer_record;
pub use peermark_peerstore as peerstore;
#[cfg(feature = "redb")]
pub use peermark_peerstore_redb as peerstore_redb;
pub use peermark_provenance as provenance;
pub use peermark_scope as scope;
pub use peermark_wire as wire;

pub use multiaddr::{self, Multiaddr};

pub use book::PeerBook;
pub use builder::PeerBookBuilder;
pub use clock::{Clock, SystemClock};
pub use compose::{sign, verify, verify_many};
pub use lifetimes::Lifetimes;
pub use plan::PeerPlan;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
