//! One dial of one address, and the places that it counts at.

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::Candidate;
use peermark_provenance::TrustClass;

use super::Dialer;
use crate::action::RequestId;
use crate::budget::Who;
use crate::gates::Gate;
use crate::group::Group;
use crate::peer::{PeerKey, SlotKey};
use crate::places::PlaceKey;
use crate::target::{Place, Relay, Target};

#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) peer: PeerKey,
    pub(super) slot: SlotKey,
    pub(super) group: Group,
    pub(super) candidate: Candidate,
    /// The requests that want it; none once it is cancelled.
    pub(super) wanted_by: Vec<RequestId>,
    pub(super) stage: Stage,
    /// What it connects to: by its address, and then by what a name in it resolved to.
    pub(super) legs: Vec<Leg>,
    /// The relay, where it is a circuit.
    pub(super) over: Option<Over>,
    /// What a name in its address resolved to; what was asked for last is at the end.
    pub(super) resolved: Vec<Multiaddr>,
}

/// A host and port that a dial connects to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) target: PlaceKey,
    pub(super) network: PlaceKey,
    /// Whether the reserve is for this dial.
    pub(super) is_known: bool,
    /// Whether it counts as under way.
    pub(super) has_begun: bool,
}

/// A circuit's relay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    pub(super) id: PeerId,
    pub(super) place: PlaceKey,
    pub(super) is_known: bool,
    pub(super) has_begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has stood in no line yet.
    New,
    /// It waits before this gate, and the driver was not told of it.
    Waiting(Gate),
    Dialing,
    /// It is under way, and nobody wants it.
    Cancelled,
}

/// For how many requests an attempt has room from the beginning, at most.
const MANY: usize = 16;

impl Leg {
    pub(super) const fn who<'a>(&self, peer: &'a PeerId) -> Who<'a> {
        Who { peer, is_known: self.is_known }
    }
}

impl Over {
    pub(super) const fn who<'a>(&self, peer: &'a PeerId) -> Who<'a> {
        Who { peer, is_known: self.is_known }
    }
}

/// Whether an address is of a class that the reserve is for: the user named it, or a dial of it
/// succeeded before.
fn is_vouched_for(candidate: &Candidate) -> bool {
    matches!(candidate.class(), Some(TrustClass::User | TrustClass::Dialed))
        || candidate.dials().last_success.is_some()
}

impl Dialer {
    /// A new attempt, which was told to nobody.
    pub(super) fn new_attempt(
        &mut self,
        (peer, id): (PeerKey, &PeerId),
        (slot, group): (SlotKey, Group),
        candidate: Candidate,
        request: RequestId,
    ) -> Box<Attempt> {
        let address = candidate.address();
        let target = Target::of(address);
        let legs = target.map(|target| self.leg(id, &candidate, target)).into_iter().collect();
        let over = if candidate.traits().is_circuit() { Relay::of(address) } else { None };
        let over = over.map(|(relay, relay_id)| Over {
            id: relay_id,
            is_known: self.is_known_over(id, &candidate, &relay),
            place: self.places.hold(Place::Relay(relay)),
            has_begun: false,
        });
        let others = self.peer(peer).map_or(0, |known| known.requests.len());
        let mut wanted_by = Vec::with_capacity(others.min(MANY));
        wanted_by.push(request);
        Box::new(Attempt {
            peer,
            slot,
            group,
            candidate,
            wanted_by,
            stage: Stage::New,
            legs,
            over,
            resolved: Vec::new(),
        })
    }

    fn is_known_over(&self, id: &PeerId, candidate: &Candidate, relay: &Relay) -> bool {
        let at = match relay {
            Relay::At(target) => Some(target),
            Relay::Named(_) => None,
        };
        is_vouched_for(candidate) || at.is_some_and(|target| self.places.was_found(id, target))
    }

    /// One more host and port that an address leads to.
    pub(super) fn leg(&mut self, id: &PeerId, candidate: &Candidate, target: Target) -> Leg {
        let relay = candidate.traits().relay();
        let is_known = is_vouched_for(candidate)
            || self.places.was_found(id, &target)
            || relay.is_some_and(|relay| self.places.was_found(relay, &target));
        let network = self.places.hold(Place::Network(target.network()));
        let target = self.places.hold(Place::Target(target));
        Leg { target, network, is_known, has_begun: false }
    }

    /// Forgets the places of an attempt that is over.
    pub(super) fn release(&mut self, attempt: &Attempt) {
        let limits = &self.config.limits;
        for leg in &attempt.legs {
            self.places.release(leg.target, limits);
            self.places.release(leg.network, limits);
        }
        if let Some(over) = &attempt.over {
            self.places.release(over.place, limits);
        }
    }

    /// Whether a circuit goes over a connection that there is: then it opens none.
    pub(super) fn is_relay_connected(&self, attempt: &Attempt) -> bool {
        attempt.over.is_some_and(|over| {
            let relay = self.by_id.get(&over.id).and_then(|key| self.peer(*key));
            relay.is_some_and(|relay| !relay.connections.is_empty())
        })
    }

    /// Whether the relay of a circuit proved its id: now, or there before.
    pub(super) fn is_relay_proven(&self, attempt: &Attempt) -> bool {
        let Some(over) = &attempt.over else { return false };
        let target = attempt.legs.first().and_then(|leg| self.places.target(leg.target));
        self.is_relay_connected(attempt)
            || target.is_some_and(|target| self.places.was_found(&over.id, target))
    }
}
