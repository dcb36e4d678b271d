//! Proving that an entry is what it has to be: for tests, and for bytes that come from elsewhere.

use peermark_envelope::Limits as EnvelopeLimits;
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialects, normalize_address};

use super::{Claimant, PeerEntry};

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
        self.check_itself()
    }

    /// Proves the invariants that do not depend on limits.
    pub(crate) fn check_itself(&self) -> Result<(), Defect> {
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
                "an address that nobody claims",
            )?;
            let normal = normalize_address(&address.address, &peer);
            ensure(
                normal.is_ok_and(|normal| *normal.as_bytes() == *address.address),
                "an address that is not normalised",
            )?;
        }
        if self.record.is_some() { self.check_record(&peer) } else { Ok(()) }
    }

    /// Proves that the record is one, of this peer, and that what is kept of it is in it.
    fn check_record(&self, peer: &PeerId) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect(what)) };
        let stored = self.extra.as_ref().and_then(|extra| extra.floor);
        ensure(stored.is_none(), "a floor beside a record")?;
        let limits = EnvelopeLimits::new(EnvelopeLimits::MAX_ENVELOPE_LEN);
        let record = CertifiedRecord::verify_with(
            self.record.envelope(),
            Dialects::Any,
            limits.unwrap_or_default(),
        );
        let record = record.map_err(|_| Defect("a record that does not verify"))?;
        let is_of_peer =
            record.peer_id() == *peer && self.record.peer_id() == &*peer.multihash_bytes();
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
