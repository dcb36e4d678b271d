//! What the coordinator answers.

use std::cmp::Reverse;
use std::time::Duration;

use super::Dialer;
use super::attempts::Stage;
use crate::action::{Action, AttemptId, Discovery, RequestId};
use crate::error::Cause;
use crate::moment::Moment;
use crate::request::{Look, Open};

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
            self.timers.pop_first();
            let Some(request) = self.requests.get_mut(&id) else { continue };
            if request.next_at <= now {
                request.wake = None;
                self.ready.push(Reverse(id));
            } else {
                request.wake = Some(request.next_at);
                self.timers.insert((request.next_at, id));
            }
        }
        self.gates.pass(now);
        loop {
            while let Some(Reverse(id)) = self.ready.pop() {
                while self.ready.peek() == Some(&Reverse(id)) {
                    self.ready.pop();
                }
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
        let first = self.next_timer();
        Action::WaitUntil(first.into_iter().chain(self.gates.next_time()).min())
    }

    /// When the next request is to be looked at by time alone. A request whose time was put off is
    /// found here too early, and put where it belongs.
    fn next_timer(&mut self) -> Option<Moment> {
        while let Some((due, id)) = self.timers.first().copied() {
            let next = self.requests.get(&id).map_or(due, |request| request.next_at);
            if next <= due {
                return Some(due);
            }
            self.timers.pop_first();
            self.timers.insert((next, id));
            if let Some(request) = self.requests.get_mut(&id) {
                request.wake = Some(next);
            }
        }
        None
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
        let held = request.open(now);
        self.hold(id, &held);
        // Whatever is due is under way afterwards, or failed; and a failure makes the next one due,
        // or the next stage.
        let next = loop {
            let Some(request) = self.requests.get_mut(&id) else { return };
            if request.has_changed() {
                let held = request.open(now);
                self.hold(id, &held);
            }
            let Some(request) = self.requests.get(&id) else { return };
            match request.look(now) {
                Look::Due(due) => self.want(id, peer, due, now),
                Look::Until(next) => break next,
            }
        };
        let discovery = self.peer(peer).map(|peer| peer.discovery);
        let Some(request) = self.requests.get_mut(&id) else { return };
        if request.is_exhausted() && discovery != Some(Discovery::Running) {
            self.fail(id, None);
            return;
        }
        request.next_at = next;
        // One that comes too early is put off when it is the first.
        if request.wake.is_none_or(|wake| next < wake) {
            if let Some(before) = request.wake.replace(next) {
                self.timers.remove(&(before, id));
            }
            self.timers.insert((next, id));
        }
    }

    /// Attempts of a stage that does not begin yet stand in no line for this request.
    fn hold(&mut self, id: RequestId, held: &[AttemptId]) {
        for held in held.iter().copied() {
            let attempt = self.attempts.get(&held);
            if attempt.is_some_and(|attempt| matches!(attempt.stage, Stage::Waiting(_))) {
                if let Some(request) = self.requests.get_mut(&id) {
                    request.set_pending(held);
                }
                self.leave(held, id);
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
