//! How long something took: CPU time of this thread, where the system tells it.
//!
//! Time in which another process had the core does not count. What that process left in the caches
//! does.

use std::time::{Duration, Instant};

/// The CPU time that `work` took on this thread.
pub(crate) fn cpu_time_of(work: impl FnOnce()) -> Duration {
    let before = now();
    work();
    now().saturating_sub(before)
}

/// The time on the wall that `work` took: for what several threads do together.
#[expect(clippy::disallowed_methods, reason = "a stopwatch is a clock at the edge")]
pub(crate) fn wall_time_of(work: impl FnOnce()) -> Duration {
    let before = Instant::now();
    work();
    before.elapsed()
}

#[cfg(unix)]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Elsewhere, the time on the wall: quiet machines only.
#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::LazyLock;

    #[expect(clippy::disallowed_methods, reason = "a stopwatch is a clock at the edge")]
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let mut steps = 0u64;
        let work = || (0..100_000u64).for_each(|i| steps = std::hint::black_box(steps ^ i));
        assert!(cpu_time_of(work) > Duration::ZERO);
        assert!(wall_time_of(|| ()) < Duration::MAX);
    }
}
