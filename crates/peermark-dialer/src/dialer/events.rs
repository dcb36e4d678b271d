//! What the coordinator is told.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialPlan, Refusal, plan};
use peermark_provenance::{DialOutcome, Timestamp};

use super::connections::bare;
use super::{Attempt, Dialer, Stage};
use crate::action::{AttemptId, Discovery, RequestId};
use crate::error::{Failure, TooManyRequests};
use crate::gates::Gate;
use crate::request::{Policy, Request};
use crate::target::Ended;

/// Of how many policies the plan is remembered while requests get theirs: most requests share one.
const PLANS: usize = 8;

impl Dialer {
    /// Somebody wants a connection to `peer` over an address that `policy` admits, before
    /// `deadline`. `candidates` are all addresses of the peer that are known now, for this request
    /// and every other one for the peer. The id of the peer at the end of an address makes no
    /// difference, and is not in the addresses of the actions.
    ///
    /// The request ends by [`Action::Complete`](crate::Action::Complete) or
    /// [`Action::Fail`](crate::Action::Fail); where a connection is there that does, at once.
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
        self.advance_to(now);
        let limit = self.config.limits.requests;
        if self.requests.len() >= limit {
            return Err(TooManyRequests { limit });
        }
        let id = RequestId(self.id());
        self.requests.insert(id, Request::new(peer, policy, deadline));
        self.peers.entry(peer).or_default().requests.insert(id);
        if !self.set_candidates(&peer, candidates, discovery) {
            self.replan(&peer, &[id]);
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

    /// An attempt ended. Each [`Action::Dial`](crate::Action::Dial) is answered by one call, also
    /// after [`Action::Cancel`](crate::Action::Cancel); answers whether it was under way.
    pub fn dialed(&mut self, attempt: AttemptId, result: DialOutcome, now: Timestamp) -> bool {
        let now = self.advance_to(now);
        let told = self.attempts.get(&attempt);
        if told.is_none_or(|attempt| matches!(attempt.stage, Stage::Waiting(_))) {
            return false;
        }
        let Some(ended) = self.attempts.remove(&attempt) else {
            return false;
        };
        let address = ended.candidate.address().clone();
        let limits = &self.config.limits;
        let until = now.saturating_add(limits.window);
        // A dial that was cancelled reached its target all the same.
        let ending = match result {
            DialOutcome::Success => Ended::There,
            _ => Ended::Vain(until),
        };
        for target in &ended.targets {
            self.targets.end(target, &ended.peer, ending, limits);
        }
        match result {
            DialOutcome::Success => self.backoff.succeeded(&ended.peer, &address),
            DialOutcome::Failure | DialOutcome::WrongPeer => {
                self.backoff.failed(ended.peer, &address, limits, now);
            }
            DialOutcome::Cancelled => {}
        }
        self.dialing = self.dialing.saturating_sub(1);
        if let Some(known) = self.peers.get_mut(&ended.peer) {
            known.dialing = known.dialing.saturating_sub(1);
            if ended.stage == Stage::Cancelled {
                known.cancelled.remove(&address);
            } else {
                known.attempts.remove(&address);
            }
        }
        self.free(&ended);
        self.gates.free(Gate::Address(ended.peer, address.clone()));
        match result {
            DialOutcome::Success => {
                let resolved = ended.resolved.clone();
                self.established(&ended.peer, &address, Some(attempt), resolved);
                self.fail_unsatisfied(&ended, &address, now);
            }
            DialOutcome::WrongPeer => {
                self.fail_for(&ended.wanted_by, &address, Failure::WrongPeer, now);
            }
            DialOutcome::Failure | DialOutcome::Cancelled => {
                self.fail_for(&ended.wanted_by, &address, Failure::Failed, now);
            }
        }
        self.forget_if_idle(&ended.peer);
        true
    }

    /// Fails the address of a dial that got there for those who waited for it and whom the connection
    /// does not satisfy: the attempt is gone, and what they go on with begins.
    fn fail_unsatisfied(&mut self, ended: &Attempt, address: &Multiaddr, now: Timestamp) {
        for id in &ended.wanted_by {
            let Some(request) = self.requests.get(id) else { continue };
            let known = self.peers.get(&ended.peer);
            let candidate = known.and_then(|known| known.candidate(address));
            let candidate = candidate.unwrap_or(&ended.candidate);
            let refused = self.admits_resolved(request, candidate, &ended.resolved).err();
            let why = refused.unwrap_or(Refusal::BetterKnown);
            self.fail_for(&BTreeSet::from([*id]), address, Failure::Refused(why), now);
        }
    }

    /// Nobody wants this any more. Answers whether it was open; it gets no further action.
    pub fn cancel(&mut self, request: RequestId, now: Timestamp) -> bool {
        self.advance_to(now);
        self.remove(request).is_some()
    }

    /// Takes new candidates. Answers whether every request of the peer was planned anew.
    fn set_candidates(
        &mut self,
        peer: &PeerId,
        candidates: Vec<Candidate>,
        discovery: Discovery,
    ) -> bool {
        let Some(known) = self.peers.get_mut(peer) else {
            return false;
        };
        let mut candidates: Vec<_> = candidates
            .into_iter()
            .map(|candidate| match bare(peer, candidate.address()) {
                address if address == *candidate.address() => candidate,
                address => candidate.resolved_to(address),
            })
            .collect();
        let most = self.config.limits.addresses_per_peer;
        if candidates.len() > most {
            candidates.sort_by_key(|candidate| Reverse(candidate.class()));
            candidates.truncate(most);
        }
        if known.discovery != discovery {
            known.discovery = discovery;
            self.ready.extend(&known.requests);
        }
        // Whoever asks for a peer seldom knows more than those who asked before.
        if known.candidates == candidates {
            return false;
        }
        known.candidates = candidates;
        let all: Vec<_> = known.requests.iter().copied().collect();
        self.replan(peer, &all);
        true
    }

    /// Plans requests of a peer anew, and completes those that its connections do for.
    fn replan(&mut self, peer: &PeerId, requests: &[RequestId]) {
        let Some(known) = self.peers.get(peer) else { return };
        let target = self.config.target(*peer);
        let most = self.config.limits.addresses_per_request;
        let mut plans: Vec<(Policy, DialPlan)> = Vec::new();
        let mut unwanted = Vec::new();
        for id in requests {
            let Some(request) = self.requests.get_mut(id) else { continue };
            let policy = &request.policy;
            let made = plans.iter().position(|(other, _)| Arc::ptr_eq(other, policy));
            let made = made.unwrap_or_else(|| {
                let plan = plan(&target, &known.candidates, &**policy, &*self.config.ranker);
                plans.truncate(PLANS);
                plans.push((Arc::clone(policy), plan));
                plans.len().saturating_sub(1)
            });
            let Some((_, plan)) = plans.get(made) else { continue };
            let dropped = request.replan(plan, &known.candidates, most);
            unwanted.extend(dropped.into_iter().map(|attempt| (attempt, *id)));
            self.ready.insert(*id);
        }
        for (attempt, id) in unwanted {
            self.leave(attempt, id);
        }
        // What is known now of the address of a connection may be what somebody waited for.
        if self.peers.get(peer).is_some_and(|known| !known.connections.is_empty()) {
            for id in requests {
                self.reuse(*id);
            }
        }
    }
}
