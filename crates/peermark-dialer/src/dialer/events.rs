//! What the coordinator is told.

use std::net::IpAddr;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, Target as PlanTarget, check_scope, plan};
use peermark_provenance::Timestamp;

use super::{Attempt, Dialer, Peer};
use crate::action::{Action, AttemptId, AttemptResult, Discovery, RequestId};
use crate::error::{Failure, NotAdmitted, TooManyRequests};
use crate::request::{Policy, Request};
use crate::target::{Ended, Room, Target};

/// How many requests that wait for a network are looked at when a dial in it ends.
const WOKEN: usize = 16;

impl Dialer {
    /// Somebody wants a connection to `peer` over an address that `policy` admits, before
    /// `deadline`. `candidates` are all addresses of the peer that are known now, for this request
    /// and every other one for the peer.
    ///
    /// The request ends by [`Action::Complete`] or [`Action::Fail`]; where a connection is there
    /// that does, at once.
    ///
    /// # Errors
    ///
    /// There are too many requests.
    pub fn request(
        &mut self,
        peer: PeerId,
        policy: Policy,
        deadline: Timestamp,
        candidates: Vec<Candidate>,
        discovery: Discovery,
        now: Timestamp,
    ) -> Result<RequestId, TooManyRequests> {
        let now = self.advance_to(now);
        let limit = self.config.limits.requests;
        if self.requests.len() >= limit {
            return Err(TooManyRequests { limit });
        }
        let id = RequestId(self.id());
        self.requests.insert(id, Request::new(peer, policy, deadline));
        self.peers.entry(peer).or_default().requests.insert(id);
        self.set_candidates(&peer, candidates, discovery);
        let known = self.peers.get(&peer).map(|peer| peer.connections.keys().cloned());
        let known: Vec<_> = known.into_iter().flatten().collect();
        let admits = |address: &&Multiaddr| {
            self.requests.get(&id).is_some_and(|request| request.admits(address, now))
        };
        if let Some(address) = known.iter().find(admits) {
            self.complete(id, address.clone());
        }
        Ok(id)
    }

    /// These are all addresses of `peer` that are known now: they enter every request for it at
    /// once, as far as its policy admits them (C2). What is not among them any more is not dialed,
    /// and a dial of it that nobody wants any more is cancelled. Without a request for the peer,
    /// nothing happens.
    pub fn candidates(
        &mut self,
        peer: &PeerId,
        candidates: Vec<Candidate>,
        discovery: Discovery,
        now: Timestamp,
    ) {
        self.advance_to(now);
        if self.peers.get(peer).is_some_and(|peer| !peer.requests.is_empty()) {
            self.set_candidates(peer, candidates, discovery);
        }
    }

    /// An attempt ended. Each [`Action::Dial`] is answered by one call, also after
    /// [`Action::Cancel`]; answers whether it was under way.
    pub fn dialed(&mut self, attempt: AttemptId, result: AttemptResult, now: Timestamp) -> bool {
        let now = self.advance_to(now);
        let Some(ended) = self.attempts.remove(&attempt) else {
            return false;
        };
        let address = ended.candidate.address().clone();
        let limits = &self.config.limits;
        let until = now.saturating_add(limits.window);
        // A dial that was cancelled reached its target all the same.
        let ending = match result {
            AttemptResult::Connected => Ended::There,
            _ => Ended::Vain(until),
        };
        for target in &ended.targets {
            self.targets.end(target, &ended.peer, ending, limits);
        }
        match result {
            AttemptResult::Connected => self.backoff.succeeded(&ended.peer, &address),
            AttemptResult::Failed | AttemptResult::WrongPeer => {
                self.backoff.failed(ended.peer, &address, limits, now);
            }
            AttemptResult::Cancelled => {}
        }
        if let Some(peer) = self.peers.get_mut(&ended.peer) {
            peer.attempts.remove(&address);
        }
        if result == AttemptResult::Connected {
            self.connected(&ended.peer, &address, now);
        } else {
            let failure = match result {
                AttemptResult::WrongPeer => Failure::WrongPeer,
                _ => Failure::Failed,
            };
            for id in &ended.wanted_by {
                if let Some(request) = self.requests.get_mut(id) {
                    request.fail(&address, failure, now);
                    self.ready.insert(*id);
                }
            }
        }
        self.wake(&ended);
        true
    }

    /// There is a connection to `peer` over `address`, which proved that the peer is there: a late
    /// one, or one that the peer opened. It completes every request that admits its address, and no
    /// other (C1). Connections of [`Self::dialed`] are known and are not told again.
    pub fn connected(&mut self, peer: &PeerId, address: &Multiaddr, now: Timestamp) {
        let now = self.advance_to(now);
        let known = self.peers.entry(*peer).or_default();
        let count = known.connections.entry(address.clone()).or_default();
        *count = count.saturating_add(1);
        let admits = |id: &&RequestId| {
            self.requests.get(id).is_some_and(|request| request.admits(address, now))
        };
        let done: Vec<_> = known.requests.iter().filter(admits).copied().collect();
        for id in done {
            self.complete(id, address.clone());
        }
    }

    /// A connection to `peer` over `address` closed.
    pub fn disconnected(&mut self, peer: &PeerId, address: &Multiaddr, now: Timestamp) {
        self.advance_to(now);
        if let Some(known) = self.peers.get_mut(peer) {
            if let Some(count) = known.connections.get_mut(address) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    known.connections.remove(address);
                }
            }
            self.forget_if_idle(peer);
        }
    }

    /// Nobody wants this any more. Answers whether it was open; it gets no further action.
    pub fn cancel(&mut self, request: RequestId, now: Timestamp) -> bool {
        self.advance_to(now);
        self.remove(request).is_some()
    }

    /// The name in an attempt's address resolved to `ip`, and that is about to be dialed. The scope
    /// of the address is judged by every request that wants it (D4), and the host is one more target
    /// of the attempt (C4).
    ///
    /// # Errors
    ///
    /// It must not be dialed. Try another address of the name, or answer the attempt with
    /// [`AttemptResult::Failed`].
    pub fn resolved(
        &mut self,
        attempt: AttemptId,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<(), NotAdmitted> {
        let now = self.advance_to(now);
        let Some(running) = self.attempts.get_mut(&attempt) else {
            return Err(NotAdmitted(Failure::Unfinished));
        };
        let candidate = running.candidate.resolved(ip);
        let mut refusal = None;
        let requests = running.wanted_by.iter().filter_map(|id| self.requests.get(id));
        let mut verdicts = requests.map(|request| check_scope(&candidate, &*request.policy));
        if !verdicts.any(|verdict| verdict.map_err(|reason| refusal = Some(reason)).is_ok())
            && let Some(reason) = refusal
        {
            return Err(NotAdmitted(reason.into()));
        }
        let Some(target) = Target::of(running.candidate.address()) else {
            return Ok(());
        };
        let target = target.resolved(ip);
        if running.targets.contains(&target) {
            return Ok(());
        }
        let room = self.targets.room(&target, &running.peer, &self.config.limits, now);
        if room != Room::Free {
            return Err(NotAdmitted(Failure::TargetExhausted));
        }
        self.targets.begin(&target);
        running.targets.push(target);
        Ok(())
    }

    fn set_candidates(
        &mut self,
        peer: &PeerId,
        mut candidates: Vec<Candidate>,
        discovery: Discovery,
    ) {
        let Some(known) = self.peers.get_mut(peer) else {
            return;
        };
        candidates.truncate(self.config.limits.addresses_per_peer);
        known.candidates = candidates;
        known.discovery = discovery;
        let mut target = PlanTarget::new(*peer);
        target.local = self.config.local;
        target.own = &self.config.own;
        let mut unwanted = Vec::new();
        for id in &known.requests {
            let Some(request) = self.requests.get_mut(id) else { continue };
            let ranker = &*self.config.ranker;
            let plan = plan(&target, &known.candidates, &*request.policy, ranker);
            let dropped = request.replan(&plan, &known.candidates);
            unwanted.extend(dropped.into_iter().map(|attempt| (attempt, *id)));
            self.ready.insert(*id);
        }
        for (attempt, id) in unwanted {
            self.leave(attempt, id);
        }
    }

    /// A request is done.
    fn complete(&mut self, id: RequestId, address: Multiaddr) {
        if let Some(request) = self.remove(id) {
            self.actions.push_back(Action::Complete { request: id, peer: request.peer, address });
        }
    }

    /// Takes a request out, and cancels what it alone wanted (C3).
    pub(super) fn remove(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        self.ready.remove(&id);
        self.waiting.remove(id);
        for network in &request.waits_for {
            if let Some(waiting) = self.waiting_for.get_mut(network) {
                waiting.remove(id);
                if waiting.len() == 0 {
                    self.waiting_for.remove(network);
                }
            }
        }
        if let Some(wake) = request.wake {
            self.timers.remove(&(wake, id));
        }
        if let Some(peer) = self.peers.get_mut(&request.peer) {
            peer.requests.remove(&id);
        }
        for attempt in request.running() {
            self.leave(attempt, id);
        }
        self.forget_if_idle(&request.peer);
        Some(request)
    }

    fn leave(&mut self, attempt: AttemptId, id: RequestId) {
        if let Some(running) = self.attempts.get_mut(&attempt) {
            running.wanted_by.remove(&id);
            if running.wanted_by.is_empty() && !running.is_cancelled {
                running.is_cancelled = true;
                self.actions.push_back(Action::Cancel { attempt });
            }
        }
    }

    fn forget_if_idle(&mut self, peer: &PeerId) {
        if self.peers.get(peer).is_some_and(Peer::is_idle) {
            self.peers.remove(peer);
        } else if let Some(known) = self.peers.get_mut(peer)
            && known.requests.is_empty()
        {
            known.candidates = Vec::new();
        }
    }

    /// A dial ended: those that waited for that are looked at.
    fn wake(&mut self, ended: &Attempt) {
        if let Some(peer) = self.peers.get(&ended.peer) {
            self.ready.extend(&peer.requests);
        }
        for target in &ended.targets {
            let network = target.network();
            let quiet = self.targets.is_quiet(target);
            if let Some(waiting) = self.waiting_for.get_mut(&network) {
                let count = if quiet { waiting.len() } else { WOKEN };
                self.ready.extend((0..count).map_while(|_| waiting.pop()));
                if waiting.len() == 0 {
                    self.waiting_for.remove(&network);
                }
            }
        }
        self.forget_if_idle(&ended.peer);
    }
}
