//! Values by peer, with when they are due: what both entries and floors are kept in.
//!
//! A slab holds the values, an index finds their keys, a wheel knows when they are due. The index is
//! over a hash under the store's secret, so that nobody can choose peer ids that collide, and has
//! four bytes for each place; growing it moves those and touches no value.

use super::index::Index;
use super::slab::Slab;
use super::wheel::{Keys, Place, Wheel};
use crate::context::Context;

/// A value that is kept by peer.
pub(super) trait Row {
    /// Of nobody: a place for a value.
    fn vacant() -> Self;
    /// Whether it is the row of the peer with this multihash.
    fn is_of(&self, peer: &[u8]) -> bool;
    /// Prefetches all of it.
    fn prefetch(&self) {}
    /// Prefetches where it begins.
    fn prefetch_start(&self) {}
    /// When it is due, in the time of its table, as seen at this moment; never, where that is not
    /// known.
    fn due(&self, cx: &Context<'_>) -> Option<u64>;
    /// What it is chosen by when room is needed; not 0.
    fn tag(&self) -> u32;
}

/// Rows by peer.
#[derive(Debug)]
pub(super) struct Table<T> {
    slab: Slab<T>,
    keys: Index,
    wheel: Wheel,
    /// Rows that went since memory was given back.
    gone: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slab: Slab::default(), keys: Index::default(), wheel: Wheel::default(), gone: 0 }
    }
}

/// The rows of a slab at one moment.
struct At<'a, T> {
    slab: &'a mut Slab<T>,
    cx: &'a Context<'a>,
}

impl<T: Row> Keys for At<'_, T> {
    fn due(&self, key: u32) -> Option<u64> {
        self.slab.get(key).and_then(|row| row.due(self.cx))
    }

    fn set_place(&mut self, key: u32, place: Place) {
        self.slab.set_place(key, place);
    }
}

impl<T: Row> Table<T> {
    /// The key of the row of a peer with this hash.
    #[inline]
    pub(super) fn find(&self, hash: u32, peer: &[u8]) -> Option<u32> {
        self.keys.find(hash, |key| self.slab.get(key).is_some_and(|row| is_of(row, peer)))
    }

    /// The row itself.
    pub(super) fn row(&self, hash: u32, peer: &[u8]) -> Option<&T> {
        let mut found = None;
        self.keys.find(hash, |key| {
            found = self.slab.get(key).filter(|row| is_of(*row, peer));
            found.is_some()
        })?;
        found
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        self.slab.get(key)
    }

    pub(super) fn hash(&self, key: u32) -> u32 {
        self.slab.hash(key)
    }

    /// Prefetches what the next [`Self::reserve`] returns.
    pub(super) fn prefetch_next(&self) {
        self.slab.prefetch_next();
    }

    /// Prefetches where a key with this hash is looked for.
    pub(super) fn prefetch_index(&self, hash: u32) {
        self.keys.prefetch(hash);
    }

    /// The key of the row that [`Self::row`] looks at first.
    pub(super) fn first(&self, hash: u32) -> Option<u32> {
        self.keys.find(hash, |_| true)
    }

    /// Prefetches where a row begins.
    pub(super) fn prefetch_start(&self, key: u32) {
        if let Some(row) = self.slab.get(key) {
            row.prefetch_start();
        }
    }

    /// Prefetches a row.
    pub(super) fn prefetch_row(&self, key: u32) {
        if let Some(row) = self.slab.get(key) {
            row.prefetch();
        }
    }

    /// A key with a vacant row, to be filled and then put in, or to be removed.
    pub(super) fn reserve(&mut self) -> u32 {
        self.slab.reserve()
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        self.slab.get_mut(key)
    }

    /// Gives a key back that was reserved and not put in.
    pub(super) fn give_back(&mut self, key: u32) {
        self.slab.remove(key);
    }

    /// Puts in the row of a reserved key; there is none of its peer.
    pub(super) fn insert(&mut self, hash: u32, key: u32, now: u64, cx: &Context<'_>) {
        let Some((due, tag)) = self.slab.get(key).map(|row| (row.due(cx), row.tag())) else {
            return;
        };
        self.slab.mark(key, hash, tag);
        let slab = &self.slab;
        self.keys.insert(hash, key, |key| slab.hash(key));
        if let Some(due) = due {
            let mut at = At { slab: &mut self.slab, cx };
            self.wheel.insert(key, due, now, &mut at);
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let (hash, place) = (self.slab.hash(key), self.slab.place_of(key));
        self.wheel.remove(place, |key, place| self.slab.set_place(key, place));
        self.keys.remove(hash, key);
        self.gone = self.gone.saturating_add(1);
        self.slab.remove(key)
    }

    /// Changes a row, and keeps table and wheel true. A row that is due later than before keeps its
    /// place in the wheel: it is looked at early, and goes to its place then.
    pub(super) fn change<R>(
        &mut self,
        key: u32,
        now: u64,
        cx: &Context<'_>,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let row = self.slab.get_mut(key)?;
        let before = row.due(cx);
        let result = change(row);
        let (after, tag) = (row.due(cx), row.tag());
        self.slab.set_tag(key, tag);
        let place = self.slab.place_of(key);
        let stays = match (before, after) {
            (Some(before), Some(after)) => after >= before && place != Place::NOWHERE,
            (_, None) => place == Place::NOWHERE,
            (None, Some(_)) => false,
        };
        if !stays {
            self.wheel.remove(place, |key, place| self.slab.set_place(key, place));
            self.slab.set_place(key, Place::NOWHERE);
            if let Some(due) = after {
                self.wheel.insert(key, due, now, &mut At { slab: &mut self.slab, cx });
            }
        }
        Some(result)
    }

    /// The key of a row that may be due at `now`, taken out of the wheel: to be changed or removed.
    pub(super) fn pop_due(
        &mut self,
        now: u64,
        cx: &Context<'_>,
        budget: &mut usize,
    ) -> Option<u32> {
        self.wheel.pop(now, budget, &mut At { slab: &mut self.slab, cx })
    }

    /// No row is due before this.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.wheel.next()
    }

    /// The row that is the first to go: see [`Slab::lowest`].
    pub(super) fn lowest(&self, rank: impl FnMut(u32, u32) -> Option<u32>) -> Option<u32> {
        self.slab.lowest(rank)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slab.iter().map(|(_, row)| row)
    }

    /// Gives back memory that is not needed any more. Rows move to other keys, two for each row that went
    /// since the last call: no call moves many.
    pub(super) fn settle(&mut self) {
        let gone = core::mem::take(&mut self.gone);
        for _ in 0..gone.saturating_mul(2) {
            if !self.slab.is_sparse() {
                break;
            }
            let Some((from, to)) = self.slab.move_last() else { break };
            self.keys.rename(self.slab.hash(to), from, to);
            self.wheel.rename(self.slab.place_of(to), to);
        }
        if gone > 0 {
            let slab = &self.slab;
            self.keys.shrink(|key| slab.hash(key));
        }
    }

    /// Whether slab, table and wheel agree.
    pub(super) fn check(
        &self,
        cx: &Context<'_>,
        hash_of: impl Fn(&T) -> u32,
    ) -> Result<(), &'static str> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        ensure(self.keys.len() == self.slab.len(), "the table has other rows than the slab")?;
        let mut due = 0usize;
        for (key, row) in self.slab.iter() {
            ensure(self.slab.hash(key) == hash_of(row), "a hash that is not the row's")?;
            let same = |other: u32| other == key;
            ensure(self.keys.find(hash_of(row), same) == Some(key), "a row that is not found")?;
            ensure(self.slab.tag(key) == row.tag(), "a tag that is not the row's")?;
            let filed = self.slab.place_of(key) != Place::NOWHERE;
            ensure(filed == row.due(cx).is_some(), "a row that is due and not in the wheel")?;
            due = due.saturating_add(usize::from(filed));
        }
        ensure(self.wheel.len() == due, "the wheel has other rows than are due")?;
        let mut filed = 0usize;
        for (key, place, earliest) in self.wheel.iter() {
            filed = filed.saturating_add(1);
            ensure(self.slab.place_of(key) == place, "a row that is elsewhere in the wheel")?;
            let due = self.slab.get(key).and_then(|row| row.due(cx));
            ensure(due.is_some_and(|due| earliest <= due), "a bucket that is due too late")?;
        }
        ensure(filed == due, "the wheel counts wrong")
    }
}

/// Whether it is the row of this peer. It mostly is: what is read next is prefetched.
#[inline]
fn is_of(row: &impl Row, peer: &[u8]) -> bool {
    row.prefetch();
    row.is_of(peer)
}
