//! How a request ends in vain.

use peermark_dial_policy::{Candidate, DialPlan, Nothing, Refusal};

use super::entries::State;
use super::{Open, Planned};
use crate::error::{Cause, DialError, Failure};
use crate::peer::{Peer, Slot};

impl Open {
    /// The error that it ends in.
    pub(crate) fn error(&self, cause: Option<Cause>, peer: &Peer, most: usize) -> DialError {
        let plan = self.plan.as_ref().map(Planned::plan);
        // Who dialed, and has nothing left, did not have nothing.
        let nothing = plan.map_or(Some(Nothing::NoAddress), DialPlan::nothing);
        let nothing = nothing.filter(|_| self.failed.is_empty());
        let cause = cause.unwrap_or_else(|| nothing.map_or(Cause::AllFailed, Cause::Nothing));
        let dialed = self.dialed().map(|(line, entry)| {
            let unfinished = match entry.state() {
                State::Deferred(_) => Failure::NotStarted,
                _ => Failure::Unfinished,
            };
            (line.slot, self.failure(line.slot).unwrap_or(unfinished))
        });
        // What failed and is no candidate any more failed all the same.
        let gone = self.failed.iter().filter(|(slot, _)| !self.dials(*slot));
        let tried = dialed.chain(gone.copied());
        let address = |slot| {
            let candidate = peer.candidate(slot).map(Candidate::address);
            Some(candidate.or(peer.slot(slot).map(Slot::address))?.clone())
        };
        let mut addresses: Vec<_> =
            tried.filter_map(|(slot, why)| Some((address(slot)?, why))).collect();
        let skipped = self.skipped.iter().map(|place| (*place, Refusal::TooMany));
        // What is there twice is dialed, and has its own end.
        let refused = plan.into_iter().flat_map(|plan| plan.refused());
        let refused = refused.filter(|refused| !matches!(refused.reason, Refusal::Repeated { .. }));
        let refused = refused.map(|refused| (refused.candidate, refused.reason)).chain(skipped);
        for (place, reason) in refused {
            // Another claim on it may be refused while this one is dialed, and has its own end.
            let is_told = |slot| self.failure(slot).is_some() || self.dials(slot);
            let is_told = peer.slot_of(place).is_some_and(is_told);
            if let Some(candidate) = peer.candidates().get(place).filter(|_| !is_told) {
                addresses.push((candidate.address().clone(), reason.into()));
            }
        }
        let omitted = addresses.len().saturating_sub(most);
        addresses.truncate(most);
        DialError { cause, addresses, omitted }
    }
}

impl core::fmt::Debug for Open {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Open")
            .field("peer", &self.peer)
            .field("policy", &self.policy.name())
            .field("deadline", &self.deadline)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
