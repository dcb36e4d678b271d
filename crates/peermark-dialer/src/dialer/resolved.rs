//! What a name in an address turned out to be.

use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};
use peermark_dial_policy::{Refusal, check_address, check_scope};

use super::Dialer;
use super::attempts::Stage;
use crate::action::AttemptId;
use crate::budget::Room;
use crate::error::{Failure, NotAdmitted};
use crate::moment::Moment;
use crate::target::Target;

impl Dialer {
    /// The name in an attempt's address resolved to `ip`, and that is about to be dialed. The scope
    /// of the address is judged by every request that wants it (D4): for a request that does not admit
    /// it, the address failed. And the host is one more target of the attempt (C4).
    ///
    /// Ask right before a socket is opened: what was asked for last is taken for what was reached,
    /// and the others for tried in vain. To say that an earlier one was reached, ask for it again.
    ///
    /// # Errors
    ///
    /// It must not be dialed. Try another address of the name, or answer the attempt with
    /// [`DialOutcome::Failure`](peermark_provenance::DialOutcome::Failure).
    pub fn resolved(
        &mut self,
        attempt: AttemptId,
        ip: IpAddr,
        now: Moment,
    ) -> Result<(), NotAdmitted> {
        let Some(running) = self.attempts.get(&attempt) else {
            return Err(NotAdmitted(Failure::Unfinished));
        };
        let host = match ip {
            IpAddr::V4(ip) => Protocol::Ip4(ip),
            IpAddr::V6(ip) => Protocol::Ip6(ip),
        };
        let rest = running.candidate.address().iter().skip(1);
        let address = core::iter::once(host).chain(rest).collect();
        self.resolved_to(attempt, address, now)
    }

    /// The same for a `dnsaddr`, which resolves to whole addresses.
    ///
    /// # Errors
    ///
    /// It must not be dialed, as with [`Self::resolved`].
    pub fn resolved_to(
        &mut self,
        attempt: AttemptId,
        address: Multiaddr,
        now: Moment,
    ) -> Result<(), NotAdmitted> {
        let now = self.advance_to(now);
        let running = self.attempts.get(&attempt);
        let Some(running) = running.filter(|running| running.stage == Stage::Dialing) else {
            return Err(NotAdmitted(Failure::Unfinished));
        };
        if running.resolved.contains(&address) {
            self.make_last(attempt, &address);
            return Ok(());
        }
        // A name that stands for many hosts is a way to have them all dialed.
        if running.resolved.len() >= self.config.limits.dials_per_target {
            return Err(NotAdmitted(Failure::Refused(Refusal::TooMany)));
        }
        let Some(peer) = self.peer(running.peer).map(|known| known.id) else {
            return Err(NotAdmitted(Failure::Unfinished));
        };
        let candidate = self.candidate_of(running).resolved_to(address.clone());
        check_address(&self.config.target(peer), &candidate)
            .map_err(|reason| NotAdmitted(reason.into()))?;
        let mut refused = Vec::new();
        for id in &running.wanted_by {
            let Some(request) = self.requests.get(id) else { continue };
            if let Err(reason) = check_scope(&candidate, &*request.policy) {
                refused.push((*id, Failure::Refused(reason)));
            }
        }
        if refused.len() == running.wanted_by.len()
            && let Some((_, reason)) = refused.first()
        {
            return Err(NotAdmitted(*reason));
        }
        let slot = running.slot;
        if let Some(target) = Target::of(&address) {
            let mut leg = self.leg(&peer, &candidate, target);
            let is_known =
                |known: &super::attempts::Leg| known.target == leg.target && known.has_begun;
            let running = self.attempts.get(&attempt);
            let is_counted = running.is_some_and(|running| running.legs.iter().any(is_known));
            let limits = &self.config.limits;
            let in_network = self.places.room(leg.network, leg.who(&peer), limits, now);
            let at_target = self.places.room(leg.target, leg.who(&peer), limits, now);
            let is_full = in_network.max(at_target) != Room::Free;
            if is_counted || is_full {
                self.places.release(leg.target, limits);
                self.places.release(leg.network, limits);
            } else {
                self.places.begin(leg.target, leg.who(&peer));
                self.places.begin(leg.network, leg.who(&peer));
                leg.has_begun = true;
                if let Some(running) = self.attempts.get_mut(&attempt) {
                    running.legs.push(leg);
                }
            }
            if is_counted {
                self.make_last(attempt, &address);
            } else if is_full {
                return Err(NotAdmitted(Failure::TargetExhausted));
            }
        }
        if let Some(running) = self.attempts.get_mut(&attempt) {
            running.resolved.push(address);
        }
        for (id, reason) in refused {
            self.leave(attempt, id);
            self.fail_for(&[id], slot, reason, now);
        }
        Ok(())
    }

    /// What was resolved before is what was reached, or is about to be.
    fn make_last(&mut self, attempt: AttemptId, address: &Multiaddr) {
        let Some(running) = self.attempts.get_mut(&attempt) else { return };
        let target = Target::of(address);
        let at = |leg: &super::attempts::Leg| self.places.target(leg.target) == target.as_ref();
        // The first is the name itself.
        let place = running.legs.iter().skip(1).position(at).map(|place| place.saturating_add(1));
        if let Some(legs) = place.and_then(|place| running.legs.get_mut(place..)) {
            legs.rotate_left(1);
        }
    }
}
