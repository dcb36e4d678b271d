//! What the coordinator answers.

use std::collections::BTreeSet;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_provenance::Timestamp;

use super::{Attempt, Dialer};
use crate::action::{Action, AttemptId, Discovery, RequestId};
use crate::error::{Cause, Failure};
use crate::target::{Room, Target};

/// How often failures that are over are forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// What became of an address whose time has come.
enum Begun {
    Running(AttemptId),
    Failed(Failure),
    Waiting,
}

impl Dialer {
    /// What to do next. To be called until it answers [`Action::WaitUntil`], after every event and
    /// at the time that it says.
    pub fn poll(&mut self, now: Timestamp) -> Action {
        let now = self.advance_to(now);
        if now >= self.swept.saturating_add(SWEEP_EVERY) {
            self.swept = now;
            self.targets.sweep(now);
            self.backoff.sweep(&self.config.limits, now);
        }
        while let Some((due, id)) = self.timers.first().copied()
            && due <= now
        {
            self.timers.remove(&(due, id));
            self.ready.insert(id);
        }
        loop {
            while let Some(id) = self.ready.pop_first() {
                self.advance(id, now);
            }
            let free = self.config.limits.dials.saturating_sub(self.attempts.len());
            let count = free.min(self.waiting.len());
            if count == 0 {
                break;
            }
            self.ready.extend((0..count).filter_map(|_| self.waiting.pop()));
        }
        match self.actions.pop_front() {
            Some(action) => action,
            None => Action::WaitUntil(self.timers.first().map(|(due, _)| *due)),
        }
    }

    /// Does what is due for a request.
    fn advance(&mut self, id: RequestId, now: Timestamp) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        if now >= request.deadline {
            self.fail(id, Some(Cause::Deadline));
            return;
        }
        let peer = request.peer;
        loop {
            let Some(request) = self.requests.get_mut(&id) else { return };
            request.begin(now);
            let mut failed = false;
            for address in request.due(now) {
                let begun = self.begin(id, &peer, &address, now);
                let Some(request) = self.requests.get_mut(&id) else { return };
                match begun {
                    Begun::Running(attempt) => request.set_running(&address, attempt),
                    Begun::Waiting => request.set_waiting(&address),
                    Begun::Failed(failure) => {
                        request.fail(&address, failure, now);
                        failed = true;
                    }
                }
            }
            // A failure makes the next one due, or the next stage.
            if !failed {
                break;
            }
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        let discovery = self.peers.get(&peer).map(|peer| peer.discovery);
        if request.is_exhausted() && discovery != Some(Discovery::Running) {
            self.fail(id, None);
            return;
        }
        let wake = if request.is_exhausted() { request.deadline } else { request.next() };
        if let Some(before) = request.wake.replace(wake) {
            self.timers.remove(&(before, id));
        }
        self.timers.insert((wake, id));
    }

    /// Dials an address, joins a dial of it, or says why not.
    fn begin(
        &mut self,
        id: RequestId,
        peer: &PeerId,
        address: &Multiaddr,
        now: Timestamp,
    ) -> Begun {
        let limits = &self.config.limits;
        let Some(known) = self.peers.get_mut(peer) else {
            return Begun::Failed(Failure::Unfinished);
        };
        if let Some(attempt) = known.attempts.get(address) {
            let Some(running) = self.attempts.get_mut(attempt) else { return Begun::Waiting };
            if running.is_cancelled {
                // It is dialed again when that has ended: never twice at a time.
                return Begun::Waiting;
            }
            running.wanted_by.insert(id);
            return Begun::Running(*attempt);
        }
        if let Some(until) = self.backoff.until(peer, address, now) {
            return Begun::Failed(Failure::BackedOff { until });
        }
        if known.attempts.len() >= limits.dials_per_peer {
            return Begun::Waiting;
        }
        let target = Target::of(address);
        if let Some(target) = &target {
            match self.targets.room(target, peer, limits, now) {
                Room::Free => {}
                Room::Exhausted => return Begun::Failed(Failure::TargetExhausted),
                Room::Busy => {
                    let network = target.network();
                    self.waiting_for.entry(network.clone()).or_default().push(id);
                    if let Some(request) = self.requests.get_mut(&id) {
                        request.waits_for.insert(network);
                    }
                    return Begun::Waiting;
                }
            }
        }
        if self.attempts.len() >= limits.dials {
            self.waiting.push(id);
            return Begun::Waiting;
        }
        let Some(candidate) = known.candidates.iter().find(|c| c.address() == address).cloned()
        else {
            return Begun::Failed(Failure::Unfinished);
        };
        let attempt = AttemptId(self.id());
        if let Some(target) = &target {
            self.targets.begin(target);
        }
        if let Some(known) = self.peers.get_mut(peer) {
            known.attempts.insert(address.clone(), attempt);
        }
        self.attempts.insert(
            attempt,
            Attempt {
                peer: *peer,
                candidate,
                wanted_by: BTreeSet::from([id]),
                is_cancelled: false,
                targets: target.into_iter().collect(),
            },
        );
        self.actions.push_back(Action::Dial { attempt, peer: *peer, address: address.clone() });
        Begun::Running(attempt)
    }

    fn fail(&mut self, id: RequestId, cause: Option<Cause>) {
        let most = self.config.limits.reasons;
        if let Some(request) = self.remove(id) {
            let error = request.error(cause, most);
            self.actions.push_back(Action::Fail { request: id, peer: request.peer, error });
        }
    }
}
