//! When things are due: a hierarchical timing wheel whose cost follows what is due (S6).
//!
//! Times are 64 bits of nanoseconds. A level has 64 buckets; those of the lowest are about a
//! millisecond wide, those of each further one 64 times as wide as those below. A key goes to the
//! level on which its time first differs from the wheel's own. When the wheel reaches a bucket of
//! a higher level, its keys move down; each moves at most seven times in its life. So finding what
//! is due looks at that, and at nothing else.
//!
//! The wheel stores keys. Where each is, its [`Place`], the owner keeps beside the value, so that a
//! key can be taken out at once and no bucket ever holds one that is gone.
//!
//! Invariant: every key is in one bucket, and its place says which.

/// Bits of a time below the width of the lowest buckets: 2^20 ns, about a millisecond.
const LOWEST: u32 = 20;
/// Bits that a level decides.
const BITS: u32 = 6;
/// Buckets of a level.
const BUCKETS: usize = 1 << BITS;
/// Levels: 20 + 8 * 6 reaches beyond 64 bits.
const LEVELS: usize = 8;
/// The bucket of keys that were looked at and are not due in this millisecond.
const LATER: u16 = 512;

/// Where a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: u16,
    pub(super) slot: u32,
}

impl Place {
    /// In no bucket.
    pub(super) const NOWHERE: Self = Self { bucket: u16::MAX, slot: 0 };
}

/// What the owner of the keys does for the wheel.
pub(super) trait Keys {
    /// When this key is due.
    fn due(&self, key: u32) -> Option<u64>;
    /// Where it is from now on.
    fn set_place(&mut self, key: u32, place: Place);
}

/// Keys by when they are due.
#[derive(Debug)]
pub(super) struct Wheel {
    now: u64,
    buckets: Box<[Bucket]>,
    /// One bit for each bucket with something in it.
    occupied: [u64; LEVELS],
    /// Keys of the lowest bucket that were looked at too early.
    later: Bucket,
    len: usize,
}

#[derive(Clone, Debug)]
struct Bucket {
    keys: Vec<u32>,
    /// No key in it is due before.
    earliest: u64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { keys: Vec::new(), earliest: u64::MAX }
    }
}

impl Default for Wheel {
    fn default() -> Self {
        let buckets = vec![Bucket::default(); LEVELS.saturating_mul(BUCKETS)];
        Self {
            now: 0,
            buckets: buckets.into_boxed_slice(),
            occupied: [0; LEVELS],
            later: Bucket::default(),
            len: 0,
        }
    }
}

impl Wheel {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a key in and tells its owner where.
    pub(super) fn insert(&mut self, key: u32, due: u64, now: u64, keys: &mut impl Keys) {
        if self.len == 0 {
            self.now = self.now.max(now);
        }
        self.len = self.len.saturating_add(1);
        self.file(key, due, keys);
    }

    /// Takes a key out of its place; another may move into it.
    pub(super) fn remove(&mut self, place: Place, mut set_place: impl FnMut(u32, Place)) {
        let index = usize::from(place.bucket);
        let is_later = place.bucket == LATER;
        let bucket = if is_later { Some(&mut self.later) } else { self.buckets.get_mut(index) };
        let Some(bucket) = bucket else {
            return;
        };
        let slot = usize::try_from(place.slot).unwrap_or(usize::MAX);
        if slot >= bucket.keys.len() {
            return;
        }
        bucket.keys.swap_remove(slot);
        if let Some(&moved) = bucket.keys.get(slot) {
            set_place(moved, place);
        }
        self.len = self.len.saturating_sub(1);
        if bucket.keys.is_empty() {
            *bucket = Bucket::default();
        } else if bucket.keys.len() < bucket.keys.capacity() / 8 {
            bucket.keys.shrink_to(bucket.keys.len().saturating_mul(2));
        }
        if self.len == 0 {
            self.later = Bucket::default();
        }
        self.mark(if is_later { self.lowest_bucket() } else { index });
    }

    /// Puts a key in the place of another.
    pub(super) fn rename(&mut self, place: Place, to: u32) {
        let is_later = place.bucket == LATER;
        let index = usize::from(place.bucket);
        let bucket = if is_later { Some(&mut self.later) } else { self.buckets.get_mut(index) };
        let slot = usize::try_from(place.slot).unwrap_or(usize::MAX);
        if let Some(key) = bucket.and_then(|bucket| bucket.keys.get_mut(slot)) {
            *key = to;
        }
    }

    /// No key is due before this.
    pub(super) fn next(&self) -> Option<u64> {
        let first_of = |(level, bits): (usize, &u64)| {
            let place = usize::try_from(bits.trailing_zeros()).ok()?;
            self.buckets.get(level.saturating_mul(BUCKETS).saturating_add(place))
        };
        let firsts = self.occupied.iter().enumerate().filter(|(_, bits)| **bits != 0);
        let earliest = firsts.filter_map(first_of).map(|bucket| bucket.earliest);
        earliest.chain([self.later.earliest]).min().filter(|_| self.len > 0)
    }

    /// Takes out a key that is due at `now`. Each key that is looked at costs one of `budget`; when
    /// there is none left, the answer is `None`, as it is when nothing is due.
    pub(super) fn pop(
        &mut self,
        now: u64,
        budget: &mut usize,
        keys: &mut impl Keys,
    ) -> Option<u32> {
        loop {
            let Some(first) = self.first() else {
                self.now = self.now.max(now);
                return None;
            };
            let start = self.start_of(first);
            if start > now {
                self.now = self.now.max(now);
                return None;
            }
            self.now = self.now.max(start);
            let is_lowest = first < BUCKETS;
            let earliest = self.buckets.get(first).map_or(u64::MAX, |bucket| bucket.earliest);
            if is_lowest && earliest.min(self.later.earliest) > now {
                return None;
            }
            *budget = budget.checked_sub(1)?;
            let popped = self.buckets.get_mut(first).and_then(|bucket| bucket.keys.pop());
            let Some(key) = popped else {
                self.bring_back(first, keys);
                continue;
            };
            if self.buckets.get(first).is_some_and(|bucket| bucket.keys.is_empty()) {
                if let Some(bucket) = self.buckets.get_mut(first) {
                    *bucket = Bucket::default();
                }
                self.mark(first);
            }
            // Where the bucket's time is over, there is no need to look; what is never due is in none.
            let is_over = self.last_of(first) <= now;
            let due = if is_over { now } else { keys.due(key).unwrap_or(u64::MAX) };
            if due <= now {
                self.len = self.len.saturating_sub(1);
                keys.set_place(key, Place::NOWHERE);
                self.mark(first);
                return Some(key);
            }
            if is_lowest && self.bucket_of(due) == first {
                let slot = u32::try_from(self.later.keys.len()).unwrap_or(u32::MAX);
                self.later.keys.push(key);
                self.later.earliest = self.later.earliest.min(due);
                keys.set_place(key, Place { bucket: LATER, slot });
                self.mark(first);
            } else {
                self.file(key, due, keys);
            }
        }
    }

    /// Every key with its place, for checking.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Place, u64)> {
        let buckets = self.buckets.iter().enumerate();
        let buckets =
            buckets.map(|(index, bucket)| (u16::try_from(index).unwrap_or(LATER), bucket));
        buckets.chain([(LATER, &self.later)]).flat_map(|(index, bucket)| {
            bucket.keys.iter().enumerate().map(move |(slot, key)| {
                let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                (*key, Place { bucket: index, slot }, bucket.earliest)
            })
        })
    }

    /// Puts a key into the bucket of its time.
    fn file(&mut self, key: u32, due: u64, keys: &mut impl Keys) {
        let index = self.bucket_of(due);
        let Some(bucket) = self.buckets.get_mut(index) else {
            return;
        };
        let slot = u32::try_from(bucket.keys.len()).unwrap_or(u32::MAX);
        bucket.keys.push(key);
        bucket.earliest = bucket.earliest.min(due);
        keys.set_place(key, Place { bucket: u16::try_from(index).unwrap_or(LATER), slot });
        self.mark(index);
    }

    /// What was looked at too early goes back to where it was.
    fn bring_back(&mut self, index: usize, keys: &mut impl Keys) {
        let later = core::mem::take(&mut self.later);
        for (slot, key) in (0..).zip(&later.keys) {
            let bucket = u16::try_from(index).unwrap_or(LATER);
            keys.set_place(*key, Place { bucket, slot });
        }
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket = later;
        }
        self.mark(index);
    }

    /// The bucket for a time: on the level where it first differs from the wheel's.
    fn bucket_of(&self, due: u64) -> usize {
        let due = due.max(self.now);
        let differ = (due ^ self.now) >> LOWEST;
        let level = (u64::BITS.saturating_sub(differ.leading_zeros())).saturating_sub(1) / BITS;
        let shift = LOWEST.saturating_add(level.saturating_mul(BITS));
        let place = (due >> shift) & 63;
        let level = usize::try_from(level).unwrap_or(0);
        level.saturating_mul(BUCKETS).saturating_add(usize::try_from(place).unwrap_or(0))
    }

    /// The bucket of the lowest level in which the wheel is.
    fn lowest_bucket(&self) -> usize {
        usize::try_from((self.now >> LOWEST) & 63).unwrap_or(0)
    }

    /// The first bucket with something in it. Lower levels come before higher ones, but for a
    /// bucket that the wheel is in and whose keys were not all moved down: no key is filed there.
    fn first(&self) -> Option<usize> {
        for (level, bits) in (0u32..).zip(&self.occupied).skip(1) {
            let shift = LOWEST.saturating_add(level.saturating_mul(BITS));
            let place = self.now.checked_shr(shift).unwrap_or(0) & 63;
            if bits.checked_shr(u32::try_from(place).unwrap_or(0)).unwrap_or(0) & 1 == 1 {
                let level = usize::try_from(level).unwrap_or(0);
                let place = usize::try_from(place).unwrap_or(0);
                return Some(level.saturating_mul(BUCKETS).saturating_add(place));
            }
        }
        let (level, bits) = self.occupied.iter().enumerate().find(|(_, bits)| **bits != 0)?;
        let place = usize::try_from(bits.trailing_zeros()).ok()?;
        Some(level.saturating_mul(BUCKETS).saturating_add(place))
    }

    /// When a bucket begins, in the round of its level in which the wheel is.
    fn start_of(&self, index: usize) -> u64 {
        let level = u32::try_from(index / BUCKETS).unwrap_or(0);
        let place = u64::try_from(index % BUCKETS).unwrap_or(0);
        let shift = LOWEST.saturating_add(level.saturating_mul(BITS));
        let round = self.now.checked_shr(shift.saturating_add(BITS)).unwrap_or(0);
        let round = round.checked_shl(shift.saturating_add(BITS)).unwrap_or(0);
        round | place.checked_shl(shift).unwrap_or(0)
    }

    /// The last moment of a bucket, in the same round.
    fn last_of(&self, index: usize) -> u64 {
        let level = u32::try_from(index / BUCKETS).unwrap_or(0);
        let shift = LOWEST.saturating_add(level.saturating_mul(BITS));
        self.start_of(index) | !u64::MAX.checked_shl(shift).unwrap_or(0)
    }

    /// Keeps the bit of a bucket true.
    fn mark(&mut self, index: usize) {
        let bucket = self.buckets.get(index).is_some_and(|bucket| !bucket.keys.is_empty());
        let later = index == self.lowest_bucket() && !self.later.keys.is_empty();
        let bit = 1u64.checked_shl(u32::try_from(index % BUCKETS).unwrap_or(0)).unwrap_or(0);
        if let Some(bits) = self.occupied.get_mut(index / BUCKETS) {
            *bits = if bucket || later { *bits | bit } else { *bits & !bit };
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "numbers of a test, which are small"
)]
mod tests;
