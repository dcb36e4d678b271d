//! Which gates are full for an attempt (C4, D11).

use super::Dialer;
use super::attempts::Attempt;
use crate::action::AttemptId;
use crate::budget::Room;
use crate::error::Failure;
use crate::gates::Gate;
use crate::group::Group;
use crate::moment::Moment;
use crate::peer::PeerKey;

/// A gate, and whether it is full.
type Full = Option<(Gate, bool)>;

impl Dialer {
    /// The gates that an attempt has to pass, and which of them are full.
    ///
    /// # Errors
    ///
    /// Too many dials to one of its places were in vain: it fails.
    pub(super) fn full_gates(
        &mut self,
        attempt: &Attempt,
        now: Moment,
    ) -> Result<[Full; 5], Failure> {
        let is_relay_connected = self.is_relay_connected(attempt);
        let limits = &self.config.limits;
        let Some(known) = self.peers.get(attempt.peer.0) else { return Ok([None; 5]) };
        let mut at_places = [None; 3];
        if let Some(leg) = attempt.legs.first().filter(|_| !is_relay_connected) {
            let who = leg.who(&known.id);
            let at_target = self.places.room(leg.target, who, limits, now);
            let in_network = self.places.room(leg.network, who, limits, now);
            if at_target.max(in_network) == Room::Exhausted {
                return Err(Failure::TargetExhausted);
            }
            at_places[0] = Some((Gate::Network(leg.network), in_network == Room::Busy));
            at_places[1] = Some((Gate::Target(leg.target), at_target == Room::Busy));
        }
        if let Some(over) = &attempt.over {
            let room = self.places.room(over.place, over.who(&known.id), limits, now);
            if room == Room::Exhausted {
                return Err(Failure::TargetExhausted);
            }
            at_places[2] = Some((Gate::Relay(over.place), room == Room::Busy));
        }
        let gate = Gate::Peer(attempt.peer, attempt.group);
        let at_peer = Some((gate, !self.has_slot(attempt.peer, attempt.group)));
        let at_all = Some((Gate::All, self.dialing >= limits.dials));
        let [network, target, relay] = at_places;
        Ok([at_peer, at_all, network, target, relay])
    }

    /// Whether a peer has a slot for an attempt of this group (D11). Each group that has an address
    /// to dial gets a slot before another takes its second or third, and a quarter of the slots is
    /// kept for the classes user, dialed and certified.
    fn has_slot(&self, peer: PeerKey, group: Group) -> bool {
        let Some(known) = self.peer(peer) else { return true };
        let most = self.config.limits.dials_per_peer;
        let free = most.saturating_sub(known.under_way());
        if free == 0 {
            return false;
        }
        if !group.is_worthy() {
            let others = known.dialing.iter().filter(|(group, _)| !group.is_worthy());
            let taken = others.map(|(_, count)| *count).fold(0, usize::saturating_add);
            if taken >= most.saturating_sub(most / 4) {
                return false;
            }
        }
        if known.of_group(group) == 0 || free > known.groups() {
            return true;
        }
        let mut without: Vec<Group> = Vec::new();
        for request in known.requests.iter().filter_map(|id| self.requests.get(id)) {
            for slot in request.upcoming().filter_map(|slot| known.slot(slot)) {
                let other = slot.group;
                if other != group && known.of_group(other) == 0 && !without.contains(&other) {
                    without.push(other);
                }
            }
        }
        free > without.len()
    }

    /// Whether this gate, by itself, lets an attempt pass.
    pub(super) fn has_room(&mut self, gate: Gate, attempt: &Attempt, now: Moment) -> bool {
        let limits = &self.config.limits;
        let Some(known) = self.peers.get(attempt.peer.0) else { return true };
        let leg = attempt.legs.first();
        let (place, who) = match gate {
            Gate::Address(_, slot) => {
                return known.slot(slot).is_none_or(|slot| slot.cancelled.is_none());
            }
            Gate::Peer(peer, group) => return self.has_slot(peer, group),
            Gate::All => return self.dialing < limits.dials,
            Gate::Network(place) | Gate::Target(place) => {
                (place, leg.map(|leg| leg.who(&known.id)))
            }
            Gate::Relay(place) => (place, attempt.over.as_ref().map(|over| over.who(&known.id))),
        };
        // Where too many were in vain, all may come and are told so.
        who.is_none_or(|who| self.places.room(place, who, limits, now) != Room::Busy)
    }

    /// Looks at a gate again when there is room by time alone.
    pub(super) fn come_back(&mut self, gate: Gate) {
        let time = match gate {
            Gate::Network(place) | Gate::Target(place) | Gate::Relay(place) => {
                self.places.next_at(place)
            }
            Gate::Address(..) | Gate::Peer(..) | Gate::All => None,
        };
        if let Some(time) = time {
            self.gates.free_at(time, gate);
        }
    }

    /// There may be room where this attempt was, or where it was let through.
    pub(super) fn free(&mut self, attempt: &Attempt) {
        for leg in &attempt.legs {
            self.gates.free(Gate::Network(leg.network));
            self.gates.free(Gate::Target(leg.target));
        }
        if let Some(over) = &attempt.over {
            self.gates.free(Gate::Relay(over.place));
        }
        self.gates.free_peer(attempt.peer);
        self.gates.free(Gate::All);
    }

    pub(super) fn free_places(&mut self, id: AttemptId) {
        let Some(attempt) = self.attempts.get(&id) else { return };
        for leg in &attempt.legs {
            self.gates.free(Gate::Network(leg.network));
            self.gates.free(Gate::Target(leg.target));
        }
        if let Some(over) = &attempt.over {
            self.gates.free(Gate::Relay(over.place));
        }
    }
}
