//! Which connections there are, and whom they satisfy.

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialKey, NoDelay, Refusal, check_scope, plan};
use peermark_provenance::{Claim, Expiry, Provenance, Timestamp, strip_peer_id};

use super::Dialer;
use crate::action::{Action, AttemptId, RequestId};
use crate::moment::Moment;
use crate::peer::{Connection, PeerKey};
use crate::request::Open;
use crate::target::{Relay, Target};

impl Dialer {
    /// There is a connection to `peer` over `address`, and a handshake proved that the peer is at its
    /// end: a late one, or one that the peer opened. It completes every request that admits its
    /// address, and no other (C1). It clears the back-off of those addresses of the peer that answered
    /// before, once a minute (C7). Connections of [`Self::dialed`] are known and are not told again.
    ///
    /// Tell of connections to relays too: a circuit over a connected relay opens no connection, and
    /// counts as none (C4).
    pub fn connected(&mut self, peer: &PeerId, address: &Multiaddr, now: Moment) {
        let now = self.advance_to(now);
        let address = bare(peer, address);
        self.note_found(peer, Target::of(&address), now);
        if let Some((Relay::At(target), relay)) = Relay::of(&address) {
            self.note_found(&relay, Some(target), now);
        }
        let is_cleared = self.backoff.inbound(peer, now);
        let key = self.peer_key(peer);
        self.established(key, address, None, Vec::new());
        if is_cleared {
            self.forgive(key);
        }
        self.forget_if_idle(key);
    }

    /// A connection to `peer` over `address` closed. Where several are open over one name, and it
    /// matters which of them closed, call [`Self::closed`].
    pub fn disconnected(&mut self, peer: &PeerId, address: &Multiaddr, now: Moment) {
        self.advance_to(now);
        let key_of_it = DialKey::of(address);
        let Some(key) = self.by_id.get(peer).copied() else { return };
        let Some(known) = self.peer_mut(key) else { return };
        let mut over = Vec::new();
        for (place, connection) in known.connections.iter().enumerate() {
            if connection.key == key_of_it {
                over.push(place);
            }
        }
        // One that was told of closes as it was told of.
        let told = over.iter().find(|place| {
            known.connections.get(**place).is_some_and(|connection| connection.attempt.is_none())
        });
        let Some(closed) = told.or(over.first()).copied() else { return };
        let is_certain = told.is_some() || over.len() == 1;
        let gone = known.connections.remove(closed);
        if !is_certain {
            // It may be any of those that stays, so each is taken for all of them.
            let mut all = gone.resolved;
            let left = |connection: &&mut Connection| connection.key == key_of_it;
            for connection in known.connections.iter_mut().filter(left) {
                let mine = core::mem::take(&mut connection.resolved);
                all.extend(mine);
            }
            all.sort_unstable();
            all.dedup();
            for connection in known.connections.iter_mut().filter(left) {
                connection.resolved.clone_from(&all);
                connection.attempt = None;
            }
        }
        self.forget_if_idle(key);
    }

    /// The connection that this dial of an address of `peer` opened closed.
    pub fn closed(&mut self, peer: &PeerId, attempt: AttemptId, now: Moment) {
        self.advance_to(now);
        let Some(key) = self.by_id.get(peer).copied() else { return };
        let Some(known) = self.peer_mut(key) else { return };
        known.connections.retain(|connection| connection.attempt != Some(attempt));
        self.forget_if_idle(key);
    }

    /// There is a connection, and every open request of the peer that admits it is done.
    pub(super) fn established(
        &mut self,
        peer: PeerKey,
        address: Multiaddr,
        attempt: Option<AttemptId>,
        resolved: Vec<Multiaddr>,
    ) {
        let key = DialKey::of(&address);
        let connection = Connection { key, address, attempt, resolved };
        let admits = |id: &RequestId| self.admits(*id, &connection).is_ok();
        let open = self.peer(peer).map(|known| &known.requests);
        let done: Vec<_> = open.into_iter().flatten().copied().filter(admits).collect();
        let address = connection.address.clone();
        if let Some(known) = self.peer_mut(peer) {
            known.connections.push(connection);
        }
        for id in done {
            self.complete(id, address.clone());
        }
    }

    /// Completes a request over a connection that there is, if there is one for it.
    pub(super) fn reuse(&mut self, id: RequestId) {
        let request = self.requests.get(&id);
        let known = request.and_then(|request| self.peer(request.peer));
        let mut connections = known.into_iter().flat_map(|known| &known.connections);
        let over = connections.find(|connection| self.admits(id, connection).is_ok());
        if let Some(address) = over.map(|connection| connection.address.clone()) {
            self.complete(id, address);
        }
    }

    /// Whether a connection does what was asked for (C1): the policy of the request judged its address,
    /// and what the name in it resolved to, and admits both. Of an address that is not among the
    /// candidates nothing is known but that the peer is there.
    fn admits(&self, id: RequestId, connection: &Connection) -> Result<(), Refusal> {
        let address = &connection.address;
        let request = self.requests.get(&id).ok_or(Refusal::NotLive)?;
        let known = self.peer(request.peer).ok_or(Refusal::NotLive)?;
        let slot = known.find(&connection.key);
        let proven;
        let candidate = match slot.and_then(|slot| known.candidate_as(slot, address)) {
            Some(candidate) => candidate,
            None => {
                let claim = Claim::dialed(Timestamp::EPOCH, Expiry::At(Timestamp::MAX));
                proven =
                    Candidate::new(address.clone(), &Provenance::new([claim]), Timestamp::EPOCH);
                &proven
            }
        };
        // What the plan dials was judged; everything else is judged now, whatever kept it out.
        if !slot.is_some_and(|slot| request.dials(slot)) {
            self.would_dial(request, &known.id, candidate)?;
        }
        self.admits_resolved(request, candidate, &connection.resolved)
    }

    /// Whether a request admits all that a name in the address of a candidate resolved to (D4).
    pub(super) fn admits_resolved(
        &self,
        request: &Open,
        candidate: &Candidate,
        resolved: &[Multiaddr],
    ) -> Result<(), Refusal> {
        let mut resolved = resolved.iter();
        resolved.try_for_each(|resolved| {
            check_scope(&candidate.resolved_to(resolved.clone()), &*request.policy)
        })
    }

    /// Whether a request would dial an address that its plan does not dial.
    fn would_dial(
        &self,
        request: &Open,
        peer: &PeerId,
        candidate: &Candidate,
    ) -> Result<(), Refusal> {
        let target = self.config.target(*peer);
        let alone = plan(&target, core::slice::from_ref(candidate), &*request.policy, &NoDelay);
        if let Some(refused) = alone.refused().first() {
            return Err(refused.reason);
        }
        let stage = alone.stages().next().ok_or(Refusal::NotLive)?;
        if request.takes(stage.number) { Ok(()) } else { Err(Refusal::BetterKnown) }
    }

    /// A request is done; then what it alone wanted is cancelled.
    fn complete(&mut self, id: RequestId, address: Multiaddr) {
        let peer = self.requests.get(&id).and_then(|request| self.peer(request.peer));
        if let Some(peer) = peer.map(|peer| peer.id) {
            self.actions.push_back(Action::Complete { request: id, peer, address });
            self.remove(id);
        }
    }
}

/// The address without the id of its peer at the end, with which it is the same address.
pub(super) fn bare(peer: &PeerId, address: &Multiaddr) -> Multiaddr {
    let bare = strip_peer_id(address, Some(peer));
    // The id alone is an address too, for those who find peers by that.
    if bare.is_empty() || bare.len() == address.len() {
        return address.clone();
    }
    // A part of a multiaddr that ends where a component does is one.
    Multiaddr::try_from(bare.to_vec()).unwrap_or_else(|_| address.clone())
}
