//! Reading (S6, S8, S9): as of `now`, and never holding a lock while the caller has the answer.

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{Provenance, Timestamp, TrustClass, normalize_address};

use super::Peerstore;
use crate::engine::Engine;
use crate::entry::{PeerEntry, PeerView};

/// An address of a peer, with everything that is known of where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerAddress {
    /// The address, without the peer's own `/p2p/` suffix.
    pub address: Multiaddr,
    /// The class of its best claim (P5).
    pub class: TrustClass,
    /// All claims on it.
    pub provenance: Provenance,
}

/// What a routing table answers for a peer (S8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "signed, plain, or nothing")]
pub enum RoutingRecord {
    /// The canonical envelope of its certified record.
    Signed(Bytes),
    /// Its addresses, which nobody signed.
    Plain(Vec<Multiaddr>),
    /// Nothing is known.
    Unknown,
}

impl<E: Engine> Peerstore<E> {
    /// Shows what is held of a peer to `read`, without copying any of it. `read` runs under a lock:
    /// it must be short, and must not call the store.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn view<R>(
        &self,
        peer: &PeerId,
        now: Timestamp,
        read: impl FnOnce(Option<PeerView<'_>>) -> R,
    ) -> Result<R, E::Error> {
        let cx = self.shared().context(self.advance(now));
        self.engine.view(peer, |entry| read(entry.map(|entry| PeerView::new(entry, &cx))))
    }

    /// The addresses of a peer, those of its record first and in its order.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn addresses(&self, peer: &PeerId, now: Timestamp) -> Result<Vec<PeerAddress>, E::Error> {
        self.view(peer, now, |view| view.map(|view| copy_addresses(&view)).unwrap_or_default())
    }

    /// The certified addresses of a peer, in the order of its record.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn certified_addresses(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<Vec<Multiaddr>, E::Error> {
        self.view(peer, now, |view| {
            let addresses = view.iter().flat_map(PeerView::addresses);
            let certified = addresses.filter(|address| address.is_certified());
            certified.map(|address| address.address().to_multiaddr()).collect()
        })
    }

    /// Whether an address is in the peer's current certified record. The peer's own `/p2p/` suffix
    /// does not matter.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn is_certified(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        now: Timestamp,
    ) -> Result<bool, E::Error> {
        let Ok(address) = normalize_address(address.as_ref(), peer) else {
            return Ok(false);
        };
        self.view(peer, now, |view| {
            let known = view.and_then(|view| view.address(address.as_bytes()));
            known.is_some_and(|known| known.is_certified())
        })
    }

    /// The canonical envelope of the peer's certified record, while it has a certified address
    /// (S5).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn signed_record(&self, peer: &PeerId, now: Timestamp) -> Result<Option<Bytes>, E::Error> {
        self.view(peer, now, copy_record)
    }

    /// The signed records of many peers, in their order (S8).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn signed_records(
        &self,
        peers: &[PeerId],
        now: Timestamp,
    ) -> Result<Vec<Option<Bytes>>, E::Error> {
        self.view_many(peers, now, copy_record)
    }

    /// For each peer its signed record, or its plain addresses where there is none (S8): what
    /// answers `FIND_NODE` and `GET_PROVIDERS`.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn routing_records(
        &self,
        peers: &[PeerId],
        now: Timestamp,
    ) -> Result<Vec<RoutingRecord>, E::Error> {
        self.view_many(peers, now, |view| {
            if let Some(record) = copy_record(view) {
                return RoutingRecord::Signed(record);
            }
            let addresses = view.iter().flat_map(PeerView::addresses);
            let plain: Vec<_> = addresses.map(|a| a.address().to_multiaddr()).collect();
            if plain.is_empty() { RoutingRecord::Unknown } else { RoutingRecord::Plain(plain) }
        })
    }

    fn view_many<R>(
        &self,
        peers: &[PeerId],
        now: Timestamp,
        mut read: impl FnMut(Option<PeerView<'_>>) -> R,
    ) -> Result<Vec<R>, E::Error> {
        let cx = self.shared().context(self.advance(now));
        let read = |entry: Option<&PeerEntry>| read(entry.map(|entry| PeerView::new(entry, &cx)));
        self.engine.view_many(peers, read).into_iter().collect()
    }

    /// The peers that have an address, in no particular order.
    ///
    /// The iterator holds no lock: it reads one part of the store at a time, and a peer that comes
    /// or goes meanwhile may be among them or not.
    pub fn peers(&self, now: Timestamp) -> impl Iterator<Item = Result<PeerId, E::Error>> + '_ {
        let cx = self.shared().context(self.advance(now));
        let has_address = move |entry: &&PeerEntry| !PeerView::new(entry, &cx).is_empty();
        (0..self.engine.regions()).flat_map(move |region| {
            let peers = self.engine.read_region(region, |entries| {
                entries.filter(has_address).map(PeerEntry::peer_id).collect::<Vec<_>>()
            });
            let (peers, error) = match peers {
                Ok(peers) => (peers, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            peers.into_iter().map(Ok).chain(error)
        })
    }

    /// How many peers have an address now. It looks at all of them; [`Self::usage`] does not, and
    /// counts what is not swept.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn count_peers(&self, now: Timestamp) -> Result<usize, E::Error> {
        let mut count = 0usize;
        for peer in self.peers(now) {
            let _: PeerId = peer?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}

fn copy_record(view: Option<PeerView<'_>>) -> Option<Bytes> {
    view.and_then(|view| view.record()).map(|record| Bytes::copy_from_slice(record.as_bytes()))
}

pub(super) fn copy_addresses(view: &PeerView<'_>) -> Vec<PeerAddress> {
    let copy = |address: crate::entry::AddressView<'_>| PeerAddress {
        address: address.address().to_multiaddr(),
        class: address.class(),
        provenance: address.provenance(),
    };
    view.addresses().map(copy).collect()
}
