//! A clock to set by hand.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peermark::Clock;

/// Shows what it is set to.
#[derive(Debug)]
pub(crate) struct HandClock(Mutex<SystemTime>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(UNIX_EPOCH + Duration::from_secs(1_700_000_000)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn set_back(&self, by: Duration) {
        *self.0.lock().unwrap() -= by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}
