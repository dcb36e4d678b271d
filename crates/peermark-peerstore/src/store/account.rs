//! Counting outcomes, and telling of contradictions (S1, S2).

use peermark_identity::PeerId;
use peermark_provenance::Source;

use super::Peerstore;
use crate::engine::Engine;
use crate::event::{Equivocation, Event};
use crate::metrics::Evicted;
use crate::outcome::{Applied, Joined, Outcome};

impl<E: Engine> Peerstore<E> {
    /// Counts an outcome, and tells of a contradiction.
    pub(super) fn account(&self, applied: &Applied, source: &Source) {
        self.count(applied, source);
        if applied.is_news {
            self.tell_contradiction(applied);
        }
    }

    /// Counts what joining did, and tells of a contradiction.
    pub(super) fn account_join(&self, joined: &Joined, source: &Source) {
        if let Some(applied) = &joined.record {
            self.count_outcome(applied, source);
            if joined.is_news {
                self.tell_contradiction(applied);
            }
        }
        // Those that its records pushed out are among them.
        self.count_evicted(joined.evicted);
        if let Some(refusal) = joined.refusal {
            self.shared().metrics().refused(source.kind(), refusal);
            tracing::debug!(%source, %refusal, "what another store knows refused");
        }
    }

    pub(super) fn count(&self, applied: &Applied, source: &Source) {
        self.count_outcome(applied, source);
        self.count_evicted(applied.evicted.into());
    }

    fn count_outcome(&self, applied: &Applied, source: &Source) {
        let metrics = self.shared().metrics();
        metrics.applied(source.kind(), applied.outcome.kind());
        match applied.outcome {
            Outcome::Refused { reason } => {
                metrics.refused(source.kind(), reason);
                tracing::debug!(peer = %applied.peer, %source, %reason, "record refused");
            }
            Outcome::Stale { held } => {
                tracing::debug!(peer = %applied.peer, %source, seq = %applied.seq, %held, "stale");
            }
            Outcome::Inserted | Outcome::Replaced { .. } => {
                tracing::trace!(peer = %applied.peer, %source, seq = %applied.seq, "record stored");
            }
            Outcome::Refreshed { .. } | Outcome::Contradiction { .. } => {}
        }
    }

    /// Counts addresses and claims that had to go inside of an entry.
    pub(super) fn count_evicted(&self, count: usize) {
        for _ in 0..count {
            self.shared().metrics().evicted(Evicted::Address);
        }
    }

    fn tell_contradiction(&self, applied: &Applied) {
        let (peer, seq) = (applied.peer, applied.seq);
        tracing::warn!(%peer, %seq, "two records of one sequence number");
        // Read after the update: a higher number may have ended it meanwhile.
        if let Ok(Some(proof)) = self.equivocation(&peer)
            && proof.seq == seq
        {
            let shared = self.shared();
            let event = Event::Equivocation(Box::new(proof));
            shared.subscribers().tell(None, &event, shared.metrics());
        }
    }

    /// The pair of records by which a peer contradicted itself (S2), where it is kept. One that ended is
    /// there until the next sweep.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn equivocation(&self, peer: &PeerId) -> Result<Option<Equivocation>, E::Error> {
        let held = self.engine.view(peer, |entry| entry.map(|entry| entry.equivocation()))?;
        match held {
            Some(held) => Ok(held),
            None => Ok(self.engine.remnant(peer)?.and_then(|rest| rest.equivocation())),
        }
    }
}
