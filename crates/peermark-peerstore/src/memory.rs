//! The engine that keeps entries in memory.
//!
//! Peers are spread over shards by a hash under the store's secret; each shard is under a lock of
//! its own, is small enough that growing its tables is no pause, and has its own index of what is
//! due. Signatures are verified before any of this is entered. A peer of which one record of some four
//! addresses is held takes its place in a shard, and no allocation beside it.

mod around;
mod index;
mod ledger;
mod rows;
mod shard;
mod slab;
mod table;
mod wheel;

use core::convert::Infallible;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::Timestamp;

use crate::context::GROUPS;
use crate::engine::{Engine, Shared, Usage};
use crate::entry::{Defect, Floor, PeerEntry};
use crate::outcome::Swept;
use crate::ratchet::Moment;
use crate::sync::{AtomicUsize, Ordering, RwLock, read, write};
use crate::transition::Transition;

use around::Around;
use ledger::Ledger;
use shard::Shard;

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
        let (shared, ledger) = (&self.shared, &self.ledger);
        Around { shared, ledger, region, cx, floor_nanos: at.floor }
    }

    /// The shards are a power of two.
    fn mask(&self) -> usize {
        self.shards.len().saturating_sub(1)
    }

    /// The region of a peer, and its hash in there.
    fn place(&self, peer: &[u8]) -> (usize, u32) {
        let hash = self.shared.secret().hash(peer);
        let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
        let region = usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(0);
        (region & self.mask(), u32::from_le_bytes([a, b, c, d]))
    }
}

impl Engine for Memory {
    type Error = Infallible;

    fn shared(&self) -> &Shared {
        &self.shared
    }

    #[expect(clippy::unreachable, reason = "the region of a peer is one of the regions")]
    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Infallible> {
        let (region, hash) = self.place(&peer.multihash_bytes());
        let Some(shard) = self.shards.get(region) else { unreachable!("a region") };
        let around = self.around(region, at);
        Ok(write(shard).update(hash, peer, transition, &around))
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        view: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        let (region, hash) = self.place(&peer.multihash_bytes());
        let shard = self.shards.get(region).map(read);
        let entry = shard.as_ref().and_then(|shard| shard.find(hash, &peer.multihash_bytes()));
        Ok(view(entry))
    }

    fn floor(&self, peer: &PeerId) -> Result<Option<Floor>, Infallible> {
        let (region, hash) = self.place(&peer.multihash_bytes());
        let shard = self.shards.get(region).map(read);
        Ok(shard.and_then(|shard| shard.floor(hash, &peer.multihash_bytes())))
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
        let count = self.shards.len();
        let first = self.cursor.load(Ordering::Acquire);
        for step in 0..count {
            let region = first.wrapping_add(step) & self.mask();
            let Some(shard) = self.shards.get(region) else { continue };
            let around = self.around(region, at);
            if !read(shard).is_due(&around) {
                continue;
            }
            write(shard).sweep(&around, &mut budget, &mut swept);
            if budget == 0 {
                self.cursor.store(region, Ordering::Release);
                break;
            }
        }
        let is_due =
            |(region, shard): (usize, &RwLock<Shard>)| read(shard).is_due(&self.around(region, at));
        swept.more = budget == 0 && self.shards.iter().enumerate().any(is_due);
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
        let mut charged = Ledger::default();
        for (region, shard) in self.shards.iter().enumerate() {
            let around = self.around(region, Moment::default());
            read(shard).check(&around, |peer| self.place(peer).1, &mut charged)?;
        }
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect::new(what)) };
        let (usage, limits) = (self.ledger.usage(), self.shared.limits());
        ensure(usage == charged.usage(), "the ledger counts something else than there is")?;
        ensure(usage.peers <= limits.peers, "more peers than the limit")?;
        ensure(usage.records <= limits.records, "more records than the limit")?;
        ensure(usage.bytes <= limits.bytes, "more bytes than the limit")?;
        ensure(usage.floors <= limits.floors, "more floors than the limit")?;
        for group in 0..GROUPS {
            let of_group = self.ledger.of_group(group);
            ensure(of_group == charged.of_group(group), "a group is charged something else")?;
            ensure(!self.ledger.is_over(group, limits), "a group with more than its share")?;
        }
        ensure(self.shared.evidence().len() <= limits.evidence, "more evidence than the limit")
    }
}
