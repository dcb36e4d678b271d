//! The coordinator: events in, actions out.

mod connections;
mod events;
mod progress;
mod resolved;
mod start;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, HappyEyeballs, Ranker, Target as PlanTarget};
use peermark_provenance::Timestamp;

use crate::action::{Action, AttemptId, Discovery, RequestId};
use crate::backoff::Backoff;
use crate::gates::{Gate, Gates};
use crate::limits::Limits;
use crate::request::Request;
use crate::target::{Target, Targets};

use connections::Connection;

/// A coordinator of parallel dials: it takes events and the time, and answers actions.
///
/// Drive it like this: tell it what happens; then call [`poll`](Self::poll) and do what it says,
/// until it says [`Action::WaitUntil`]. The same events at the same times give the same actions
/// (C6).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use peermark_dial_policy::{Any, Candidate};
/// use peermark_dialer::{Action, Config, Dialer, Discovery};
/// use peermark_provenance::{DialOutcome, Timestamp};
///
/// let (now, deadline) = (Timestamp::from_secs(100), Timestamp::from_secs(130));
/// let mut dialer = Dialer::new(Config::default());
/// let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let candidates = vec![Candidate::explicit("/ip4/1.2.3.4/tcp/4001".parse()?)];
/// let asked =
///     dialer.request(peer, Arc::new(Any::default()), deadline, candidates, Discovery::Done, now)?;
///
/// let Action::Dial { attempt, .. } = dialer.poll(now) else { panic!("nothing to dial") };
/// assert_eq!(dialer.poll(now), Action::WaitUntil(Some(deadline)));
/// // ... somebody dials, and proves that the peer is there ...
/// dialer.dialed(attempt, DialOutcome::Success, now);
/// let Action::Complete { request, .. } = dialer.poll(now) else { panic!("not done") };
/// assert_eq!(request, asked);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dialer {
    config: Config,
    /// The latest time that was seen: it does not go back.
    now: Timestamp,
    peers: BTreeMap<PeerId, Peer>,
    requests: BTreeMap<RequestId, Request>,
    attempts: BTreeMap<AttemptId, Attempt>,
    /// How many of the attempts are under way: those that were cancelled and not answered included.
    dialing: usize,
    timers: BTreeSet<(Timestamp, RequestId)>,
    /// Requests to be looked at.
    ready: BTreeSet<RequestId>,
    /// Attempts that wait for others to end.
    gates: Gates,
    actions: VecDeque<Action>,
    targets: Targets,
    backoff: Backoff,
    swept: Timestamp,
    next_id: u64,
}

/// How to make a [`Dialer`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// What it does at most.
    pub limits: Limits,
    /// This node's peer id: it does not dial itself.
    pub local: Option<PeerId>,
    /// The addresses that this node listens on, as they are seen from outside.
    pub own: Vec<Multiaddr>,
    /// When each address of a stage is dialed.
    pub ranker: Arc<dyn Ranker + Send + Sync>,
}

impl Config {
    /// This node dials `peer`.
    fn target(&self, peer: PeerId) -> PlanTarget<'_> {
        let mut target = PlanTarget::new(peer);
        target.local = self.local;
        target.own = &self.own;
        target
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            local: None,
            own: Vec::new(),
            ranker: Arc::new(HappyEyeballs::default()),
        }
    }
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Config")
            .field("limits", &self.limits)
            .field("local", &self.local)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

/// What is known of one peer while somebody wants it, or is connected to it.
#[derive(Debug, Default)]
struct Peer {
    candidates: Vec<Candidate>,
    discovery: Discovery,
    requests: BTreeSet<RequestId>,
    /// The attempts that somebody wants: they are under way, or wait for room.
    attempts: BTreeMap<Multiaddr, AttemptId>,
    /// The attempts that nobody wants any more, and that were not answered yet.
    cancelled: BTreeMap<Multiaddr, AttemptId>,
    /// How many attempts are under way, of both kinds.
    dialing: usize,
    connections: Vec<Connection>,
}

impl Peer {
    fn is_idle(&self) -> bool {
        self.requests.is_empty()
            && self.attempts.is_empty()
            && self.cancelled.is_empty()
            && self.connections.is_empty()
    }

    fn candidate(&self, address: &Multiaddr) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.address() == address)
    }
}

#[derive(Debug)]
struct Attempt {
    peer: PeerId,
    candidate: Candidate,
    /// The requests that want it; none once it is cancelled.
    wanted_by: BTreeSet<RequestId>,
    stage: Stage,
    /// What it connects to: by its address, and by what a name in it resolved to.
    targets: Vec<Target>,
    /// What a name in its address resolved to.
    resolved: Vec<Multiaddr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// It has stood in no line yet.
    New,
    /// It waits before this gate, and was not told to anybody.
    Waiting(Gate),
    Dialing,
    /// It is under way, and nobody wants it.
    Cancelled,
}

/// What a [`Dialer`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Open requests.
    pub requests: usize,
    /// Dials under way, those that were cancelled and not answered included.
    pub attempts: usize,
    /// Dials that wait for room.
    pub waiting: usize,
    /// Peers that somebody wants, or is connected to.
    pub peers: usize,
    /// Addresses that failed and are remembered.
    pub backed_off: usize,
    /// Hosts and ports whose failures are remembered, or that are dialed.
    pub targets: usize,
}

impl Dialer {
    /// A coordinator that was asked for nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            now: Timestamp::EPOCH,
            peers: BTreeMap::new(),
            requests: BTreeMap::new(),
            attempts: BTreeMap::new(),
            dialing: 0,
            timers: BTreeSet::new(),
            ready: BTreeSet::new(),
            gates: Gates::default(),
            actions: VecDeque::new(),
            targets: Targets::default(),
            backoff: Backoff::default(),
            swept: Timestamp::EPOCH,
            next_id: 0,
        }
    }

    /// What it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            requests: self.requests.len(),
            attempts: self.dialing,
            waiting: self.gates.waiting(),
            peers: self.peers.len(),
            backed_off: self.backoff.len(),
            targets: self.targets.len(),
        }
    }

    fn id(&mut self) -> u64 {
        self.next_id = self.next_id.saturating_add(1);
        self.next_id
    }

    fn advance_to(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        self.now
    }
}

impl core::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Dialer").field("now", &self.now).field("stats", &self.stats()).finish()
    }
}
