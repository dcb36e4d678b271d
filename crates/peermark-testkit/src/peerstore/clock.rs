//! A clock that is moved by hand.

use std::cell::Cell;
use std::time::Duration;

use peermark_provenance::Timestamp;

/// A time that moves only when it is told to, forward or back.
#[derive(Clone, Debug)]
pub struct Clock(Cell<Timestamp>);

impl Clock {
    /// A clock that shows this time.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(Cell::new(now))
    }

    /// The time that it shows.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.0.get()
    }

    /// The time that it will show so much later.
    #[must_use]
    pub fn after(&self, duration: Duration) -> Timestamp {
        self.now().saturating_add(duration)
    }

    /// Moves on.
    pub fn pass(&self, duration: Duration) {
        self.0.set(self.after(duration));
    }

    /// Shows this time, be it earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.set(now);
    }

    /// Is set back, to the epoch at most.
    pub fn turn_back(&self, duration: Duration) {
        let back = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.set(Timestamp::from_nanos(self.now().as_nanos().saturating_sub(back)));
    }
}

/// Some day in 2025, from which tests start: far from both ends of time.
impl Default for Clock {
    fn default() -> Self {
        Self::at(Timestamp::from_secs(1_750_000_000))
    }
}
