//! What is checked of each action.

use std::collections::HashSet;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, Dial, DialKey, Refusal, Start, Transport};
use peermark_dialer::{AttemptId, Cause, DialError, Discovery, Failure, Moment, RequestId, Stats};
use peermark_provenance::TrustClass;

use super::{Asked, Dialing, Over, Watched, proven};
use crate::dialer::limits::Trip;

/// Where an address stands in the plan of a request.
pub(super) struct Listed {
    is_first_stage: bool,
    stage: usize,
    delay: Duration,
}

impl Watched {
    pub(super) fn listed(&self, asked: &Asked, address: &Multiaddr) -> Option<Listed> {
        let keys = &self.peers[&asked.peer].keys;
        let key = DialKey::of(address);
        asked.plan.stages().enumerate().find_map(|(place, stage)| {
            let mut dials = stage.dials.iter();
            let dial = dials.find(|dial| keys[dial.candidate()] == key)?;
            Some(Listed { is_first_stage: place == 0, stage: place, delay: dial.delay() })
        })
    }

    /// Whether this request was certainly told to dial this address by now.
    pub(super) fn has_joined(&self, id: &RequestId, address: &Multiaddr) -> bool {
        let asked = &self.requests[id];
        let listed = self.listed(asked, address).filter(|listed| listed.is_first_stage);
        let due = listed.zip(asked.acted);
        due.is_some_and(|(listed, acted)| acted.saturating_add(listed.delay) <= self.settled)
    }

    pub(super) fn check_dial(
        &mut self,
        id: AttemptId,
        peer: PeerId,
        address: &Multiaddr,
        now: Moment,
    ) {
        let limits = &self.config.limits;
        let known = &self.peers[&peer];
        let key = DialKey::of(address);
        let is_same = |other: &AttemptId| self.attempts[other].key == key;
        assert!(!known.attempts.iter().any(is_same), "{address} is dialed twice at a time (C1)");
        assert!(self.attempts.len() < limits.dials, "more than {} dials (C4)", limits.dials);
        let of_peer = known.attempts.len();
        assert!(of_peer < limits.dials_per_peer, "{of_peer} more dials to one peer (C4)");
        let trip = self.trip(peer, address);
        let has_room = self.places.have_room(&trip, limits, now);
        assert!(has_room, "more dials to the place of {address} than are allowed (C4)");
        if let Some(denied) = self.denied.get(&(peer, key.clone())) {
            let until = denied.saturating_add(Duration::from_secs(1));
            assert!(until <= now, "{address} is tried again before {until} (C7)");
        }
        if let Some(failed) = self.failures.get(&(peer, key.clone())) {
            let until = failed.saturating_add(limits.backoff);
            assert!(until <= now, "{address} is not left alone until {until} (C4)");
        }
        let mut requests = known.requests.iter().map(|id| &self.requests[id]);
        let is_wanted = requests.any(|asked| self.may_dial(asked, address, now));
        assert!(is_wanted, "nobody wants {address} of {peer} at {now} (C1, D2)");
        let trip = self.places.begin(trip, &self.config.limits, now);
        self.peers.get_mut(&peer).expect("a peer").attempts.insert(id);
        let address = address.clone();
        let dialing =
            Dialing { peer, address, key, is_cancelled: false, trip, resolved: Vec::new() };
        assert!(self.attempts.insert(id, dialing).is_none(), "{id} is given out twice");
        self.counts.dials += 1;
    }

    /// Whether a request may have this address dialed now.
    fn may_dial(&self, asked: &Asked, address: &Multiaddr, now: Moment) -> bool {
        let Some(listed) = self.listed(asked, address) else { return false };
        if asked.failed.contains(&DialKey::of(address)) {
            return false;
        }
        let candidates = &self.peers[&asked.peer].candidates;
        let addresses = |dials: &[Dial]| -> Vec<_> {
            dials.iter().map(|dial| candidates[dial.candidate()].address()).collect()
        };
        // Not before its time, unless something failed.
        let planned = asked.asked.saturating_add(listed.delay);
        let may_have_failed = |address: &&Multiaddr| self.may_have_failed(asked, address);
        let may_hurry =
            asked.may_hurry || addresses(asked.plan.dials()).iter().any(may_have_failed);
        if now < planned && !may_hurry {
            return false;
        }
        // Not before its stage.
        let mut better = asked.plan.stages().take(listed.stage);
        let all_failed = better.all(|stage| addresses(stage.dials).iter().all(may_have_failed));
        let start = asked.plan.stages().nth(listed.stage).map(|stage| stage.start);
        all_failed
            || match start {
                Some(Start::Now | Start::IfNone) => true,
                Some(Start::After(delay)) => now >= asked.asked.saturating_add(delay),
                _ => false,
            }
    }

    /// Whether an address may have failed for a request: it did, or it was left alone, or its host
    /// was.
    fn may_have_failed(&self, asked: &Asked, address: &Multiaddr) -> bool {
        let limits = &self.config.limits;
        let key = DialKey::of(address);
        let of_peer = (asked.peer, key.clone());
        let failed = self.maybe_left.get(&of_peer);
        let until = failed.map(|failed| failed.saturating_add(limits.backoff_most));
        asked.failed.contains(&key)
            || asked.maybe_failed.contains(&key)
            || self.may_refuse(asked, &key)
            || until.is_some_and(|until| until >= asked.asked)
            || self.places.were_full_since(&self.trip(asked.peer, address), asked.asked, limits)
    }

    /// Whether a request that joins the dial of an address may refuse what its name resolved to
    /// before.
    fn may_refuse(&self, asked: &Asked, key: &DialKey) -> bool {
        let attempts = &self.peers[&asked.peer].attempts;
        let attempts = attempts.iter().map(|id| &self.attempts[id]);
        let mut resolved = attempts.filter(|it| it.key == *key).flat_map(|it| &it.resolved);
        resolved.any(|it| !self.admits_resolved(asked, key, it, true))
    }

    pub(super) fn check_cancel(&mut self, id: AttemptId) {
        let attempt = self.attempts.get_mut(&id).expect("cancelled, and not under way");
        assert!(!attempt.is_cancelled, "{id} is cancelled twice");
        attempt.is_cancelled = true;
        let attempt = attempt.clone();
        let wants = |id: &&RequestId| {
            let may_have_failed = self.may_have_failed(&self.requests[id], &attempt.address);
            !may_have_failed && self.has_joined(id, &attempt.address)
        };
        let wanted_by = self.peers[&attempt.peer].requests.iter().find(wants);
        assert_eq!(wanted_by, None, "{} is wanted and cancelled (C3)", attempt.address);
        self.counts.cancels += 1;
    }

    /// Whether a connection does what was asked for.
    fn admits(&self, asked: &Asked, over: &Over, is_every: bool) -> bool {
        let known = &self.peers[&asked.peer];
        let is_admitted = |it: &Multiaddr| self.admits_resolved(asked, &over.key, it, is_every);
        if !over.resolved.iter().all(is_admitted) {
            return false;
        }
        let address = &over.address;
        if known.keys.contains(&over.key) {
            if self.listed(asked, address).is_some() {
                return true;
            }
            // It is not dialed. Whether it is for its own sake is asked of it alone.
            let mut spelled = known.candidates.iter().filter(|it| it.address() == address);
            return spelled.any(|it| {
                let alone = self.plan(asked.peer, &asked.policy, core::slice::from_ref(it));
                let best = asked.plan.stages().next().map(|stage| stage.number);
                let stage = alone.stages().next().map(|stage| (stage.number, stage.start));
                stage.is_some_and(|(number, start)| {
                    start != Start::IfNone || best.is_none_or(|best| best >= number)
                })
            });
        }
        let unknown = [proven(address.clone())];
        // Among the others, because it may be one that is dialed only where there is no better one.
        let all = [&known.candidates[..], &unknown].concat();
        let plan = self.plan(asked.peer, &asked.policy, &all);
        plan.stage_of(all.len() - 1).is_some()
    }

    pub(super) fn check_complete(&mut self, id: RequestId, peer: PeerId, address: &Multiaddr) {
        let asked = &self.requests[&id];
        assert_eq!(asked.peer, peer, "{id}");
        let over = |over: &&Over| over.address == *address;
        let mut connections = self.peers[&peer].connections.iter().filter(over).peekable();
        assert!(connections.peek().is_some(), "{id} is done over {address}: no connection");
        let is_admitted = connections.any(|over| self.admits(asked, over, false));
        assert!(is_admitted, "{asked:?} does not admit {address} (C1)");
        self.close(id);
        self.counts.completed += 1;
    }

    pub(super) fn check_fail(
        &mut self,
        id: RequestId,
        peer: PeerId,
        error: &DialError,
        now: Moment,
    ) {
        let asked = &self.requests[&id];
        assert_eq!(asked.peer, peer, "{id}");
        assert!(error.addresses.len() <= self.config.limits.reasons, "{error}");
        let known = &self.peers[&peer];
        let is_late = error.cause == Cause::Deadline;
        assert_eq!(is_late, now >= asked.deadline, "{id} at {now}: {error}");
        if !is_late {
            assert_eq!(known.discovery, Discovery::Done, "{id} gives up too early: {error}");
            let open = error.addresses.iter().find(|(_, why)| *why == Failure::Unfinished);
            assert_eq!(open, None, "{id} gives up too early");
            // Each host once, however often it is spelled.
            let dials = asked.plan.dials().iter().map(|dial| &known.keys[dial.candidate()]);
            let tried = dials.collect::<HashSet<_>>().len();
            assert!(error.addresses.len() + error.omitted >= tried, "{error}");
        }
        for (address, why) in &error.addresses {
            if matches!(why, Failure::Refused(reason) if *reason != Refusal::TooMany) {
                // What its name resolved to may be what is refused.
                let is_over = self.may_have_failed(asked, address);
                let is_listed = self.listed(asked, address).is_some();
                assert!(is_over || !is_listed, "{address} is refused and in the plan: {error}");
            }
        }
        self.close(id);
        self.counts.failed += 1;
    }

    pub(super) fn check_wait(&mut self, until: Option<Moment>, now: Moment) {
        self.settled = self.settled.max(now);
        let deadline = self.deadlines.first().map(|(deadline, _)| *deadline);
        assert!(until.is_none_or(|until| until > now), "{until:?} is over at {now}");
        assert!(deadline.is_none_or(|deadline| deadline > now), "a request outlives its deadline");
        match (until, deadline) {
            (Some(until), Some(deadline)) => assert!(until <= deadline, "{until} is too late"),
            (None, None) => {}
            _ => panic!("it waits until {until:?}; the next deadline is {deadline:?}"),
        }
        let stats = self.dialer.stats();
        assert_eq!(stats.requests, self.requests.len());
        assert_eq!(stats.attempts, self.attempts.len());
        assert!(stats.attempts > 0 || stats.waiting == 0, "nothing is under way: {stats:?}");
        self.counts.most = most(self.counts.most, stats);
    }

    /// Looks at everything, after it said that there is nothing to do: what is under way is wanted,
    /// whoever could be satisfied is, and whatever could be under way is.
    ///
    /// # Panics
    ///
    /// Where that is not so.
    pub fn check_all(&mut self) {
        let now = self.settled;
        for asked in self.requests.values_mut() {
            asked.acted = asked.acted.or(Some(now));
        }
        for attempt in self.attempts.values().filter(|attempt| !attempt.is_cancelled) {
            let requests = &self.peers[&attempt.peer].requests;
            let lists =
                |id: &RequestId| self.listed(&self.requests[id], &attempt.address).is_some();
            let is_wanted = requests.iter().any(lists);
            assert!(is_wanted, "nobody wants {}, and it is not cancelled (C3)", attempt.address);
        }
        let ids: Vec<_> = self.requests.keys().copied().collect();
        for id in ids {
            self.check_request(&id, now);
        }
    }

    fn check_request(&mut self, id: &RequestId, now: Moment) {
        let asked = &self.requests[id];
        let known = &self.peers[&asked.peer];
        let over = known.connections.iter().find(|over| self.admits(asked, over, true));
        assert!(over.is_none(), "{asked:?} is connected over {over:?} and waits (C1)");
        let limits = &self.config.limits;
        // What groups may keep from one another is for the tests of D11.
        let groups: HashSet<_> = known.candidates.iter().map(group).collect();
        let kept = groups.len().max(1 + limits.dials_per_peer / 4);
        let is_full = self.attempts.len() >= limits.dials
            || known.attempts.len() + kept > limits.dials_per_peer;
        let mut left_alone = Vec::new();
        for stage in asked.plan.stages().take(1) {
            for dial in stage.dials {
                let address = known.candidates[dial.candidate()].address();
                let key = &known.keys[dial.candidate()];
                let of_peer = (asked.peer, key.clone());
                let failed = self.maybe_left.get(&of_peer);
                let most = limits.backoff_most;
                let is_left = failed.is_some_and(|failed| failed.saturating_add(most) > now);
                // Where a stranger has none, there may be a line of them.
                let stranger = PeerId::from_bytes(&[0, 0]).expect("nobody");
                let trip = Trip::of(stranger, address, false, |_| false);
                let has_room = !self.places.were_full_since(&trip, now, limits);
                if is_left || !has_room || self.may_refuse(asked, key) {
                    left_alone.push(key.clone());
                }
                let is_under_way = known.attempts.iter().any(|id| self.attempts[id].key == *key);
                let is_over = self.may_have_failed(asked, address);
                let excused = is_full || !has_room || is_left || is_under_way || is_over;
                let due = self.has_joined(id, address);
                assert!(excused || !due, "{address} is due and not dialed, for {asked:?} at {now}");
            }
        }
        let asked = self.requests.get_mut(id).expect("an open request");
        asked.maybe_failed.extend(left_alone);
    }
}

/// What shares slots: a class, a scope, a transport.
fn group(candidate: &Candidate) -> (Option<TrustClass>, Option<bool>, Transport) {
    let traits = candidate.traits();
    let scope = candidate.scope().filter(|_| !traits.is_circuit()).map(|scope| scope.is_local());
    (candidate.class(), scope, traits.transport())
}

fn most(a: Stats, b: Stats) -> Stats {
    let mut most = a;
    most.requests = a.requests.max(b.requests);
    most.attempts = a.attempts.max(b.attempts);
    most.waiting = a.waiting.max(b.waiting);
    most.peers = a.peers.max(b.peers);
    most.backed_off = a.backed_off.max(b.backed_off);
    most.targets = a.targets.max(b.targets);
    most
}
