//! The peerstore once more, in the plainest way: what the rules say, and nothing that is fast.
//!
//! Written from the rules P and S, and shares no code with the store but values (a time, a source,
//! an outcome). Every peer is a few maps; whatever is over is taken out at once, whenever the time
//! moves. It answers what the store must answer to each operation and each read.
//!
//! What it does not know is a choice among equals: which of two addresses of one class goes when a
//! peer has too many. The store chooses by a hash under its secret, and the model asks that secret
//! too. It does not know totals either: which *peer* goes for another. There,
//! [`properties::store_ops`](crate::properties::store_ops) looks at what must hold of any choice.

mod apply;
mod claims;
mod peer;
mod perform;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_peerstore::{Limits, Moment, PayloadDigest, Secret};
use peermark_provenance::Timestamp;

pub use read::Known;

use peer::Peer;

/// A peerstore of maps.
#[derive(Clone, Debug)]
pub struct Model {
    limits: Limits,
    secret: Secret,
    now: Timestamp,
    /// Time that floors live by (S14).
    floor_time: Duration,
    peers: BTreeMap<PeerId, Peer>,
}

/// What an operation on one peer looks at beside the peer.
#[derive(Clone, Copy, Debug)]
struct At<'a> {
    limits: &'a Limits,
    secret: &'a Secret,
    now: Timestamp,
    floor_secs: u64,
}

impl Model {
    /// An empty store with these limits and this secret.
    #[must_use]
    pub fn new(limits: Limits, secret: Secret) -> Self {
        let (now, floor_time) = (Timestamp::EPOCH, Duration::ZERO);
        Self { limits, secret, now, floor_time, peers: BTreeMap::new() }
    }

    /// Somebody says what time it is. Time does not go back, and floor time follows it by one step
    /// at most (S14).
    pub fn advance(&mut self, now: Timestamp) {
        if now > self.now {
            self.floor_time += now.saturating_since(self.now).min(self.limits.floor_step);
            self.now = now;
            let peers = std::mem::take(&mut self.peers);
            for (id, peer) in peers {
                self.put(id, peer);
            }
        }
    }

    /// The time, which is the latest that anybody said.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Changes one peer.
    fn change<R>(&mut self, id: PeerId, change: impl FnOnce(&mut Peer, At<'_>) -> R) -> R {
        let mut peer = self.peers.remove(&id).unwrap_or_default();
        let answer = change(&mut peer, self.at());
        self.put(id, peer);
        answer
    }

    /// Puts a peer back without what is over; not at all when nothing is left.
    fn put(&mut self, id: PeerId, mut peer: Peer) {
        peer.settle(self.at());
        if !peer.is_nothing() {
            self.peers.insert(id, peer);
        }
    }

    fn at(&self) -> At<'_> {
        // The same whole seconds as the store's: limits say that a floor's life is counted in them.
        let floor_secs = Moment { now: self.now, floor: nanos(self.floor_time) }.floor_secs();
        let (limits, secret, now) = (&self.limits, &self.secret, self.now);
        At { limits, secret, now, floor_secs: floor_secs.into() }
    }

    /// `connected`.
    pub fn connected(&mut self, peer: PeerId) -> bool {
        self.change(peer, |peer, _| peer.connected = true);
        true
    }

    /// `disconnected`: what the connection held starts to run out (S7).
    pub fn disconnected(&mut self, peer: PeerId) {
        self.change(peer, |peer, at| {
            if std::mem::take(&mut peer.connected) {
                peer.release(at.now);
            }
        });
    }

    /// `clear`.
    pub fn clear(&mut self, peer: PeerId) -> bool {
        self.change(peer, |peer, _| peer.clear())
    }

    /// `forget`.
    pub fn forget(&mut self, peer: PeerId) -> Option<(Seq, PayloadDigest)> {
        self.change(peer, |peer, _| {
            peer.clear();
            peer.floor.take().map(|floor| (floor.seq, floor.digest))
        })
    }
}

impl At<'_> {
    fn clamp(&self, ttl: Duration) -> Duration {
        ttl.min(self.limits.ttl)
    }

    /// Until when a floor lasts that is accepted now: a second that began, and a part of one in the
    /// life, both count as whole ones.
    fn floor_until(&self) -> u64 {
        let life = self.limits.floor_life;
        let life = life.as_secs() + u64::from(life.subsec_nanos() > 0);
        self.floor_secs + 1 + life
    }

    /// What chooses among equals.
    fn hash(&self, bytes: &[u8]) -> u64 {
        self.secret.hash(bytes)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
