//! A node that dials nothing: the tests say what happens, and read what it would do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, Classes, Multiaddr, NoDelay, PeerId, Scope,
    Scopes, UserAndCertified,
};
use peermark_dialer::{
    Action, AttemptId, Config, DialError, Dialer, Discovery, Limits, Moment, Request, RequestId,
};
use peermark_provenance::{Claim, DialHistory, DialOutcome, Expiry, Provenance, Source, Timestamp};
use peermark_testkit::dialer::world::{self, Class, Policy};

pub(crate) use peermark_testkit::dialer::world::{address, peer};

/// Addresses of four hosts in four networks.
pub(crate) const A: &str = "/ip4/1.1.1.1/tcp/1";
pub(crate) const B: &str = "/ip4/2.2.2.2/tcp/2";
pub(crate) const C: &str = "/ip4/3.3.3.3/tcp/3";
pub(crate) const D: &str = "/ip4/4.4.4.4/tcp/4";

pub(crate) const FAILED: DialOutcome = DialOutcome::Failure;
pub(crate) const CONNECTED: DialOutcome = DialOutcome::Success;

/// Everything that is claimed, into private networks too.
pub(crate) fn any() -> Policy {
    let mut policy = Any::default();
    policy.scopes = Scopes::DEFAULT.with(Scope::Private, Classes::ALL);
    Arc::new(policy)
}

pub(crate) fn certified_only() -> Policy {
    Arc::new(CertifiedOnly::default())
}

pub(crate) fn certified_first() -> Policy {
    Arc::new(CertifiedFirst::default())
}

pub(crate) fn head_start(millis: u64) -> Policy {
    Arc::new(CertifiedFirst::default().with_head_start(Duration::from_millis(millis)))
}

pub(crate) fn user_certified() -> Policy {
    Arc::new(UserAndCertified::default())
}

pub(crate) fn hearsay(text: &str) -> Candidate {
    world::candidate(address(text), Class::Hearsay)
}

pub(crate) fn certified(text: &str) -> Candidate {
    world::candidate(address(text), Class::Certified)
}

pub(crate) fn user(text: &str) -> Candidate {
    world::candidate(address(text), Class::User)
}

/// A stranger's, where a dial once succeeded.
pub(crate) fn dialed_before(text: &str) -> Candidate {
    let claim = Claim::reported(Source::DHT, Timestamp::EPOCH, Expiry::At(Timestamp::MAX));
    let mut dials = DialHistory::default();
    dials.succeeded(Timestamp::EPOCH);
    let provenance = Provenance::new([claim]).with_dials(dials);
    Candidate::new(address(text), &provenance, Timestamp::EPOCH)
}

pub(crate) struct Node {
    pub(crate) dialer: Dialer,
    /// Milliseconds.
    now: u64,
    /// What it waits for, in milliseconds.
    pub(crate) until: Option<u64>,
    numbers: BTreeMap<RequestId, usize>,
    requests: Vec<RequestId>,
    dials: BTreeMap<AttemptId, (PeerId, Multiaddr)>,
    pub(crate) errors: BTreeMap<usize, DialError>,
}

impl Node {
    /// Everything that a plan has begins at once.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut config = Config::default();
        config.ranker = Arc::new(NoDelay);
        change(&mut config.limits);
        Self::of(config)
    }

    pub(crate) fn of(config: Config) -> Self {
        Self {
            dialer: Dialer::new(config),
            now: 0,
            until: None,
            numbers: BTreeMap::new(),
            requests: Vec::new(),
            dials: BTreeMap::new(),
            errors: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        at(self.now)
    }

    /// A request for the first peer that ends after 30 seconds; they are numbered from 0.
    pub(crate) fn ask(&mut self, policy: Policy, candidates: &[Candidate]) -> usize {
        self.ask_for(1, policy, self.now + 30_000, candidates, Discovery::Done)
    }

    pub(crate) fn ask_for(
        &mut self,
        number: u32,
        policy: Policy,
        deadline: u64,
        candidates: &[Candidate],
        discovery: Discovery,
    ) -> usize {
        let candidates = candidates.to_vec();
        let request = Request::new(peer(number), policy, at(deadline));
        self.request(Request { candidates, discovery, ..request })
    }

    pub(crate) fn new_request(
        &self,
        number: u32,
        policy: Policy,
        wait: u64,
        candidates: &[Candidate],
    ) -> Request {
        let candidates = candidates.to_vec();
        Request { candidates, ..Request::new(peer(number), policy, at(self.now + wait)) }
    }

    pub(crate) fn request(&mut self, request: Request) -> usize {
        let id = self.dialer.request(request, self.now()).unwrap();
        self.numbers.insert(id, self.requests.len());
        self.requests.push(id);
        self.requests.len() - 1
    }

    pub(crate) fn learn(&mut self, candidates: &[Candidate], discovery: Discovery) {
        let now = self.now();
        self.dialer.candidates(&peer(1), candidates.to_vec(), discovery, now);
    }

    pub(crate) fn cancel(&mut self, request: usize) -> bool {
        let now = self.now();
        self.dialer.cancel(self.requests[request], now)
    }

    pub(crate) fn connected(&mut self, text: &str) {
        let now = self.now();
        self.dialer.connected(&peer(1), &address(text), now);
    }

    /// The dial of this address for the first peer that was told first and not answered ended.
    pub(crate) fn dialed(&mut self, text: &str, result: DialOutcome) {
        self.dialed_for(1, text, result);
    }

    pub(crate) fn dialed_for(&mut self, number: u32, text: &str, result: DialOutcome) {
        let (id, now) = (self.attempt(number, text), self.now());
        self.dials.remove(&id);
        assert!(self.dialer.dialed(id, result, now));
    }

    pub(crate) fn attempt(&self, number: u32, text: &str) -> AttemptId {
        let wanted = (peer(number), address(text));
        let found = self.dials.iter().find(|(_, dial)| **dial == wanted);
        *found.unwrap_or_else(|| panic!("{text} is not dialed")).0
    }

    /// What is dialed for whom and was not answered.
    pub(crate) fn under_way(&self) -> Vec<(AttemptId, PeerId, Multiaddr)> {
        self.dials.iter().map(|(id, (peer, address))| (*id, *peer, address.clone())).collect()
    }

    pub(crate) fn ended(&mut self, id: AttemptId, result: DialOutcome) {
        let now = self.now();
        assert!(self.dials.remove(&id).is_some());
        assert!(self.dialer.dialed(id, result, now));
    }

    /// A dial of which another peer than the one that was dialed answered.
    pub(crate) fn answered_by(&mut self, id: AttemptId, number: u32) {
        let now = self.now();
        assert!(self.dials.remove(&id).is_some());
        assert!(self.dialer.wrong_peer(id, &peer(number), now));
    }

    /// Milliseconds since it began.
    pub(crate) const fn millis(&self) -> u64 {
        self.now
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Everything that it says until it has nothing to do, a line each.
    pub(crate) fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            said.push(match self.dialer.poll(self.now()) {
                Action::Dial { attempt, peer, address } => {
                    let line = format!("dial {address}");
                    self.dials.insert(attempt, (peer, address));
                    line
                }
                Action::Cancel { attempt } => format!("cancel {}", self.dials[&attempt].1),
                Action::Complete { request, address, .. } => {
                    format!("{} over {address}", self.numbers[&request])
                }
                Action::Fail { request, error, .. } => {
                    let number = self.numbers[&request];
                    let line = format!("{number} failed: {}", error.cause);
                    self.errors.insert(number, error);
                    line
                }
                Action::WaitUntil(until) => {
                    assert!(until.is_none_or(|until| until > self.now()), "{until:?} is over");
                    let millis = |until: Moment| until.saturating_since(at(0)).as_millis();
                    self.until = until.map(|until| u64::try_from(millis(until)).unwrap());
                    return said;
                }
            });
        }
    }

    /// Holds what it says to what it has to.
    #[track_caller]
    pub(crate) fn says(&mut self, expected: &[String]) {
        assert_eq!(self.said(), expected, "at {} ms", self.now);
    }
}

pub(crate) fn at(millis: u64) -> Moment {
    Moment::from_secs(1_000).saturating_add(Duration::from_millis(millis))
}

pub(crate) fn dial(text: &str) -> String {
    format!("dial {text}")
}

pub(crate) fn cancel(text: &str) -> String {
    format!("cancel {text}")
}

pub(crate) fn over(request: usize, text: &str) -> String {
    format!("{request} over {text}")
}

pub(crate) fn all_failed(request: usize) -> String {
    format!("{request} failed: every address failed")
}

pub(crate) fn late(request: usize) -> String {
    format!("{request} failed: the deadline passed")
}
