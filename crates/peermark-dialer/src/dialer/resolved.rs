//! What a name in an address turned out to be.

use std::collections::BTreeSet;
use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};
use peermark_dial_policy::{Refusal, check_address, check_scope};
use peermark_provenance::Timestamp;

use super::{Dialer, Stage};
use crate::action::AttemptId;
use crate::error::{Failure, NotAdmitted};
use crate::target::{Room, Target};

impl Dialer {
    /// The name in an attempt's address resolved to `ip`, and that is about to be dialed. The scope
    /// of the address is judged by every request that wants it (D4): whoever does not admit it takes
    /// that for a failure of the address. And the host is one more target of the attempt (C4).
    ///
    /// # Errors
    ///
    /// It must not be dialed. Try another address of the name, or answer the attempt with
    /// [`DialOutcome::Failure`](peermark_provenance::DialOutcome::Failure).
    pub fn resolved(
        &mut self,
        attempt: AttemptId,
        ip: IpAddr,
        now: Timestamp,
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
        now: Timestamp,
    ) -> Result<(), NotAdmitted> {
        let now = self.advance_to(now);
        let running = self.attempts.get(&attempt);
        let Some(running) = running.filter(|running| running.stage == Stage::Dialing) else {
            return Err(NotAdmitted(Failure::Unfinished));
        };
        if running.resolved.contains(&address) {
            return Ok(());
        }
        // A name that stands for many hosts is a way to have them all dialed.
        if running.resolved.len() >= self.config.limits.dials_per_target {
            return Err(NotAdmitted(Failure::Refused(Refusal::TooMany)));
        }
        let known = self.peers.get(&running.peer);
        let candidate = known.and_then(|known| known.candidate(running.candidate.address()));
        let candidate = candidate.unwrap_or(&running.candidate).resolved_to(address.clone());
        check_address(&self.config.target(running.peer), &candidate)
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
        let target = Target::of(&address).filter(|target| !running.targets.contains(target));
        if let Some(target) = &target {
            let (peer, limits) = (&running.peer, &self.config.limits);
            let in_network = self.targets.room_in(&target.network(), peer, limits, now);
            let at_target = self.targets.room(target, peer, limits, now);
            if in_network.max(at_target) != Room::Free {
                return Err(NotAdmitted(Failure::TargetExhausted));
            }
            self.targets.begin(target);
        }
        let Some(running) = self.attempts.get_mut(&attempt) else { return Ok(()) };
        running.targets.extend(target);
        running.resolved.push(address);
        let address = running.candidate.address().clone();
        for (id, reason) in refused {
            self.leave(attempt, id);
            self.fail_for(&BTreeSet::from([id]), &address, reason, now);
        }
        Ok(())
    }
}
