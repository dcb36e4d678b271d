//! Newer or older: the sequence number of a peer record.

use core::fmt;

/// The sequence number of a peer record: a counter, never a time.
///
/// Peers count in nanoseconds, milliseconds or seconds since 1970, or in steps of one. Two
/// sequence numbers of one peer can be compared, and that is all that can be done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(u64);

impl Seq {
    /// The largest there is; nothing can come after it.
    pub const MAX: Self = Self(u64::MAX);

    /// The sequence number with this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The value, for storing and showing.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl From<u64> for Seq {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

impl From<Seq> for u64 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A decimal number.
impl core::str::FromStr for Seq {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
