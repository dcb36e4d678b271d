//! One request: its plan, and how far it is.
//!
//! Pure: it is told what happened and says what is due. It never looks at other requests. Addresses
//! are numbers of its peer's [`Slot`](crate::peer::Slot)s, candidates their places among the peer's.

mod entries;
mod planned;
mod steps;
mod told;

use std::time::Duration;

use peermark_dial_policy::Start;

use crate::action::AttemptId;
use crate::ask::SharedPolicy;
use crate::error::Failure;
use crate::moment::Moment;
use crate::peer::{PeerKey, SlotKey};

use entries::{Begun, Entry, State};
use planned::Line;

pub(crate) use planned::Planned;

/// How long an attempt that this node refused is left, the first time; it doubles.
pub(crate) const RETRY: Duration = Duration::from_secs(1);
/// The longest that it is left.
pub(crate) const RETRY_MOST: Duration = Duration::from_secs(16);
/// How often a request tries again what this node refused.
const RETRIES: u8 = 5;

/// An address whose time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) slot: SlotKey,
    /// Its place among the entries.
    place: usize,
}

/// What a request has to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// To dial this address now.
    Due(Due),
    /// To be looked at again then, unless something happens.
    Until(Moment),
}

/// An open request.
pub(crate) struct Open {
    pub(crate) peer: PeerKey,
    pub(crate) policy: SharedPolicy,
    pub(crate) deadline: Moment,
    plan: Option<Planned>,
    /// How far it is with each line of the plan.
    entries: Vec<Entry>,
    /// When each stage of the plan began.
    begun: Begun,
    /// Candidates of the plan that it does not dial: it dialed as many as it may.
    skipped: Vec<usize>,
    /// What failed for this request: it is not dialed again for it.
    failed: Vec<(SlotKey, Failure)>,
    /// Whether it does not dial a line of the plan.
    has_absent: bool,
    /// Whether something failed since its stages were looked at.
    has_changed: bool,
    /// Whether the plan is new: attempts in line may stand there too early for it.
    is_replanned: bool,
    /// When it is to be looked at again.
    pub(crate) next_at: Moment,
    /// When its timer goes off: then, or before.
    pub(crate) wake: Option<Moment>,
}

impl Open {
    pub(crate) fn new(peer: PeerKey, policy: SharedPolicy, deadline: Moment) -> Self {
        Self {
            peer,
            policy,
            deadline,
            plan: None,
            entries: Vec::new(),
            begun: Begun::new(0),
            skipped: Vec::new(),
            failed: Vec::new(),
            has_absent: false,
            has_changed: false,
            is_replanned: false,
            next_at: Moment::ORIGIN,
            wake: None,
        }
    }

    /// Takes a new plan in the middle of the dial (C2), of which it dials what makes `most` addresses
    /// in all. Returns the attempts that it has no use for any more.
    pub(crate) fn replan(&mut self, planned: &Planned, most: usize) -> Vec<AttemptId> {
        let (mut before, begun) = (core::mem::take(&mut self.entries), self.begun.clone());
        let plan_before = self.plan.replace(planned.clone());
        self.skipped.clear();
        self.has_absent = false;
        let mut room = most.saturating_sub(self.failed.len());
        let lines_before = plan_before.as_ref().map(Planned::lines).unwrap_or_default();
        self.entries.reserve_exact(planned.lines().len());
        for line in planned.lines() {
            let has_failed = self.failure(line.slot).is_some();
            // Another spelling of what it dials already (D9).
            let mut entry = if self.dials(line.slot) {
                Entry::ABSENT
            } else if (room == 0 || planned.leaves_out(line)) && !has_failed {
                self.skipped.push(line.place());
                Entry::ABSENT
            } else {
                room = room.saturating_sub(usize::from(!has_failed));
                let mut rows = lines_before.iter().zip(&mut before);
                let known = rows.find(|(known, it)| known.slot == line.slot && !it.is_absent());
                known.map_or(Entry::PENDING, |(_, known)| core::mem::replace(known, Entry::ABSENT))
            };
            self.has_absent |= entry.is_absent();
            if has_failed && !entry.is_absent() {
                entry.set(State::Failed);
            }
            self.entries.push(entry);
        }
        self.begun = Begun::new(planned.stages().len());
        let stages_before = plan_before.as_ref().map(Planned::stages).unwrap_or_default();
        for (place, stage) in planned.stages().iter().enumerate() {
            let known = stages_before.iter().position(|known| known.number == stage.number);
            let since = known.and_then(|known| begun.get(known));
            let entries = self.entries.get(stage.lines()).unwrap_or_default();
            let is_there = entries.iter().any(|entry| !entry.is_absent());
            self.begun.set(place, since.filter(|_| is_there));
        }
        self.is_replanned = true;
        before.iter().filter_map(Entry::running).collect()
    }

    /// The candidate that is due.
    pub(crate) fn candidate(&self, due: Due) -> Option<usize> {
        self.plan.as_ref()?.lines().get(due.place).map(Line::place)
    }

    fn failure(&self, slot: SlotKey) -> Option<Failure> {
        let failed = self.failed.iter().find(|(failed, _)| *failed == slot)?;
        Some(failed.1)
    }

    /// Whether nothing is under way, and nothing will be.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.entries.iter().all(|entry| entry.is_failed() || entry.is_absent())
    }

    /// Its attempts.
    pub(crate) fn running(&self) -> impl Iterator<Item = AttemptId> {
        self.entries.iter().filter_map(Entry::running)
    }

    /// The lines of its plan that it dials.
    fn dialed(&self) -> impl Iterator<Item = (&Line, &Entry)> {
        let lines = self.plan.iter().flat_map(|plan| plan.lines());
        lines.zip(&self.entries).filter(|(_, entry)| !entry.is_absent())
    }

    /// The slots that it refers to.
    pub(crate) fn slots(&self) -> impl Iterator<Item = SlotKey> {
        let failed = self.failed.iter().map(|(slot, _)| *slot);
        self.dialed().map(|(line, _)| line.slot).chain(failed)
    }

    /// Whether its plan dials this address.
    pub(crate) fn dials(&self, slot: SlotKey) -> bool {
        self.dialed().any(|(line, _)| line.slot == slot)
    }

    /// Whether an address of this stage would be dialed beside those of the plan.
    pub(crate) fn takes(&self, stage: usize) -> bool {
        let is_spare = self.policy.stages().get(stage) == Some(&Start::IfNone);
        !(is_spare && self.stages().any(|(planned, _)| planned.number < stage))
    }
}
