//! The coordinator: events in, actions out.

mod attempts;
mod connections;
mod ended;
mod events;
mod progress;
mod resolved;
mod room;
mod start;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{HappyEyeballs, Ranker, Target as PlanTarget};

use crate::action::{Action, AttemptId, RequestId};
use crate::backoff::Backoff;
use crate::gates::Gates;
use crate::ids::IdMap;
use crate::limits::Limits;
use crate::moment::Moment;
use crate::peer::{Peer, PeerKey};
use crate::places::Places;
use crate::request::Open;
use crate::slab::Slab;

use attempts::Attempt;

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
/// use peermark_dialer::{Action, Config, Dialer, Moment, Request};
/// use peermark_provenance::DialOutcome;
///
/// let (now, deadline) = (Moment::from_secs(100), Moment::from_secs(130));
/// let mut dialer = Dialer::new(Config::default());
/// let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let candidates = vec![Candidate::explicit("/ip4/1.2.3.4/tcp/4001".parse()?)];
/// let request =
///     Request { candidates, ..Request::new(peer, Arc::new(Any::default()), deadline) };
/// let asked = dialer.request(request, now)?;
///
/// let Action::Dial { attempt, .. } = dialer.poll(now) else { panic!("nothing to dial") };
/// assert_eq!(dialer.poll(now), Action::WaitUntil(Some(deadline)));
/// // ... the driver dials, and a handshake proves that the peer is there ...
/// dialer.dialed(attempt, DialOutcome::Success, now);
/// let Action::Complete { request, .. } = dialer.poll(now) else { panic!("not done") };
/// assert_eq!(request, asked);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dialer {
    config: Config,
    /// The latest time that was seen: it does not go back.
    now: Moment,
    peers: Slab<Peer>,
    by_id: HashMap<PeerId, PeerKey>,
    requests: IdMap<RequestId, Open>,
    attempts: IdMap<AttemptId, Box<Attempt>>,
    /// How many of the attempts are under way: those that were cancelled and not answered included.
    dialing: usize,
    timers: BTreeSet<(Moment, RequestId)>,
    /// Requests to be looked at, some more than once.
    ready: BinaryHeap<Reverse<RequestId>>,
    /// Attempts that wait for others to end.
    gates: Gates,
    actions: VecDeque<Action>,
    places: Places,
    backoff: Backoff,
    swept: Moment,
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
        // Which of too many are left out is decided per request, after judging.
        target.most = usize::MAX;
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
    /// A coordinator without requests.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            now: Moment::ORIGIN,
            peers: Slab::default(),
            by_id: HashMap::new(),
            requests: IdMap::default(),
            attempts: IdMap::default(),
            dialing: 0,
            timers: BTreeSet::new(),
            ready: BinaryHeap::new(),
            gates: Gates::default(),
            actions: VecDeque::new(),
            places: Places::default(),
            backoff: Backoff::default(),
            swept: Moment::ORIGIN,
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
            targets: self.places.targets(),
        }
    }

    /// The peers that open requests are for, in no order: whose addresses a driver has to look up
    /// anew when it may have missed news of them.
    pub fn wanted(&self) -> impl Iterator<Item = &PeerId> {
        let wanted = self.peers.iter().filter(|(_, peer)| !peer.requests.is_empty());
        wanted.map(|(_, peer)| &peer.id)
    }

    fn id(&mut self) -> u64 {
        self.next_id = self.next_id.saturating_add(1);
        self.next_id
    }

    fn advance_to(&mut self, now: Moment) -> Moment {
        self.now = self.now.max(now);
        self.now
    }

    fn peer(&self, key: PeerKey) -> Option<&Peer> {
        self.peers.get(key.0)
    }

    fn peer_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key.0)
    }

    /// The number of a peer, which it gets now where it has none.
    fn peer_key(&mut self, id: &PeerId) -> PeerKey {
        if let Some(key) = self.by_id.get(id) {
            return *key;
        }
        let key = PeerKey(self.peers.insert(Peer::new(*id)));
        self.by_id.insert(*id, key);
        key
    }
}

impl core::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Dialer").field("now", &self.now).field("stats", &self.stats()).finish()
    }
}
