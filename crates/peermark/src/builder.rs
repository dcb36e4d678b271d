//! How a book is made.

#[cfg(feature = "redb")]
use std::path::Path;
use std::sync::Arc;

use peermark_peerstore::{Config, Limits, Memory, Metrics, Peerstore};
#[cfg(feature = "redb")]
use peermark_peerstore_redb::{OpenError, Options, Redb};

use crate::book::PeerBook;
use crate::clock::{Clock, SystemClock};
use crate::lifetimes::Lifetimes;

/// What a [`PeerBook`] is made of; [`in_memory`](Self::in_memory) and [`open`](Self::open) make it.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "redb")] {
/// use peermark::identity::Keypair;
/// use peermark::peerstore::Outcome;
/// use peermark::provenance::Source;
/// use peermark::{PeerBook, SystemClock};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("peers.redb");
/// let alice = Keypair::generate_ed25519()?;
/// let sign = |address: &str| peermark::sign(&alice, [address.parse().unwrap()], &SystemClock);
/// let older = sign("/ip4/192.0.2.1/tcp/4001")?;
/// let newer = sign("/ip4/192.0.2.2/tcp/4001")?;
///
/// let book = PeerBook::builder().open(&path)?;
/// let _ = book.consume(newer.as_bytes(), &Source::DHT)?;
/// drop(book);
///
/// // After a restart the record is there, and what is older is still refused.
/// let book = PeerBook::builder().open(&path)?;
/// let records = book.signed_records(&[alice.peer_id()])?;
/// assert_eq!(records[0].as_deref(), Some(newer.as_bytes()));
/// let replay = book.consume(older.as_bytes(), &Source::DHT)?;
/// assert_eq!(replay.outcome, Outcome::Stale { held: newer.seq() });
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "in_memory() or open() makes the book"]
pub struct PeerBookBuilder<C = SystemClock> {
    config: Config,
    lifetimes: Lifetimes,
    clock: C,
    #[cfg(feature = "redb")]
    options: Options,
}

impl Default for PeerBookBuilder {
    /// The defaults of everything, and the clock of the system.
    fn default() -> Self {
        Self {
            config: Config::default(),
            lifetimes: Lifetimes::default(),
            clock: SystemClock,
            #[cfg(feature = "redb")]
            options: Options::default(),
        }
    }
}

impl<C: Clock> PeerBookBuilder<C> {
    /// With another configuration of the store, its limits included.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// With other limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// With a receiver of counters, such as [`Counters`](peermark_peerstore::Counters). The default counts
    /// nothing.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.config.metrics = metrics;
        self
    }

    /// With other times to live.
    pub fn lifetimes(self, lifetimes: Lifetimes) -> Self {
        Self { lifetimes, ..self }
    }

    /// With another clock.
    pub fn clock<D: Clock>(self, clock: D) -> PeerBookBuilder<D> {
        PeerBookBuilder {
            config: self.config,
            lifetimes: self.lifetimes,
            clock,
            #[cfg(feature = "redb")]
            options: self.options,
        }
    }

    /// With the file used in another way: when updates are durable, how much memory is spent.
    #[cfg(feature = "redb")]
    pub fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// An empty book in memory.
    #[must_use]
    pub fn in_memory(self) -> PeerBook<Memory, C> {
        let book = PeerBook::new(Peerstore::in_memory(self.config), self.clock);
        book.with_lifetimes(self.lifetimes)
    }

    /// The book in the file at `path`, or an empty one there.
    ///
    /// One process has it open at a time. Its time goes on where it stopped: a clock that was set
    /// back meanwhile brings nothing back.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the file cannot be opened; it is left as it was.
    #[cfg(feature = "redb")]
    pub fn open(self, path: impl AsRef<Path>) -> Result<PeerBook<Redb, C>, OpenError> {
        let engine = Redb::open(path, self.config, &self.options)?;
        let book = PeerBook::new(Peerstore::new(engine), self.clock);
        Ok(book.with_lifetimes(self.lifetimes))
    }

    /// The book in the file at `path`, to be read. Nothing in the file is changed, whatever state it is
    /// in; see [`Redb::open_read_only`]. Several can read a book at a time, and none beside one that
    /// writes to it.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the file cannot be opened, is in use, is not a store, is of a later format,
    /// or if the damage is where all of it hangs.
    #[cfg(feature = "redb")]
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<PeerBook<Redb, C>, OpenError> {
        let engine = Redb::open_read_only(path, self.config, &self.options)?;
        let book = PeerBook::new(Peerstore::new(engine), self.clock);
        Ok(book.with_lifetimes(self.lifetimes))
    }
}
