//! Proving that an entry is what it has to be: for tests, and for bytes that come from elsewhere.

use std::borrow::Cow;

use peermark_envelope::Limits as EnvelopeLimits;
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialects};
use peermark_provenance::normalize_address;

use super::{Claimant, PeerEntry, Remnant};
use crate::transition::Brought;

impl PeerEntry {
    /// Proves the invariants of the entry.
    ///
    /// # Errors
    ///
    /// The first that does not hold.
    pub fn check(&self, limits: &crate::Limits) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect(what)) };
        ensure(self.address_count() <= limits.addresses_per_peer, "more addresses than the limit")?;
        for address in self.reported() {
            let told = address.claims.iter().filter(|claim| claim.by != Claimant::Dialed).count();
            ensure(told <= limits.claims_per_address, "more claims than the limit")?;
        }
        self.check_itself(Brought::default())
    }

    /// Proves the invariants that do not depend on limits.
    pub(crate) fn check_itself(&self, brought: Brought<'_>) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect(what)) };
        let (peer, reported) = (self.checked_peer_id()?, self.reported());
        ensure(
            reported.is_sorted_by(|a, b| a.address < b.address),
            "addresses out of order, or twice",
        )?;
        for address in reported {
            let claims = &address.claims;
            ensure(claims.is_sorted_by(|a, b| a.by < b.by), "claims out of order, or twice")?;
            ensure(
                !claims.is_empty() || self.record.contains(&address.address),
                "an address without a claim",
            )?;
            let normal = normalize_address(&address.address, &peer);
            ensure(
                normal.is_ok_and(|normal| *normal.as_bytes() == *address.address),
                "an address that is not normalised",
            )?;
        }
        if let Some(extra) = &self.extra {
            self.check_evidence(&extra.rest, &peer, brought)?;
        }
        if self.record.is_some() { self.check_record(&peer, brought) } else { Ok(()) }
    }

    /// Proves that both records of a contradiction are the peer's, with one sequence number.
    fn check_evidence(
        &self,
        rest: &Remnant,
        peer: &PeerId,
        brought: Brought<'_>,
    ) -> Result<(), Defect> {
        let Some(evidence) = &rest.evidence else { return Ok(()) };
        let floor = rest.floor.as_ref().map(|floor| (floor.seq, floor.content.digest));
        let held = self
            .record
            .is_some()
            .then(|| (self.seq, crate::outcome::PayloadDigest::of(self.record.payload())));
        let Some((seq, digest)) = held.or(floor) else {
            return Err(Defect("a contradiction without a floor"));
        };
        let both =
            [(&evidence.held, digest), (&evidence.rival.envelope, evidence.rival.content.digest)];
        for (envelope, digest) in both.into_iter().filter(|(envelope, _)| !envelope.is_empty()) {
            let record = verified(envelope, brought)
                .ok_or(Defect("a contradiction that does not verify"))?;
            let is_it = record.peer_id() == *peer
                && record.seq() == seq
                && crate::outcome::PayloadDigest::of(record.payload()) == digest;
            if !is_it {
                return Err(Defect("a contradiction that is not one"));
            }
        }
        Ok(())
    }

    /// Proves that the record is one, of this peer, and that what is kept of it is in it.
    fn check_record(&self, peer: &PeerId, brought: Brought<'_>) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect(what)) };
        let stored = self.extra.as_ref().map(|extra| &extra.rest);
        ensure(stored.is_none_or(|rest| rest.floor.is_none()), "a floor beside a record")?;
        let record = verified(self.record.envelope(), brought)
            .ok_or(Defect("a record that does not verify"))?;
        let is_of_peer =
            record.peer_id() == *peer && *self.record.peer_id() == *peer.multihash_bytes();
        ensure(is_of_peer, "a record of another peer")?;
        ensure(record.as_bytes() == self.record.envelope(), "an envelope in another form")?;
        ensure(record.seq() == self.seq, "a sequence number that is not the record's")?;
        ensure(record.payload() == self.record.payload(), "a payload that is elsewhere")?;
        let mut listed = record.addresses();
        ensure(
            self.record.addresses().all(|kept| listed.any(|address| address == kept)),
            "an address that the record does not list, or another order",
        )
    }
}

/// The record of an envelope: the one that was brought if its bytes are the same, else by verifying it.
fn verified<'r>(envelope: &[u8], brought: Brought<'r>) -> Option<Cow<'r, CertifiedRecord>> {
    if let Some(record) = brought.record_of(envelope) {
        return Some(Cow::Borrowed(record));
    }
    let limits = EnvelopeLimits::new(EnvelopeLimits::MAX_ENVELOPE_LEN).unwrap_or_default();
    CertifiedRecord::verify_with(envelope, Dialects::Any, limits).ok().map(Cow::Owned)
}

/// An invariant that does not hold: a defect of the store, or of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is broken: {0}")]
pub struct Defect(pub(crate) &'static str);

impl Defect {
    /// For engines: this invariant does not hold.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self(what)
    }
}
