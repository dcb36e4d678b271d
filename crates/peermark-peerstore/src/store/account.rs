//! Counting outcomes, and keeping and telling contradictions (S1, S2).

use bytes::Bytes;
use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_provenance::Source;

use super::Peerstore;
use crate::engine::Engine;
use crate::event::{Equivocation, Event};
use crate::metrics::Evicted;
use crate::outcome::{Applied, Outcome, PayloadDigest};
use crate::sync::Arc;

impl<E: Engine> Peerstore<E> {
    /// Counts an outcome, and keeps and tells what has to be.
    pub(super) fn account(&self, applied: &Applied, record: &CertifiedRecord, source: &Source) {
        self.count(applied, source);
        if let Outcome::Equivocation { held, got } = applied.outcome {
            self.prove(applied, record, held, got);
        }
    }

    pub(super) fn count(&self, applied: &Applied, source: &Source) {
        let metrics = self.shared().metrics();
        metrics.applied(source.kind(), applied.outcome.kind());
        self.count_evicted(applied.evicted.into());
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
            Outcome::Refreshed { .. } | Outcome::Equivocation { .. } => {}
        }
    }

    /// Counts addresses and claims that had to go inside of an entry.
    pub(super) fn count_evicted(&self, count: usize) {
        for _ in 0..count {
            self.shared().metrics().evicted(Evicted::Address);
        }
    }

    fn prove(
        &self,
        applied: &Applied,
        record: &CertifiedRecord,
        held: PayloadDigest,
        got: PayloadDigest,
    ) {
        let peer = applied.peer;
        tracing::warn!(%peer, seq = %applied.seq, %held, %got, "equivocation");
        // Read after the update: it may have been replaced meanwhile, and then it is not the one.
        let envelope = self.engine.view(&peer, |entry| {
            let entry = entry.filter(|entry| entry.has_record())?;
            let is_it = PayloadDigest::of(entry.record.payload()) == held;
            is_it.then(|| Bytes::copy_from_slice(entry.record.envelope()))
        });
        let proof = Equivocation {
            peer,
            seq: applied.seq,
            held,
            got,
            held_envelope: envelope.ok().flatten(),
            got_envelope: Bytes::copy_from_slice(record.as_bytes()),
        };
        let shared = self.shared();
        let event = Event::Equivocation(Box::new(proof.clone()));
        shared.hub().tell(None, &event, shared.metrics());
        shared.evidence().keep(proof, shared.limits(), shared.secret(), shared.metrics());
    }

    /// The proof that a peer signed two records for one place in its order, the first that was
    /// seen.
    #[must_use]
    pub fn equivocation(&self, peer: &PeerId) -> Option<Arc<Equivocation>> {
        self.shared().evidence().of(peer)
    }
}
