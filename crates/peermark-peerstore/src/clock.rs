//! The time of a store: it only moves forward, and a wrong clock does it no lasting harm (S14).
//!
//! Callers show the store a clock. Store time passes by what the shown clock moves forward. A clock
//! that goes back changes nothing; what it moves on from there counts again. There is one exception:
//! a step that reaches the *mark*, the highest clock that was ever shown, counts from the mark only.
//! So a clock that was years ahead and is right again measures seconds as seconds, and a board that
//! boots in 1970 and is set right ages nothing.
//!
//! Records and floors end by a second time, *aging*, that follows store time in steps of at most an
//! hour: a clock that jumps forward by years ends claims, which others make again, and does not end
//! floors, which keep replays out.
//!
//! Invariant: neither time ever decreases.

use core::time::Duration;

use peermark_provenance::Timestamp;

use crate::limits::Limits;
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// One step of the shown clock counts for at most ten years.
pub const LONGEST_STEP: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What aging begins at, in seconds: some 34 years, so that contacts before the store was made have a
/// place on the scale.
const AGING_BEGINS: u32 = 1 << 30;

/// A step back of less than this is a caller whose reading was late, and not a clock that was set.
const LATE: Duration = Duration::from_millis(10);

/// The times at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "engines store it field by field")]
pub struct Moment {
    /// Store time: what claims end by.
    pub now: Timestamp,
    /// The clock that was shown.
    pub shown: Timestamp,
    /// Nanoseconds of aging: what records and floors end by.
    pub aging: u64,
}

impl Default for Moment {
    /// Before a clock was shown.
    fn default() -> Self {
        let aging = Duration::from_secs(AGING_BEGINS.into()).as_nanos();
        Self {
            now: Timestamp::EPOCH,
            shown: Timestamp::EPOCH,
            aging: u64::try_from(aging).unwrap_or(u64::MAX),
        }
    }
}

impl Moment {
    /// Whole seconds of aging that have passed.
    #[must_use]
    pub fn aging_secs(&self) -> u32 {
        secs(Duration::from_nanos(self.aging).as_secs())
    }

    /// Seconds of aging, the one that has begun included: what something that happens now is dated
    /// by, so that nothing ends early.
    #[must_use]
    pub fn aging_secs_begun(&self) -> u32 {
        let aging = Duration::from_nanos(self.aging);
        let begun = u32::from(aging.subsec_nanos() > 0);
        secs(aging.as_secs()).saturating_add(begun)
    }

    /// What was `ago`, in seconds of aging, the one that had begun then included.
    pub(crate) fn aging_begun_before(&self, ago: Duration) -> u32 {
        let at = Duration::from_nanos(self.aging).saturating_sub(ago);
        let begun = u32::from(at.subsec_nanos() > 0);
        secs(at.as_secs()).saturating_add(begun).max(1)
    }

    /// What is still `left`, in seconds of aging, the one that will have begun then included.
    pub(crate) fn aging_begun_after(&self, left: Duration) -> u32 {
        let at = Duration::from_nanos(self.aging).saturating_add(left);
        let begun = u32::from(at.subsec_nanos() > 0);
        secs(at.as_secs()).saturating_add(begun)
    }

    /// What was `ago`, in whole seconds of aging, rounded to the earlier one.
    pub(crate) fn aging_before(&self, ago: Duration) -> u32 {
        secs(Duration::from_nanos(self.aging).saturating_sub(ago).as_secs()).max(1)
    }

    /// Whether this clock was read a little before it was last shown.
    fn is_late(&self, shown: Timestamp) -> bool {
        shown < self.shown && self.shown.saturating_since(shown) < LATE
    }

    /// A store time as the shown clock would have it.
    #[must_use]
    pub fn to_shown(&self, time: Timestamp) -> Timestamp {
        if time == Timestamp::MAX {
            return time;
        }
        let (time, now, shown) = (time.as_nanos(), self.now.as_nanos(), self.shown.as_nanos());
        let ahead = time.saturating_add(shown.saturating_sub(now));
        Timestamp::from_nanos(ahead.saturating_sub(now.saturating_sub(shown)))
    }

    /// A second of aging as the shown clock would have it, as far as aging followed the clock.
    #[must_use]
    pub fn aging_to_shown(&self, aging: u32) -> Timestamp {
        let at = Duration::from_secs(aging.into());
        let now = Duration::from_nanos(self.aging);
        match now.checked_sub(at) {
            Some(ago) => {
                let shown = Duration::from_nanos(self.shown.as_nanos()).saturating_sub(ago);
                Timestamp::from_nanos(u64::try_from(shown.as_nanos()).unwrap_or(u64::MAX))
            }
            None => self.shown.saturating_add(at.saturating_sub(now)),
        }
    }
}

fn secs(secs: u64) -> u32 {
    u32::try_from(secs).unwrap_or(u32::MAX)
}

/// What a store has to keep of its clock while it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "engines store it field by field")]
pub struct ClockState {
    /// The last moment.
    pub at: Moment,
    /// The highest clock that was ever shown.
    pub mark: Timestamp,
    /// Store time when it was shown.
    pub at_mark: Timestamp,
}

/// The clock of a store.
#[derive(Debug, Default)]
pub struct StoreClock {
    state: Mutex<State>,
    /// The last moment of it, once a clock was shown.
    last: Published,
}

#[derive(Debug, Default)]
struct State {
    last: Option<ClockState>,
    /// Whether the store was closed since the last step.
    was_closed: bool,
}

impl StoreClock {
    /// Continues from what was stored.
    #[must_use]
    pub fn restore(last: ClockState) -> Self {
        let state = Mutex::new(State { last: Some(last), was_closed: true });
        Self { state, last: Published::default() }
    }

    /// Shows the clock, and returns the moment that it is.
    #[inline]
    pub fn advance(&self, shown: Timestamp, limits: &Limits) -> Moment {
        // A clock that stands still moves nothing, and nobody waits for a lock to learn that.
        if let Some(at) = self.last.get()
            && (shown == at.shown || at.is_late(shown))
        {
            return at;
        }
        self.step(shown, limits)
    }

    fn step(&self, shown: Timestamp, limits: &Limits) -> Moment {
        let mut state = lock(&self.state);
        let longest = if state.was_closed { limits.record_age } else { limits.aging_step };
        let at = match &mut state.last {
            Some(last) => {
                last.step(shown, longest);
                last.at
            }
            none => {
                let at = Moment { now: shown, shown, ..Moment::default() };
                *none = Some(ClockState { at, mark: shown, at_mark: shown });
                at
            }
        };
        state.was_closed = false;
        self.last.set(at);
        at
    }

    /// The last moment, without showing a clock.
    #[must_use]
    pub fn last(&self) -> Moment {
        lock(&self.state).last.map(|last| last.at).unwrap_or_default()
    }

    /// What to store, to [restore](Self::restore) it; `None` before a clock was shown.
    #[must_use]
    pub fn state(&self) -> Option<ClockState> {
        lock(&self.state).last
    }
}

/// A moment that is read without a lock: the numbers, and in front of them how often they were
/// written, twice for each time, so that it is odd meanwhile. Who finds it odd, or another number
/// afterwards than before, read what does not belong together.
#[derive(Debug, Default)]
struct Published {
    writes: AtomicU64,
    now: AtomicU64,
    shown: AtomicU64,
    aging: AtomicU64,
}

impl Published {
    /// The moment; `None` before there is one, or while another is written.
    fn get(&self) -> Option<Moment> {
        let writes = self.writes.load(Ordering::Acquire);
        let at = Moment {
            now: Timestamp::from_nanos(self.now.load(Ordering::Acquire)),
            shown: Timestamp::from_nanos(self.shown.load(Ordering::Acquire)),
            aging: self.aging.load(Ordering::Acquire),
        };
        let is_whole = writes != 0 && writes & 1 == 0;
        (is_whole && self.writes.load(Ordering::Acquire) == writes).then_some(at)
    }

    /// Writes another one. One thread at a time does.
    fn set(&self, at: Moment) {
        // Each number is released: whoever reads it reads `writes` as odd, or later, from then on.
        self.writes.fetch_add(1, Ordering::Release);
        self.now.store(at.now.as_nanos(), Ordering::Release);
        self.shown.store(at.shown.as_nanos(), Ordering::Release);
        self.aging.store(at.aging, Ordering::Release);
        self.writes.fetch_add(1, Ordering::Release);
    }
}

impl ClockState {
    /// Moves on to this shown clock. `longest` bounds what the step counts for aging.
    fn step(&mut self, shown: Timestamp, longest: Duration) {
        let at = &mut self.at;
        if at.is_late(shown) {
            return;
        }
        let before = at.now;
        if shown >= self.mark {
            let passed = shown.saturating_since(self.mark).min(LONGEST_STEP);
            at.now = at.now.max(self.at_mark.saturating_add(passed));
            (self.mark, self.at_mark) = (shown, at.now);
        } else {
            let passed = shown.saturating_since(at.shown).min(LONGEST_STEP);
            at.now = at.now.saturating_add(passed);
        }
        at.shown = shown;
        let aged = at.now.saturating_since(before).min(longest);
        at.aging = at.aging.saturating_add(u64::try_from(aged.as_nanos()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    const NOON: u64 = 1_800_000_000;

    struct Shown(StoreClock, Limits);

    impl Shown {
        fn new() -> Self {
            Self(StoreClock::default(), Limits::default())
        }

        /// Seconds of store time since it began, and of aging.
        fn at(&self, secs: u64) -> (u64, u64) {
            let at = self.0.advance(Timestamp::from_secs(secs), &self.1);
            let aging = u64::from(at.aging_secs().saturating_sub(AGING_BEGINS));
            let now = Duration::from_nanos(at.now.as_nanos()).as_secs();
            (now.saturating_sub(NOON), aging)
        }

        fn reopened(self) -> Self {
            Self(StoreClock::restore(self.0.state().unwrap()), self.1)
        }
    }

    #[test]
    fn s14_a_right_clock_is_followed() {
        let clock = Shown::new();
        assert_eq!(clock.at(NOON), (0, 0));
        assert_eq!(clock.at(NOON + 3), (3, 3));
        assert_eq!(clock.at(NOON + 3), (3, 3));
        assert_eq!(clock.at(NOON + HOUR), (HOUR, HOUR));
    }

    #[test]
    fn s14_going_back_counts_nothing_and_what_follows_does() {
        let clock = Shown::new();
        clock.at(NOON);
        clock.at(NOON + 100);
        assert_eq!(clock.at(NOON - 500), (100, 100));
        assert_eq!(clock.at(NOON - 497), (103, 103));
        // The mark: 100 after noon, at 100. This step reaches it, and counts from there alone.
        assert_eq!(clock.at(NOON + 150), (150, 150));
    }

    #[test]
    fn s14_a_clock_that_was_ahead_measures_seconds_when_it_is_right_again() {
        let clock = Shown::new();
        clock.at(NOON);
        let (ahead, aged) = clock.at(NOON + 473 * YEAR);
        assert_eq!((ahead, aged), (10 * YEAR, HOUR));
        assert_eq!(clock.at(NOON + 5), (10 * YEAR, HOUR));
        assert_eq!(clock.at(NOON + 8), (10 * YEAR + 3, HOUR + 3));
        let clock = clock.reopened();
        assert_eq!(clock.at(NOON + 12), (10 * YEAR + 7, HOUR + 7));
    }

    #[test]
    fn s14_a_board_that_boots_in_1970_and_is_set_right_ages_nothing() {
        let clock = Shown::new();
        clock.at(NOON);
        let clock = clock.reopened();
        assert_eq!(clock.at(7), (0, 0));
        assert_eq!(clock.at(27), (20, 20));
        assert_eq!(clock.at(NOON + 15), (20, 20));
        assert_eq!(clock.at(NOON + 21), (26, 26));
    }

    #[test]
    fn s14_a_step_counts_an_hour_of_aging_while_open_and_a_record_age_across_a_closing() {
        let clock = Shown::new();
        clock.at(NOON);
        assert_eq!(clock.at(NOON + DAY), (DAY, HOUR));
        let clock = clock.reopened();
        assert_eq!(clock.at(NOON + 3 * DAY), (3 * DAY, HOUR + 2 * DAY));
        assert_eq!(clock.at(NOON + 4 * DAY), (4 * DAY, 2 * HOUR + 2 * DAY));
        let clock = clock.reopened();
        assert_eq!(clock.at(NOON + 40 * DAY), (40 * DAY, 2 * HOUR + 9 * DAY));
    }

    #[test]
    fn s14_a_late_reading_is_not_a_clock_that_was_set_back() {
        let clock = Shown::new();
        clock.at(NOON);
        clock.at(NOON + 10 * YEAR);
        clock.at(NOON);
        let shown = |nanos| {
            let at = Timestamp::from_nanos(NOON * 1_000_000_000 + nanos);
            clock.0.advance(at, &clock.1).now.as_nanos()
        };
        let begin = shown(20_000_000);
        for late in 0..1000 {
            shown(20_000_000 - late);
            shown(20_000_000);
        }
        assert_eq!(shown(20_000_000), begin);
    }

    #[test]
    fn s14_times_are_shown_by_the_shown_clock() {
        let clock = Shown::new();
        clock.at(NOON);
        clock.at(NOON + YEAR);
        clock.at(NOON + 10);
        let at = clock.0.last();
        let in_a_minute = at.now.saturating_add(Duration::from_secs(60));
        assert_eq!(at.to_shown(in_a_minute), Timestamp::from_secs(NOON + 70));
        assert_eq!(at.to_shown(at.now), at.shown);
        assert_eq!(at.aging_to_shown(at.aging_secs() - 5), Timestamp::from_secs(NOON + 5));
        assert_eq!(at.aging_to_shown(at.aging_secs() + 5), Timestamp::from_secs(NOON + 15));
    }
}
