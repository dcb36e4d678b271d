//! The two stores, and the same work done by each.

use std::num::NonZeroUsize;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libp2p_peer_store::Store as _;
use libp2p_peer_store::memory_store::{self, MemoryStore};
use peermark::Multiaddr;
use peermark::identity::PeerId;
use peermark::peer_record::CertifiedRecord;
use peermark_peerstore::{Applied, Config, Peerstore, Secret, Share};
use peermark_provenance::{Source, Timestamp};

/// When all of it happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

/// Who delivers.
pub(crate) const SOURCE: Source = Source::DHT;

/// Longer than any of it takes.
pub(crate) const LONG: Duration = Duration::from_secs(100 * 365 * DAY);

const DAY: u64 = 24 * 60 * 60;

/// A store for so many peers in which nothing has to be evicted, with hashes that are the same in
/// every run.
pub(crate) fn our_store(peers: usize) -> Peerstore {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([7; 16]);
    // Near a cap those who add take turns; nobody does here.
    config.limits.peers = peers + 1000;
    config.limits.records = peers + 1000;
    config.limits.floors = peers + 1000;
    config.limits.bytes = u64::MAX / 1000;
    let whole = Share::new(1, 1);
    config.limits.share = whole;
    config.limits.kind_share = whole;
    config.limits.kinds_share = whole;
    config.limits.record_age = LONG;
    Peerstore::in_memory(config)
}

/// The contender's, in which nothing has to be evicted either.
pub(super) fn their_store(peers: usize) -> MemoryStore {
    let peers = NonZeroUsize::new(peers).unwrap_or(NonZeroUsize::MIN);
    MemoryStore::new(memory_store::Config::default().set_peer_capacity(peers))
}

/// A day to two: records come at different times, and so they go.
pub(super) fn ttl(n: usize) -> Duration {
    let spread = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    Duration::from_secs(DAY) + Duration::from_micros(spread * DAY / (1 << 32) * 1_000_000)
}

pub(crate) fn apply(store: &Peerstore, record: &CertifiedRecord, ttl: Duration) -> Applied {
    let Ok(applied) = store.apply(record, &SOURCE, ttl, NOW);
    applied
}

/// A peer as the contender takes it.
pub(super) struct Plain {
    pub(super) peer: PeerId,
    pub(super) addresses: Vec<Multiaddr>,
}

impl Plain {
    pub(super) fn new(record: &CertifiedRecord) -> Self {
        let addresses = record.addresses().map(Multiaddr::from).collect();
        Self { peer: record.peer_id(), addresses }
    }
}

/// Adds the addresses of one peer, and answers how many are new.
pub(super) fn add(store: &mut MemoryStore, plain: &Plain) -> usize {
    let mut new = 0;
    for address in &plain.addresses {
        new += usize::from(store.add_address(&plain.peer, address));
    }
    new
}

/// Takes the events that the store queued. Nobody asks for them here, and without bound they grow.
pub(super) fn drain(store: &mut MemoryStore) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(event) = store.poll(&mut context) {
        drop(event);
    }
}

/// Finds a peer and reads the bytes of its addresses.
pub(crate) fn read_ours(store: &Peerstore, peer: &PeerId) -> Option<Read> {
    let Ok(read) = store.view(peer, NOW, |view| {
        let addresses = view?.addresses().map(|address| address.address());
        Some(addresses.fold(Read::default(), |read, address| read.and(address.as_bytes())))
    });
    read
}

/// As [`read_ours`].
pub(super) fn read_theirs(store: &MemoryStore, peer: &PeerId) -> Option<Read> {
    let addresses = store.addresses_of_peer(peer)?;
    Some(addresses.fold(Read::default(), |read, address| read.and(address.as_ref())))
}

/// What was read, in whatever order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    addresses: u64,
    bytes: u64,
    sum: u64,
}

impl Read {
    pub(super) fn and(self, address: &[u8]) -> Self {
        Self {
            addresses: self.addresses + 1,
            bytes: self.bytes + address.len() as u64,
            sum: address.iter().fold(self.sum, |sum, byte| sum + u64::from(*byte)),
        }
    }
}
