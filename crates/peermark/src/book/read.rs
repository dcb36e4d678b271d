//! What reads a book.

use std::time::Duration;

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_peerstore::{
    Defect, Engine, Equivocation, Limits, PayloadDigest, PeerAddress, PeerAddresses, PeerState,
    PeerView, RoutingRecord, SubscribeError, Subscription, Usage,
};

use super::PeerBook;
use crate::clock::Clock;

impl<E: Engine, C: Clock> PeerBook<E, C> {
    /// Returns the addresses of a peer with their provenance, those of its record first.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn addresses(&self, peer: &PeerId) -> Result<Vec<PeerAddress>, E::Error> {
        self.store.addresses(peer, self.now())
    }

    /// Returns the certified addresses of a peer.
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

    /// Calls `read` with what is held of a peer, without copying it. In memory, a lock is held
    /// meanwhile: `read` must not call the book.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<PeerView<'_>>) -> R,
    ) -> Result<R, E::Error> {
        self.store.view(peer, self.now(), read)
    }

    /// Returns the signed record of a peer, byte for byte as it was signed: for relaying.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn signed_record(&self, peer: &PeerId) -> Result<Option<Bytes>, E::Error> {
        self.store.signed_record(peer, self.now())
    }

    /// Returns the signed records of many peers, in their order.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn signed_records(&self, peers: &[PeerId]) -> Result<Vec<Option<Bytes>>, E::Error> {
        self.store.signed_records(peers, self.now())
    }

    /// Returns for each peer its signed record, or its plain addresses if there is none.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn routing_records(&self, peers: &[PeerId]) -> Result<Vec<RoutingRecord>, E::Error> {
        self.store.routing_records(peers, self.now())
    }

    /// Returns the peers that have an address.
    pub fn peers(&self) -> impl Iterator<Item = Result<PeerId, E::Error>> + '_ {
        self.store.peers(self.now())
    }

    /// Returns the highest sequence number that was accepted of a peer, and the digest of the payload
    /// that came with it.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn floor(&self, peer: &PeerId) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        self.store.floor(peer, self.now())
    }

    /// Returns the pair of records by which a peer contradicted itself, if it is kept.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn equivocation(&self, peer: &PeerId) -> Result<Option<Equivocation>, E::Error> {
        self.store.equivocation(peer)
    }

    /// Returns all that the book knows of a peer, for another book to [`join`](Self::join) in; `None` if
    /// it knows nothing.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn state(&self, peer: &PeerId) -> Result<Option<PeerState>, E::Error> {
        self.store.state(peer, self.now())
    }

    /// Returns the addresses of a peer and a stream of their changes, without a gap between the two.
    ///
    /// # Errors
    ///
    /// Returns [`SubscribeError`] if there are too many subscribers or the storage fails.
    pub fn subscribe(
        &self,
        peer: &PeerId,
    ) -> Result<(Vec<PeerAddress>, Subscription), SubscribeError<E::Error>> {
        self.store.subscribe(peer, self.now())
    }

    /// Calls `snapshot` with the addresses of each peer and returns a stream of the changes of all of
    /// them, without a gap between the two.
    ///
    /// # Errors
    ///
    /// Returns [`SubscribeError`] if there are too many subscribers or the storage fails.
    pub fn subscribe_all(
        &self,
        snapshot: impl FnMut(PeerAddresses),
    ) -> Result<Subscription, SubscribeError<E::Error>> {
        self.store.subscribe_all(self.now(), snapshot)
    }

    /// Returns how long it is until the next claim ends; `None` if none does.
    #[must_use]
    pub fn until_next_expiry(&self) -> Option<Duration> {
        self.store.next_expiry().map(|next| next.saturating_since(self.now()))
    }

    /// Returns how much is held. What has expired counts until it is swept.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.store.usage()
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.store.limits()
    }

    /// Checks the whole structure and verifies every signature. Slow: for tests, and for operators.
    ///
    /// # Errors
    ///
    /// Returns the first invariant that does not hold.
    pub fn check(&self) -> Result<(), Defect> {
        self.store.check()
    }
}
