//! What changes a book.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Dialects, Seq};
use peermark_peerstore::{
    Applied, ConsumeError, Delivery, Engine, Join, Joined, PayloadDigest, Report, Reported, Swept,
};
use peermark_provenance::{DialOutcome, Source, SourceKind};

use super::PeerBook;
use crate::clock::Clock;
use crate::compose;

impl<E: Engine, C: Clock> PeerBook<E, C> {
    /// Verifies a signed record of either dialect and stores it. The
    /// [`Outcome`](peermark_peerstore::Outcome) says whether it is newer than what is held.
    ///
    /// # Errors
    ///
    /// Returns [`ConsumeError::Invalid`] if it does not verify, and [`ConsumeError::Engine`] if the
    /// storage fails.
    pub fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.store.consume(bytes, source, self.lifetimes.record, self.now())
    }

    /// As [`consume`](Self::consume), of these dialects alone, and with a time to live or an age of its
    /// own; see [`delivery`](Self::delivery).
    ///
    /// # Errors
    ///
    /// As [`consume`](Self::consume). A record of another dialect does not verify.
    pub fn consume_as(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        delivery: Delivery,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.store.consume_as(bytes, dialects, delivery, self.now())
    }

    /// Consumes many signed records, each as it was delivered, and returns an answer for each, in
    /// their order. What is held already is told first; the rest is verified on all cores, and stored
    /// in one transaction.
    ///
    /// ```
    /// use peermark::identity::Keypair;
    /// use peermark::provenance::Source;
    /// use peermark::{PeerBook, SystemClock};
    ///
    /// let book = PeerBook::in_memory();
    /// let key = Keypair::generate_ed25519()?;
    /// let record = peermark::sign(&key, ["/ip4/192.0.2.1/tcp/4001".parse()?], &SystemClock)?;
    /// let by_dht = book.delivery(Source::DHT);
    /// let answers = book.consume_each([(record.as_bytes(), by_dht), (b"junk", by_dht)]);
    /// assert!(answers[0].is_ok() && answers[1].is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn consume_each<'a>(
        &self,
        envelopes: impl IntoIterator<Item = (&'a [u8], Delivery)>,
    ) -> Vec<Result<Applied, ConsumeError<E::Error>>> {
        self.store.consume_each_with(envelopes, self.now(), compose::verify_all)
    }

    /// Stores a record that is verified already.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn apply(&self, record: &CertifiedRecord, source: &Source) -> Result<Applied, E::Error> {
        self.store.apply(record, source, self.lifetimes.record, self.now())
    }

    /// Stores many records, each as it was delivered, and returns an answer for each, in their order.
    pub fn apply_each<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a CertifiedRecord, Delivery)>,
    ) -> Vec<Result<Applied, E::Error>> {
        self.store.apply_each(records, self.now())
    }

    /// Returns a delivery by this source with the book's time to live for records. Its fields can be
    /// changed, and [`Delivery::met`] adds an age.
    #[must_use]
    pub const fn delivery(&self, source: Source) -> Delivery {
        Delivery::new(source, self.lifetimes.record)
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

    /// Adds addresses of many peers, each report with a source, a time to live and an age of its own,
    /// and returns an answer for each, in their order.
    pub fn report_each<'a>(
        &self,
        reports: impl IntoIterator<Item = Report<'a>>,
    ) -> Vec<Result<Reported, E::Error>> {
        self.store.report_each(reports, self.now())
    }

    /// Changes how long the claims of one kind of source on a peer live from now on. Returns how many
    /// claims there are.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn set_ttl(
        &self,
        peer: &PeerId,
        kind: SourceKind,
        ttl: Duration,
    ) -> Result<usize, E::Error> {
        self.store.set_ttl(peer, kind, ttl, self.now())
    }

    /// Removes all claims of one kind of source on addresses of a peer, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn retract(&self, peer: &PeerId, kind: SourceKind) -> Result<usize, E::Error> {
        self.store.retract(peer, kind, self.now())
    }

    /// Removes addresses of a peer with all claims on them, and returns how many were there. With its
    /// last certified address the record is removed; its replay floor stays.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn remove(&self, peer: &PeerId, addresses: &[Multiaddr]) -> Result<usize, E::Error> {
        self.store.remove(peer, addresses, self.now())
    }

    /// Removes all addresses of a peer and its record, and returns whether there were any. Its replay
    /// floor stays.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn clear(&self, peer: &PeerId) -> Result<bool, E::Error> {
        self.store.clear(peer, self.now())
    }

    /// Removes all of a peer, its replay floor included, and returns what the floor was.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn forget(&self, peer: &PeerId) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        self.store.forget(peer, self.now())
    }

    /// Records the result of a dial. Returns whether the book has the address.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn dialed(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        outcome: DialOutcome,
    ) -> Result<bool, E::Error> {
        self.store.dialed(peer, address, outcome, self.lifetimes.dialed, self.now())
    }

    /// Records that the first connection to a peer opened: what the peer says itself does not expire
    /// until the last one closed. Returns whether there was room to store it.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn connected(&self, peer: &PeerId) -> Result<bool, E::Error> {
        self.store.connected(peer, self.now())
    }

    /// Records that the last connection to a peer closed.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn disconnected(&self, peer: &PeerId) -> Result<(), E::Error> {
        self.store.disconnected(peer, self.now())
    }

    /// Joins what another store knows of a peer, as `source` brings it. [`state`](Self::state) and
    /// [`PeerState::verify`](peermark_peerstore::PeerState::verify) make a [`Join`].
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn join(&self, join: &Join, source: &Source) -> Result<Joined, E::Error> {
        self.store.join(join, source, self.now())
    }

    /// Joins what another store knows of many peers in one transaction, and returns an answer for each,
    /// in their order.
    pub fn join_each<'a>(
        &self,
        joins: impl IntoIterator<Item = &'a Join>,
        source: &Source,
    ) -> Vec<Result<Joined, E::Error>> {
        self.store.join_many(joins, source, self.now())
    }

    /// Removes what has expired, looking at no more than `budget` entries. Call it now and then, or
    /// after [`until_next_expiry`](Self::until_next_expiry). Reads leave out what has expired either way.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn sweep(&self, budget: usize) -> Result<Swept, E::Error> {
        self.store.sweep(self.now(), budget)
    }
}
