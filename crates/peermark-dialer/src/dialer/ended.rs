//! How an attempt ended, and what that teaches.

use std::cmp::Reverse;

use multiaddr::PeerId;
use peermark_dial_policy::{Candidate, Refusal};
use peermark_provenance::DialOutcome;

use super::Dialer;
use super::attempts::{Attempt, Stage};
use crate::action::AttemptId;
use crate::error::Failure;
use crate::gates::Gate;
use crate::moment::Moment;
use crate::peer::Slot;
use crate::target::Target;

impl Dialer {
    /// An attempt ended. Each [`Action::Dial`](crate::Action::Dial) is answered by one call of this or
    /// of [`Self::wrong_peer`], also after [`Action::Cancel`](crate::Action::Cancel). Returns whether
    /// it was under way.
    ///
    /// [`DialOutcome::NotStarted`] is for attempts of which nothing was sent: this node refused them
    /// (limits, a block list), had no transport or route for them, or was told to cancel before it
    /// began. It counts nowhere, and the address is tried again after a second at the earliest (C7).
    /// A dial that was cancelled when something had been sent is [`DialOutcome::Cancelled`].
    pub fn dialed(&mut self, attempt: AttemptId, outcome: DialOutcome, now: Moment) -> bool {
        self.end(attempt, outcome, None, now)
    }

    /// An attempt ended: a handshake proved that `found` is there, and not the peer that was dialed.
    /// As [`Self::dialed`] with [`DialOutcome::WrongPeer`], and it is remembered that `found` is
    /// there: a part of the budget of that host and port is kept for it (C4).
    pub fn wrong_peer(&mut self, attempt: AttemptId, found: &PeerId, now: Moment) -> bool {
        self.end(attempt, DialOutcome::WrongPeer, Some(found), now)
    }

    fn end(
        &mut self,
        id: AttemptId,
        outcome: DialOutcome,
        other: Option<&PeerId>,
        now: Moment,
    ) -> bool {
        let now = self.advance_to(now);
        let told = self.attempts.get(&id);
        if told.is_none_or(|attempt| matches!(attempt.stage, Stage::New | Stage::Waiting(_))) {
            return false;
        }
        let Some(ended) = self.attempts.remove(&id) else { return false };
        let Some(peer) = self.peer(ended.peer).map(|known| known.id) else { return false };
        let answered = self.count(&ended, &peer, outcome, other, now);
        self.dialing = self.dialing.saturating_sub(1);
        if let Some(known) = self.peer_mut(ended.peer) {
            known.end(ended.group);
            if let Some(slot) = known.slot_mut(ended.slot) {
                match ended.stage {
                    Stage::Cancelled => slot.cancelled = None,
                    _ => slot.attempt = None,
                }
            }
        }
        self.free(&ended);
        self.gates.free(Gate::Address(ended.peer, ended.slot));
        self.release(&ended);
        let slot = self.peer(ended.peer).and_then(|known| known.slot(ended.slot));
        let key = slot.map_or(ended.candidate.address(), Slot::address).clone();
        let limits = &self.config.limits;
        let failure = match outcome {
            DialOutcome::Success => {
                self.backoff.succeeded(&peer, &key);
                let address = ended.candidate.address().clone();
                self.established(ended.peer, address, Some(id), ended.resolved.clone());
                self.fail_unsatisfied(&ended, now);
                None
            }
            DialOutcome::WrongPeer => {
                self.backoff.failed(peer, &key, answered, limits, now);
                Some(Failure::WrongPeer)
            }
            DialOutcome::Failure => {
                self.backoff.failed(peer, &key, answered, limits, now);
                Some(Failure::Failed)
            }
            DialOutcome::Cancelled => Some(Failure::Failed),
            DialOutcome::NotStarted => {
                let is_wanted = ended.stage != Stage::Cancelled;
                let until = is_wanted.then(|| self.backoff.not_started(peer, &key, limits, now));
                for request in &ended.wanted_by {
                    if let (Some(open), Some(until)) = (self.requests.get_mut(request), until) {
                        open.defer(ended.slot, until, true, now);
                        self.ready.push(Reverse(*request));
                    }
                }
                None
            }
        };
        if let Some(failure) = failure {
            self.fail_for(&ended.wanted_by, ended.slot, failure, now);
        }
        self.forget_if_idle(ended.peer);
        true
    }

    /// Counts what an attempt was worth at its places, and notes who was found where. Returns whether
    /// the peer answered at its address before.
    fn count(
        &mut self,
        ended: &Attempt,
        peer: &PeerId,
        outcome: DialOutcome,
        other: Option<&PeerId>,
        now: Moment,
    ) -> bool {
        let is_relay_proven = self.is_relay_proven(ended);
        let limits = &self.config.limits;
        let mut answered = ended.candidate.dials().last_success.is_some();
        // What was resolved last is what was reached; the others were tried in vain.
        let reached = ended.legs.len().saturating_sub(1);
        for (place, leg) in ended.legs.iter().enumerate() {
            let target = self.places.target(leg.target).cloned();
            let was_found =
                target.as_ref().is_some_and(|target| self.places.was_found(peer, target));
            answered |= was_found;
            let is_end = place == 0 || place == reached;
            let outcome = match outcome {
                DialOutcome::Success | DialOutcome::WrongPeer if !is_end => DialOutcome::Failure,
                outcome => outcome,
            };
            if leg.has_begun {
                let who = leg.who(peer);
                let is_forgiven = outcome == DialOutcome::Cancelled && was_found;
                let how = (outcome, !is_relay_proven && !is_forgiven);
                self.places.end(leg.target, who, how, limits, now);
                self.places.end(leg.network, who, how, limits, now);
            }
            let Some(target) = target else { continue };
            if outcome == DialOutcome::Success {
                if let Some(over) = &ended.over {
                    self.places.found(over.id, target.clone(), limits, now);
                }
                self.places.found(*peer, target, limits, now);
            } else if let Some(other) = other.filter(|_| outcome == DialOutcome::WrongPeer) {
                self.places.found(*other, target, limits, now);
            }
        }
        if let Some(over) = &ended.over
            && over.has_begun
        {
            // Where the relay itself was silent, that is counted at its host and port.
            let how = (outcome, is_relay_proven || !ended.legs.iter().any(|leg| leg.has_begun));
            self.places.end(over.place, over.who(peer), how, limits, now);
        }
        answered
    }

    /// Fails the address of a dial that got there for those that waited for it and that the
    /// connection does not satisfy: the attempt is gone, and what they go on with begins.
    fn fail_unsatisfied(&mut self, ended: &Attempt, now: Moment) {
        for id in &ended.wanted_by {
            let Some(request) = self.requests.get(id) else { continue };
            let candidate = self.candidate_of(ended);
            let refused = self.admits_resolved(request, candidate, &ended.resolved).err();
            let why = refused.unwrap_or(Refusal::BetterKnown);
            self.fail_for(&[*id], ended.slot, Failure::Refused(why), now);
        }
    }

    /// What is known of the address of an attempt now, or was when it began.
    pub(super) fn candidate_of<'a>(&'a self, attempt: &'a Attempt) -> &'a Candidate {
        let address = attempt.candidate.address();
        let known = self.peer(attempt.peer);
        let known = known.and_then(|known| known.candidate_as(attempt.slot, address));
        known.unwrap_or(&attempt.candidate)
    }

    /// A peer was found at the host of an address, whoever dialed.
    pub(super) fn note_found(&mut self, peer: &PeerId, target: Option<Target>, now: Moment) {
        if let Some(target) = target {
            self.places.found(*peer, target, &self.config.limits, now);
        }
    }
}
