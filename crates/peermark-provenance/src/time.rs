//! When: a number that is passed in.
//!
//! Invariant: nothing here panics or wraps, whatever the duration (S12).

use core::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, in nanoseconds since 1970-01-01 00:00 UTC; up to the year 2554.
///
/// Nothing here reads a clock: whoever calls passes the time in (S14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01 00:00 UTC, before which there is nothing.
    pub const EPOCH: Self = Self(0);
    /// The end of time.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment so many nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment so many whole seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment `duration` later; the end of time where that is beyond it.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How long ago `earlier` was; zero where it is not earlier.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Times before 1970 are the epoch, those beyond 2554 the end of time.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        time.duration_since(UNIX_EPOCH).map_or(Self::EPOCH, |age| Self::EPOCH.saturating_add(age))
    }
}

/// Seconds since the epoch, with nine decimals.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = Duration::from_nanos(self.0);
        write!(f, "{}.{:09}", age.as_secs(), age.subsec_nanos())
    }
}

/// When a claim ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a third way to end would have to be handled")]
pub enum Expiry {
    /// At this moment: it is gone when `now >= expiry` (S6).
    At(Timestamp),
    /// This long after the peer disconnects; not while it is connected (S7).
    AfterDisconnect(Duration),
}

impl Expiry {
    /// Whether the claim is over at `now`.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        match self {
            Self::At(at) => now >= at,
            Self::AfterDisconnect(_) => false,
        }
    }

    /// The moment at which it ends, where that is known.
    #[must_use]
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::AfterDisconnect(_) => None,
        }
    }
}
