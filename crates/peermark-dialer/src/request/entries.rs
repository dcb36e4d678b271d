//! One address of a request's plan.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_dial_policy::Start;
use peermark_provenance::Timestamp;

use crate::action::AttemptId;

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) address: Multiaddr,
    pub(super) stage: usize,
    pub(super) start: Start,
    pub(super) delay: Duration,
    /// A failure before it made it due.
    pub(super) hurried: Option<Timestamp>,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its time has not come.
    Pending,
    /// Its time has come: it is dialed, or waits for room.
    Running(AttemptId),
    Failed,
}

impl Entry {
    /// Its attempt.
    pub(super) const fn running(&self) -> Option<AttemptId> {
        match self.state {
            State::Running(attempt) => Some(attempt),
            State::Pending | State::Failed => None,
        }
    }
}
