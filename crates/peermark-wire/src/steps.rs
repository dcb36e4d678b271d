//! Counting what the readers do.
//!
//! A decoder that is linear does at most a fixed number of steps for each byte of its input. With
//! the feature `steps`, every byte of a multi-byte varint and every field that a reader looks at
//! counts as one step, on a counter of the thread; [`measure`] reads it around a closure. Without
//! the feature nothing is counted and nothing is exported. Results never depend on it.

#[cfg(feature = "steps")]
use std::cell::Cell;

#[cfg(feature = "steps")]
thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Runs `work` and answers what it returned and how many steps the readers did in it, on this
/// thread.
#[cfg(feature = "steps")]
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.get();
    let result = work();
    (result, STEPS.get().wrapping_sub(before))
}

/// Adds `steps` to the counter of this thread. For decoders that walk bytes above this crate.
#[cfg(feature = "steps")]
#[inline]
pub fn count(steps: u64) {
    STEPS.set(STEPS.get().wrapping_add(steps));
}

#[cfg(not(feature = "steps"))]
#[inline(always)]
pub(crate) fn count(_steps: u64) {}
