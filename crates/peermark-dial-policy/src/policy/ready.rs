//! Policies for the common wishes.

use std::time::Duration;

use super::{DialPolicy, Start, if_live, why_not_certified};
use crate::candidate::Candidate;
use crate::classes::Classes;
use crate::refusal::Refusal;
use crate::scopes::Scopes;
use peermark_provenance::TrustClass;

/// Dials addresses of the peer's current, uncontested record, and no others: not the user's, not
/// those that were dialed before. A circuit has to be in the record as a whole (D5, D7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CertifiedOnly {
    /// Who may dial which scope.
    pub scopes: Scopes,
}

impl CertifiedOnly {
    /// With other scopes.
    #[must_use]
    pub const fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes }
    }
}

impl DialPolicy for CertifiedOnly {
    fn name(&self) -> &'static str {
        "certified-only"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now]
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        if candidate.is_certified() { Ok(0) } else { Err(why_not_certified(candidate)) }
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

/// Dials certified addresses first, and the others when those failed, or after a head start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertifiedFirst {
    stages: [Start; 2],
    scopes: Scopes,
}

impl Default for CertifiedFirst {
    /// The others come when all certified ones failed.
    fn default() -> Self {
        Self { stages: [Start::Now, Start::AfterFailure], scopes: Scopes::default() }
    }
}

impl CertifiedFirst {
    /// The others come after this head start at the latest.
    #[must_use]
    pub fn with_head_start(self, delay: Duration) -> Self {
        Self { stages: [Start::Now, Start::After(delay)], ..self }
    }

    /// With other scopes.
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }
}

impl DialPolicy for CertifiedFirst {
    fn name(&self) -> &'static str {
        "certified-first"
    }

    fn stages(&self) -> &[Start] {
        &self.stages
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        if candidate.is_certified() { Ok(0) } else { if_live(candidate, 1) }
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

/// Dials everything that somebody claims, all in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Any {
    /// Who may dial which scope.
    pub scopes: Scopes,
}

impl Any {
    /// With other scopes.
    #[must_use]
    pub const fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes }
    }
}

impl DialPolicy for Any {
    fn name(&self) -> &'static str {
        "any"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now]
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        if_live(candidate, 0)
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

/// Dials what the user or the peer's record says; everything else only if there is neither. What the
/// facade takes when nobody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct UserAndCertified {
    /// Who may dial which scope.
    pub scopes: Scopes,
}

impl UserAndCertified {
    /// With other scopes.
    #[must_use]
    pub const fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes }
    }
}

impl DialPolicy for UserAndCertified {
    fn name(&self) -> &'static str {
        "user-certified"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now, Start::IfNone]
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        const BEST: Classes = Classes::NONE.with(TrustClass::User).with(TrustClass::Certified);
        if candidate.classes().meets(BEST) { Ok(0) } else { if_live(candidate, 1) }
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}
