//! One address of a request's plan, and one stage.

use std::time::Duration;

use peermark_dial_policy::Start;

use crate::action::AttemptId;
use crate::moment::Moment;
use crate::peer::SlotKey;

/// One address of a plan.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) slot: SlotKey,
    /// Its place among the candidates.
    pub(super) candidate: usize,
    pub(super) delay: Duration,
    /// The candidate that supersedes it: it waits until that is out.
    pub(super) after: Option<usize>,
    /// A failure before it made it due.
    pub(super) hurried: Option<Moment>,
    pub(super) state: State,
    /// How often this node refused to start it.
    pub(super) tries: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its time has not come.
    Pending,
    /// Its time has come: it is dialed, or waits for room.
    Running(AttemptId),
    /// This node did not start it: it is pending again then.
    Deferred(Moment),
    Failed,
}

impl Entry {
    pub(super) const fn new(slot: SlotKey, candidate: usize, delay: Duration) -> Self {
        Self { slot, candidate, delay, after: None, hurried: None, state: State::Pending, tries: 0 }
    }

    /// Its attempt.
    pub(super) const fn running(&self) -> Option<AttemptId> {
        match self.state {
            State::Running(attempt) => Some(attempt),
            State::Pending | State::Deferred(_) | State::Failed => None,
        }
    }

    /// When it is due, in a stage that began then.
    pub(super) fn due(&self, begun: Moment) -> Moment {
        // What was superseded is due as soon as the better one is out.
        let delay = if self.after.is_some() { Duration::ZERO } else { self.delay };
        let planned = begun.saturating_add(delay);
        self.hurried.map_or(planned, |hurried| hurried.min(planned))
    }

    /// Whether nobody waits for it before going on: it failed, or this node does not start it.
    pub(super) const fn is_out(&self) -> bool {
        matches!(self.state, State::Failed | State::Deferred(_))
    }

    /// Whether the time of what was deferred has come: then it is due.
    pub(super) fn return_at(&mut self, now: Moment) {
        if let State::Deferred(until) = self.state
            && until <= now
        {
            (self.state, self.hurried) = (State::Pending, Some(until));
        }
    }

    /// What was deferred is due now. Returns whether it was deferred.
    pub(super) const fn return_now(&mut self, now: Moment) -> bool {
        let is_deferred = matches!(self.state, State::Deferred(_));
        if is_deferred {
            (self.state, self.hurried) = (State::Pending, Some(now));
        }
        is_deferred
    }
}

/// One stage of a plan: its entries from one place to another.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) number: usize,
    pub(super) start: Start,
    pub(super) from: usize,
    pub(super) to: usize,
    /// When it began.
    pub(super) begun: Option<Moment>,
}
