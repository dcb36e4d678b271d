//! Where time enters.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use peermark_provenance::Timestamp;

/// Tells the time. The layers below take time as an argument; the facade asks one of these.
pub trait Clock {
    /// The wall-clock time now. It may stand still or go backwards.
    fn now(&self) -> SystemTime;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> SystemTime {
        (**self).now()
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name for the one clock there is")]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock at the edge")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock whose time never goes back: what a store lives by (S14).
///
/// It follows another clock as long as that runs forward. Where that is set back, it stands still
/// for that one reading and goes on from there, so that nothing that was over comes back, and
/// nothing lives longer because somebody corrected the time.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use peermark::{Clock, SteadyClock};
///
/// struct Dial(AtomicU64);
///
/// impl Clock for Dial {
///     fn now(&self) -> SystemTime {
///         UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
///     }
/// }
///
/// let clock = SteadyClock::new(Dial(AtomicU64::new(100)));
/// let seconds = || clock.now().as_nanos() / 1_000_000_000;
/// assert_eq!(seconds(), 100);
/// clock.inner().0.store(40, Ordering::Relaxed); // set back by a minute ...
/// assert_eq!(seconds(), 100);
/// clock.inner().0.store(45, Ordering::Relaxed); // ... and five seconds pass.
/// assert_eq!(seconds(), 105);
/// ```
#[derive(Debug, Default)]
pub struct SteadyClock<C> {
    inner: C,
    /// Before which it does not begin.
    since: Timestamp,
    last: Mutex<Option<Reading>>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    /// What the other clock showed.
    shown: SystemTime,
    /// What this one answered.
    steady: Timestamp,
}

impl<C: Clock> SteadyClock<C> {
    /// A clock that follows `inner`.
    #[must_use]
    pub const fn new(inner: C) -> Self {
        Self::resume(inner, Timestamp::EPOCH)
    }

    /// A clock that follows `inner`, and begins no earlier than `since`: the last time that
    /// somebody knows who was here before.
    #[must_use]
    pub const fn resume(inner: C, since: Timestamp) -> Self {
        Self { inner, since, last: Mutex::new(None) }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let shown = self.inner.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = match *last {
            None => Timestamp::from(shown).max(self.since),
            Some(before) => {
                let passed = shown.duration_since(before.shown).unwrap_or(Duration::ZERO);
                before.steady.saturating_add(passed)
            }
        };
        *last = Some(Reading { shown, steady });
        steady
    }

    /// The clock that it follows.
    #[must_use]
    pub const fn inner(&self) -> &C {
        &self.inner
    }
}
