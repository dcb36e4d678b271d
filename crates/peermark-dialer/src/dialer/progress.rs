//! What the coordinator answers.

use std::time::Duration;

use super::Dialer;
use super::attempts::Stage;
use crate::action::{Action, Discovery, RequestId};
use crate::error::Cause;
use crate::moment::Moment;
use crate::request::Open;

/// How often failures that are over are forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

impl Dialer {
    /// What to do next. To be called until it answers [`Action::WaitUntil`], after every event and
    /// at the time that it says.
    pub fn poll(&mut self, now: Moment) -> Action {
        let now = self.advance_to(now);
        if now >= self.swept.saturating_add(SWEEP_EVERY) {
            self.swept = now;
            self.places.sweep(now);
            self.backoff.sweep(&self.config.limits, now);
        }
        while let Some((due, id)) = self.timers.first().copied()
            && due <= now
        {
            self.timers.remove(&(due, id));
            if let Some(request) = self.requests.get_mut(&id) {
                request.wake = None;
            }
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
    fn advance(&mut self, id: RequestId, now: Moment) {
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
            self.want(id, peer, due, now);
        }
        let discovery = self.peer(peer).map(|peer| peer.discovery);
        let Some(request) = self.requests.get_mut(&id) else { return };
        if request.is_exhausted() && discovery != Some(Discovery::Running) {
            self.fail(id, None);
            return;
        }
        let wake = request.next();
        match request.wake.replace(wake) {
            Some(before) if before == wake => {}
            Some(before) => {
                self.timers.remove(&(before, id));
                self.timers.insert((wake, id));
            }
            None => {
                self.timers.insert((wake, id));
            }
        }
    }

    fn fail(&mut self, id: RequestId, cause: Option<Cause>) {
        let most = self.config.limits.reasons;
        let Some(request) = self.requests.get(&id) else { return };
        let Some(peer) = self.peer(request.peer) else { return };
        let (peer, error) = (peer.id, request.error(cause, peer, most));
        self.actions.push_back(Action::Fail { request: id, peer, error });
        self.remove(id);
    }

    /// Takes a request out, and cancels what it alone wanted (C3).
    pub(super) fn remove(&mut self, id: RequestId) -> Option<Open> {
        let request = self.requests.remove(&id)?;
        self.ready.remove(&id);
        if let Some(wake) = request.wake {
            self.timers.remove(&(wake, id));
        }
        if let Some(peer) = self.peer_mut(request.peer) {
            peer.requests.remove(&id);
        }
        for attempt in request.running() {
            self.leave(attempt, id);
        }
        self.gates.free_peer(request.peer);
        self.forget_if_idle(request.peer);
        Some(request)
    }
}
