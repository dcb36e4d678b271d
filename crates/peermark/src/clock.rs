//! Where time enters.

use std::time::SystemTime;

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
