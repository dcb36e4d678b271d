//! Proofs of equivocation: one for each peer, bounded in number (S2, S11).
//!
//! At the cap, the victim is chosen by the secret among those that are there and the newcomer: who
//! signs a thousand contradictions does not choose which are forgotten.

use std::collections::HashMap;

use peermark_identity::{PeerId, PeerIdExt as _};

use crate::event::Equivocation;
use crate::limits::Limits;
use crate::metrics::{Evicted, Metrics};
use crate::secret::Secret;
use crate::sync::{Arc, Mutex, lock};

/// The proofs that a store keeps.
#[derive(Debug, Default)]
pub struct Evidence(Mutex<HashMap<PeerId, Arc<Equivocation>>>);

impl Evidence {
    /// The proof against `peer`.
    #[must_use]
    pub fn of(&self, peer: &PeerId) -> Option<Arc<Equivocation>> {
        lock(&self.0).get(peer).cloned()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps a proof, the first against its peer. Answers whether it is kept.
    pub fn keep(
        &self,
        proof: Equivocation,
        limits: &Limits,
        secret: &Secret,
        metrics: &dyn Metrics,
    ) -> bool {
        let mut proofs = lock(&self.0);
        let peer = proof.peer;
        if proofs.contains_key(&peer) {
            return false;
        }
        proofs.insert(peer, Arc::new(proof));
        while proofs.len() > limits.evidence {
            let victim =
                proofs.keys().min_by_key(|peer| secret.hash(&peer.multihash_bytes())).copied();
            let Some(victim) = victim else { break };
            proofs.remove(&victim);
            metrics.evicted(Evicted::Evidence);
        }
        proofs.contains_key(&peer)
    }

    /// Drops the proof against `peer`: its floor is gone, and with it what it contradicts.
    pub fn forget(&self, peer: &PeerId) {
        lock(&self.0).remove(peer);
    }
}
