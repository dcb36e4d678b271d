//! Who dials which place, how often that was in vain, and who was found where (C4).

use std::collections::HashMap;

use multiaddr::PeerId;
use peermark_provenance::DialOutcome;

use crate::budget::{Budget, QUARTER, Room, SILENCE, Use, Who};
use crate::limits::Limits;
use crate::moment::Moment;
use crate::slab::Slab;
use crate::target::{Place, Target};

/// A place that is remembered, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PlaceKey(u32);

/// All places that are dialed, or were dialed in vain of late.
#[derive(Debug, Default)]
pub(crate) struct Places {
    by_place: HashMap<Place, PlaceKey>,
    known: Slab<Known>,
    targets: usize,
    found: Found,
}

#[derive(Debug)]
struct Known {
    place: Place,
    used: Use,
    /// How many attempts name it.
    held: usize,
}

impl Known {
    fn is_idle(&self) -> bool {
        self.held == 0 && self.used.is_idle()
    }
}

/// How a dial ended, for one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer is there.
    There,
    /// It was in vain, which counts so many quarters.
    Vain(u32),
    /// It counts nothing.
    Nothing,
}

impl Place {
    fn budget(&self, limits: &Limits) -> Budget {
        let times = limits.dials_per_target;
        match self {
            Self::Target(_) => Budget::of(limits.dials_per_target, times),
            Self::Network(_) => {
                let most = limits.dials_per_network;
                Budget::of(most, times.saturating_mul(most))
            }
            Self::Relay(_) => Budget::of(limits.circuits_per_relay, limits.circuits_per_relay),
        }
    }

    /// What a dial counts here that ended like this.
    const fn counts(&self, outcome: DialOutcome) -> Ended {
        match (outcome, self) {
            (DialOutcome::Success, _) => Ended::There,
            (DialOutcome::Failure, _) | (DialOutcome::Cancelled, Self::Target(_)) => {
                Ended::Vain(SILENCE)
            }
            (DialOutcome::WrongPeer, _) | (DialOutcome::Cancelled, Self::Network(_)) => {
                Ended::Vain(QUARTER)
            }
            (DialOutcome::NotStarted, _) | (DialOutcome::Cancelled, Self::Relay(_)) => {
                Ended::Nothing
            }
        }
    }

    const fn is_target(&self) -> bool {
        matches!(self, Self::Target(_))
    }
}

impl Places {
    /// The number of a place, which is remembered until it is [`release`](Self::release)d.
    pub(crate) fn hold(&mut self, place: Place) -> PlaceKey {
        if let Some(key) = self.by_place.get(&place) {
            if let Some(known) = self.known.get_mut(key.0) {
                known.held = known.held.saturating_add(1);
            }
            return *key;
        }
        self.targets = self.targets.saturating_add(usize::from(place.is_target()));
        let known = Known { place: place.clone(), used: Use::default(), held: 1 };
        let key = PlaceKey(self.known.insert(known));
        self.by_place.insert(place, key);
        key
    }

    pub(crate) fn release(&mut self, key: PlaceKey, limits: &Limits) {
        let Some(known) = self.known.get_mut(key.0) else { return };
        known.held = known.held.saturating_sub(1);
        if known.is_idle() {
            self.forget(key);
        } else if self.known.len() > limits.remembered {
            self.halve();
        }
    }

    fn forget(&mut self, key: PlaceKey) {
        if let Some(known) = self.known.remove(key.0) {
            self.by_place.remove(&known.place);
            self.targets = self.targets.saturating_sub(usize::from(known.place.is_target()));
        }
    }

    /// Whether one more dial to a place may begin, for this peer.
    pub(crate) fn room(
        &mut self,
        key: PlaceKey,
        who: Who<'_>,
        limits: &Limits,
        now: Moment,
    ) -> Room {
        let known = self.known.get_mut(key.0);
        known.map_or(Room::Free, |known| known.used.room(who, known.place.budget(limits), now))
    }

    /// When the next dial that was in vain at a place counts no longer.
    pub(crate) fn next_at(&self, key: PlaceKey) -> Option<Moment> {
        self.known.get(key.0)?.used.next()
    }

    pub(crate) fn begin(&mut self, key: PlaceKey, who: Who<'_>) {
        if let Some(known) = self.known.get_mut(key.0) {
            known.used.begin(who);
        }
    }

    /// A dial ended like this; `counts` says whether that counts at all.
    pub(crate) fn end(
        &mut self,
        key: PlaceKey,
        who: Who<'_>,
        (outcome, counts): (DialOutcome, bool),
        limits: &Limits,
        now: Moment,
    ) {
        let Some(known) = self.known.get_mut(key.0) else { return };
        known.used.end(who);
        match known.place.counts(outcome) {
            Ended::There => known.used.found(who.peer),
            Ended::Vain(quarters) if counts => {
                let until = now.saturating_add(limits.window);
                known.used.vain(who, quarters, until, known.place.budget(limits));
            }
            Ended::Vain(_) | Ended::Nothing => {}
        }
    }

    /// The host and port of a place, where it is one.
    pub(crate) fn target(&self, key: PlaceKey) -> Option<&Target> {
        match &self.known.get(key.0)?.place {
            Place::Target(target) => Some(target),
            Place::Network(_) | Place::Relay(_) => None,
        }
    }

    /// Forgets half of what is not under way: what is nearest to its end.
    fn halve(&mut self) {
        let idle = self.known.iter().filter(|(_, known)| known.held == 0);
        let mut ends: Vec<_> = idle.map(|(_, known)| known.used.last()).collect();
        ends.sort_unstable();
        let Some(middle) = ends.get(ends.len() / 2).copied() else { return };
        self.retain(|known| known.held > 0 || known.used.last() > middle);
    }

    fn retain(&mut self, keep: impl Fn(&Known) -> bool) {
        let over = self.known.iter().filter(|(_, known)| !keep(known)).map(|(key, _)| key);
        for key in over.collect::<Vec<_>>() {
            self.forget(PlaceKey(key));
        }
    }

    /// How many hosts and ports are remembered.
    pub(crate) const fn targets(&self) -> usize {
        self.targets
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&mut self, now: Moment) {
        self.known.values_mut().for_each(|known| known.used.sweep(now));
        self.retain(|known| !known.is_idle());
    }

    /// A handshake proved that this peer is at this host and port.
    pub(crate) fn found(&mut self, peer: PeerId, target: Target, limits: &Limits, now: Moment) {
        self.found.insert(peer, target, limits.remembered, now);
    }

    /// Whether this peer was found there.
    pub(crate) fn was_found(&self, peer: &PeerId, target: &Target) -> bool {
        self.found.has(peer, target)
    }
}

/// The peers that were found at a host and port: a handshake proved it.
#[derive(Debug, Default)]
struct Found {
    places: HashMap<PeerId, Vec<(Target, Moment)>>,
    len: usize,
}

impl Found {
    /// How many places are remembered where one peer was found.
    const MOST: usize = 16;

    fn insert(&mut self, peer: PeerId, target: Target, most: usize, now: Moment) {
        let places = self.places.entry(peer).or_default();
        if let Some((_, last)) = places.iter_mut().find(|(known, _)| *known == target) {
            *last = now;
            return;
        }
        if places.len() >= Self::MOST {
            places.remove(0);
        } else {
            self.len = self.len.saturating_add(1);
        }
        places.push((target, now));
        if self.len > most {
            let mut times: Vec<_> = self.places.values().flatten().map(|(_, last)| *last).collect();
            times.sort_unstable();
            let middle = times.get(times.len() / 2).copied().unwrap_or(now);
            self.places.retain(|_, places| {
                places.retain(|(_, last)| *last > middle);
                !places.is_empty()
            });
            self.len = self.places.values().map(Vec::len).sum();
        }
    }

    fn has(&self, peer: &PeerId, target: &Target) -> bool {
        let places = self.places.get(peer);
        places.is_some_and(|places| places.iter().any(|(known, _)| known == target))
    }
}
