//! One part of the peers, under one lock: entries, and what is left of peers of which nothing else is
//! held.
//!
//! Invariants: a peer is in one of the two tables at most; nothing is stored that is empty; what is
//! charged in the ledger is what is here.

use core::convert::Infallible;

use peermark_identity::{PeerId, PeerIdBytes};

use super::rows::{Tag, rank};
use super::table::Table;
use crate::accounting::{Cost, Ledger};
use crate::context::Context;
use crate::engine::{Choice, Entries, FloorChoice, Shared, expire, update};
use crate::entry::{Defect, Floor, PeerEntry, Remnant};
use crate::event::Event;
use crate::metrics::Evicted;
use crate::outcome::{Applied, Swept};
use crate::transition::{Repeat, Transition};

/// Entries and remnants of some peers.
#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: Table<PeerEntry>,
    remnants: Table<Option<Remnant>>,
}

/// What the work of a shard needs beside itself.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) shared: &'a Shared,
    pub(super) ledger: &'a Ledger,
    pub(super) region: usize,
    pub(super) cx: Context<'a>,
}

/// A peer, as a shard looks for it.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) peer: &'a PeerId,
    pub(super) bytes: &'a PeerIdBytes,
    pub(super) hash: u32,
}

/// How many keys are looked at to find one that has ended before something is evicted.
const SWEEP_FOR_ROOM: usize = 1024;

impl Shard {
    pub(super) fn find(&self, hash: u32, peer: &[u8]) -> Option<&PeerEntry> {
        self.entries.row(hash, peer)
    }

    /// Prefetches what [`Self::find`] reads first.
    pub(super) fn prefetch_index(&self, hash: u32) {
        self.entries.prefetch_index(hash);
    }

    /// The key of the entry that [`Self::find`] looks at first.
    pub(super) fn first(&self, hash: u32) -> Option<u32> {
        self.entries.first(hash)
    }

    /// Prefetches where an entry begins.
    pub(super) fn prefetch_start(&self, key: u32) {
        self.entries.prefetch_start(key);
    }

    /// Prefetches an entry.
    pub(super) fn prefetch_entry(&self, key: u32) {
        self.entries.prefetch_row(key);
    }

    pub(super) fn remnant(&self, hash: u32, peer: &[u8]) -> Option<&Remnant> {
        self.remnants.row(hash, peer)?.as_ref()
    }

    pub(super) fn floor(&self, hash: u32, peer: &[u8], cx: &Context<'_>) -> Option<Floor> {
        if let Some(entry) = self.find(hash, peer) {
            return entry.floor_at(cx.at, cx.limits);
        }
        let mut rest = self.remnant(hash, peer)?.clone();
        rest.expire(cx.at);
        rest.floor()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &PeerEntry> {
        self.entries.iter()
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.entries.next_due()
    }

    /// Whether something may have ended.
    pub(super) fn is_due(&self, cx: &Context<'_>) -> bool {
        let entries = self.entries.next_due().is_some_and(|due| due <= cx.now().as_nanos());
        entries || self.remnants.next_due().is_some_and(|due| due <= cx.at.aging)
    }

    /// Runs a transition, as [`update`] says.
    pub(super) fn update<T: Transition>(
        &mut self,
        sought: Sought<'_>,
        transition: &T,
        around: &Around<'_>,
    ) -> T::Answer {
        // A new entry is written where the next one goes: its memory arrives while it is looked for.
        self.entries.prefetch_next();
        let (ledger, cx) = (around.ledger, &around.cx);
        let mut work = Work { shard: self, sought: Some(sought), around };
        let answer = match update(&mut work, ledger, transition, cx) {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        self.settle();
        answer
    }

    /// Takes a repeat in, where it is one.
    #[inline]
    pub(super) fn repeat(
        &mut self,
        hash: u32,
        peer: &[u8],
        repeat: &Repeat<'_>,
        cx: &Context<'_>,
    ) -> Option<Applied> {
        let key = self.entries.find(hash, peer)?;
        // It ends no earlier than before, and keeps its place among what is due: time will tell.
        repeat.take(self.entries.get_mut(key)?, cx)
    }

    /// Removes what has ended, as far as the budget goes.
    pub(super) fn sweep(&mut self, around: &Around<'_>, budget: &mut usize, swept: &mut Swept) {
        let (ledger, cx) = (around.ledger, &around.cx);
        while let Some(key) = self.entries.pop_due(cx.now().as_nanos(), cx, budget) {
            let mut work = Work { shard: self, sought: None, around };
            match expire(&mut work, ledger, key, cx, swept) {
                Ok(()) => {}
                Err(never) => match never {},
            }
        }
        while let Some(key) = self.remnants.pop_due(cx.at.aging, cx, budget) {
            let Some(mut rest) = self.remnants.remove(key).flatten() else { continue };
            ledger.release(&Cost::of_floor(&rest));
            let had = rest.clone();
            rest.expire(cx.at);
            if rest.is_empty() {
                swept.floors = swept.floors.saturating_add(1);
            } else {
                debug_assert!(rest != had || rest.due() > cx.at.aging_secs(), "it was due");
                ledger.charge(&Cost::of_floor(&rest));
                self.put_remnant(rest, around);
            }
        }
        self.settle();
    }

    /// Gives back memory that is not needed any more. Nobody has a key meanwhile.
    fn settle(&mut self) {
        self.entries.settle();
        self.remnants.settle();
    }

    fn put_remnant(&mut self, rest: Remnant, around: &Around<'_>) {
        use peermark_identity::PeerIdExt as _;
        let hash = around.shared.secret().hash(&rest.peer_id().multihash_bytes());
        let key = self.remnants.reserve();
        if let Some(row) = self.remnants.get_mut(key) {
            *row = Some(rest);
        }
        self.remnants.insert(low(hash), key, around.cx.at.aging, &around.cx);
    }

    /// Proves the invariants of the shard, and adds up what is charged.
    pub(super) fn check(
        &self,
        around: &Around<'_>,
        hash_of: impl Fn(&[u8]) -> u32,
        charged: &Ledger,
    ) -> Result<(), Defect> {
        use peermark_identity::PeerIdExt as _;
        let cx = &around.cx;
        let hash_of = &hash_of;
        self.entries.check(cx, |row| row.with_peer_bytes(hash_of)).map_err(Defect::new)?;
        let of_remnant = |row: &Option<Remnant>| {
            row.as_ref().map_or(0, |rest| hash_of(&rest.peer_id().multihash_bytes()))
        };
        self.remnants.check(cx, of_remnant).map_err(Defect::new)?;
        for entry in self.entries.iter() {
            entry.check(cx.limits)?;
            if entry.is_empty() {
                return Err(Defect::new("an entry with nothing in it"));
            }
            let twice =
                entry.with_peer_bytes(|peer| self.remnants.find(hash_of(peer), peer).is_some());
            if twice {
                return Err(Defect::new("a peer in both tables"));
            }
            charged.charge(&Cost::of(entry));
        }
        let remnants = self.remnants.iter().flatten();
        remnants.for_each(|rest| charged.charge(&Cost::of_floor(rest)));
        Ok(())
    }
}

/// The lower half of a hash: what places in tables are by.
pub(super) fn low(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// A shard while one update runs, or a sweep, which is of no peer.
struct Work<'a> {
    shard: &'a mut Shard,
    sought: Option<Sought<'a>>,
    around: &'a Around<'a>,
}

impl Entries for Work<'_> {
    type Error = Infallible;
    type Key = u32;

    fn find(&mut self) -> Result<Option<u32>, Infallible> {
        Ok(self.sought.and_then(|sought| self.shard.entries.find(sought.hash, sought.bytes)))
    }

    fn remnant(&mut self) -> Result<Option<Remnant>, Infallible> {
        let rest = self.sought.and_then(|sought| self.shard.remnant(sought.hash, sought.bytes));
        Ok(rest.cloned())
    }

    #[expect(clippy::unreachable, reason = "a key comes from this shard, under this lock")]
    fn read<R>(&mut self, key: u32, read: impl FnOnce(&PeerEntry) -> R) -> Result<R, Infallible> {
        match self.shard.entries.get(key) {
            Some(entry) => Ok(read(entry)),
            None => unreachable!("a key of an entry"),
        }
    }

    #[expect(clippy::unreachable, reason = "a key comes from this shard, under this lock")]
    fn change<R>(
        &mut self,
        key: u32,
        change: impl FnOnce(&mut PeerEntry) -> R,
    ) -> Result<R, Infallible> {
        let cx = &self.around.cx;
        match self.shard.entries.change(key, cx.now().as_nanos(), cx, change) {
            Some(result) => Ok(result),
            None => unreachable!("a key of an entry"),
        }
    }

    fn begin(&mut self, rest: Option<Remnant>) -> Result<u32, Infallible> {
        let key = self.shard.entries.reserve();
        if let Some((sought, entry)) = self.sought.zip(self.shard.entries.get_mut(key)) {
            entry.begin(sought.peer, rest);
        }
        Ok(key)
    }

    fn begun(&mut self, key: u32) -> Option<&mut PeerEntry> {
        self.shard.entries.get_mut(key)
    }

    fn insert(&mut self, key: u32) -> Result<(), Infallible> {
        let cx = &self.around.cx;
        let hash = self.sought.map_or(0, |sought| sought.hash);
        self.shard.entries.insert(hash, key, cx.now().as_nanos(), cx);
        Ok(())
    }

    fn give_back(&mut self, key: u32) {
        self.shard.entries.give_back(key);
    }

    fn remove(&mut self, key: u32) -> Result<(), Infallible> {
        self.shard.entries.remove(key);
        Ok(())
    }

    fn keep(&mut self, rest: Remnant) -> Result<(), Infallible> {
        self.shard.put_remnant(rest, self.around);
        Ok(())
    }

    fn take_remnant(&mut self) -> Result<Option<Remnant>, Infallible> {
        let sought = self.sought;
        let key = sought.and_then(|sought| self.shard.remnants.find(sought.hash, sought.bytes));
        Ok(key.and_then(|key| self.shard.remnants.remove(key)).flatten())
    }

    fn evict_remnant(&mut self, choice: &FloorChoice<'_>) -> Result<Option<Remnant>, Infallible> {
        let victim = self.shard.remnants.lowest(|_, tag| {
            let tag = Tag(tag);
            choice.admits(tag.floor_rank(), tag.group()).then(|| tag.rank())
        });
        Ok(victim.and_then(|key| self.shard.remnants.remove(key)).flatten())
    }

    fn victim(&mut self, choice: &Choice<'_, u32>) -> Result<Option<u32>, Infallible> {
        let worst = rank(Some(choice.up_to));
        Ok(self.shard.entries.lowest(|key, tag| {
            let tag = Tag(tag);
            let fits = choice.among.has(tag.group(), choice.limits)
                && (!choice.with_record || tag.has_record())
                && !choice.except.contains(&key)
                && tag.rank() <= worst;
            fits.then(|| tag.rank())
        }))
    }

    fn ended(&mut self, except: Option<u32>) -> Result<Option<u32>, Infallible> {
        let (cx, mut budget) = (&self.around.cx, SWEEP_FOR_ROOM);
        let entries = &mut self.shard.entries;
        while let Some(key) = entries.pop_due(cx.now().as_nanos(), cx, &mut budget) {
            let is_due = entries.get(key).and_then(|entry| entry.due(cx));
            if Some(key) != except && is_due.is_some_and(|due| due <= cx.now()) {
                return Ok(Some(key));
            }
            // It was looked at too early: time showed that it ends later.
            entries.change(key, cx.now().as_nanos(), cx, |_| ());
        }
        Ok(None)
    }

    fn is_followed(&self, key: u32) -> bool {
        let hash = self.shard.entries.hash(key);
        let hash = if hash == 0 { self.sought.map_or(0, |sought| sought.hash) } else { hash };
        self.around.shared.subscribers().follow(hash)
    }

    fn tell(&mut self, events: Vec<Event>) {
        let (subscribers, metrics) =
            (self.around.shared.subscribers(), self.around.shared.metrics());
        for event in &events {
            subscribers.tell(Some(self.around.region), event, metrics);
        }
    }

    fn count_evicted(&mut self, what: Evicted) {
        self.around.shared.metrics().evicted(what);
    }
}
