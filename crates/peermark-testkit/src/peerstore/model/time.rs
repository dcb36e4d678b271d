//! The time of the model (S14).

use std::time::Duration;

use peermark_peerstore::Limits;
use peermark_provenance::Timestamp;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;
/// A step counts for ten years at most.
const TEN_YEARS: i128 = 10 * 365 * 24 * 3600 * SECOND;
/// A clock that is so little behind was read late, and not set back.
const LATE: i128 = SECOND / 100;
/// What aging begins at, in seconds.
const BEGINNING: i128 = 1 << 30;

/// Store time, the shown clock, and aging; all in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time {
    began: bool,
    now: i128,
    shown: i128,
    /// The highest clock that was ever shown, and store time then.
    mark: i128,
    at_mark: i128,
    aging: i128,
}

impl Time {
    pub(super) fn show(&mut self, shown: Timestamp, limits: &Limits) {
        let shown = i128::from(shown.as_nanos());
        if !self.began {
            *self = Self {
                began: true,
                now: shown,
                shown,
                mark: shown,
                at_mark: shown,
                aging: BEGINNING * SECOND,
            };
            return;
        }
        if shown < self.shown && self.shown - shown < LATE {
            return;
        }
        let before = self.now;
        if shown >= self.mark {
            // Only what is beyond the mark counts, from store time at the mark.
            let then = self.at_mark + (shown - self.mark).min(TEN_YEARS);
            self.now = self.now.max(then);
            (self.mark, self.at_mark) = (shown, self.now);
        } else if shown > self.shown {
            self.now += (shown - self.shown).min(TEN_YEARS);
        }
        self.shown = shown;
        let step = i128::try_from(limits.aging_step.as_nanos()).expect("a short time");
        self.aging += (self.now - before).min(step);
    }

    pub(super) fn now(&self) -> Timestamp {
        timestamp(self.now)
    }

    pub(super) fn shown(&self) -> Timestamp {
        timestamp(self.shown)
    }

    /// Aging in nanoseconds.
    pub(super) fn aging(&self) -> u64 {
        u64::try_from(self.aging).expect("a time within reach")
    }

    /// Seconds of aging that have passed.
    pub(super) fn aged(&self) -> u64 {
        self.secs(self.aging)
    }

    /// By what something is dated that happens now: the second that has begun counts.
    pub(super) fn dated(&self) -> u64 {
        self.secs(self.aging + SECOND - 1)
    }

    /// By what something is dated that happened before.
    pub(super) fn dated_before(&self, ago: Duration) -> u64 {
        self.secs(self.aging - nanos(ago) + SECOND - 1).max(1)
    }

    /// By what something is dated that is still to come.
    pub(super) fn dated_after(&self, left: Duration) -> u64 {
        self.secs(self.aging + nanos(left) + SECOND - 1)
    }

    /// The whole second of something that happened before.
    pub(super) fn second_before(&self, ago: Duration) -> u64 {
        self.secs(self.aging - nanos(ago)).max(1)
    }

    /// Until this second of aging.
    pub(super) fn left_until(&self, second: u64) -> Duration {
        let left = i128::from(second) * SECOND - self.aging;
        Duration::from_nanos(u64::try_from(left).unwrap_or(0))
    }

    /// A store time by the shown clock.
    pub(super) fn to_shown(self, time: Timestamp) -> Timestamp {
        if time == Timestamp::MAX {
            return time;
        }
        timestamp(i128::from(time.as_nanos()) - self.now + self.shown)
    }

    /// A second of aging by the shown clock.
    pub(super) fn aging_to_shown(self, second: u64) -> Timestamp {
        timestamp(i128::from(second) * SECOND - self.aging + self.shown)
    }

    fn secs(&self, nanos: i128) -> u64 {
        u64::try_from(nanos.div_euclid(SECOND)).unwrap_or(0)
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).expect("a duration")
}

fn timestamp(nanos: i128) -> Timestamp {
    let most = i128::from(u64::MAX);
    Timestamp::from_nanos(u64::try_from(nanos.clamp(0, most)).expect("it is between"))
}
