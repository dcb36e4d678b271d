//! A coordinator with many live requests, kept so while the world around it goes on.
//!
//! Ten requests for each peer, under four policies; eight addresses for each peer, all in networks
//! of their own; limits as they come. So most peers wait for room, as they do while a network is
//! crawled, and the line is as long as it gets.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use peermark::Multiaddr;
use peermark::dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, PeerId, UserAndCertified,
};
use peermark::dialer::{
    Action, AttemptId, Config, Dialer, Discovery, Moment, Request, RequestId, TooManyRequests,
};
use peermark_provenance::DialOutcome;

use super::candidates::{Shape, Told, candidate, peer};
use crate::harness::Random;

/// When it begins.
const NOW: Moment = Moment::from_secs(1_000_000);
/// Requests for one peer.
const JOINED: usize = 10;
/// Between two events: some 100 of them a second, of 160 dials.
const STEP: Duration = Duration::from_millis(10);
/// More than a run takes.
const PATIENCE: Duration = Duration::from_secs(1_000_000);

type Policy = Arc<dyn DialPolicy + Send + Sync>;

/// A coordinator, and what its driver knows.
pub(super) struct World {
    dialer: Dialer,
    now: Moment,
    policies: [Policy; 4],
    most: usize,
    /// Whom somebody wants.
    wanted: BTreeMap<PeerId, Wanted>,
    requests: BTreeMap<RequestId, PeerId>,
    running: Vec<AttemptId>,
    /// Since the last [`World::settle`].
    cancelled: BTreeSet<AttemptId>,
    ended: Vec<(RequestId, Option<Multiaddr>)>,
    /// How many peers there have been, and how many hosts.
    peers: usize,
    hosts: usize,
    random: Random,
}

#[derive(Default)]
struct Wanted {
    requests: usize,
    candidates: Vec<Candidate>,
    connected: Vec<Multiaddr>,
}

/// Something to be asked or told about a peer; the addresses are taken out when it is.
pub(super) struct About {
    peer: PeerId,
    policy: Policy,
    candidates: Cell<Vec<Candidate>>,
}

impl World {
    /// One with so many live requests.
    pub(super) fn new(requests: usize) -> Result<Self> {
        let mut world = Self {
            dialer: Dialer::new(Config::default()),
            now: NOW,
            policies: [
                Arc::new(CertifiedFirst::default()),
                Arc::new(Any::default()),
                Arc::new(CertifiedOnly::default()),
                Arc::new(UserAndCertified::default()),
            ],
            most: requests,
            wanted: BTreeMap::new(),
            requests: BTreeMap::new(),
            running: Vec::new(),
            cancelled: BTreeSet::new(),
            ended: Vec::new(),
            peers: 0,
            hosts: 0,
            random: Random::new(),
        };
        world.settle()?;
        let live = world.dialer.stats().requests;
        ensure!(live == requests, "{live} live requests and not {requests}");
        Ok(world)
    }

    /// What is next to happen to `count` dials that are under way: one in four gets there.
    pub(super) fn outcomes(&mut self, count: usize) -> Result<Vec<(AttemptId, DialOutcome)>> {
        self.settle()?;
        self.random.shuffle(&mut self.running);
        let rest = self.running.len().saturating_sub(count);
        let chosen = self.running.split_off(rest);
        let mut outcome = |attempt| {
            let result = match self.random.below(16) {
                0..4 => DialOutcome::Success,
                4 => DialOutcome::WrongPeer,
                _ => DialOutcome::Failure,
            };
            (attempt, result)
        };
        Ok(chosen.into_iter().map(&mut outcome).collect())
    }

    /// An event, and everything that follows.
    pub(super) fn dialed(&mut self, attempt: AttemptId, result: DialOutcome) {
        let now = self.step();
        let was = self.dialer.dialed(attempt, result, now);
        assert!(was, "it was under way");
        self.poll();
    }

    /// Peers that nobody wants yet. Those that somebody began to want here are given up.
    pub(super) fn strangers(&mut self, count: usize) -> Result<Vec<About>> {
        self.give_up()?;
        (0..count).map(|_| self.stranger()).collect()
    }

    /// Peers that somebody wants, for one more who knows as much of them.
    pub(super) fn joining(&mut self, count: usize) -> Result<Vec<About>> {
        self.give_up()?;
        Ok(self.some(count).into_iter().map(|peer| self.about(peer)).collect())
    }

    /// Peers that somebody wants, with an address more than before, or less.
    pub(super) fn news(&mut self, count: usize) -> Result<Vec<About>> {
        self.settle()?;
        let mut about = Vec::with_capacity(count);
        for peer in self.some(count) {
            let n = self.host();
            let wanted = self.wanted.entry(peer).or_default();
            if wanted.candidates.len() > Shape::PUBLIC {
                wanted.candidates.pop();
            } else {
                let told = if n.is_multiple_of(2) { Told::Certified } else { Told::Dht };
                wanted.candidates.push(candidate(Shape::Quic4, n, told)?);
            }
            about.push(self.about(peer));
        }
        Ok(about)
    }

    /// A request, and everything that follows.
    pub(super) fn ask(&mut self, about: &About) -> Result<RequestId, TooManyRequests> {
        let now = self.step();
        let policy = Arc::clone(&about.policy);
        let (deadline, candidates) = (now.saturating_add(PATIENCE), about.candidates.take());
        let request = Request { candidates, ..Request::new(about.peer, policy, deadline) };
        let id = self.dialer.request(request, now)?;
        self.requests.insert(id, about.peer);
        self.poll();
        Ok(id)
    }

    /// Addresses, and everything that follows.
    pub(super) fn tell(&mut self, about: &About) {
        let now = self.step();
        self.dialer.candidates(&about.peer, about.candidates.take(), Discovery::Done, now);
        self.poll();
    }

    fn step(&mut self) -> Moment {
        self.now = self.now.saturating_add(STEP);
        self.now
    }

    fn poll(&mut self) {
        loop {
            match self.dialer.poll(self.now) {
                Action::Dial { attempt, .. } => self.running.push(attempt),
                Action::Cancel { attempt } => {
                    self.cancelled.insert(attempt);
                }
                Action::Complete { request, address, .. } => {
                    self.ended.push((request, Some(address)));
                }
                Action::Fail { request, .. } => self.ended.push((request, None)),
                Action::WaitUntil(_) => return,
            }
        }
    }

    /// Answers what was cancelled, forgets whom nobody wants any more, and fills up with requests
    /// for others.
    fn settle(&mut self) -> Result<()> {
        loop {
            let cancelled = core::mem::take(&mut self.cancelled);
            self.running.retain(|attempt| !cancelled.contains(attempt));
            for attempt in &cancelled {
                // Those that ended in the meantime were answered.
                self.dialer.dialed(*attempt, DialOutcome::Cancelled, self.now);
            }
            self.poll();
            for (request, address) in core::mem::take(&mut self.ended) {
                self.forget(request, address);
            }
            if !self.cancelled.is_empty() || !self.ended.is_empty() {
                continue;
            }
            let missing = self.most.saturating_sub(self.requests.len());
            if missing == 0 {
                return Ok(());
            }
            let about = self.stranger()?;
            let wanted = Wanted { candidates: about.candidates.take(), ..Wanted::default() };
            self.wanted.insert(about.peer, wanted);
            for n in 0..missing.min(JOINED) {
                let policy = Arc::clone(&self.policies[n % self.policies.len()]);
                let about = About { policy, ..self.about(about.peer) };
                self.ask(&about)?;
                if let Some(wanted) = self.wanted.get_mut(&about.peer) {
                    wanted.requests += 1;
                }
            }
        }
    }

    /// A request is over. Without any, its peer is left alone.
    fn forget(&mut self, request: RequestId, address: Option<Multiaddr>) {
        let Some(peer) = self.requests.remove(&request) else { return };
        let Some(wanted) = self.wanted.get_mut(&peer) else { return };
        if let Some(address) = address.filter(|address| !wanted.connected.contains(address)) {
            wanted.connected.push(address);
        }
        wanted.requests = wanted.requests.saturating_sub(1);
        if wanted.requests == 0
            && let Some(wanted) = self.wanted.remove(&peer)
        {
            for address in &wanted.connected {
                self.dialer.disconnected(&peer, address, self.now);
            }
        }
    }

    /// Cancels the requests that came last, beyond those that there have to be.
    fn give_up(&mut self) -> Result<()> {
        while self.requests.len() > self.most
            && let Some((request, _)) = self.requests.pop_last()
        {
            self.dialer.cancel(request, self.now);
        }
        self.settle()
    }

    fn stranger(&mut self) -> Result<About> {
        self.peers += 1;
        let mut candidates = Vec::with_capacity(Shape::PUBLIC);
        for shape in &Shape::ALL[..Shape::PUBLIC] {
            let told = if candidates.len() % 2 == 0 { Told::Certified } else { Told::Dht };
            candidates.push(candidate(*shape, self.host(), told)?);
        }
        let policy = Arc::clone(&self.policies[0]);
        Ok(About { peer: peer(self.peers)?, policy, candidates: Cell::new(candidates) })
    }

    /// Everything that is known of a peer.
    fn about(&self, peer: PeerId) -> About {
        let wanted = self.wanted.get(&peer);
        let candidates = wanted.map(|wanted| wanted.candidates.clone()).unwrap_or_default();
        let policy = Arc::clone(&self.policies[0]);
        About { peer, policy, candidates: Cell::new(candidates) }
    }

    /// Different peers that somebody wants.
    fn some(&mut self, count: usize) -> Vec<PeerId> {
        let mut peers: Vec<_> = self.wanted.keys().copied().collect();
        self.random.shuffle(&mut peers);
        peers.truncate(count);
        peers
    }

    fn host(&mut self) -> usize {
        self.hosts += 1;
        self.hosts
    }
}
