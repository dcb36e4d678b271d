//! Values by peer, with when they are due: what both entries and floors are kept in.
//!
//! A slab holds the values, an index finds their keys, a wheel knows when they are due. The index is
//! over a hash under the store's secret, so that nobody can choose peer ids that collide, and has
//! four bytes for each place; growing it moves those and touches no value.

use super::index::Index;
use super::slab::Slab;
use super::wheel::{Keys, Place, Wheel};

/// A value that is kept by peer.
pub(super) trait Row {
    /// Of nobody: a place for a value.
    fn vacant() -> Self;
    /// The multihash of the peer.
    fn peer(&self) -> &[u8];
    /// Asks for all of it at once, where it is not in the caches.
    fn warm(&self) {}
    /// When it is due, in the time of its table; never, where that is not known.
    fn due(&self) -> Option<u64>;
    /// What it is chosen by when room is needed; not 0.
    fn tag(&self) -> u32;
}

/// Rows by peer.
#[derive(Debug)]
pub(super) struct Table<T> {
    slab: Slab<T>,
    keys: Index,
    wheel: Wheel,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slab: Slab::default(), keys: Index::default(), wheel: Wheel::default() }
    }
}

impl<T: Row> Keys for Slab<T> {
    fn due(&self, key: u32) -> Option<u64> {
        self.get(key).and_then(Row::due)
    }

    fn set_place(&mut self, key: u32, place: Place) {
        Self::set_place(self, key, place);
    }
}

impl<T: Row> Table<T> {
    /// The key of the row of a peer with this hash.
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

    /// Warms what the next [`Self::reserve`] answers.
    pub(super) fn warm(&self) {
        self.slab.warm();
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
    pub(super) fn insert(&mut self, hash: u32, key: u32, now: u64) {
        let Some((due, tag)) = self.slab.get(key).map(|row| (row.due(), row.tag())) else {
            return;
        };
        self.slab.mark(key, hash, tag);
        let slab = &self.slab;
        self.keys.insert(hash, key, |key| slab.hash(key));
        if let Some(due) = due {
            self.wheel.insert(key, due, now, &mut self.slab);
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let (hash, place) = (self.slab.hash(key), self.slab.place_of(key));
        self.wheel.remove(place, &mut self.slab);
        self.keys.remove(hash, key);
        self.slab.remove(key)
    }

    /// Changes a row, and keeps table and wheel true.
    pub(super) fn change<R>(
        &mut self,
        key: u32,
        now: u64,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let row = self.slab.get_mut(key)?;
        let before = row.due();
        let result = change(row);
        let (after, tag) = (row.due(), row.tag());
        self.slab.set_tag(key, tag);
        let place = self.slab.place_of(key);
        if before != after || (after.is_some() && place == Place::NOWHERE) {
            self.wheel.remove(place, &mut self.slab);
            self.slab.set_place(key, Place::NOWHERE);
            if let Some(due) = after {
                self.wheel.insert(key, due, now, &mut self.slab);
            }
        }
        Some(result)
    }

    /// The key of a row that is due at `now`, taken out of the wheel: to be changed or removed.
    pub(super) fn pop_due(&mut self, now: u64, budget: &mut usize) -> Option<u32> {
        self.wheel.pop(now, budget, &mut self.slab)
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

    /// Gives back memory that is not needed any more.
    pub(super) fn shrink(&mut self) {
        let slab = &self.slab;
        self.keys.shrink(|key| slab.hash(key));
    }

    /// Whether slab, table and wheel agree.
    pub(super) fn check(&self, hash_of: impl Fn(&T) -> u32) -> Result<(), &'static str> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        ensure(self.keys.len() == self.slab.len(), "the table has other rows than the slab")?;
        let mut due = 0usize;
        for (key, row) in self.slab.iter() {
            ensure(self.slab.hash(key) == hash_of(row), "a hash that is not the row's")?;
            ensure(self.find(hash_of(row), row.peer()) == Some(key), "a row that is not found")?;
            ensure(self.slab.tag(key) == row.tag(), "a tag that is not the row's")?;
            let filed = self.slab.place_of(key) != Place::NOWHERE;
            ensure(filed == row.due().is_some(), "a row that is due and not in the wheel")?;
            due = due.saturating_add(usize::from(filed));
        }
        ensure(self.wheel.len() == due, "the wheel has other rows than are due")?;
        let mut filed = 0usize;
        for (key, place, earliest) in self.wheel.iter() {
            filed = filed.saturating_add(1);
            ensure(self.slab.place_of(key) == place, "a row that is elsewhere in the wheel")?;
            let due = self.slab.get(key).and_then(Row::due);
            ensure(due.is_some_and(|due| earliest <= due), "a bucket that is due too late")?;
        }
        ensure(filed == due, "the wheel counts wrong")
    }
}

/// Whether it is the row of this peer. It most often is: what is read next is asked for at once.
fn is_of(row: &impl Row, peer: &[u8]) -> bool {
    row.warm();
    row.peer() == peer
}
