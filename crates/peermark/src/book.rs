//! The peer book: a store, a clock, and how long things live.

#[cfg(feature = "redb")]
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Seq};
use peermark_peerstore::{
    Applied, ConsumeError, Delivery, Engine, Equivocation, Memory, PayloadDigest, PeerAddress,
    PeerAddresses, Peerstore, Reported, RoutingRecord, SubscribeError, Subscription, Swept,
};
#[cfg(feature = "redb")]
use peermark_peerstore_redb::{Backup, OpenError, Redb};
use peermark_provenance::{DialOutcome, Source, SourceKind, Timestamp};

use crate::builder::PeerBookBuilder;
use crate::clock::{Clock, SystemClock};
use crate::lifetimes::Lifetimes;

/// A [`Peerstore`] with a clock and default times to live: what a node keeps of its peers.
///
/// Everything here is one call of the store below, with the time and a time to live filled in;
/// [`store`](Self::store) is the way to the rest.
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
/// // A record arrives, from wherever.
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

    /// How to make a book that is different: with other limits, times to live, a clock, or in a
    /// file.
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

    /// The store.
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

    /// Verifies a signed record and stores it. Whether it is newer than what is held, the
    /// [`Outcome`](peermark_peerstore::Outcome) says.
    ///
    /// # Errors
    ///
    /// It does not verify; the engine's.
    pub fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.store.consume(bytes, source, self.lifetimes.record, self.now())
    }

    /// Stores a record that is verified already.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn apply(&self, record: &CertifiedRecord, source: &Source) -> Result<Applied, E::Error> {
        self.store.apply(record, source, self.lifetimes.record, self.now())
    }

    /// Stores many records, each as it was delivered, with an answer for each, in their order.
    pub fn apply_each<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a CertifiedRecord, Delivery)>,
    ) -> Vec<Result<Applied, E::Error>> {
        self.store.apply_each(records, self.now())
    }

    /// The pair of records by which a peer contradicted itself, where it is kept.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn equivocation(&self, peer: &PeerId) -> Result<Option<Equivocation>, E::Error> {
        self.store.equivocation(peer)
    }

    /// Adds addresses that a source reports.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn report(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
    ) -> Result<Reported, E::Error> {
        let ttl = self.lifetimes.of(source.kind());
        self.store.report(peer, addresses, source, ttl, self.now())
    }

    /// Takes back all claims of one kind of source on addresses of a peer.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn retract(&self, peer: &PeerId, kind: SourceKind) -> Result<usize, E::Error> {
        self.store.retract(peer, kind, self.now())
    }

    /// A dial ended: what it taught counts from now on.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn dialed(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        result: DialOutcome,
    ) -> Result<bool, E::Error> {
        self.store.dialed(peer, address, result, self.lifetimes.dialed, self.now())
    }

    /// The first connection to a peer opened.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn connected(&self, peer: &PeerId) -> Result<bool, E::Error> {
        self.store.connected(peer, self.now())
    }

    /// The last connection to a peer closed.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn disconnected(&self, peer: &PeerId) -> Result<(), E::Error> {
        self.store.disconnected(peer, self.now())
    }

    /// The addresses of a peer with their provenance, those of its record first.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn addresses(&self, peer: &PeerId) -> Result<Vec<PeerAddress>, E::Error> {
        self.store.addresses(peer, self.now())
    }

    /// The certified addresses of a peer.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn certified_addresses(&self, peer: &PeerId) -> Result<Vec<Multiaddr>, E::Error> {
        self.store.certified_addresses(peer, self.now())
    }

    /// Whether an address is in the peer's current certified record.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn is_certified(&self, peer: &PeerId, address: &Multiaddr) -> Result<bool, E::Error> {
        self.store.is_certified(peer, address, self.now())
    }

    /// The signed records of many peers, in their order: for relaying.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn signed_records(&self, peers: &[PeerId]) -> Result<Vec<Option<Bytes>>, E::Error> {
        self.store.signed_records(peers, self.now())
    }

    /// For each peer its signed record, or its plain addresses.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn routing_records(&self, peers: &[PeerId]) -> Result<Vec<RoutingRecord>, E::Error> {
        self.store.routing_records(peers, self.now())
    }

    /// The peers that have an address.
    pub fn peers(&self) -> impl Iterator<Item = Result<PeerId, E::Error>> + '_ {
        self.store.peers(self.now())
    }

    /// The highest sequence number that was accepted of a peer, and the payload that came with it.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn floor(&self, peer: &PeerId) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        self.store.floor(peer, self.now())
    }

    /// The addresses of a peer, and what becomes of them.
    ///
    /// # Errors
    ///
    /// As [`Peerstore::subscribe`].
    pub fn subscribe(
        &self,
        peer: &PeerId,
    ) -> Result<(Vec<PeerAddress>, Subscription), SubscribeError<E::Error>> {
        self.store.subscribe(peer, self.now())
    }

    /// The addresses of all peers, and what becomes of them.
    ///
    /// # Errors
    ///
    /// As [`Peerstore::subscribe_all`].
    pub fn subscribe_all(
        &self,
        snapshot: impl FnMut(PeerAddresses),
    ) -> Result<Subscription, SubscribeError<E::Error>> {
        self.store.subscribe_all(self.now(), snapshot)
    }

    /// Removes all addresses of a peer; its floor stays.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn clear(&self, peer: &PeerId) -> Result<bool, E::Error> {
        self.store.clear(peer, self.now())
    }

    /// Removes all of a peer, and its floor.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn forget(&self, peer: &PeerId) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        self.store.forget(peer, self.now())
    }

    /// Lets go of what is over, looking at no more than `budget` entries. Call it now and then, or
    /// after [`until_next_expiry`](Self::until_next_expiry); reads are right either way.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn sweep(&self, budget: usize) -> Result<Swept, E::Error> {
        self.store.sweep(self.now(), budget)
    }

    /// How long until the next claim ends; `None` when none does.
    #[must_use]
    pub fn until_next_expiry(&self) -> Option<Duration> {
        self.store.next_expiry().map(|next| next.saturating_since(self.now()))
    }
}

#[cfg(feature = "redb")]
impl<C: Clock> PeerBook<Redb, C> {
    /// Copies the book into a new file at `path`, as it is at this moment, while it is in use.
    ///
    /// The copy is whole, synced and read back before it has its name; [`PeerBookBuilder::open`] opens it.
    ///
    /// # Errors
    ///
    /// There is a file at `path`, it cannot be written, or what is to be copied is damaged.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<Backup, OpenError> {
        self.store.engine().backup_to(path)
    }

    /// The store without its clock, to close it or to use it elsewhere.
    #[must_use]
    pub fn into_store(self) -> Peerstore<Redb> {
        self.store
    }

    /// What was found when the file was opened: its format, whether it was closed, and how far the
    /// store is above its limits.
    #[must_use]
    pub const fn opened(&self) -> &peermark_peerstore_redb::Opened {
        self.store.engine().opened()
    }
}
