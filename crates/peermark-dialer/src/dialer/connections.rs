//! Which connections there are, and whom they satisfy.

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, NoDelay, check_scope, plan};
use peermark_provenance::{Claim, Expiry, Provenance, Timestamp, strip_peer_id};

use super::Dialer;
use crate::action::{Action, RequestId};
use crate::request::Request;

/// The connections to a peer over one address.
#[derive(Debug, Default)]
pub(super) struct Connection {
    count: usize,
    /// What the name in the address resolved to, as far as we dialed them.
    resolved: Vec<Multiaddr>,
}

impl Dialer {
    /// There is a connection to `peer` over `address`, which proved that the peer is there: a late
    /// one, or one that the peer opened. It completes every request that admits its address, and no
    /// other (C1). Connections of [`Self::dialed`] are known and are not told again.
    pub fn connected(&mut self, peer: &PeerId, address: &Multiaddr, now: Timestamp) {
        self.advance_to(now);
        self.established(peer, &bare(peer, address), &[]);
    }

    /// A connection to `peer` over `address` closed.
    pub fn disconnected(&mut self, peer: &PeerId, address: &Multiaddr, now: Timestamp) {
        self.advance_to(now);
        let address = bare(peer, address);
        if let Some(known) = self.peers.get_mut(peer) {
            if let Some(connection) = known.connections.get_mut(&address) {
                connection.count = connection.count.saturating_sub(1);
                if connection.count == 0 {
                    known.connections.remove(&address);
                }
            }
            self.forget_if_idle(peer);
        }
    }

    pub(super) fn established(
        &mut self,
        peer: &PeerId,
        address: &Multiaddr,
        resolved: &[Multiaddr],
    ) {
        let known = self.peers.entry(*peer).or_default();
        let connection = known.connections.entry(address.clone()).or_default();
        connection.count = connection.count.saturating_add(1);
        for resolved in resolved {
            if !connection.resolved.contains(resolved) {
                connection.resolved.push(resolved.clone());
            }
        }
        let open = self.peers.get(peer).map(|known| &known.requests);
        let done: Vec<_> =
            open.into_iter().flatten().filter(|id| self.admits(**id, address)).copied().collect();
        for id in done {
            self.complete(id, address.clone());
        }
    }

    /// Completes a request over a connection that there is, if there is one for it.
    pub(super) fn reuse(&mut self, id: RequestId) {
        let request = self.requests.get(&id);
        let known = request.and_then(|request| self.peers.get(&request.peer));
        let mut addresses = known.into_iter().flat_map(|known| known.connections.keys());
        if let Some(address) = addresses.find(|address| self.admits(id, address)).cloned() {
            self.complete(id, address);
        }
    }

    /// Whether the connection over this address does what was asked for (C1). Of an address that is
    /// not among the candidates nothing is known but that the peer is there.
    fn admits(&self, id: RequestId, address: &Multiaddr) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        let Some(known) = self.peers.get(&request.peer) else { return false };
        let proven;
        let candidate = match request.lists(address) {
            Some(false) => return false,
            Some(true) => known.candidate(address),
            None => {
                let claim = Claim::dialed(self.now, Expiry::At(Timestamp::MAX));
                proven =
                    Candidate::new(address.clone(), &Provenance::new([claim]), Timestamp::EPOCH);
                self.would_dial(request, &proven).then_some(&proven)
            }
        };
        let Some(candidate) = candidate else { return false };
        let connection = known.connections.get(address);
        let resolved = connection.map(|connection| connection.resolved.as_slice());
        resolved.unwrap_or_default().iter().all(|resolved| {
            check_scope(&candidate.resolved_to(resolved.clone()), &*request.policy).is_ok()
        })
    }

    /// Whether a request would dial an address that it does not know.
    fn would_dial(&self, request: &Request, candidate: &Candidate) -> bool {
        let target = self.config.target(request.peer);
        let alone = plan(&target, core::slice::from_ref(candidate), &*request.policy, &NoDelay);
        alone.stages().next().is_some_and(|stage| request.takes(stage.number))
    }

    /// A request is done; then what it alone wanted is cancelled.
    fn complete(&mut self, id: RequestId, address: Multiaddr) {
        if let Some(request) = self.requests.get(&id) {
            let peer = request.peer;
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
