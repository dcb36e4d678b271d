//! Everything that is claimed about one address.

use crate::claim::{Certification, Claim, ClaimKind};
use crate::class::TrustClass;
use crate::time::{Expiry, Timestamp};

/// The claims on one address that hold at some moment, and what dialing it taught.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Provenance {
    claims: Vec<Claim>,
    dials: DialHistory,
}

impl Provenance {
    /// These claims, and no dial yet.
    #[must_use]
    pub fn new(claims: impl IntoIterator<Item = Claim>) -> Self {
        Self { claims: claims.into_iter().collect(), dials: DialHistory::default() }
    }

    /// With this history.
    #[must_use]
    pub fn with_dials(self, dials: DialHistory) -> Self {
        Self { dials, ..self }
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The class of the best claim; `None` without a claim (P5).
    #[must_use]
    pub fn class(&self) -> Option<TrustClass> {
        self.claims.iter().map(Claim::class).max()
    }

    /// Whether the address is in the peer's current certified record.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.certification().is_some()
    }

    /// By which record it is certified.
    #[must_use]
    pub fn certification(&self) -> Option<&Certification> {
        self.claims.iter().find_map(|claim| match claim.kind() {
            ClaimKind::Certified(certification) => Some(certification),
            _ => None,
        })
    }

    /// When the address goes: at the end of its last claim (P1). `None` without a claim.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        self.claims.iter().map(Claim::expiry).max()
    }

    /// What dialing it taught (P6).
    #[must_use]
    pub fn dials(&self) -> &DialHistory {
        &self.dials
    }
}

/// What dialing an address taught (P6). A signature says who claims an address, never that somebody
/// answers there: this says that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct DialHistory {
    /// When a handshake with the peer last succeeded there.
    pub last_success: Option<Timestamp>,
    /// When a dial last failed there.
    pub last_failure: Option<Timestamp>,
    /// How many dials failed since the last success.
    pub failures: u32,
}

impl DialHistory {
    /// A handshake succeeded.
    pub fn succeeded(&mut self, now: Timestamp) {
        self.last_success = self.last_success.max(Some(now));
        self.failures = 0;
    }

    /// A dial failed.
    pub fn failed(&mut self, now: Timestamp) {
        self.last_failure = self.last_failure.max(Some(now));
        self.failures = self.failures.saturating_add(1);
    }
}
