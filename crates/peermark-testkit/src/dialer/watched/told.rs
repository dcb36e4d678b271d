//! What a watched coordinator is told of connections, networks and names.

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialKey, check_scope};
use peermark_dialer::{AttemptId, Moment, RequestId};

use super::{Asked, Over, Watched, proven};

impl Watched {
    /// [`Dialer::connected`](peermark_dialer::Dialer::connected).
    pub fn connected(&mut self, peer: PeerId, address: &Multiaddr, now: Moment) {
        self.places.connected(peer, address);
        self.connect(peer, address, true, Vec::new());
        // What answered before is dialed again: which that is, is not kept here.
        self.failures.retain(|(other, _), _| *other != peer);
        self.dialer.connected(&peer, address, now);
    }

    pub(super) fn connect(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        is_told: bool,
        all: Vec<Multiaddr>,
    ) {
        let known = self.peers.entry(peer).or_default();
        let key = DialKey::of(address);
        known.connections.push(Over { address: address.clone(), key, is_told, resolved: all });
    }

    /// [`Dialer::disconnected`](peermark_dialer::Dialer::disconnected).
    pub fn disconnected(&mut self, peer: PeerId, address: &Multiaddr, now: Moment) {
        if let Some(known) = self.peers.get_mut(&peer) {
            let key = DialKey::of(address);
            let over = |over: &Over| over.key == key;
            let told = known.connections.iter().position(|it| over(it) && it.is_told);
            let closed = told.or_else(|| known.connections.iter().position(over));
            if let Some(closed) = closed {
                let gone = known.connections.remove(closed);
                if told.is_none() {
                    // It may be any of those that are left: each is all of them.
                    let left = known.connections.iter().filter(|it| over(it));
                    let mut all: Vec<_> =
                        left.flat_map(|it| it.resolved.clone()).chain(gone.resolved).collect();
                    all.dedup();
                    for left in known.connections.iter_mut().filter(|it| over(it)) {
                        (left.resolved, left.is_told) = (all.clone(), true);
                    }
                }
            }
        }
        self.dialer.disconnected(&peer, address, now);
    }

    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|known| !known.connections.is_empty())
    }

    /// [`Dialer::network_changed`](peermark_dialer::Dialer::network_changed).
    pub fn network_changed(&mut self, now: Moment) {
        self.failures.clear();
        self.denied.clear();
        for asked in self.requests.values_mut() {
            asked.may_hurry = true;
        }
        self.dialer.network_changed(now);
    }

    /// [`Dialer::set_own`](peermark_dialer::Dialer::set_own).
    ///
    /// # Panics
    ///
    /// Never.
    pub fn set_own(&mut self, addresses: Vec<Multiaddr>, now: Moment) {
        self.config.own.clone_from(&addresses);
        self.dialer.set_own(addresses, now);
        for id in self.open() {
            let asked = &self.requests[&id];
            let (peer, policy) = (asked.peer, asked.policy.clone());
            let plan = self.plan(peer, &policy, &self.peers[&peer].candidates);
            let asked = self.requests.get_mut(&id).expect("an open request");
            (asked.plan, asked.acted) = (plan, None);
        }
    }

    /// Whether a request admits what an address of its peer resolved to: under every spelling that is
    /// known of it, or else under one.
    pub(super) fn admits_resolved(
        &self,
        asked: &Asked,
        key: &DialKey,
        resolved: &Multiaddr,
        is_every: bool,
    ) -> bool {
        let known = &self.peers[&asked.peer];
        let spelled = known.keys.iter().zip(&known.candidates).filter(|(it, _)| *it == key);
        let admits =
            |it: &Candidate| check_scope(&it.resolved_to(resolved.clone()), &*asked.policy).is_ok();
        let judged: Vec<_> = spelled.map(|(_, it)| admits(it)).collect();
        if judged.is_empty() {
            // Nothing is known of it but that the peer is there.
            return admits(&proven(key.address().clone()));
        }
        if is_every { !judged.contains(&false) } else { judged.contains(&true) }
    }

    /// [`Dialer::resolved_to`](peermark_dialer::Dialer::resolved_to). Returns whether it may be dialed.
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn resolved_to(&mut self, id: AttemptId, address: &Multiaddr, now: Moment) -> bool {
        let result = self.dialer.resolved_to(id, address.clone(), now);
        let Some(dialing) = self.attempts.get(&id).filter(|dialing| !dialing.is_cancelled).cloned()
        else {
            assert!(result.is_err(), "{id} is over");
            return false;
        };
        if dialing.resolved.contains(address) {
            return self.places.resolve(dialing.trip, address, &self.config.limits, now);
        }
        let ids = self.peers[&dialing.peer].requests.clone();
        let wants = |id: &RequestId| self.listed(&self.requests[id], &dialing.address).is_some();
        let admits = |id: &RequestId, is_every| {
            self.admits_resolved(&self.requests[id], &dialing.key, address, is_every)
        };
        if result.is_err() {
            return false;
        }
        let mut wanting = ids.iter().filter(|id| wants(id));
        assert!(wanting.any(|id| admits(id, false)), "nobody admits {address} (D4)");
        let refusing = ids.iter().filter(|id| wants(id) && !admits(id, true));
        let refusing: Vec<_> = refusing.map(|id| (*id, !admits(id, false))).collect();
        for (id, is_certain) in refusing {
            let joined = self.has_joined(&id, &dialing.address);
            let asked = self.requests.get_mut(&id).expect("an open request");
            asked.may_hurry = true;
            let is_failure = joined && is_certain;
            let all = if is_failure { &mut asked.failed } else { &mut asked.maybe_failed };
            all.insert(dialing.key.clone());
        }
        let limits = &self.config.limits;
        let has_room = self.places.resolve(dialing.trip, address, limits, now);
        assert!(has_room, "more dials to {address} than are allowed (C4)");
        self.attempts.get_mut(&id).expect("under way").resolved.push(address.clone());
        true
    }
}
