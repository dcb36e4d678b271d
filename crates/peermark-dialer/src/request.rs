//! One request: its plan, and how far it is.
//!
//! Pure: it is told what happened and answers what is due. It never looks at other requests.

mod entries;

use std::collections::BTreeMap;
use std::sync::Arc;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialPlan, DialPolicy, Nothing, Refusal, Start};
use peermark_provenance::Timestamp;

use crate::action::AttemptId;
use crate::error::{Cause, DialError, Failure};

use entries::{Entry, State};

/// The policy of a request.
pub(crate) type Policy = Arc<dyn DialPolicy + Send + Sync>;

pub(crate) struct Request {
    pub(crate) peer: PeerId,
    pub(crate) policy: Policy,
    pub(crate) deadline: Timestamp,
    /// By stage, then by delay.
    entries: Vec<Entry>,
    refused: Vec<(Multiaddr, Refusal)>,
    nothing: Option<Nothing>,
    /// The stages that have begun, and when: the first of those that have entries.
    begun: Vec<(usize, Timestamp)>,
    /// What failed for this request: it is not dialed again for it.
    failed: BTreeMap<Multiaddr, Failure>,
    /// When it is to be looked at again.
    pub(crate) wake: Option<Timestamp>,
}

impl Request {
    pub(crate) fn new(peer: PeerId, policy: Policy, deadline: Timestamp) -> Self {
        Self {
            peer,
            policy,
            deadline,
            entries: Vec::new(),
            refused: Vec::new(),
            nothing: Some(Nothing::NoAddress),
            begun: Vec::new(),
            failed: BTreeMap::new(),
            wake: None,
        }
    }

    /// Takes a new plan in the middle of the dial (C2), of which it dials what makes `most` addresses
    /// in all. Answers the attempts that it has no use for any more.
    pub(crate) fn replan(
        &mut self,
        plan: &DialPlan,
        candidates: &[Candidate],
        most: usize,
    ) -> Vec<AttemptId> {
        let address = |place: usize| candidates.get(place).map(|c| c.address().clone());
        let mut before = core::mem::take(&mut self.entries);
        // What stands there twice is dialed, and has its own end.
        let refused = plan.refused().iter();
        let refused = refused.filter(|no| !matches!(no.reason, Refusal::Repeated { .. }));
        self.refused = refused.filter_map(|r| Some((address(r.candidate)?, r.reason))).collect();
        let mut room = most.saturating_sub(self.failed.len());
        for stage in plan.stages() {
            for dial in stage.dials {
                let Some(address) = address(dial.candidate()) else { continue };
                let has_failed = self.failed.contains_key(&address);
                if room == 0 && !has_failed {
                    self.refused.push((address, Refusal::TooMany));
                    continue;
                }
                room = room.saturating_sub(usize::from(!has_failed));
                let known = before.iter().position(|entry| entry.address == address);
                let known = known.map(|place| before.swap_remove(place));
                let state = match &known {
                    _ if has_failed => State::Failed,
                    Some(known) => known.state,
                    None => State::Pending,
                };
                self.entries.push(Entry {
                    address,
                    stage: stage.number,
                    start: stage.start,
                    delay: dial.delay(),
                    hurried: known.and_then(|known| known.hurried),
                    state,
                });
            }
        }
        self.nothing = plan.nothing();
        before.iter().filter_map(Entry::running).collect()
    }

    /// Begins the stages whose time has come. One before which a better address turned up begins
    /// anew when its time comes again: what was not dialed of it waits, and the attempts of it are
    /// answered, for those that were not dialed either.
    pub(crate) fn open(&mut self, now: Timestamp) -> Vec<AttemptId> {
        let mut begun = Vec::with_capacity(self.begun.len().max(1));
        let mut previous = None;
        let (mut all_failed, mut is_open) = (true, true);
        let mut held = Vec::new();
        for stage in self.entries.chunk_by_mut(|a, b| a.stage == b.stage) {
            let Some((number, start)) = stage.first().map(|entry| (entry.stage, entry.start))
            else {
                continue;
            };
            is_open &= all_failed
                || match (start, previous) {
                    (Start::Now | Start::IfNone, _) => true,
                    (Start::After(delay), Some(begun)) => {
                        now >= Timestamp::saturating_add(begun, delay)
                    }
                    _ => false,
                };
            if is_open {
                let known = self.begun.iter().find(|(stage, _)| *stage == number);
                let since = known.map_or(now, |(_, since)| *since);
                begun.push((number, since));
                previous = Some(since);
            } else {
                stage.iter_mut().for_each(|entry| entry.hurried = None);
                held.extend(stage.iter().filter_map(Entry::running));
            }
            all_failed &= stage.iter().all(|entry| entry.state == State::Failed);
        }
        self.begun = begun;
        // Where something failed, and nothing is under way, nobody waits for the next: it may have
        // come after the failure.
        let is_idle = self.entries.iter().all(|entry| entry.running().is_none());
        if is_idle && !self.failed.is_empty() && !self.is_due(now) {
            self.hurry(now);
        }
        held
    }

    /// The first address whose time has come and that is not under way, of the best stage.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Multiaddr> {
        let mut pending = self.pending();
        pending.find(|(_, due, _)| *due <= now).map(|(_, _, entry)| entry.address.clone())
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.pending().any(|(_, due, _)| due <= now)
    }

    /// Those whose stage has begun and that were not dialed, with their places and their times.
    fn pending(&self) -> impl Iterator<Item = (usize, Timestamp, &Entry)> {
        let entries = self.entries.iter().enumerate();
        entries.filter(|(_, entry)| entry.state == State::Pending).filter_map(|(place, entry)| {
            let (_, begun) = self.begun.iter().find(|(stage, _)| *stage == entry.stage)?;
            let planned = begun.saturating_add(entry.delay);
            Some((place, entry.hurried.map_or(planned, |hurried| hurried.min(planned)), entry))
        })
    }

    /// When something is due next: a dial, a stage, the deadline.
    pub(crate) fn next(&self) -> Timestamp {
        let dials = self.pending().map(|(_, due, _)| due);
        let last = self.begun.last();
        let held = self.entries.iter().find(|entry| last.is_none_or(|(s, _)| entry.stage > *s));
        let stage = held.and_then(|entry| match entry.start {
            Start::After(delay) => last.map(|(_, begun)| begun.saturating_add(delay)),
            _ => None,
        });
        dials.chain(stage).min().map_or(self.deadline, |next| next.min(self.deadline))
    }

    pub(crate) fn set_running(&mut self, address: &Multiaddr, attempt: AttemptId) {
        self.set(address, State::Running(attempt));
    }

    /// It does not wait for this attempt any more, and may ask for it later.
    pub(crate) fn set_pending(&mut self, attempt: AttemptId) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.running() == Some(attempt)) {
            entry.state = State::Pending;
        }
    }

    fn set(&mut self, address: &Multiaddr, state: State) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.address == *address) {
            entry.state = state;
        }
    }

    /// An address failed: the next one is due at once (D6).
    pub(crate) fn fail(&mut self, address: &Multiaddr, failure: Failure, now: Timestamp) {
        self.failed.insert(address.clone(), failure);
        self.set(address, State::Failed);
        self.hurry(now);
    }

    /// The next one is due at once: of those that are not due anyway.
    fn hurry(&mut self, now: Timestamp) {
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

    /// Whether its plan has this address; `None` where the plan does not know it.
    pub(crate) fn lists(&self, address: &Multiaddr) -> Option<bool> {
        if self.entries.iter().any(|entry| entry.address == *address) {
            return Some(true);
        }
        let (_, reason) = self.refused.iter().find(|(refused, _)| refused == address)?;
        // It is no worse than those that are dialed.
        Some(*reason == Refusal::TooMany)
    }

    /// Whether an address of this stage would be dialed beside those of the plan.
    pub(crate) fn takes(&self, stage: usize) -> bool {
        let is_spare = self.policy.stages().get(stage) == Some(&Start::IfNone);
        !(is_spare && self.entries.iter().any(|entry| entry.stage < stage))
    }

    /// The error that it ends in.
    pub(crate) fn error(&self, cause: Option<Cause>, most: usize) -> DialError {
        // Who dialed, and has nothing left, did not have nothing.
        let nothing = self.nothing.filter(|_| self.failed.is_empty());
        let cause = cause.unwrap_or_else(|| nothing.map_or(Cause::AllFailed, Cause::Nothing));
        let dialed = self.entries.iter().map(|entry| {
            let failure = self.failed.get(&entry.address).copied();
            (entry.address.clone(), failure.unwrap_or(Failure::Unfinished))
        });
        // What failed and is no candidate any more failed all the same.
        let is_entry =
            |address: &Multiaddr| self.entries.iter().any(|entry| entry.address == *address);
        let gone = self.failed.iter().filter(|(address, _)| !is_entry(address));
        let gone = gone.map(|(address, failure)| (address.clone(), *failure));
        let refused = self.refused.iter().filter(|(address, _)| !self.failed.contains_key(address));
        let refused = refused.map(|(address, reason)| (address.clone(), (*reason).into()));
        let mut addresses: Vec<_> = dialed.chain(gone).chain(refused).collect();
        let omitted = addresses.len().saturating_sub(most);
        addresses.truncate(most);
        DialError { cause, addresses, omitted }
    }
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("peer", &self.peer)
            .field("policy", &self.policy.name())
            .field("deadline", &self.deadline)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
