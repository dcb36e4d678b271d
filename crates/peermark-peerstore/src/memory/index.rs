//! Keys by hash: an open table with four bytes for each place, so that finding a key touches one
//! line of memory before the value itself.
//!
//! A place holds a key, counted from two, and above it as many bits of its hash as fit: another key
//! with the same bits is met once in thousands of look-ups. From the place that the lower bits of
//! the hash say, keys are looked for in the places that follow, up to an empty one.
//!
//! Invariants: a quarter of the places is empty; between the place that its hash says and the one
//! in which a key is, none is empty.

/// In a place: nothing, and nothing where something was.
const EMPTY: u32 = 0;
const GONE: u32 = 1;
/// What the key 0 is in a place.
const FIRST: u32 = 2;
/// Places of the smallest table.
const SMALLEST: usize = 8;

/// Keys by hash. Whoever owns the keys tells their hashes again when the table grows.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// None, or a power of two.
    places: Vec<u32>,
    len: usize,
    /// Places that are not empty.
    used: usize,
    /// Bits of a place that hold the key.
    key_bits: u32,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The key with this hash for which `is_it` says yes.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.search(hash, is_it).map(|(_, key)| key)
    }

    /// Puts a key in the place of a higher one.
    pub(super) fn rename(&mut self, hash: u32, from: u32, to: u32) {
        if let Some((at, _)) = self.search(hash, |key| key == from)
            && let Some(place) = self.places.get_mut(at)
        {
            *place = tag_of(hash, self.key_bits) | to.saturating_add(FIRST);
        }
    }

    /// Prefetches where a key with this hash is looked for first.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        core::hint::black_box(self.places.get(self.home(hash)).copied());
    }

    /// Puts in a key that is not there.
    pub(super) fn insert(&mut self, hash: u32, key: u32, hash_of: impl Fn(u32) -> u32) {
        let full = self.used >= (self.places.len() / 4).saturating_mul(3);
        if full || key.saturating_add(FIRST).wrapping_shr(self.key_bits) != 0 {
            self.rebuild(self.len.saturating_add(1), Some(key), hash_of);
        }
        self.put(hash, key);
    }

    /// Takes out a key that is there.
    pub(super) fn remove(&mut self, hash: u32, key: u32) {
        let Some((at, _)) = self.search(hash, |other| other == key) else {
            return;
        };
        // In front of an empty place nothing has to remind of it.
        let is_last = self.places.get(self.after(at)) == Some(&EMPTY);
        if let Some(place) = self.places.get_mut(at) {
            *place = if is_last { EMPTY } else { GONE };
        }
        self.len = self.len.saturating_sub(1);
        self.used = self.used.saturating_sub(usize::from(is_last));
    }

    /// Gives back memory that a table three quarters empty holds.
    pub(super) fn shrink(&mut self, hash_of: impl Fn(u32) -> u32) {
        if self.places.len() > self.len.saturating_mul(8).max(SMALLEST) {
            self.rebuild(self.len, None, hash_of);
        }
    }

    #[inline(always)]
    fn search(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<(usize, u32)> {
        let tag = hash.wrapping_shr(self.key_bits);
        let mut at = self.home(hash);
        loop {
            let place = *self.places.get(at)?;
            if place == EMPTY {
                return None;
            }
            if place.wrapping_shr(self.key_bits) == tag
                && let Some(key) = self.key_in(place)
                && is_it(key)
            {
                return Some((at, key));
            }
            at = self.after(at);
        }
    }

    /// Room for `len` keys, and for `key` among them.
    fn rebuild(&mut self, len: usize, key: Option<u32>, hash_of: impl Fn(u32) -> u32) {
        let before: Vec<_> = self.places.iter().filter_map(|place| self.key_in(*place)).collect();
        // Twice as many places as keys at least, so that it does not begin anew soon.
        let size = len.saturating_mul(2).max(SMALLEST);
        let size = size.checked_next_power_of_two().unwrap_or(usize::MAX);
        let highest = before.iter().copied().chain(key).max().unwrap_or(0);
        let key_bits = u32::BITS.saturating_sub(highest.saturating_add(FIRST).leading_zeros());
        let key_bits = key_bits.max(size.trailing_zeros());
        *self = Self { places: vec![EMPTY; size], len: 0, used: 0, key_bits };
        for key in before {
            self.put(hash_of(key), key);
        }
    }

    fn put(&mut self, hash: u32, key: u32) {
        let tag = tag_of(hash, self.key_bits);
        let mut at = self.home(hash);
        while let Some(place) = self.places.get_mut(at) {
            if *place <= GONE {
                self.used = self.used.saturating_add(usize::from(*place == EMPTY));
                self.len = self.len.saturating_add(1);
                *place = tag | key.saturating_add(FIRST);
                return;
            }
            at = self.after(at);
        }
    }

    fn key_in(&self, place: u32) -> Option<u32> {
        let mask = 1u32.wrapping_shl(self.key_bits).wrapping_sub(1);
        (place & mask).checked_sub(FIRST)
    }

    fn home(&self, hash: u32) -> usize {
        usize::try_from(hash).unwrap_or(0) & self.places.len().saturating_sub(1)
    }

    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.places.len().saturating_sub(1)
    }
}

/// The bits of a hash that stand above so many.
fn tag_of(hash: u32, key_bits: u32) -> u32 {
    hash.wrapping_shr(key_bits).wrapping_shl(key_bits)
}

#[cfg(test)]
mod tests;
