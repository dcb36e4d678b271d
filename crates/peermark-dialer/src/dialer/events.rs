//! What the coordinator is asked for and told.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, plan};

use super::Dialer;
use super::connections::bare;
use crate::action::{Discovery, RequestId};
use crate::ask::{Request, SharedPolicy};
use crate::error::TooManyRequests;
use crate::moment::Moment;
use crate::peer::PeerKey;
use crate::request::{Open, Planned};

/// Of how many policies the plan is remembered while requests get theirs: most requests share one.
const PLANS: usize = 8;

impl Dialer {
    /// Asks for a connection to a peer over an address that a policy admits.
    ///
    /// The request ends by [`Action::Complete`](crate::Action::Complete) or
    /// [`Action::Fail`](crate::Action::Fail); where a connection is there that does, at once.
    ///
    /// # Errors
    ///
    /// There are too many requests.
    pub fn request(&mut self, request: Request, now: Moment) -> Result<RequestId, TooManyRequests> {
        self.advance_to(now);
        let limit = self.config.limits.requests;
        if self.requests.len() >= limit {
            return Err(TooManyRequests { limit });
        }
        let id = RequestId(self.id());
        let peer = self.peer_key(&request.peer);
        self.requests.insert(id, Open::new(peer, request.policy, request.deadline));
        if let Some(known) = self.peer_mut(peer) {
            known.requests.insert(id);
        }
        if request.ignore_backoff {
            self.backoff.clear(&request.peer);
            self.forgive(peer);
        }
        if !self.set_candidates(peer, &request.peer, request.candidates, request.discovery) {
            self.replan(peer, &[id]);
        }
        Ok(id)
    }

    /// These are all addresses of `peer` that are known now: they enter every request for it at
    /// once, as far as its policy admits them (C2). What is not among them any more is not dialed,
    /// and a dial of it that no request wants any more is cancelled. Without a request for the peer,
    /// nothing happens.
    pub fn candidates(
        &mut self,
        peer: &PeerId,
        candidates: Vec<Candidate>,
        discovery: Discovery,
        now: Moment,
    ) {
        self.advance_to(now);
        let Some(key) = self.by_id.get(peer).copied() else { return };
        if self.peer(key).is_some_and(|known| !known.requests.is_empty()) {
            self.set_candidates(key, peer, candidates, discovery);
        }
    }

    /// Gives a request up. Returns whether it was open; it gets no further action.
    pub fn cancel(&mut self, request: RequestId, now: Moment) -> bool {
        self.advance_to(now);
        self.remove(request).is_some()
    }

    /// This node's network changed: what failed before may be reachable now. All back-off is
    /// forgotten, and requests dial again what they left alone because of it or could not start
    /// (C7). The budgets of hosts are not forgotten.
    pub fn network_changed(&mut self, now: Moment) {
        let now = self.advance_to(now);
        self.backoff.clear_all();
        for (id, request) in &mut self.requests {
            if request.network_changed(now) {
                self.ready.push(Reverse(*id));
            }
        }
    }

    /// These are the addresses that this node listens on, as they are seen from outside: they are not
    /// dialed. Every open request is planned anew.
    pub fn set_own(&mut self, addresses: Vec<Multiaddr>, now: Moment) {
        self.advance_to(now);
        if self.config.own == addresses {
            return;
        }
        self.config.own = addresses;
        let all: Vec<_> = self.peers.iter().map(|(key, _)| PeerKey(key)).collect();
        for peer in all {
            let requests: Vec<_> =
                self.peer(peer).iter().flat_map(|known| &known.requests).copied().collect();
            self.replan(peer, &requests);
        }
    }

    /// The requests of a peer dial again what they left alone.
    pub(super) fn forgive(&mut self, peer: PeerKey) {
        let Some(known) = self.peers.get(peer.0) else { return };
        for id in &known.requests {
            if self.requests.get_mut(id).is_some_and(Open::forgive_backoff) {
                self.ready.push(Reverse(*id));
            }
        }
    }

    /// Takes new candidates. Returns whether every request of the peer was planned anew.
    fn set_candidates(
        &mut self,
        peer: PeerKey,
        id: &PeerId,
        candidates: Vec<Candidate>,
        discovery: Discovery,
    ) -> bool {
        let Some(known) = self.peers.get_mut(peer.0) else { return false };
        let to_bare = |candidate: Candidate| match bare(id, candidate.address()) {
            address if address == *candidate.address() => candidate,
            address => candidate.resolved_to(address),
        };
        let candidates: Vec<_> = candidates.into_iter().map(to_bare).collect();
        if known.discovery != discovery {
            known.discovery = discovery;
            self.ready.extend(known.requests.iter().copied().map(Reverse));
        }
        // A request seldom knows more of a peer than those before it.
        if known.candidates() == candidates {
            return false;
        }
        let requests = &self.requests;
        let open = known.requests.iter().filter_map(|id| requests.get(id));
        let kept: HashSet<_> = open.flat_map(Open::slots).collect();
        known.set_candidates(candidates, |slot| kept.contains(&slot));
        let all: Vec<_> = known.requests.iter().copied().collect();
        self.replan(peer, &all);
        true
    }

    /// Plans requests of a peer anew, and completes those that its connections do for.
    fn replan(&mut self, peer: PeerKey, requests: &[RequestId]) {
        let Some(known) = self.peers.get(peer.0) else { return };
        let target = self.config.target(known.id);
        let limits = &self.config.limits;
        let mut plans: Vec<(SharedPolicy, Planned)> = Vec::new();
        let mut unwanted = Vec::new();
        for id in requests {
            let Some(request) = self.requests.get_mut(id) else { continue };
            let policy = &request.policy;
            let made = plans.iter().position(|(other, _)| Arc::ptr_eq(other, policy));
            let made = made.unwrap_or_else(|| {
                let plan = plan(&target, known.candidates(), &**policy, &*self.config.ranker);
                let (most, slots) = (limits.addresses_per_peer, known.slots());
                let planned = Planned::of(plan, known.candidates(), slots, most);
                plans.truncate(PLANS);
                plans.push((Arc::clone(policy), planned));
                plans.len().saturating_sub(1)
            });
            let Some((_, plan)) = plans.get(made) else { continue };
            let dropped = request.replan(plan, limits.addresses_per_request);
            unwanted.extend(dropped.into_iter().map(|attempt| (attempt, *id)));
            self.ready.push(Reverse(*id));
        }
        self.gates.free_peer(peer);
        for (attempt, id) in unwanted {
            self.leave(attempt, id);
        }
        // What is known now of the address of a connection may be what a request waited for.
        if self.peer(peer).is_some_and(|known| !known.connections.is_empty()) {
            for id in requests {
                self.reuse(*id);
            }
        }
    }
}
