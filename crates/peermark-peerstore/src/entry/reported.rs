//! Addresses beside those of the record: what sources reported and handshakes showed.
//!
//! Claims merge in any order to the same value (P3): one for each source and reporter, its first
//! sight the earliest, its last the latest, its end the later one.

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::{
    Address, Claim, DialHistory, Expiry, Source, SourceKind, Timestamp, TrustClass,
};

use crate::clock::Moment;
use crate::outcome::Lifetime;

/// One address that is not, or not only, in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedAddress {
    /// Normalised bytes.
    pub(crate) address: Box<[u8]>,
    /// Sorted by who makes them.
    pub(crate) claims: Vec<StoredClaim>,
    pub(crate) dials: DialHistory,
    /// The group whose budget it is charged to: that of its first source. Each claim is charged to
    /// its own.
    pub(crate) group: u16,
}

/// A claim without the address that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredClaim {
    pub(crate) by: Claimant,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// When it ends, unless it is held by a connection.
    pub(crate) ends: Timestamp,
    /// How long it was given: what starts to run when the peer disconnects (S7).
    pub(crate) ttl: core::time::Duration,
    /// The group whose budget it is charged to: that of whoever made it first.
    pub(crate) group: u16,
}

/// Who makes a claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claimant {
    /// A handshake.
    Dialed,
    /// A source, and the multihash of the peer that spoke.
    Source(SourceKind, Option<Box<[u8]>>),
}

impl Claimant {
    pub(crate) fn of(source: &Source) -> Self {
        let reporter = source.reporter().map(|peer| Box::from(&*peer.multihash_bytes()));
        Self::Source(source.kind(), reporter)
    }

    /// Whether its claims do not expire while the peer is connected (S7).
    pub(crate) const fn is_held_by_connection(&self) -> bool {
        matches!(self, Self::Dialed | Self::Source(SourceKind::Identify, _))
    }

    pub(crate) fn class(&self) -> TrustClass {
        match self {
            Self::Dialed => TrustClass::Dialed,
            Self::Source(kind, _) if kind.is_user() => TrustClass::User,
            Self::Source(SourceKind::Identify, _) => TrustClass::Direct,
            Self::Source(..) => TrustClass::ThirdParty,
        }
    }

    /// What the victim among claims is chosen by.
    pub(crate) fn key(&self) -> Vec<u8> {
        match self {
            Self::Dialed => Vec::new(),
            Self::Source(kind, reporter) => {
                let mut key = kind.to_string().into_bytes();
                key.extend_from_slice(reporter.as_deref().unwrap_or_default());
                key
            }
        }
    }
}

impl StoredClaim {
    pub(crate) fn new(by: Claimant, now: Timestamp, ttl: core::time::Duration, group: u16) -> Self {
        let ends = now.saturating_add(ttl);
        Self { by, first_seen: now, last_seen: now, ends, ttl, group }
    }

    /// Dates it back: its source learned it so long ago.
    pub(crate) fn learned(&mut self, ago: core::time::Duration) {
        let ago = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
        let at = Timestamp::from_nanos(self.last_seen.as_nanos().saturating_sub(ago));
        (self.first_seen, self.last_seen) = (at, at);
    }

    /// Whether it has ended at `now`.
    pub(crate) fn is_over(&self, now: Timestamp, connected: bool) -> bool {
        self.due(connected).is_some_and(|due| now >= due)
    }

    /// When it ends, as far as that is known.
    pub(crate) fn due(&self, connected: bool) -> Option<Timestamp> {
        let held = connected && self.by.is_held_by_connection();
        (!held).then_some(self.ends)
    }

    /// The peer disconnects now: its time starts to run (S7).
    pub(crate) fn release(&mut self, now: Timestamp) {
        if self.by.is_held_by_connection() {
            self.last_seen = self.last_seen.max(now);
            self.ends = self.ends.max(now.saturating_add(self.ttl));
        }
    }

    /// Takes in another claim of the same claimant. Answers whether its end moved.
    pub(crate) fn merge(&mut self, other: &Self, lifetime: Lifetime) -> bool {
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        let before = (self.ends, self.ttl);
        (self.ends, self.ttl) = match lifetime {
            // Each on its own: while a connection holds the claim, it is the time to live that says
            // for how long, and a shorter one must not take its place.
            Lifetime::Extend => (self.ends.max(other.ends), self.ttl.max(other.ttl)),
            Lifetime::Set => (other.ends, other.ttl),
        };
        (self.ends, self.ttl) != before
    }

    /// The claim as it is shown: by the clock that was shown.
    pub(crate) fn to_claim(&self, connected: bool, at: Moment) -> Claim {
        let expiry = match self.due(connected) {
            Some(due) => Expiry::At(at.to_shown(due)),
            None => Expiry::AfterDisconnect(self.ttl),
        };
        let first = at.to_shown(self.first_seen);
        let claim = match &self.by {
            Claimant::Dialed => Claim::dialed(first, expiry),
            Claimant::Source(kind, reporter) => {
                let source = Source::of(*kind);
                let reporter = reporter.as_deref().and_then(|id| PeerId::from_bytes(id).ok());
                let source = reporter.map_or(source, |peer| source.reported_by(peer));
                Claim::reported(source, first, expiry)
            }
        };
        claim.seen(first, at.to_shown(self.last_seen))
    }
}

impl ReportedAddress {
    pub(crate) fn new(address: &[u8], group: u16) -> Self {
        Self { address: address.into(), claims: Vec::new(), dials: DialHistory::default(), group }
    }

    pub(crate) fn as_address(&self) -> Address<'_> {
        Address::dangerous_assume_normalized(&self.address)
    }

    /// The class of its claims that hold at `now`; `None` without one.
    pub(crate) fn class(&self, now: Timestamp, connected: bool) -> Option<TrustClass> {
        self.live(now, connected).map(|claim| claim.by.class()).max()
    }

    /// The claims that hold at `now`.
    pub(crate) fn live(
        &self,
        now: Timestamp,
        connected: bool,
    ) -> impl Iterator<Item = &StoredClaim> {
        self.claims.iter().filter(move |claim| !claim.is_over(now, connected))
    }

    pub(crate) fn claim_mut(&mut self, by: &Claimant) -> Option<&mut StoredClaim> {
        let at = self.claims.binary_search_by(|claim| claim.by.cmp(by)).ok()?;
        self.claims.get_mut(at)
    }

    pub(crate) fn claim(&self, by: &Claimant) -> Option<&StoredClaim> {
        let at = self.claims.binary_search_by(|claim| claim.by.cmp(by)).ok()?;
        self.claims.get(at)
    }

    /// Puts a claim in its place; there is none of its claimant.
    pub(crate) fn insert(&mut self, claim: StoredClaim) {
        let at = self.claims.partition_point(|other| other.by < claim.by);
        // No room ahead: what an entry takes is what it is charged for.
        self.claims.reserve_exact(1);
        self.claims.insert(at, claim);
    }

    /// Removes claims that have ended.
    pub(crate) fn expire(&mut self, now: Timestamp, connected: bool) {
        self.retain(|claim| !claim.is_over(now, connected));
    }

    /// Removes the other claims, and gives their memory back. Returns how many went.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&StoredClaim) -> bool) -> usize {
        let before = self.claims.len();
        self.claims.retain(keep);
        if self.claims.len() < before {
            self.claims.shrink_to_fit();
        }
        before.saturating_sub(self.claims.len())
    }
}
