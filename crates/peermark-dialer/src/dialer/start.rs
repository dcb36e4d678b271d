//! From an address that somebody wants to a dial.

use std::cmp::Reverse;

use peermark_dial_policy::Refusal;

use super::Dialer;
use super::attempts::{Attempt, Stage};
use crate::action::{Action, AttemptId, RequestId};
use crate::backoff::Wait;
use crate::error::Failure;
use crate::gates::Gate;
use crate::moment::Moment;
use crate::peer::{PeerKey, Slot, SlotKey};
use crate::request::Due;

/// Why an attempt does not begin.
pub(super) enum Stopped {
    /// Not now.
    At(Gate),
    /// Not before then: this node did not start it before.
    Until(Moment),
    /// Not at all.
    For(Failure),
}

impl Dialer {
    /// A request wants this address: it joins the attempt that there is, or there is a new one (C1).
    pub(super) fn want(&mut self, request: RequestId, peer: PeerKey, due: Due, now: Moment) {
        let slot = due.slot;
        let known = self.peer(peer);
        let attempt = known.and_then(|known| known.slot(slot)).and_then(|slot| slot.attempt);
        if let Some(attempt) = attempt {
            // What its name resolved to already is judged for who joins, too.
            if let Some(why) = self.refuses_resolved(request, attempt) {
                self.fail_for(&[request], slot, Failure::Refused(why), now);
                return;
            }
            if let Some(running) = self.attempts.get_mut(&attempt) {
                running.wanted_by.push(request);
            }
            if let Some(request) = self.requests.get_mut(&request) {
                request.set_running(due, attempt);
            }
            return;
        }
        let place = self.requests.get(&request).and_then(|request| request.candidate(due));
        let candidate = known.zip(place).and_then(|(known, place)| known.candidates().get(place));
        let candidate = candidate.cloned();
        let group = known.and_then(|known| known.slot(slot)).map(|slot| slot.group);
        let id = known.map(|known| known.id);
        let (Some(candidate), Some(group), Some(peer_id)) = (candidate, group, id) else {
            debug_assert!(false, "what a request wants is a candidate");
            self.fail_for(&[request], slot, Failure::Unfinished, now);
            return;
        };
        let id = AttemptId(self.id());
        if let Some(slot) = self.peer_mut(peer).and_then(|known| known.slot_mut(slot)) {
            slot.attempt = Some(id);
        }
        if let Some(request) = self.requests.get_mut(&request) {
            request.set_running(due, id);
        }
        let attempt = self.new_attempt((peer, &peer_id), (slot, group), candidate, request);
        self.start(id, attempt, now);
    }

    /// Why a request must not join an attempt, because of what the name in it resolved to.
    fn refuses_resolved(&self, request: RequestId, attempt: AttemptId) -> Option<Refusal> {
        let running = self.attempts.get(&attempt).filter(|running| !running.resolved.is_empty())?;
        let request = self.requests.get(&request)?;
        let candidate = self.candidate_of(running);
        self.admits_resolved(request, candidate, &running.resolved).err()
    }

    /// Lets the first in that waits where there may be room. Returns whether there was one.
    pub(super) fn let_in(&mut self, now: Moment) -> bool {
        let Some((id, gate)) = self.gates.next() else { return false };
        let Some(attempt) = self.attempts.remove(&id) else {
            // Nothing waits that is not an attempt.
            self.gates.leave(&gate, id);
            return true;
        };
        if self.has_room(gate, &attempt, now) {
            self.gates.leave(&gate, id);
            match self.start(id, attempt, now) {
                Some(other) if gate.is_held_at(&other) => self.gates.close(&gate),
                // Its own peer keeps it: it does not keep the room from others.
                Some(Gate::Peer(..) | Gate::Address(..)) => self.free_places(id),
                _ => {}
            }
        } else {
            self.gates.close(&gate);
            self.come_back(gate);
            self.attempts.insert(id, attempt);
        }
        true
    }

    /// Begins an attempt, or puts it in line, or fails it. Returns where it stands.
    fn start(&mut self, id: AttemptId, mut attempt: Box<Attempt>, now: Moment) -> Option<Gate> {
        let (peer, slot) = (attempt.peer, attempt.slot);
        match self.stopped(&attempt, now) {
            None => {
                self.begin(&mut attempt);
                // There may be room for others still.
                self.free(&attempt);
                let address = attempt.candidate.address().clone();
                let known = self.peer(peer).map(|known| known.id);
                self.attempts.insert(id, attempt);
                if let Some(peer) = known {
                    self.actions.push_back(Action::Dial { attempt: id, peer, address });
                }
                None
            }
            Some(Stopped::At(gate)) => {
                self.gates.line_up(gate, id);
                self.come_back(gate);
                attempt.stage = Stage::Waiting(gate);
                self.attempts.insert(id, attempt);
                Some(gate)
            }
            Some(Stopped::Until(until)) => {
                self.drop_waiting(&attempt);
                for request in &attempt.wanted_by {
                    if let Some(open) = self.requests.get_mut(request) {
                        open.defer(slot, until, false, now);
                        self.ready.push(Reverse(*request));
                    }
                }
                None
            }
            Some(Stopped::For(failure)) => {
                self.drop_waiting(&attempt);
                self.fail_for(&attempt.wanted_by, slot, failure, now);
                None
            }
        }
    }

    /// An attempt that did not begin is over.
    fn drop_waiting(&mut self, attempt: &Attempt) {
        if let Some(slot) = self.peer_mut(attempt.peer).and_then(|p| p.slot_mut(attempt.slot)) {
            slot.attempt = None;
        }
        self.free(attempt);
        self.release(attempt);
    }

    /// An attempt is under way from now on.
    fn begin(&mut self, attempt: &mut Attempt) {
        attempt.stage = Stage::Dialing;
        self.dialing = self.dialing.saturating_add(1);
        let is_relay_connected = self.is_relay_connected(attempt);
        let Some(known) = self.peers.get_mut(attempt.peer.0) else { return };
        known.begin(attempt.group);
        if let Some(over) = &mut attempt.over {
            self.places.begin(over.place, over.who(&known.id));
            over.has_begun = true;
        }
        // Over a connection that there is, none is opened.
        if is_relay_connected {
            return;
        }
        for leg in &mut attempt.legs {
            self.places.begin(leg.target, leg.who(&known.id));
            self.places.begin(leg.network, leg.who(&known.id));
            leg.has_begun = true;
        }
    }

    fn stopped(&mut self, attempt: &Attempt, now: Moment) -> Option<Stopped> {
        let known = self.peer(attempt.peer)?;
        if known.slot(attempt.slot).is_some_and(|slot| slot.cancelled.is_some()) {
            return Some(Stopped::At(Gate::Address(attempt.peer, attempt.slot)));
        }
        let address = known.slot(attempt.slot).map(Slot::address)?;
        match self.backoff.wait(&known.id, address, now) {
            Some(Wait::Failed(until)) => {
                let wait = until.saturating_since(now);
                return Some(Stopped::For(Failure::BackedOff { wait }));
            }
            Some(Wait::NotStarted(until)) => return Some(Stopped::Until(until)),
            None => {}
        }
        let is_new = attempt.stage == Stage::New;
        let gates = match self.full_gates(attempt, now) {
            Ok(gates) => gates,
            Err(failure) => return Some(Stopped::For(failure)),
        };
        // What comes lines up behind those that wait, also where there happens to be room.
        let mut closed = gates.into_iter().flatten();
        let first = closed.find(|(gate, full)| *full || is_new && self.gates.has_line(gate));
        first.map(|(gate, _)| Stopped::At(gate))
    }

    /// An address failed, for these requests.
    pub(super) fn fail_for(
        &mut self,
        requests: &[RequestId],
        slot: SlotKey,
        failure: Failure,
        now: Moment,
    ) {
        for id in requests {
            if let Some(request) = self.requests.get_mut(id) {
                request.fail(slot, failure, now);
                self.ready.push(Reverse(*id));
            }
        }
    }

    /// A request does not want this attempt any more. When none does, it is cancelled (C3).
    pub(super) fn leave(&mut self, id: AttemptId, request: RequestId) {
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.wanted_by.retain(|wanted| *wanted != request);
        if !attempt.wanted_by.is_empty() {
            return;
        }
        let known = self.peers.get_mut(attempt.peer.0);
        let slot = known.and_then(|known| known.slot_mut(attempt.slot));
        match attempt.stage {
            Stage::New | Stage::Cancelled => {}
            Stage::Dialing => {
                attempt.stage = Stage::Cancelled;
                if let Some(slot) = slot {
                    (slot.attempt, slot.cancelled) = (None, Some(id));
                }
                self.actions.push_back(Action::Cancel { attempt: id });
            }
            Stage::Waiting(gate) => {
                self.gates.leave(&gate, id);
                if let Some(attempt) = self.attempts.remove(&id) {
                    self.drop_waiting(&attempt);
                }
            }
        }
    }

    /// Forgets a peer that nobody wants and that is not connected.
    pub(super) fn forget_if_idle(&mut self, peer: PeerKey) {
        let Some(known) = self.peers.get_mut(peer.0) else { return };
        if known.is_idle() {
            self.by_id.remove(&known.id);
            self.peers.remove(peer.0);
        } else if known.requests.is_empty() {
            known.forget_candidates();
        }
    }
}
