//! What the coordinator answers.

use std::time::Duration;

use peermark_provenance::Timestamp;

use super::{Dialer, Stage};
use crate::action::{Action, Discovery, RequestId};
use crate::error::Cause;
use crate::request::Request;

/// How often failures that are over are forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

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
        self.gates.pass(now);
        loop {
            while let Some(id) = self.ready.pop_first() {
                self.advance(id, now);
            }
            if !self.let_in(now) && self.ready.is_empty() {
                break;
            }
        }
        while let Some(action) = self.actions.pop_front() {
            match action {
                // It ended by itself meanwhile, and was answered.
                Action::Cancel { attempt } if !self.attempts.contains_key(&attempt) => {}
                action => return action,
            }
        }
        let first = self.timers.first().map(|(due, _)| *due);
        Action::WaitUntil(first.into_iter().chain(self.gates.next_time()).min())
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
        // Whatever is due is under way afterwards, or failed; and a failure makes the next one due,
        // or the next stage.
        loop {
            let Some(request) = self.requests.get_mut(&id) else { return };
            for held in request.open(now) {
                let attempt = self.attempts.get(&held);
                if attempt.is_some_and(|attempt| matches!(attempt.stage, Stage::Waiting(_))) {
                    if let Some(request) = self.requests.get_mut(&id) {
                        request.set_pending(held);
                    }
                    self.leave(held, id);
                }
            }
            let Some(due) = self.requests.get(&id).and_then(|request| request.due(now)) else {
                break;
            };
            self.want(id, &peer, &due, now);
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        let discovery = self.peers.get(&peer).map(|peer| peer.discovery);
        if request.is_exhausted() && discovery != Some(Discovery::Running) {
            self.fail(id, None);
            return;
        }
        let wake = request.next();
        if let Some(before) = request.wake.replace(wake) {
            self.timers.remove(&(before, id));
        }
        self.timers.insert((wake, id));
    }

    fn fail(&mut self, id: RequestId, cause: Option<Cause>) {
        let most = self.config.limits.reasons;
        if let Some(request) = self.requests.get(&id) {
            let (peer, error) = (request.peer, request.error(cause, most));
            self.actions.push_back(Action::Fail { request: id, peer, error });
            self.remove(id);
        }
    }

    /// Takes a request out, and cancels what it alone wanted (C3).
    pub(super) fn remove(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        self.ready.remove(&id);
        if let Some(wake) = request.wake {
            self.timers.remove(&(wake, id));
        }
        if let Some(peer) = self.peers.get_mut(&request.peer) {
            peer.requests.remove(&id);
        }
        for attempt in request.running() {
            self.leave(attempt, id);
        }
        self.forget_if_idle(&request.peer);
        Some(request)
    }
}
