//! One request: its plan, and how far it is.
//!
//! Pure: it is told what happened and says what is due. It never looks at other requests. Addresses
//! are numbers of its peer's [`Slot`](crate::peer::Slot)s, candidates their places among the peer's.

mod entries;
mod planned;

use std::time::Duration;

use peermark_dial_policy::{Candidate, DialPlan, Nothing, Refusal, Start};

use crate::action::AttemptId;
use crate::ask::SharedPolicy;
use crate::error::{Cause, DialError, Failure};
use crate::moment::Moment;
use crate::peer::{Peer, PeerKey, Slot, SlotKey};

use entries::{Entry, Stage, State};

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
    /// By stage, then by delay.
    entries: Vec<Entry>,
    stages: Vec<Stage>,
    /// Candidates of the plan that it does not dial: it dialed as many as it may.
    skipped: Vec<usize>,
    has_changed: bool,
    /// What failed for this request: it is not dialed again for it.
    failed: Vec<(SlotKey, Failure)>,
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
            stages: Vec::new(),
            skipped: Vec::new(),
            has_changed: false,
            failed: Vec::new(),
            is_replanned: false,
            next_at: Moment::ORIGIN,
            wake: None,
        }
    }

    /// Takes a new plan in the middle of the dial (C2), of which it dials what makes `most` addresses
    /// in all; `slots` are those of the candidates. Returns the attempts that it has no use for any
    /// more.
    pub(crate) fn replan(
        &mut self,
        planned: &Planned,
        slots: &[SlotKey],
        most: usize,
    ) -> Vec<AttemptId> {
        let mut before = core::mem::take(&mut self.entries);
        let begun = core::mem::take(&mut self.stages);
        self.skipped.clear();
        let mut room = most.saturating_sub(self.failed.len());
        for stage in planned.plan.stages() {
            let from = self.entries.len();
            for dial in stage.dials {
                let candidate = dial.candidate();
                let Some(slot) = slots.get(candidate).copied() else { continue };
                // Another spelling of what it dials already (D9).
                if self.dials(slot) {
                    continue;
                }
                let has_failed = self.failure(slot).is_some();
                let is_left_out = planned.left_out.contains(&candidate);
                if (room == 0 || is_left_out) && !has_failed {
                    self.skipped.push(candidate);
                    continue;
                }
                room = room.saturating_sub(usize::from(!has_failed));
                let known = before.iter().position(|entry| entry.slot == slot);
                let known = known.map(|place| before.swap_remove(place));
                let mut entry = Entry::new(slot, dial);
                if let Some(known) = known {
                    (entry.hurried, entry.tries) = (known.hurried, known.tries);
                    entry.state = known.state;
                }
                if has_failed {
                    entry.state = State::Failed;
                }
                self.entries.push(entry);
            }
            if self.entries.len() > from {
                let number = stage.number;
                let since = begun.iter().find(|stage| stage.number == number);
                let begun = since.and_then(|stage| stage.begun);
                let to = self.entries.len();
                self.stages.push(Stage { number, start: stage.start, from, to, begun });
            }
        }
        self.plan = Some(planned.clone());
        self.is_replanned = true;
        before.iter().filter_map(Entry::running).collect()
    }

    /// Whether something failed or was put off since [`Self::open`]: then it is to be asked again.
    pub(crate) const fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Begins the stages whose time has come. One before which a better address turned up begins
    /// anew when its time comes again: what was not dialed of it waits, and the attempts of it are
    /// returned, for those that were not dialed either. So are attempts of addresses that a new plan
    /// dials later.
    pub(crate) fn open(&mut self, now: Moment) -> Vec<AttemptId> {
        self.has_changed = false;
        let mut previous = None;
        let (mut all_failed, mut is_open) = (true, true);
        let (mut is_idle, mut has_failed) = (true, !self.failed.is_empty());
        let mut held = Vec::new();
        for stage in &mut self.stages {
            let Some(entries) = self.entries.get_mut(stage.from..stage.to) else { continue };
            is_open &= all_failed
                || match (stage.start, previous) {
                    (Start::Now | Start::IfNone, _) => true,
                    (Start::After(delay), Some(begun)) => {
                        now >= Moment::saturating_add(begun, delay)
                    }
                    _ => false,
                };
            if is_open {
                let since = *stage.begun.get_or_insert(now);
                previous = Some(since);
            } else {
                stage.begun = None;
            }
            for entry in entries {
                entry.return_at(now);
                if !is_open {
                    entry.hurried = Moment::MAX;
                    held.extend(entry.running());
                }
                is_idle &= entry.running().is_none();
                has_failed |= entry.is_out();
                all_failed &= entry.is_out();
            }
        }
        if core::mem::take(&mut self.is_replanned) {
            held.extend(self.early(now));
        }
        // Where something failed, and nothing is under way, nobody waits for the next: it may have
        // come after the failure.
        if is_idle && has_failed && !self.is_due(now) {
            self.hurry(now);
        }
        held
    }

    /// The first address whose time has come and that is not under way, of the best stage; or when
    /// something is due next: a dial, a stage, the deadline.
    pub(crate) fn look(&self, now: Moment) -> Look {
        let mut next = self.deadline;
        let (mut last, mut is_begun) = (None, true);
        for stage in &self.stages {
            let entries = self.entries.get(stage.from..stage.to).unwrap_or_default();
            if let (true, None, Start::After(delay), Some(begun)) =
                (is_begun, stage.begun, stage.start, last)
            {
                next = next.min(Moment::saturating_add(begun, delay));
            }
            for (place, entry) in (stage.from..).zip(entries) {
                match (entry.state, stage.begun) {
                    (State::Pending, Some(begun)) if !self.is_superseded(entry) => {
                        let due = entry.due(begun);
                        if due <= now {
                            return Look::Due(Due { slot: entry.slot, place });
                        }
                        next = next.min(due);
                    }
                    (State::Deferred(until), _) => next = next.min(until),
                    _ => {}
                }
            }
            is_begun &= stage.begun.is_some();
            last = stage.begun;
        }
        Look::Until(next)
    }

    fn is_due(&self, now: Moment) -> bool {
        self.pending().any(|(_, due)| due <= now)
    }

    /// Those whose stage has begun and that were not dialed: their places and their times.
    fn pending(&self) -> impl Iterator<Item = (usize, Moment)> {
        let begun = self.stages.iter().filter_map(|stage| Some((stage, stage.begun?)));
        begun.flat_map(|(stage, begun)| {
            let entries = self.entries.get(stage.from..stage.to).unwrap_or_default();
            let places = stage.from..;
            let pending = |(_, entry): &(usize, &Entry)| {
                entry.state == State::Pending && !self.is_superseded(entry)
            };
            let pending = places.zip(entries).filter(pending);
            pending.map(move |(place, entry)| (place, entry.due(begun)))
        })
    }

    /// Attempts of addresses whose time has not come: another plan, or a better address, came after
    /// them.
    fn early(&self, now: Moment) -> impl Iterator<Item = AttemptId> {
        let begun = self.stages.iter().filter_map(|stage| Some((stage, stage.begun?)));
        begun.flat_map(move |(stage, begun)| {
            let entries = self.entries.get(stage.from..stage.to).unwrap_or_default();
            let is_early =
                move |entry: &&Entry| entry.due(begun) > now || self.is_superseded(entry);
            entries.iter().filter(is_early).filter_map(Entry::running)
        })
    }

    /// Whether a better transport of the same host and port is to be dialed first (D9).
    fn is_superseded(&self, entry: &Entry) -> bool {
        let is_better = |other: &Entry| Some(other.candidate) == entry.after && !other.is_out();
        entry.after.is_some() && self.entries.iter().any(is_better)
    }

    /// The addresses that are to be dialed by time alone: their stage began, or will.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = SlotKey> {
        let mut is_timed = true;
        let stages = self.stages.iter().take_while(move |stage| {
            is_timed &= stage.begun.is_some() || matches!(stage.start, Start::After(_));
            is_timed
        });
        let entries = stages
            .flat_map(|stage| self.entries.get(stage.from..stage.to).unwrap_or_default())
            .filter(|entry| !entry.is_out() && !self.is_superseded(entry));
        entries.map(|entry| entry.slot)
    }

    /// What is due is dialed, by this attempt.
    pub(crate) fn set_running(&mut self, due: Due, attempt: AttemptId) {
        if let Some(entry) = self.entries.get_mut(due.place) {
            entry.state = State::Running(attempt);
        }
    }

    /// The candidate that is due.
    pub(crate) fn candidate(&self, due: Due) -> Option<usize> {
        usize::try_from(self.entries.get(due.place)?.candidate).ok()
    }

    /// It does not wait for this attempt any more, and may ask for it later.
    pub(crate) fn set_pending(&mut self, attempt: AttemptId) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.running() == Some(attempt)) {
            entry.state = State::Pending;
        }
    }

    fn set(&mut self, slot: SlotKey, state: State) {
        if let Some(entry) = self.entry(slot) {
            entry.state = state;
        }
    }

    fn entry(&mut self, slot: SlotKey) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.slot == slot)
    }

    fn failure(&self, slot: SlotKey) -> Option<Failure> {
        let failed = self.failed.iter().find(|(failed, _)| *failed == slot)?;
        Some(failed.1)
    }

    /// An address failed: the next one is due at once (D6).
    pub(crate) fn fail(&mut self, slot: SlotKey, failure: Failure, now: Moment) {
        self.has_changed = true;
        match self.failed.iter_mut().find(|(failed, _)| *failed == slot) {
            Some((_, known)) => *known = failure,
            None => self.failed.push((slot, failure)),
        }
        self.set(slot, State::Failed);
        self.hurry(now);
    }

    /// This node did not start a dial of an address: it is tried again then, and the next one is due
    /// at once. After a few times it fails (C7).
    pub(crate) fn defer(&mut self, slot: SlotKey, until: Moment, is_try: bool, now: Moment) {
        let Some(entry) = self.entry(slot) else { return };
        if is_try {
            entry.tries = entry.tries.saturating_add(1);
        }
        if entry.tries > RETRIES {
            self.fail(slot, Failure::NotStarted, now);
            return;
        }
        entry.state = State::Deferred(until);
        self.has_changed = true;
        self.hurry(now);
    }

    /// Takes back that addresses failed because they were left alone (C7). Returns whether one was.
    pub(crate) fn forgive_backoff(&mut self) -> bool {
        let is_left = |failure: &Failure| matches!(failure, Failure::BackedOff { .. });
        let mut is_any = false;
        for entry in &mut self.entries {
            let failed = self.failed.iter().any(|(slot, why)| *slot == entry.slot && is_left(why));
            if failed {
                entry.state = State::Pending;
                is_any = true;
            }
        }
        self.failed.retain(|(_, why)| !is_left(why));
        is_any
    }

    /// The network changed: what failed because it was left alone, or was not started, is due again
    /// (C7). Returns whether something was.
    pub(crate) fn network_changed(&mut self, now: Moment) -> bool {
        let mut is_any = self.forgive_backoff();
        for entry in &mut self.entries {
            is_any |= entry.return_now(now);
        }
        is_any
    }

    /// The next one is due at once: of those that are not due anyway.
    fn hurry(&mut self, now: Moment) {
        let later = self.pending().filter(|(_, due)| *due > now);
        let next = later.map(|(place, due)| (due, place)).min();
        if let Some(entry) = next.and_then(|(_, place)| self.entries.get_mut(place)) {
            entry.hurried = now;
        }
    }

    /// Whether nothing is under way, and nothing will be.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.entries.iter().all(|entry| entry.state == State::Failed)
    }

    /// Its attempts.
    pub(crate) fn running(&self) -> impl Iterator<Item = AttemptId> {
        self.entries.iter().filter_map(Entry::running)
    }

    /// The slots that it refers to.
    pub(crate) fn slots(&self) -> impl Iterator<Item = SlotKey> {
        let failed = self.failed.iter().map(|(slot, _)| *slot);
        self.entries.iter().map(|entry| entry.slot).chain(failed)
    }

    /// Whether its plan dials this address.
    pub(crate) fn dials(&self, slot: SlotKey) -> bool {
        self.entries.iter().any(|entry| entry.slot == slot)
    }

    /// Whether an address of this stage would be dialed beside those of the plan.
    pub(crate) fn takes(&self, stage: usize) -> bool {
        let is_spare = self.policy.stages().get(stage) == Some(&Start::IfNone);
        !(is_spare && self.stages.iter().any(|planned| planned.number < stage))
    }

    /// The error that it ends in.
    pub(crate) fn error(&self, cause: Option<Cause>, peer: &Peer, most: usize) -> DialError {
        let plan = self.plan.as_ref().map(|planned| &*planned.plan);
        // Who dialed, and has nothing left, did not have nothing.
        let nothing = plan.map_or(Some(Nothing::NoAddress), DialPlan::nothing);
        let nothing = nothing.filter(|_| self.failed.is_empty());
        let cause = cause.unwrap_or_else(|| nothing.map_or(Cause::AllFailed, Cause::Nothing));
        let dialed = self.entries.iter().map(|entry| {
            let unfinished = match entry.state {
                State::Deferred(_) => Failure::NotStarted,
                _ => Failure::Unfinished,
            };
            (entry.slot, self.failure(entry.slot).unwrap_or(unfinished))
        });
        // What failed and is no candidate any more failed all the same.
        let gone = self.failed.iter().filter(|(slot, _)| !self.dials(*slot));
        let tried = dialed.chain(gone.copied());
        let address = |slot| {
            let candidate = peer.candidate(slot).map(Candidate::address);
            Some(candidate.or(peer.slot(slot).map(Slot::address))?.clone())
        };
        let mut addresses: Vec<_> =
            tried.filter_map(|(slot, why)| Some((address(slot)?, why))).collect();
        let skipped = self.skipped.iter().map(|place| (*place, Refusal::TooMany));
        // What is there twice is dialed, and has its own end.
        let refused = plan.into_iter().flat_map(|plan| plan.refused());
        let refused = refused.filter(|refused| !matches!(refused.reason, Refusal::Repeated { .. }));
        let refused = refused.map(|refused| (refused.candidate, refused.reason)).chain(skipped);
        for (place, reason) in refused {
            // Another claim on it may be refused while this one is dialed, and has its own end.
            let is_told = |slot| self.failure(slot).is_some() || self.dials(slot);
            let is_told = peer.slot_of(place).is_some_and(is_told);
            if let Some(candidate) = peer.candidates().get(place).filter(|_| !is_told) {
                addresses.push((candidate.address().clone(), reason.into()));
            }
        }
        let omitted = addresses.len().saturating_sub(most);
        addresses.truncate(most);
        DialError { cause, addresses, omitted }
    }
}

impl core::fmt::Debug for Open {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Open")
            .field("peer", &self.peer)
            .field("policy", &self.policy.name())
            .field("deadline", &self.deadline)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
