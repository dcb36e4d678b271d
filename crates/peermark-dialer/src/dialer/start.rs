//! From an address that somebody wants to a dial, and back.

use std::collections::BTreeSet;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::Refusal;
use peermark_provenance::Timestamp;

use super::{Attempt, Dialer, Peer, Stage};
use crate::action::{Action, AttemptId, RequestId};
use crate::error::Failure;
use crate::gates::Gate;
use crate::target::{Room, Target};

/// Why an attempt does not begin.
enum Stopped {
    /// Not now.
    At(Gate),
    /// Not at all.
    For(Failure),
}

impl Dialer {
    /// A request wants this address: it joins the attempt that there is, or there is a new one (C1).
    pub(super) fn want(
        &mut self,
        request: RequestId,
        peer: &PeerId,
        address: &Multiaddr,
        now: Timestamp,
    ) {
        let known = self.peers.get(peer);
        if let Some(attempt) = known.and_then(|known| known.attempts.get(address)).copied() {
            // What its name resolved to already is judged for whoever joins.
            if let Some(why) = self.refuses_resolved(request, attempt) {
                self.fail_for(&BTreeSet::from([request]), address, Failure::Refused(why), now);
                return;
            }
            if let Some(running) = self.attempts.get_mut(&attempt) {
                running.wanted_by.insert(request);
            }
            if let Some(request) = self.requests.get_mut(&request) {
                request.set_running(address, attempt);
            }
            return;
        }
        let Some(candidate) = known.and_then(|known| known.candidate(address)).cloned() else {
            // It cannot be: what a request wants is a candidate. So that it ends all the same:
            if let Some(request) = self.requests.get_mut(&request) {
                request.fail(address, Failure::Unfinished, now);
            }
            return;
        };
        let id = AttemptId(self.id());
        if let Some(known) = self.peers.get_mut(peer) {
            known.attempts.insert(address.clone(), id);
        }
        if let Some(request) = self.requests.get_mut(&request) {
            request.set_running(address, id);
        }
        let attempt = Attempt {
            peer: *peer,
            candidate,
            wanted_by: BTreeSet::from([request]),
            stage: Stage::New,
            targets: Target::of(address).into_iter().collect(),
            resolved: Vec::new(),
        };
        self.start(id, attempt, now);
    }

    /// Why a request must not join an attempt, because of what the name in it resolved to.
    fn refuses_resolved(&self, request: RequestId, attempt: AttemptId) -> Option<Refusal> {
        let request = self.requests.get(&request)?;
        let running = self.attempts.get(&attempt).filter(|running| !running.resolved.is_empty())?;
        let known = self.peers.get(&running.peer);
        let candidate = known.and_then(|known| known.candidate(running.candidate.address()));
        let candidate = candidate.unwrap_or(&running.candidate);
        self.admits_resolved(request, candidate, &running.resolved).err()
    }

    /// Lets the first in who waits where there may be room. Answers whether there was somebody.
    pub(super) fn let_in(&mut self, now: Timestamp) -> bool {
        let Some((id, gate)) = self.gates.next() else { return false };
        let Some(attempt) = self.attempts.remove(&id) else {
            // Nobody waits who is not an attempt.
            self.gates.leave(&gate, id);
            return true;
        };
        if self.has_room(&gate, &attempt.peer, now) {
            self.gates.leave(&gate, id);
            match self.start(id, attempt, now) {
                Some(other) if gate.is_held_at(&other) => self.gates.close(&gate),
                // Its own peer keeps it: it does not keep the room from others.
                Some(Gate::Peer(_) | Gate::Address(..)) => self.free_of(id),
                _ => {}
            }
        } else {
            self.gates.close(&gate);
            self.come_back(&gate);
            self.attempts.insert(id, attempt);
        }
        true
    }

    /// Begins an attempt, or puts it in line, or fails it. Answers where it stands.
    fn start(&mut self, id: AttemptId, mut attempt: Attempt, now: Timestamp) -> Option<Gate> {
        let (peer, address) = (attempt.peer, attempt.candidate.address().clone());
        match self.stopped(&attempt, now) {
            None => {
                attempt.stage = Stage::Dialing;
                self.dialing = self.dialing.saturating_add(1);
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.dialing = known.dialing.saturating_add(1);
                }
                for target in &attempt.targets {
                    self.targets.begin(target);
                }
                // Whoever waits for the rest of the room.
                self.free(&attempt);
                self.attempts.insert(id, attempt);
                self.actions.push_back(Action::Dial { attempt: id, peer, address });
                None
            }
            Some(Stopped::At(gate)) => {
                self.gates.line_up(gate.clone(), id);
                self.come_back(&gate);
                attempt.stage = Stage::Waiting(gate.clone());
                self.attempts.insert(id, attempt);
                Some(gate)
            }
            Some(Stopped::For(failure)) => {
                self.free(&attempt);
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.attempts.remove(&address);
                }
                self.fail_for(&attempt.wanted_by, &address, failure, now);
                None
            }
        }
    }

    fn stopped(&mut self, attempt: &Attempt, now: Timestamp) -> Option<Stopped> {
        let limits = &self.config.limits;
        let (peer, address) = (attempt.peer, attempt.candidate.address());
        let known = self.peers.get(&peer)?;
        if known.cancelled.contains_key(address) {
            return Some(Stopped::At(Gate::Address(peer, address.clone())));
        }
        if let Some(until) = self.backoff.until(&peer, address, now) {
            return Some(Stopped::For(Failure::BackedOff { until }));
        }
        let target = attempt.targets.first();
        let target = target.map(|target| (target, target.network()));
        let room = target.as_ref().map_or((Room::Free, Room::Free), |(target, network)| {
            let room = self.targets.room(target, &peer, limits, now);
            (room, self.targets.room_in(network, &peer, limits, now))
        });
        if room.0 == Room::Exhausted || room.1 == Room::Exhausted {
            return Some(Stopped::For(Failure::TargetExhausted));
        }
        let at_peer = (Gate::Peer(peer), known.dialing >= limits.dials_per_peer);
        let at_all = (Gate::All, self.dialing >= limits.dials);
        let gates = [at_peer, at_all].into_iter().chain(target.into_iter().flat_map(
            |(target, network)| {
                let at_network = (Gate::Network(network), room.1 == Room::Busy);
                [at_network, (Gate::Target(target.clone()), room.0 == Room::Busy)]
            },
        ));
        // Whoever comes lines up behind those who wait, also where there happens to be room.
        let is_new = attempt.stage == Stage::New;
        let mut closed = gates.filter(|(gate, full)| *full || is_new && self.gates.has_line(gate));
        closed.next().map(|(gate, _)| Stopped::At(gate))
    }

    /// Whether this gate, by itself, lets an attempt of this peer pass.
    fn has_room(&mut self, gate: &Gate, peer: &PeerId, now: Timestamp) -> bool {
        let limits = &self.config.limits;
        let known = self.peers.get(peer);
        match gate {
            Gate::Address(_, address) => {
                known.is_none_or(|known| !known.cancelled.contains_key(address))
            }
            Gate::Peer(_) => known.is_none_or(|known| known.dialing < limits.dials_per_peer),
            Gate::All => self.dialing < limits.dials,
            // Where too many failed, all may come and hear that.
            Gate::Network(network) => {
                self.targets.room_in(network, peer, limits, now) != Room::Busy
            }
            Gate::Target(target) => self.targets.room(target, peer, limits, now) != Room::Busy,
        }
    }

    /// Looks at a gate again when there is room by time alone.
    fn come_back(&mut self, gate: &Gate) {
        let time = match gate {
            Gate::Network(network) => self.targets.next_in(network),
            Gate::Target(target) => self.targets.next_at(target),
            Gate::Address(..) | Gate::Peer(_) | Gate::All => None,
        };
        if let Some(time) = time {
            self.gates.free_at(time, gate.clone());
        }
    }

    /// There may be room where this attempt was, or where it was let through.
    pub(super) fn free(&mut self, attempt: &Attempt) {
        self.gates.free_targets(&attempt.targets);
        self.gates.free(Gate::Peer(attempt.peer));
        self.gates.free(Gate::All);
    }

    fn free_of(&mut self, id: AttemptId) {
        if let Some(attempt) = self.attempts.get(&id) {
            self.gates.free_targets(&attempt.targets);
        }
    }

    /// An address failed, for these requests.
    pub(super) fn fail_for(
        &mut self,
        requests: &BTreeSet<RequestId>,
        address: &Multiaddr,
        failure: Failure,
        now: Timestamp,
    ) {
        for id in requests {
            if let Some(request) = self.requests.get_mut(id) {
                request.fail(address, failure, now);
                self.ready.insert(*id);
            }
        }
    }

    /// A request does not want this attempt any more. When nobody does, it is cancelled (C3).
    pub(super) fn leave(&mut self, id: AttemptId, request: RequestId) {
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.wanted_by.remove(&request);
        if !attempt.wanted_by.is_empty() {
            return;
        }
        let address = attempt.candidate.address().clone();
        let known = self.peers.get_mut(&attempt.peer);
        match attempt.stage.clone() {
            Stage::New | Stage::Cancelled => {}
            Stage::Dialing => {
                attempt.stage = Stage::Cancelled;
                if let Some(known) = known {
                    known.attempts.remove(&address);
                    known.cancelled.insert(address, id);
                }
                self.actions.push_back(Action::Cancel { attempt: id });
            }
            Stage::Waiting(gate) => {
                if let Some(known) = known {
                    known.attempts.remove(&address);
                }
                self.gates.leave(&gate, id);
                if let Some(attempt) = self.attempts.remove(&id) {
                    self.free(&attempt);
                }
            }
        }
    }

    pub(super) fn forget_if_idle(&mut self, peer: &PeerId) {
        if self.peers.get(peer).is_some_and(Peer::is_idle) {
            self.peers.remove(peer);
        } else if let Some(known) = self.peers.get_mut(peer)
            && known.requests.is_empty()
        {
            known.candidates = Vec::new();
        }
    }
}
