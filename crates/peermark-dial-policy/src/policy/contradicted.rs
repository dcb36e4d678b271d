//! A policy that does not dial by a contradicted record.

use super::{DialPolicy, Start};
use crate::candidate::Candidate;
use crate::refusal::Refusal;
use crate::scopes::Scopes;

/// A policy to which a contradicted record certifies nothing: [`DialPolicy::refuse_contradicted`]
/// makes it (D7). What else is claimed of an address counts as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefuseContradicted<P>(P);

impl<P> RefuseContradicted<P> {
    pub(super) const fn new(policy: P) -> Self {
        Self(policy)
    }
}

impl<P: DialPolicy> DialPolicy for RefuseContradicted<P> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn stages(&self) -> &[Start] {
        self.0.stages()
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        if !candidate.is_contradicted() {
            return self.0.judge(candidate);
        }
        let judged = self.0.judge(&candidate.clone().without_record());
        judged.map_err(|_| Refusal::RecordContested)
    }

    fn scopes(&self) -> &Scopes {
        self.0.scopes()
    }
}
