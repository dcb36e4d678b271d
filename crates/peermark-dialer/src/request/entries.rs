//! How far a request is with one address of its plan, and since when its stages are open.

use crate::action::AttemptId;
use crate::moment::Moment;

/// How far a request is with one address of its plan. There is one for each of the plan's
/// [`Line`](super::planned::Line)s, and they are small: of 10,000 requests some are looked at for
/// every event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// A failure before it made it due at this moment; [`Moment::MAX`] where none did.
    pub(super) hurried: Moment,
    /// The number of the attempt, or the moment until which it is deferred.
    value: u64,
    tag: Tag,
    /// How often this node refused to start it.
    pub(super) tries: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Absent,
    Pending,
    Running,
    Deferred,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The plan has it, and this request does not dial it.
    Absent,
    /// Its time has not come.
    Pending,
    /// Its time has come: it is dialed, or waits for room.
    Running(AttemptId),
    /// This node did not start it: it is pending again then.
    Deferred(Moment),
    Failed,
}

impl Entry {
    pub(super) const ABSENT: Self =
        Self { hurried: Moment::MAX, value: 0, tag: Tag::Absent, tries: 0 };

    pub(super) const PENDING: Self = Self { tag: Tag::Pending, ..Self::ABSENT };

    pub(super) const fn state(&self) -> State {
        match self.tag {
            Tag::Absent => State::Absent,
            Tag::Pending => State::Pending,
            Tag::Running => State::Running(AttemptId(self.value)),
            Tag::Deferred => State::Deferred(Moment::ORIGIN.later(self.value)),
            Tag::Failed => State::Failed,
        }
    }

    pub(super) const fn set(&mut self, state: State) {
        (self.tag, self.value) = match state {
            State::Absent => (Tag::Absent, 0),
            State::Pending => (Tag::Pending, 0),
            State::Running(attempt) => (Tag::Running, attempt.0),
            State::Deferred(until) => (Tag::Deferred, until.nanos()),
            State::Failed => (Tag::Failed, 0),
        };
    }

    pub(super) fn is_absent(&self) -> bool {
        self.tag == Tag::Absent
    }

    pub(super) fn is_pending(&self) -> bool {
        self.tag == Tag::Pending
    }

    pub(super) fn is_failed(&self) -> bool {
        self.tag == Tag::Failed
    }

    /// Its attempt.
    pub(super) const fn running(&self) -> Option<AttemptId> {
        match self.state() {
            State::Running(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// Whether nobody waits for it before going on: it failed, or this node does not start it.
    pub(super) const fn is_out(&self) -> bool {
        matches!(self.tag, Tag::Failed | Tag::Deferred)
    }

    /// Whether the time of what was deferred has come: then it is due.
    pub(super) fn return_at(&mut self, now: Moment) {
        if let State::Deferred(until) = self.state()
            && until <= now
        {
            self.set(State::Pending);
            self.hurried = until;
        }
    }

    /// What was deferred is due now. Returns whether it was deferred.
    pub(super) const fn return_now(&mut self, now: Moment) -> bool {
        let is_deferred = matches!(self.tag, Tag::Deferred);
        if is_deferred {
            self.set(State::Pending);
            self.hurried = now;
        }
        is_deferred
    }
}

/// When each stage of a plan began. Most plans have no more than two.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    few: [Moment; 2],
    more: Vec<Moment>,
}

/// It did not begin.
const NEVER: Moment = Moment::MAX;

impl Begun {
    /// For so many stages; none began.
    pub(super) fn new(stages: usize) -> Self {
        Self { few: [NEVER; 2], more: vec![NEVER; stages.saturating_sub(2)] }
    }

    pub(super) fn get(&self, stage: usize) -> Option<Moment> {
        let more = || self.more.get(stage.checked_sub(self.few.len())?);
        let begun = self.few.get(stage).or_else(more).copied();
        begun.filter(|begun| *begun != NEVER)
    }

    pub(super) fn set(&mut self, stage: usize, begun: Option<Moment>) {
        let begun = begun.unwrap_or(NEVER);
        let many = self.few.len();
        if let Some(place) = self.few.get_mut(stage) {
            *place = begun;
        } else if let Some(place) = stage.checked_sub(many).and_then(|at| self.more.get_mut(at)) {
            *place = begun;
        }
    }
}
