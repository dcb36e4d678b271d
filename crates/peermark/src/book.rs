//! The peer book: a store, a clock, and how long things live.

#[cfg(feature = "redb")]
mod file;
mod read;
mod write;

use peermark_peerstore::{Engine, Memory, Peerstore};
use peermark_provenance::Timestamp;

use crate::builder::PeerBookBuilder;
use crate::clock::{Clock, SystemClock};
use crate::lifetimes::Lifetimes;

/// A [`Peerstore`] with a clock and default times to live: what a node keeps of its peers.
///
/// Each method is one call of the store below, with the time and a time to live filled in.
///
/// A book is shared between threads behind a reference or an [`Arc`](std::sync::Arc). Its methods do
/// not wait for anything in memory. In a file, an update returns when it is durable, which takes
/// milliseconds: call it from `spawn_blocking` in an async program, many at once by the methods that
/// take many, or with [`Durability::Batched`](crate::peerstore_redb::Durability) and
/// [`flush`](Self::flush).
///
/// # Examples
///
/// ```
/// use peermark::identity::Keypair;
/// use peermark::peerstore::Outcome;
/// use peermark::provenance::Source;
/// use peermark::{PeerBook, SystemClock};
///
/// let book = PeerBook::in_memory();
///
/// // A record arrives.
/// let alice = Keypair::generate_ed25519()?;
/// let address = "/ip4/192.0.2.1/tcp/4001".parse()?;
/// let bytes = peermark::sign(&alice, [address], &SystemClock)?.into_bytes();
/// let applied = book.consume(&bytes, &Source::DHT)?;
/// assert_eq!(applied.outcome, Outcome::Inserted);
///
/// for known in book.addresses(&alice.peer_id())? {
///     println!("{} ({})", known.address, known.class);
/// }
/// assert_eq!(book.signed_records(&[alice.peer_id()])?, [Some(bytes)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PeerBook<E = Memory, C = SystemClock> {
    store: Peerstore<E>,
    clock: C,
    lifetimes: Lifetimes,
}

impl PeerBook {
    /// An empty book in memory, with the default limits and the clock of the system.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Returns a builder: for a book with other limits, times to live or another clock, or in a file.
    pub fn builder() -> PeerBookBuilder {
        PeerBookBuilder::default()
    }
}

impl<E: Engine, C: Clock> PeerBook<E, C> {
    /// A book on top of a store, with the default times to live.
    ///
    /// The clock may go back or jump: the store measures time by what it moves forward (S14).
    #[must_use]
    pub fn new(store: Peerstore<E>, clock: C) -> Self {
        Self { store, clock, lifetimes: Lifetimes::default() }
    }

    /// With other times to live.
    #[must_use]
    pub fn with_lifetimes(self, lifetimes: Lifetimes) -> Self {
        Self { lifetimes, ..self }
    }

    /// Returns the store below, for calls with a time of their own.
    #[must_use]
    pub const fn store(&self) -> &Peerstore<E> {
        &self.store
    }

    /// The clock that was given.
    #[must_use]
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// The times to live.
    #[must_use]
    pub const fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now().into()
    }
}
