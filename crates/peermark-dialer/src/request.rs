//! One request: its plan, and how far it is.
//!
//! Pure: it is told what happened and answers what is due. It never looks at other requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialPlan, DialPolicy, Nothing, Refusal, Start};
use peermark_provenance::{Claim, Expiry, Provenance, Timestamp};

use crate::action::AttemptId;
use crate::error::{Cause, DialError, Failure};
use crate::target::Network;

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
    /// The stages that have begun, and when.
    begun: BTreeMap<usize, Timestamp>,
    /// What failed for this request: it is not dialed again for it.
    failed: BTreeMap<Multiaddr, Failure>,
    /// When it is to be looked at again.
    pub(crate) wake: Option<Timestamp>,
    /// The networks that it waited for, and may wait for still.
    pub(crate) waits_for: BTreeSet<Network>,
}

#[derive(Clone, Debug)]
struct Entry {
    address: Multiaddr,
    stage: usize,
    start: Start,
    delay: Duration,
    /// A failure before it made it due.
    hurried: Option<Timestamp>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its time has not come.
    Pending,
    /// Its time has come, and there is no room.
    Waiting,
    Running(AttemptId),
    Failed,
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
            begun: BTreeMap::new(),
            failed: BTreeMap::new(),
            wake: None,
            waits_for: BTreeSet::new(),
        }
    }

    /// Takes a new plan in the middle of the dial (C2). Answers the attempts that it has no use for
    /// any more.
    pub(crate) fn replan(&mut self, plan: &DialPlan, candidates: &[Candidate]) -> Vec<AttemptId> {
        let address = |place: usize| candidates.get(place).map(|c| c.address().clone());
        let mut before: BTreeMap<_, _> = core::mem::take(&mut self.entries)
            .into_iter()
            .map(|entry| (entry.address.clone(), entry))
            .collect();
        for stage in plan.stages() {
            for dial in stage.dials {
                let Some(address) = address(dial.candidate()) else { continue };
                let known = before.remove(&address);
                let state = match &known {
                    _ if self.failed.contains_key(&address) => State::Failed,
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
        let refused = plan.refused().iter();
        self.refused = refused.filter_map(|r| Some((address(r.candidate)?, r.reason))).collect();
        self.nothing = plan.nothing();
        let running = before.into_values().filter_map(|entry| match entry.state {
            State::Running(attempt) => Some(attempt),
            _ => None,
        });
        running.collect()
    }

    /// Begins the stages whose time has come.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        let mut previous = None;
        let mut place = 0usize;
        while let Some(entry) = self.entries.get(place) {
            let (stage, start) = (entry.stage, entry.start);
            let better = self.entries.get(..place).unwrap_or_default();
            let all_failed = better.iter().all(|entry| entry.state == State::Failed);
            if let Some(begun) = self.begun.get(&stage) {
                previous = Some(*begun);
            } else {
                let begins = match (start, previous) {
                    (Start::Now | Start::IfNone, _) => true,
                    _ if all_failed => true,
                    (Start::After(delay), Some(begun)) => now >= begun.saturating_add(delay),
                    _ => false,
                };
                if !begins {
                    return;
                }
                self.begun.insert(stage, now);
                previous = Some(now);
            }
            let rest = self.entries.get(place..).unwrap_or_default();
            let len = rest.iter().take_while(|entry| entry.stage == stage).count();
            place = place.saturating_add(len.max(1));
        }
    }

    /// The addresses whose time has come and that are not under way, those of better stages first.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Multiaddr> {
        let is_due = |entry: &&Entry| match entry.state {
            State::Pending => self.due_at(entry).is_some_and(|due| due <= now),
            State::Waiting => true,
            State::Running(_) | State::Failed => false,
        };
        self.entries.iter().filter(is_due).map(|entry| entry.address.clone()).collect()
    }

    fn due_at(&self, entry: &Entry) -> Option<Timestamp> {
        let planned = self.begun.get(&entry.stage)?.saturating_add(entry.delay);
        Some(entry.hurried.map_or(planned, |hurried| hurried.min(planned)))
    }

    /// When something is due next: a dial, a stage, the deadline.
    pub(crate) fn next(&self) -> Timestamp {
        let pending = self.entries.iter().filter(|entry| entry.state == State::Pending);
        let dials = pending.filter_map(|entry| self.due_at(entry));
        let waiting = self.entries.iter().find(|entry| !self.begun.contains_key(&entry.stage));
        let gate = waiting.and_then(|entry| match entry.start {
            Start::After(delay) => {
                let (_, begun) = self.begun.range(..entry.stage).next_back()?;
                Some(begun.saturating_add(delay))
            }
            _ => None,
        });
        dials.chain(gate).min().map_or(self.deadline, |next| next.min(self.deadline))
    }

    pub(crate) fn set_running(&mut self, address: &Multiaddr, attempt: AttemptId) {
        self.set(address, State::Running(attempt));
    }

    pub(crate) fn set_waiting(&mut self, address: &Multiaddr) {
        self.set(address, State::Waiting);
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
        let pending = self.entries.iter().enumerate();
        let pending = pending.filter(|(_, entry)| entry.state == State::Pending);
        let first = pending.filter_map(|(place, entry)| Some((self.due_at(entry)?, place))).min();
        if let Some(entry) = first.and_then(|(_, place)| self.entries.get_mut(place)) {
            entry.hurried = Some(now);
        }
    }

    /// Whether nothing is under way, and nothing will be.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.entries.iter().all(|entry| entry.state == State::Failed)
    }

    /// Its attempts.
    pub(crate) fn running(&self) -> impl Iterator<Item = AttemptId> {
        self.entries.iter().filter_map(|entry| match entry.state {
            State::Running(attempt) => Some(attempt),
            _ => None,
        })
    }

    /// Whether a connection over this address does what was asked for (C1). Of an address that is
    /// not among the candidates nothing is known but that the peer is there.
    pub(crate) fn admits(&self, address: &Multiaddr, now: Timestamp) -> bool {
        if self.entries.iter().any(|entry| entry.address == *address) {
            return true;
        }
        if let Some((_, reason)) = self.refused.iter().find(|(refused, _)| refused == address) {
            return *reason == Refusal::TooMany;
        }
        let proven = Provenance::new([Claim::dialed(now, Expiry::At(Timestamp::MAX))]);
        let candidate = Candidate::new(address.clone(), &proven, now);
        let Ok(stage) = self.policy.judge(&candidate) else {
            return false;
        };
        let if_none = self.policy.stages().get(stage) == Some(&Start::IfNone);
        !(if_none && self.entries.iter().any(|entry| entry.stage < stage))
    }

    /// The error that it ends in.
    pub(crate) fn error(&self, cause: Option<Cause>, most: usize) -> DialError {
        let cause = cause.unwrap_or_else(|| self.nothing.map_or(Cause::AllFailed, Cause::Nothing));
        let dialed = self.entries.iter().map(|entry| {
            let failure = self.failed.get(&entry.address).copied();
            (entry.address.clone(), failure.unwrap_or(Failure::Unfinished))
        });
        // What failed and is no candidate any more failed all the same.
        let is_listed = |address: &Multiaddr| {
            self.entries.iter().any(|entry| entry.address == *address)
                || self.refused.iter().any(|(refused, _)| refused == address)
        };
        let gone = self.failed.iter().filter(|(address, _)| !is_listed(address));
        let gone = gone.map(|(address, failure)| (address.clone(), *failure));
        let refused =
            self.refused.iter().map(|(address, reason)| (address.clone(), (*reason).into()));
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
