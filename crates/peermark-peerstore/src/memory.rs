//! The engine that keeps entries in memory.
//!
//! Peers are spread over shards by a hash under the store's secret; each shard is under a lock of
//! its own, is small enough that growing its tables is no pause, and has its own index of what is
//! due. Signatures are verified before any of this is entered. A peer of which one record of some four
//! addresses is held takes its place in a shard, and no allocation beside it.

mod index;
mod rows;
mod shard;
mod slab;
mod table;
mod wheel;

use core::convert::Infallible;

use peermark_identity::{PeerId, PeerIdBytes, PeerIdExt as _};
use peermark_provenance::Timestamp;

use crate::accounting::{Ledger, Usage};
use crate::clock::Moment;
use crate::engine::{Engine, Shared};
use crate::entry::{Defect, Floor, PeerEntry, Remnant};
use crate::outcome::{Applied, Swept};
use crate::sync::{AtomicUsize, Ordering, RwLock, RwLockReadGuard, read, write};
use crate::transition::{Repeat, Transition};

use shard::{Around, Shard, Sought, low};

/// Entries in memory.
#[derive(Debug)]
pub struct Memory {
    shared: Shared,
    ledger: Ledger,
    shards: Box<[RwLock<Shard>]>,
    /// Where the next sweep begins.
    cursor: AtomicUsize,
}

/// Peers of a shard, at most, when the store is as full as it may be. Growing its table moves as
/// many keys of four bytes, which takes a fraction of a millisecond.
const PEERS_PER_SHARD: usize = 1 << 14;
/// Bytes that a peer takes, or more.
const BYTES_PER_PEER: usize = 1024;
/// Shards, at most.
const MAX_SHARDS: usize = 1 << 12;

impl Memory {
    /// An empty engine.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        let limits = shared.limits();
        // A shard evicts of its own: the lowest cap says how many there may be.
        let bytes = usize::try_from(limits.bytes).unwrap_or(usize::MAX) / BYTES_PER_PEER;
        let least = limits.peers.min(limits.records).min(limits.floors).min(bytes);
        let shards = least.div_ceil(PEERS_PER_SHARD).clamp(1, MAX_SHARDS);
        let shards = shards.checked_next_power_of_two().unwrap_or(MAX_SHARDS);
        Self {
            shared,
            ledger: Ledger::default(),
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            cursor: AtomicUsize::new(0),
        }
    }

    fn around(&self, region: usize, at: Moment) -> Around<'_> {
        let cx = self.shared.context(at);
        Around { shared: &self.shared, ledger: &self.ledger, region, cx }
    }

    /// The shards are a power of two.
    fn mask(&self) -> usize {
        self.shards.len().saturating_sub(1)
    }

    /// The region of a peer, and its hash in there.
    #[inline]
    fn place(&self, peer: &[u8]) -> (usize, u32) {
        let hash = self.shared.secret().hash(peer);
        let [_, _, _, _, e, f, g, h] = hash.to_le_bytes();
        let region = usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(0);
        (region & self.mask(), low(hash))
    }

    #[expect(clippy::unreachable, reason = "the region of a peer is one of the regions")]
    fn shard(&self, region: usize) -> &RwLock<Shard> {
        match self.shards.get(region) {
            Some(shard) => shard,
            None => unreachable!("a region"),
        }
    }
}

/// Look-ups whose memory is waited for together.
const TOGETHER: usize = 32;

impl Engine for Memory {
    type Error = Infallible;

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Infallible> {
        let bytes = &peer.multihash_bytes();
        let (region, hash) = self.place(bytes);
        let around = self.around(region, at);
        let sought = Sought { peer, bytes, hash };
        Ok(write(self.shard(region)).update(sought, transition, &around))
    }

    fn update_many<T: Transition>(
        &self,
        items: &[(PeerId, T)],
        at: Moment,
    ) -> Vec<Result<T::Answer, Infallible>> {
        let mut answers = Vec::with_capacity(items.len());
        for items in items.chunks(TOGETHER) {
            if items.len() > 1 {
                let locked = self.lock(items.iter().map(|(peer, _)| peer));
                locked.prefetch();
            }
            let update = |(peer, transition): &(PeerId, T)| self.update(peer, at, transition);
            answers.extend(items.iter().map(update));
        }
        answers
    }

    #[inline]
    fn repeat(
        &self,
        peer: &PeerId,
        at: Moment,
        repeat: &Repeat<'_>,
    ) -> Result<Option<Applied>, Infallible> {
        let bytes = peer.multihash_bytes();
        let (region, hash) = self.place(&bytes);
        Ok(write(self.shard(region)).repeat(hash, &bytes, repeat, &self.shared.context(at)))
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        view: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        let bytes = peer.multihash_bytes();
        let (region, hash) = self.place(&bytes);
        let shard = read(self.shard(region));
        Ok(view(shard.find(hash, &bytes)))
    }

    fn view_many<R>(
        &self,
        peers: &[PeerId],
        mut view: impl FnMut(Option<&PeerEntry>) -> R,
    ) -> Vec<Result<R, Infallible>> {
        let mut answers = Vec::with_capacity(peers.len());
        for peers in peers.chunks(TOGETHER) {
            let locked = self.lock(peers.iter());
            if peers.len() > 1 {
                locked.prefetch();
            }
            answers.extend(locked.entries().map(|entry| Ok(view(entry))));
        }
        answers
    }

    fn floor(&self, peer: &PeerId, at: Moment) -> Result<Option<Floor>, Infallible> {
        let bytes = peer.multihash_bytes();
        let (region, hash) = self.place(&bytes);
        Ok(read(self.shard(region)).floor(hash, &bytes, &self.shared.context(at)))
    }

    fn remnant(&self, peer: &PeerId) -> Result<Option<Remnant>, Infallible> {
        let bytes = peer.multihash_bytes();
        let (region, hash) = self.place(&bytes);
        Ok(read(self.shard(region)).remnant(hash, &bytes).cloned())
    }

    fn regions(&self) -> usize {
        self.shards.len()
    }

    fn region_of(&self, peer: &PeerId) -> usize {
        self.place(&peer.multihash_bytes()).0
    }

    fn read_region<R>(
        &self,
        region: usize,
        visit: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        let shard = self.shards.get(region).map(read);
        Ok(visit(&mut shard.iter().flat_map(|shard| shard.entries())))
    }

    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Infallible> {
        let (mut swept, mut budget) = (Swept::default(), budget);
        let cx = self.shared.context(at);
        let count = self.shards.len();
        let first = self.cursor.load(Ordering::Acquire);
        for step in 0..count {
            let region = first.wrapping_add(step) & self.mask();
            let Some(shard) = self.shards.get(region) else { continue };
            if !read(shard).is_due(&cx) {
                continue;
            }
            write(shard).sweep(&self.around(region, at), &mut budget, &mut swept);
            if budget == 0 {
                self.cursor.store(region, Ordering::Release);
                break;
            }
        }
        let is_due = |shard: &RwLock<Shard>| read(shard).is_due(&cx);
        swept.more = budget == 0 && self.shards.iter().any(is_due);
        Ok(swept)
    }

    fn next_due(&self) -> Option<Timestamp> {
        let due = self.shards.iter().filter_map(|shard| read(shard).next_due()).min();
        due.map(Timestamp::from_nanos)
    }

    fn usage(&self) -> Usage {
        self.ledger.usage()
    }

    fn check(&self) -> Result<(), Defect> {
        let charged = Ledger::default();
        let at = self.shared.clock().last();
        for (region, shard) in self.shards.iter().enumerate() {
            let around = self.around(region, at);
            read(shard).check(&around, |peer| self.place(peer).1, &charged)?;
        }
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect::new(what)) };
        ensure(self.ledger.equals(&charged), "the ledger counts something else than there is")?;
        ensure(charged.is_within(self.shared.limits()), "more than the limits, or a share")
    }
}

/// Up to [`TOGETHER`] peers that are looked up together, in shards that are locked for reading.
struct Locked<'a> {
    /// In ascending order, each once.
    shards: Vec<RwLockReadGuard<'a, Shard>>,
    sought: Vec<Place>,
}

/// Where a peer is looked for.
struct Place {
    /// Its index among the locked ones.
    shard: usize,
    hash: u32,
    bytes: PeerIdBytes,
}

impl Memory {
    /// Locks the shards of these peers, each once and in ascending order. A thread that holds a lock waits
    /// for higher ones only, and a writer holds one at a time: there is no deadlock.
    fn lock<'a>(&self, peers: impl Iterator<Item = &'a PeerId>) -> Locked<'_> {
        let place = |peer: &PeerId| {
            let bytes = peer.multihash_bytes();
            let (shard, hash) = self.place(&bytes);
            Place { shard, hash, bytes }
        };
        let mut sought: Vec<_> = peers.map(place).collect();
        let mut regions: Vec<_> = sought.iter().map(|place| place.shard).collect();
        regions.sort_unstable();
        regions.dedup();
        for place in &mut sought {
            place.shard = regions.partition_point(|region| *region < place.shard);
        }
        let shards = regions.into_iter().map(|region| read(self.shard(region)));
        Locked { shards: shards.collect(), sought }
    }
}

impl Locked<'_> {
    fn sought(&self) -> impl Iterator<Item = (&Shard, &Place)> {
        let shard = |place: &Place| self.shards.get(place.shard).map(|shard| &**shard);
        self.sought.iter().filter_map(move |place| Some((shard(place)?, place)))
    }

    /// Loads the lines of the index, then the first line of each entry, then the entries. The loads of one
    /// loop overlap, as far as the processor looks ahead: a loop does little for each peer, and takes no
    /// atomic step, which would wait for the loads before it.
    fn prefetch(&self) {
        let mut keys = [None; TOGETHER];
        self.sought().for_each(|(shard, place)| shard.prefetch_index(place.hash));
        for (key, (shard, place)) in keys.iter_mut().zip(self.sought()) {
            *key = shard.first(place.hash);
        }
        for (key, (shard, _)) in keys.iter().zip(self.sought()) {
            if let Some(key) = *key {
                shard.prefetch_start(key);
            }
        }
        for (key, (shard, _)) in keys.iter().zip(self.sought()) {
            if let Some(key) = *key {
                shard.prefetch_entry(key);
            }
        }
    }

    /// Their entries, in their order.
    fn entries(&self) -> impl Iterator<Item = Option<&PeerEntry>> {
        self.sought().map(|(shard, place)| shard.find(place.hash, &place.bytes))
    }
}
