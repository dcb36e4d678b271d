//! A small deterministic generator: the same seed gives the same bytes everywhere and for ever.
//!
//! SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.

/// A seeded generator of numbers and bytes.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        let number = self.next_u64().checked_rem(bound).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    }

    /// One time in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// The next byte.
    pub const fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes()[0]
    }

    /// `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    /// One of `items`.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A number of a random magnitude: small ones, powers of two and their neighbours are likely.
    pub fn number(&mut self) -> u64 {
        let number = self.next_u64() >> self.below(64);
        match self.below(4) {
            0 => number,
            1 => number.next_power_of_two_or_max(),
            2 => number.next_power_of_two_or_max().wrapping_sub(1),
            _ => number & 0xff,
        }
    }
}

trait PowerOfTwo {
    fn next_power_of_two_or_max(self) -> Self;
}

impl PowerOfTwo for u64 {
    fn next_power_of_two_or_max(self) -> Self {
        self.checked_next_power_of_two().unwrap_or(Self::MAX)
    }
}
