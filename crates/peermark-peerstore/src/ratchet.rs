//! Time that only goes forward, and time that does not jump (S14).
//!
//! Callers pass `now`. Two of them may do so out of order, and a clock may be set back: what was
//! over stays over, so the latest time that was seen counts. A clock may also be set forward by
//! years; that ends claims, which others will make again, but must not end floors, which keep
//! replays out. So floors live by a time of their own, that follows the clock but moves at most
//! one step at a time.

use core::time::Duration;

use peermark_provenance::Timestamp;

use crate::sync::{AtomicU64, Ordering};

/// The two times of a store.
#[derive(Debug, Default)]
pub struct Ratchet {
    latest: AtomicU64,
    /// Nanoseconds that passed, in steps that are not too long.
    floor: AtomicU64,
}

/// A reading of both times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "the two times that there are")]
pub struct Moment {
    /// The latest time that was seen.
    pub now: Timestamp,
    /// Nanoseconds of floor time.
    pub floor: u64,
}

impl Moment {
    /// Whole seconds of floor time.
    #[must_use]
    pub fn floor_secs(&self) -> u32 {
        u32::try_from(Duration::from_nanos(self.floor).as_secs()).unwrap_or(u32::MAX)
    }
}

impl Ratchet {
    /// Continues from what was stored.
    #[must_use]
    pub fn restore(at: Moment) -> Self {
        Self { latest: AtomicU64::new(at.now.as_nanos()), floor: AtomicU64::new(at.floor) }
    }

    /// Moves both on to `now`, where that is later, floor time by at most `step`.
    pub fn advance(&self, now: Timestamp, step: Duration) -> Moment {
        let given = now.as_nanos();
        let mut latest = self.latest.load(Ordering::Acquire);
        if given > latest {
            // Whoever moves the time on from one value counts the step from there: each is counted
            // once.
            latest = self.latest.fetch_max(given, Ordering::AcqRel);
            let passed = Duration::from_nanos(given.saturating_sub(latest)).min(step);
            let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
            if passed > 0 {
                self.floor.fetch_add(passed, Ordering::AcqRel);
            }
        }
        let now = Timestamp::from_nanos(given.max(latest));
        Moment { now, floor: self.floor.load(Ordering::Acquire) }
    }
}
