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
    /// Its place among the candidates.
    pub(crate) candidate: usize,
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
    /// What failed for this request: it is not dialed again for it.
    failed: Vec<(SlotKey, Failure)>,
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
            failed: Vec::new(),
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
                let mut entry = Entry::new(slot, candidate, dial.delay());
                entry.after = dial.after();
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
        before.iter().filter_map(Entry::running).collect()
    }

    /// Begins the stages whose time has come. One before which a better address turned up begins
    /// anew when its time comes again: what was not dialed of it waits, and the attempts of it are
    /// returned, for those that were not dialed either.
    pub(crate) fn open(&mut self, now: Moment) -> Vec<AttemptId> {
        let mut previous = None;
        let (mut all_failed, mut is_open) = (true, true);
        let mut held = Vec::new();
        for stage in &mut self.stages {
            let Some(entries) = self.entries.get_mut(stage.from..stage.to) else { continue };
            for entry in entries.iter_mut() {
                entry.return_at(now);
            }
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
                for entry in entries.iter_mut() {
                    entry.hurried = None;
                    held.extend(entry.running());
                }
            }
            all_failed &= entries.iter().all(Entry::is_out);
        }
        // Where something failed, and nothing is under way, nobody waits for the next: it may have
        // come after the failure.
        let is_idle = self.entries.iter().all(|entry| entry.running().is_none());
        let has_failed = || !self.failed.is_empty() || self.entries.iter().any(Entry::is_out);
        if is_idle && has_failed() && !self.is_due(now) {
            self.hurry(now);
        }
        held
    }

    /// The first address whose time has come and that is not under way, of the best stage.
    pub(crate) fn due(&self, now: Moment) -> Option<Due> {
        let mut pending = self.pending();
        let (_, _, entry) = pending.find(|(_, due, _)| *due <= now)?;
        Some(Due { slot: entry.slot, candidate: entry.candidate })
    }

    fn is_due(&self, now: Moment) -> bool {
        self.pending().any(|(_, due, _)| due <= now)
    }

    /// Those whose stage has begun and that were not dialed, with their places and their times.
    fn pending(&self) -> impl Iterator<Item = (usize, Moment, &Entry)> {
        let begun = self.stages.iter().filter_map(|stage| Some((stage, stage.begun?)));
        begun.flat_map(|(stage, begun)| {
            let entries = self.entries.get(stage.from..stage.to).unwrap_or_default();
            let places = stage.from..;
            let pending = |(_, entry): &(usize, &Entry)| {
                entry.state == State::Pending && !self.is_superseded(entry)
            };
            places.zip(entries).filter(pending).map(move |(place, entry)| {
                // What was superseded is due as soon as the better one is out.
                let delay = if entry.after.is_some() { Duration::ZERO } else { entry.delay };
                let planned = begun.saturating_add(delay);
                (place, entry.hurried.map_or(planned, |hurried| hurried.min(planned)), entry)
            })
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

    /// When something is due next: a dial, a stage, the deadline.
    pub(crate) fn next(&self) -> Moment {
        let dials = self.pending().map(|(_, due, _)| due);
        let mut last = None;
        let mut stage = None;
        for held in &self.stages {
            if held.begun.is_none() {
                if let (Start::After(delay), Some(begun)) = (held.start, last) {
                    stage = Some(Moment::saturating_add(begun, delay));
                }
                break;
            }
            last = held.begun;
        }
        let deferred = self.entries.iter().filter_map(|entry| match entry.state {
            State::Deferred(until) => Some(until),
            _ => None,
        });
        let next = dials.chain(stage).chain(deferred).min();
        next.map_or(self.deadline, |next| next.min(self.deadline))
    }

    pub(crate) fn set_running(&mut self, slot: SlotKey, attempt: AttemptId) {
        self.set(slot, State::Running(attempt));
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

    /// The next one is due at once: of those that are not due anyway.
    fn hurry(&mut self, now: Moment) {
        let later = self.pending().filter(|(_, due, _)| *due > now);
        let next = later.map(|(place, due, _)| (due, place)).min();
        if let Some(entry) = next.and_then(|(_, place)| self.entries.get_mut(place)) {
            entry.hurried = Some(now);
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
