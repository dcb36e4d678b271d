//! A peer store in one file, which survives whatever ends the process.
//!
//! [`Redb`] is an engine under the [`Peerstore`](peermark_peerstore::Peerstore) of
//! `peermark-peerstore`: the rules are the same transitions as in memory, run inside of transactions
//! of the embedded database redb. One process at a time has a file open, and no server is needed.
//!
//! ```
//! use std::time::Duration;
//! use peermark_identity::Keypair;
//! use peermark_peer_record::{Dialect, PeerRecord};
//! use peermark_peerstore::{Config, Outcome, Peerstore};
//! use peermark_peerstore_redb::{Options, Redb};
//! use peermark_provenance::{Source, Timestamp};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("peers.redb");
//! let open = || Redb::open(&path, Config::default(), &Options::default()).map(Peerstore::new);
//!
//! let alice = Keypair::generate_ed25519()?;
//! let record = |seq: u64| {
//!     let addresses = ["/ip4/192.0.2.1/tcp/4001".parse().unwrap()];
//!     PeerRecord::new(alice.peer_id(), seq.into(), addresses).certify(&alice, Dialect::PeerRecord)
//! };
//! let (old, new) = (record(1)?.into_bytes(), record(2)?.into_bytes());
//! let (hour, now) = (Duration::from_secs(3600), Timestamp::from_secs(1_800_000_000));
//!
//! let store = open()?;
//! let applied = store.consume(&new, &Source::DHT, hour, now)?;
//! assert_eq!(applied.outcome, Outcome::Inserted);
//! drop(store);
//!
//! // Another day, another process: it is there, and what is older is still refused.
//! let store = open()?;
//! assert_eq!(store.signed_records(&[alice.peer_id()], now)?, [Some(new)]);
//! let replay = store.consume(&old, &Source::DHT, hour, now)?;
//! assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is durable, and when
//!
//! [`Durability::Immediate`]: a call that returned has stored what it answers, and a call for many
//! peers stores all of it in one transaction. [`Durability::Batched`]: updates are seen at once and
//! durable together, after [`Redb::flush`] or a number of them. After a loss of power the store is as
//! it was at one of those points, whatever the disk had done of what came later (F3).
//!
//! Where writing fails, the update fails, and the store takes nothing more until it is opened again;
//! what it holds can still be read (F4). The one thing nobody can know is whether a sync that
//! reported an error has synced: such an update may be found later, as a whole.
//!
//! # What is trusted
//!
//! Nothing that comes out of the file, before it is checked (F2). Three things guard it:
//!
//! - The file is in blocks with a checksum each (crate `redb-checked`), looked at on every read: a
//!   changed bit makes what hangs on it an error and never another answer.
//! - Each row has a checksum that includes its key (`row.rs`). A damaged one is put in quarantine,
//!   and its peer refused, since its floor is gone with it, until somebody
//!   [forgets](peermark_peerstore::Peerstore::forget) the peer.
//! - A certified row that another session wrote has its signature verified again when it is first
//!   used. Opening a store verifies none: a million would take half a minute.
//!
//! A panic of the database on damaged bytes is an [`Error`] here. [`Redb::examine`] looks at
//! everything.
//!
//! # Where to find what
//!
//! - `store.rs`: [`Redb`], transactions, and what becomes of it when the disk fails; `engine.rs`: the
//!   engine's methods; `open.rs`: opening and creating.
//! - `batch.rs` and below: one transaction. The loop of an update is the rules' own; `batch/work.rs`
//!   shows it the tables, `batch/order.rs` finds what may go, `batch/file.rs` writes.
//! - `tables.rs`: what is where in the database; `state.rs`: a peer in it; `books.rs`: what groups hold.
//! - the crate `redb-checked`: the file under the database.
//!
//! `docs/operations.md` is for whoever runs it: files, backups, recovery, upgrades.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
mod base;
mod batch;
mod books;
mod cache;
mod check;
mod copy;
mod cores;
mod engine;
mod error;
mod listing;
mod open;
mod options;
mod recover;
mod row;
mod state;
mod store;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_upgrade;
mod view;

pub use check::Report;
pub use copy::Backup;
pub use error::{Error, OpenError};
pub use listing::Visited;
pub use options::{Durability, Options};
pub use recover::{MetaFrom, Recovered, recover, recover_on};
pub use redb_checked::contain::is_contained;
pub use store::Redb;
pub use view::Opened;
