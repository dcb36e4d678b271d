//! A coordinator that is watched: whatever it is told is noted, and whatever it does is checked.
//!
//! This is no second coordinator. It knows what was asked for and what was answered, makes the plan
//! of each request once more, and holds every action to what the rules say of it.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialPlan, Target, plan};
use peermark_dialer::{
    Action, AttemptId, Config, Dialer, Discovery, Moment, Request, RequestId, Stats,
};
use peermark_provenance::DialOutcome;

use super::limits::Places;
use super::world::Policy;

/// A coordinator with an oracle. Its functions do what those of [`Dialer`] do, and panic where
/// something does not hold.
#[derive(Debug)]
pub struct Watched {
    dialer: Dialer,
    config: Config,
    requests: BTreeMap<RequestId, Asked>,
    attempts: BTreeMap<AttemptId, Dialing>,
    peers: BTreeMap<PeerId, Known>,
    places: Places,
    /// When each address failed last.
    failures: BTreeMap<(PeerId, Multiaddr), Moment>,
    /// When it last said that there is nothing to do.
    settled: Moment,
    /// By deadline, so that the first is quick to find.
    deadlines: BTreeSet<(Moment, RequestId)>,
    counts: Counts,
}

/// What a coordinator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that were completed.
    pub completed: usize,
    /// Requests that failed.
    pub failed: usize,
    /// Dials.
    pub dials: usize,
    /// Dials that were cancelled.
    pub cancels: usize,
    /// The most that it held at any time.
    pub most: Stats,
}

struct Asked {
    peer: PeerId,
    policy: Policy,
    asked: Moment,
    deadline: Moment,
    plan: DialPlan,
    /// When the plan was first acted on: what is due so long after that is under way.
    acted: Option<Moment>,
    /// What it is known to have seen fail.
    failed: BTreeSet<Multiaddr>,
    /// Whether something may have failed for it: that makes the next dial come early.
    may_hurry: bool,
    /// What may have failed without a dial: it was left alone, or its host was.
    maybe_failed: BTreeSet<Multiaddr>,
}

#[derive(Clone, Debug)]
struct Dialing {
    peer: PeerId,
    address: Multiaddr,
    is_cancelled: bool,
}

#[derive(Debug, Default)]
struct Known {
    candidates: Vec<Candidate>,
    discovery: Discovery,
    requests: BTreeSet<RequestId>,
    attempts: BTreeSet<AttemptId>,
    connections: BTreeMap<Multiaddr, usize>,
}

impl core::fmt::Debug for Asked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Asked")
            .field("peer", &self.peer)
            .field("policy", &self.policy.name())
            .field("asked", &self.asked)
            .field("deadline", &self.deadline)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Watched {
    /// A coordinator of this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            dialer: Dialer::new(config.clone()),
            config,
            requests: BTreeMap::new(),
            attempts: BTreeMap::new(),
            peers: BTreeMap::new(),
            places: Places::default(),
            failures: BTreeMap::new(),
            settled: Moment::ORIGIN,
            deadlines: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    /// What it did so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.dialer.stats()
    }

    /// The open requests.
    #[must_use]
    pub fn open(&self) -> Vec<RequestId> {
        self.requests.keys().copied().collect()
    }

    /// The attempts that were not answered.
    #[must_use]
    pub fn under_way(&self) -> Vec<AttemptId> {
        self.attempts.keys().copied().collect()
    }

    /// [`Dialer::request`]; `None` where there are too many.
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn request(
        &mut self,
        peer: PeerId,
        policy: &Policy,
        deadline: Moment,
        candidates: Vec<Candidate>,
        discovery: Discovery,
        now: Moment,
    ) -> Option<RequestId> {
        let known = candidates.clone();
        let request = Request::new(peer, policy.clone(), deadline);
        let id = self.dialer.request(Request { candidates: known, discovery, ..request }, now);
        let limit = self.config.limits.requests;
        assert_eq!(id.is_err(), self.requests.len() >= limit, "{limit} requests are allowed");
        let id = id.ok()?;
        let asked = Asked {
            peer,
            policy: policy.clone(),
            asked: now,
            deadline,
            plan: self.plan(peer, policy, &[]),
            acted: None,
            failed: BTreeSet::new(),
            may_hurry: false,
            maybe_failed: BTreeSet::new(),
        };
        assert!(self.requests.insert(id, asked).is_none(), "{id} is given out twice");
        self.deadlines.insert((deadline, id));
        self.peers.entry(peer).or_default().requests.insert(id);
        self.know(peer, candidates, discovery);
        Some(id)
    }

    /// [`Dialer::candidates`].
    pub fn candidates(
        &mut self,
        peer: PeerId,
        candidates: Vec<Candidate>,
        discovery: Discovery,
        now: Moment,
    ) {
        self.dialer.candidates(&peer, candidates.clone(), discovery, now);
        if self.peers.get(&peer).is_some_and(|known| !known.requests.is_empty()) {
            self.know(peer, candidates, discovery);
        }
    }

    fn know(&mut self, peer: PeerId, candidates: Vec<Candidate>, discovery: Discovery) {
        let known = self.peers.entry(peer).or_default();
        let ids: Vec<_> = known.requests.iter().copied().collect();
        let is_new = known.candidates != candidates;
        known.discovery = discovery;
        known.candidates = candidates;
        for id in ids {
            let plan = self.plan(peer, &self.requests[&id].policy, &self.peers[&peer].candidates);
            let asked = self.requests.get_mut(&id).expect("an open request");
            if is_new || plan != asked.plan {
                (asked.plan, asked.acted) = (plan, None);
            }
        }
    }

    fn plan(&self, peer: PeerId, policy: &Policy, candidates: &[Candidate]) -> DialPlan {
        let mut target = Target::new(peer);
        target.local = self.config.local;
        target.own = &self.config.own;
        plan(&target, candidates, &**policy, &*self.config.ranker)
    }

    /// [`Dialer::connected`].
    pub fn connected(&mut self, peer: PeerId, address: &Multiaddr, now: Moment) {
        let known = self.peers.entry(peer).or_default();
        *known.connections.entry(address.clone()).or_default() += 1;
        self.dialer.connected(&peer, address, now);
    }

    /// [`Dialer::disconnected`].
    pub fn disconnected(&mut self, peer: PeerId, address: &Multiaddr, now: Moment) {
        if let Some(known) = self.peers.get_mut(&peer) {
            if let Some(count) = known.connections.get_mut(address) {
                *count -= 1;
            }
            known.connections.retain(|_, count| *count > 0);
        }
        self.dialer.disconnected(&peer, address, now);
    }

    /// [`Dialer::cancel`].
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn cancel(&mut self, id: RequestId, now: Moment) {
        let is_open = self.requests.contains_key(&id);
        assert_eq!(self.dialer.cancel(id, now), is_open, "{id} was open: {is_open}");
        self.close(id);
    }

    fn close(&mut self, id: RequestId) -> Option<Asked> {
        let asked = self.requests.remove(&id)?;
        self.deadlines.remove(&(asked.deadline, id));
        if let Some(known) = self.peers.get_mut(&asked.peer) {
            known.requests.remove(&id);
        }
        Some(asked)
    }

    /// [`Dialer::dialed`].
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn dialed(&mut self, id: AttemptId, result: DialOutcome, now: Moment) {
        let told = self.attempts.remove(&id);
        assert_eq!(self.dialer.dialed(id, result, now), told.is_some(), "{id}");
        let Some(ended) = told else { return };
        let known = self.peers.get_mut(&ended.peer).expect("a peer that is dialed");
        known.attempts.remove(&id);
        let is_there = result == DialOutcome::Success;
        let vain = (!is_there).then(|| now.saturating_add(self.config.limits.window));
        let limits = &self.config.limits;
        self.places.end(&ended.address, &ended.peer, vain, limits, now);
        if is_there {
            *known.connections.entry(ended.address.clone()).or_default() += 1;
            self.failures.remove(&(ended.peer, ended.address));
            return;
        }
        if result != DialOutcome::Cancelled {
            self.failures.insert((ended.peer, ended.address.clone()), now);
        }
        if ended.is_cancelled {
            return;
        }
        for id in known.requests.clone() {
            let joined = self.has_joined(&id, &ended.address);
            let asked = self.requests.get_mut(&id).expect("an open request");
            asked.may_hurry = true;
            if joined {
                asked.failed.insert(ended.address.clone());
            } else {
                asked.maybe_failed.insert(ended.address.clone());
            }
        }
    }

    /// [`Dialer::poll`]: answers what it says, of which everything holds.
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn poll(&mut self, now: Moment) -> Action {
        let action = self.dialer.poll(now);
        match &action {
            Action::Dial { attempt, peer, address } => {
                self.check_dial(*attempt, *peer, address, now);
            }
            Action::Cancel { attempt } => self.check_cancel(*attempt),
            Action::Complete { request, peer, address } => {
                self.check_complete(*request, *peer, address);
            }
            Action::Fail { request, peer, error } => self.check_fail(*request, *peer, error, now),
            Action::WaitUntil(until) => self.check_wait(*until, now),
        }
        action
    }
}
