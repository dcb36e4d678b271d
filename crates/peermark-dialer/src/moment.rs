//! The timeline of a dialer.

use core::fmt;
use std::time::Duration;

/// A point in time of a [`Dialer`](crate::Dialer): how long after an origin that its driver chose.
///
/// This timeline is the dialer's own. It is to be monotonic, as [`std::time::Instant`] is: wall time
/// steps, and a step forward would end every deadline at once. Drivers take one `Instant` when they
/// start and show its `elapsed()`. It has nothing to do with the time of a store.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use peermark_dialer::Moment;
///
/// let origin = Instant::now();
/// let now = Moment::from(origin.elapsed());
/// let deadline = now.saturating_add(Duration::from_secs(30));
/// assert_eq!(deadline.saturating_since(now), Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The origin.
    pub const ORIGIN: Self = Self(0);
    /// The last moment, 584 years after the origin.
    pub const MAX: Self = Self(u64::MAX);

    /// So many seconds after the origin, or [`Self::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// So many milliseconds after the origin, or [`Self::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// This much later, or [`Self::MAX`].
    #[must_use]
    pub fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanos(later)))
    }

    /// So many nanoseconds later, or [`Self::MAX`].
    pub(crate) const fn later(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// The nanoseconds since the origin.
    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// How long this is after `earlier`; zero where it is not.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The time that passed since the origin, as `Instant::elapsed` returns it.
impl From<Duration> for Moment {
    fn from(elapsed: Duration) -> Self {
        Self(nanos(elapsed))
    }
}

/// Seconds since the origin, to the millisecond: `12.345 s`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.saturating_since(Self::ORIGIN);
        write!(f, "{}.{:03} s", since.as_secs(), since.subsec_millis())
    }
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate() {
        assert_eq!(Moment::from_secs(u64::MAX), Moment::MAX);
        assert_eq!(Moment::MAX.saturating_add(Duration::MAX), Moment::MAX);
        assert_eq!(Moment::from(Duration::MAX), Moment::MAX);
        assert_eq!(Moment::ORIGIN.saturating_since(Moment::MAX), Duration::ZERO);
        assert_eq!(Moment::from_millis(12_345).to_string(), "12.345 s");
    }
}
