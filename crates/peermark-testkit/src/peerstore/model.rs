//! The peerstore once more, in the plainest way: what the rules say, and nothing that is fast.
//!
//! Written from the rules P and S, and shares no code with the store but values (a time, a source,
//! an outcome). Every peer is a few maps; what has ended is taken out at once, whenever the time
//! moves. It answers what the store must answer to each operation and each read.
//!
//! What it does not know is a choice among equals: which of two addresses of one class goes when a
//! peer has too many. The store chooses by a hash under its secret, and the model asks that secret
//! too. It does not know totals either: which *peer* goes for another. There,
//! [`properties::store_ops`](crate::properties::store_ops) looks at what must hold of any choice.

mod apply;
mod claims;
mod join;
mod peer;
mod perform;
mod read;
mod record;
mod time;

use std::collections::BTreeMap;
use std::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_peerstore::{Limits, PayloadDigest, Secret};
use peermark_provenance::Timestamp;

pub use read::Known;

use peer::{Outside, Peer};
use time::Time;

/// A peerstore of maps.
#[derive(Clone, Debug)]
pub struct Model {
    limits: Limits,
    secret: Secret,
    time: Time,
    peers: BTreeMap<PeerId, Peer>,
}

/// What an operation on one peer looks at beside the peer.
#[derive(Clone, Copy, Debug)]
struct At<'a> {
    limits: &'a Limits,
    secret: &'a Secret,
    time: Time,
}

impl Model {
    /// An empty store with these limits and this secret.
    #[must_use]
    pub fn new(limits: Limits, secret: Secret) -> Self {
        Self { limits, secret, time: Time::default(), peers: BTreeMap::new() }
    }

    /// Shows the clock (S14).
    pub fn advance(&mut self, shown: Timestamp) {
        self.time.show(shown, &self.limits);
        for (id, peer) in std::mem::take(&mut self.peers) {
            self.put(id, peer);
        }
    }

    /// The clock that was shown.
    #[must_use]
    pub fn shown(&self) -> Timestamp {
        self.time.shown()
    }

    /// Changes one peer.
    fn change<R>(&mut self, id: PeerId, change: impl FnOnce(&mut Peer, At<'_>) -> R) -> R {
        let mut peer = self.peers.remove(&id).unwrap_or_default();
        let answer = change(&mut peer, self.at());
        self.put(id, peer);
        answer
    }

    /// Puts a peer back without what has ended; not at all when nothing is left.
    fn put(&mut self, id: PeerId, mut peer: Peer) {
        peer.settle(self.at());
        if !peer.is_nothing() {
            self.peers.insert(id, peer);
        }
    }

    fn at(&self) -> At<'_> {
        At { limits: &self.limits, secret: &self.secret, time: self.time }
    }

    /// `connected`.
    pub fn connected(&mut self, peer: PeerId) -> bool {
        self.change(peer, |peer, at| {
            if !std::mem::replace(&mut peer.connected, true) {
                // What the peer delivered before has so much left when it disconnects.
                let end = peer.accepted.as_ref().map(|accepted| accepted.end);
                peer.left = end.map_or(Duration::ZERO, |end| end.saturating_since(at.now()));
            }
        });
        true
    }

    /// `disconnected`: what the connection held starts to run out (S7).
    pub fn disconnected(&mut self, peer: PeerId) {
        self.change(peer, |peer, at| {
            if peer.connected {
                peer.release(at);
            }
        });
    }

    /// `clear`.
    pub fn clear(&mut self, peer: PeerId) -> bool {
        self.change(peer, |peer, at| peer.clear(at))
    }

    /// `forget`.
    pub fn forget(&mut self, peer: PeerId) -> Option<(Seq, PayloadDigest)> {
        self.change(peer, |peer, at| {
            let floor = peer.floor();
            peer.clear(at);
            (peer.accepted, peer.outside) = (None, None);
            floor
        })
    }

    /// `raise_floor`: a hint, for a day at most (S3).
    pub fn raise_floor(&mut self, peer: PeerId, to: (Seq, PayloadDigest), life: Duration) -> bool {
        self.change(peer, |peer, at| peer.raise(to, life, at))
    }
}

impl Peer {
    fn raise(&mut self, (seq, digest): (Seq, PayloadDigest), life: Duration, at: At<'_>) -> bool {
        let is_higher = self.floor().is_none_or(|(held, _)| held < seq);
        if life.is_zero() || !is_higher {
            return false;
        }
        let until = at.time.dated_after(life.min(at.limits.outside_floor_life));
        self.outside = Some(Outside { seq, digest, until });
        true
    }
}

impl At<'_> {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn clamp(&self, ttl: Duration) -> Duration {
        ttl.min(self.limits.ttl)
    }

    /// What chooses among equals.
    fn hash(&self, bytes: &[u8]) -> u64 {
        self.secret.hash(bytes)
    }
}

/// Whole seconds, rounded up.
fn secs_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
