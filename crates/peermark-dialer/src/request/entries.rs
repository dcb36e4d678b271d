//! One address of a request's plan, and one stage.

use peermark_dial_policy::{Dial, Start};

use crate::action::AttemptId;
use crate::moment::{Moment, nanos};
use crate::peer::SlotKey;

/// One address of a plan.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) slot: SlotKey,
    /// Its place among the candidates.
    pub(super) candidate: u32,
    /// The candidate that supersedes it: it waits until that is out.
    pub(super) after: Option<u32>,
    /// When it is due, in nanoseconds from the beginning of its stage.
    delay: u64,
    /// A failure before it made it due at this moment; [`Moment::MAX`] where none did.
    pub(super) hurried: Moment,
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
    pub(super) fn new(slot: SlotKey, dial: &Dial) -> Self {
        // No plan has more candidates.
        let number = |place| u32::try_from(place).unwrap_or(u32::MAX);
        let after = dial.after().map(number);
        Self {
            slot,
            candidate: number(dial.candidate()),
            after,
            // What was superseded is due as soon as the better one is out.
            delay: if after.is_some() { 0 } else { nanos(dial.delay()) },
            hurried: Moment::MAX,
            state: State::Pending,
            tries: 0,
        }
    }

    /// When it is due, in a stage that began then.
    pub(super) fn due(&self, begun: Moment) -> Moment {
        begun.later(self.delay).min(self.hurried)
    }

    /// Its attempt.
    pub(super) const fn running(&self) -> Option<AttemptId> {
        match self.state {
            State::Running(attempt) => Some(attempt),
            State::Pending | State::Deferred(_) | State::Failed => None,
        }
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
            (self.state, self.hurried) = (State::Pending, until);
        }
    }

    /// What was deferred is due now. Returns whether it was deferred.
    pub(super) const fn return_now(&mut self, now: Moment) -> bool {
        let is_deferred = matches!(self.state, State::Deferred(_));
        if is_deferred {
            (self.state, self.hurried) = (State::Pending, now);
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
