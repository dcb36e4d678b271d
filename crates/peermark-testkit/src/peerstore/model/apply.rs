//! A record arrives at the model (S1 to S5, S16).

use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_peerstore::{Outcome, PayloadDigest, Refusal, Room};
use peermark_provenance::{Source, SourceKind, SourceKinds, Timestamp, TrustClass};
use std::time::Duration;

use super::peer::{Bytes, Floor, Held, Peer};
use super::{At, Model};
use crate::peerstore::ops::Verdict;

impl Model {
    /// `apply`.
    pub fn apply(&mut self, record: &CertifiedRecord, source: &Source, ttl: Duration) -> Verdict {
        self.change(record.peer_id(), |peer, at| peer.apply(record, source, ttl, at))
    }
}

/// Whether the peer itself said it, over an authenticated connection.
pub(super) fn is_itself(source: &Source, peer: &PeerId) -> bool {
    source.kind() == SourceKind::Identify && source.reporter() == Some(peer)
}

impl Peer {
    fn apply(
        &mut self,
        record: &CertifiedRecord,
        source: &Source,
        ttl: Duration,
        at: At<'_>,
    ) -> Verdict {
        let refused = |reason| answer(Outcome::Refused { reason });
        let itself = is_itself(source, &record.peer_id());
        if source.kind() == SourceKind::Identify && !itself {
            return refused(Refusal::NotItself);
        }
        let ttl = at.clamp(ttl);
        if ttl.is_zero() {
            return refused(Refusal::NoTime);
        }
        let end = |accepted: Timestamp| {
            at.now.saturating_add(ttl).min(accepted.saturating_add(at.limits.record_age))
        };
        let Some(floor) = self.floor.clone() else {
            return self.install(record, source, at.now, end(at.now), Outcome::Inserted, at);
        };
        if record.seq() > floor.seq {
            let outcome = match &self.record {
                Some(held) => Outcome::Replaced { from: held.seq },
                None => Outcome::Inserted,
            };
            return self.install(record, source, at.now, end(at.now), outcome, at);
        }
        if record.seq() < floor.seq {
            return answer(Outcome::Stale { held: floor.seq });
        }
        let got = PayloadDigest::of(record.payload());
        if got != floor.digest {
            return answer(Outcome::Equivocation { held: floor.digest, got });
        }
        let end = end(floor.accepted);
        if let Some(held) = &mut self.record {
            held.delivered_by = held.delivered_by.with(source.kind());
            // Who passes it on keeps nothing alive; the peer itself does, within its age (S4).
            let extended = itself && end > held.expires;
            if extended {
                held.expires = end;
                held.accepted_last = at.now;
                self.floor = Some(Floor { until: at.floor_until(), ..floor });
            }
            return answer(Outcome::Refreshed { extended });
        }
        if record.addresses().len() == 0 {
            return answer(Outcome::Refreshed { extended: false });
        }
        if !itself || end <= at.now {
            return refused(Refusal::Expired);
        }
        let outcome = Outcome::Refreshed { extended: true };
        self.install(record, source, floor.accepted, end, outcome, at)
    }

    /// The record takes the place of the one before (P4), as far as the cap on addresses goes:
    /// what is better than certified stays, what is not makes room (S11).
    fn install(
        &mut self,
        record: &CertifiedRecord,
        source: &Source,
        accepted: Timestamp,
        expires: Timestamp,
        outcome: Outcome,
        at: At<'_>,
    ) -> Verdict {
        let listed: Vec<Bytes> = record.addresses().map(|a| a.as_bytes().to_vec()).collect();
        let told = |peer: &Self, address: &Bytes| {
            peer.claimants(address).into_iter().map(|who| who.class()).max()
        };
        let better =
            |peer: &Self, address: &Bytes| told(peer, address) > Some(TrustClass::Certified);
        let reported = self.all_addresses();
        let held_by_better = reported.iter().filter(|address| better(self, address)).count();
        let mut slots = at.limits.addresses_per_peer.saturating_sub(held_by_better);
        let mut kept = Vec::new();
        for address in &listed {
            let has_a_place = better(self, address);
            if has_a_place || slots > 0 {
                slots -= usize::from(!has_a_place);
                kept.push(address.clone());
            }
        }
        if kept.is_empty() && !listed.is_empty() {
            let reason = Refusal::NoRoom(Room::Addresses);
            return answer(Outcome::Refused { reason });
        }
        let before = self.certified().to_vec();
        let withdrawn = before.iter().filter(|address| !kept.contains(address)).count();
        let added = kept.iter().filter(|address| self.class_of(address).is_none()).count();
        let above = listed.len() - kept.len();
        let skipped = usize::from(record.skipped_addresses().total());

        self.record = Some(Held {
            seq: record.seq(),
            envelope: record.as_bytes().to_vec(),
            addresses: kept,
            accepted,
            accepted_last: at.now,
            expires,
            delivered_by: SourceKinds::from(source.kind()),
        });
        self.floor = Some(Floor {
            seq: record.seq(),
            digest: PayloadDigest::of(record.payload()),
            accepted,
            until: at.floor_until(),
        });
        let mut evicted = 0;
        while self.all_addresses().len() > at.limits.addresses_per_peer {
            let others = self.all_addresses().into_iter().filter(|a| !self.is_certified(a));
            let victim = others.min_by_key(|a| (self.class_of(a), at.hash(a)));
            self.remove(&victim.expect("the record alone is within the cap"));
            evicted += 1;
        }
        let small = |count| u16::try_from(count).expect("a small number");
        Verdict {
            outcome,
            added: small(added),
            withdrawn: small(withdrawn),
            dropped: small(above + skipped),
            evicted,
        }
    }
}

/// An answer that changes no address.
fn answer(outcome: Outcome) -> Verdict {
    Verdict { outcome, added: 0, withdrawn: 0, dropped: 0, evicted: 0 }
}
