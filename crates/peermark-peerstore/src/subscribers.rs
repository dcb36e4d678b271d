//! Telling subscribers of changes (S10).
//!
//! An engine tells of each change while it holds the lock of the place where it happens, a *region*; a
//! new subscriber takes the snapshot of a region under that lock and is live for it from then on. So
//! there is no gap between a snapshot and the first event, and nothing is told twice.
//!
//! A subscriber that does not fetch keeps a bounded queue: when it is full, its content is dropped for
//! one [`Event::Resync`].
//!
//! A subscriber of one peer costs the updates of others one read of a counter: subscriptions are
//! counted in slots by the hash of the peer.

use core::pin::Pin;
use core::task::{Context as TaskContext, Poll, Waker};
use std::collections::{HashMap, VecDeque};

use futures_core::Stream;
use peermark_identity::PeerId;
use peermark_provenance::TrustClass;

use crate::entry::{PeerEntry, PeerView};
use crate::event::{Cause, Event};
use crate::metrics::{Evicted, Metrics};
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, lock};

/// Slots in which subscriptions of one peer are counted.
const SLOTS: usize = 1 << 10;

/// The subscribers of one store.
#[derive(Debug)]
pub struct Subscribers {
    inner: Mutex<Inner>,
    /// How many there are, to be read without the lock; of all peers; and of one peer, by the slot of
    /// its hash.
    count: AtomicUsize,
    of_all: AtomicUsize,
    of_peer: Box<[AtomicUsize]>,
}

impl Default for Subscribers {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            count: AtomicUsize::new(0),
            of_all: AtomicUsize::new(0),
            of_peer: (0..SLOTS).map(|_| AtomicUsize::new(0)).collect(),
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    of_all: Vec<Arc<Queue>>,
    of_peer: HashMap<PeerId, Vec<Arc<Queue>>>,
}

#[derive(Debug)]
struct Queue {
    /// The peer, and its hash.
    peer: Option<(PeerId, u32)>,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    lost: bool,
    waker: Option<Waker>,
    /// The regions whose snapshot was taken; all of them for one peer.
    live: Vec<bool>,
}

/// There are as many subscribers as the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} subscriptions are open, as many as are allowed")]
#[non_exhaustive]
pub struct TooManySubscribers {
    /// [`Limits::subscribers`](crate::Limits::subscribers).
    pub limit: usize,
}

impl Subscribers {
    /// Whether a subscriber may want to know what happens to the peer with this hash: if not, telling
    /// can be spared.
    #[must_use]
    pub fn follow(&self, hash: u32) -> bool {
        self.of_all.load(Ordering::Acquire) > 0
            || self.slot(hash).is_some_and(|slot| slot.load(Ordering::Acquire) > 0)
    }

    fn slot(&self, hash: u32) -> Option<&AtomicUsize> {
        let slot = usize::try_from(hash).unwrap_or(0) & const { SLOTS - 1 };
        self.of_peer.get(slot)
    }

    /// The counter of what this queue follows.
    fn counter(&self, queue: &Queue) -> Option<&AtomicUsize> {
        queue.peer.map_or(Some(&self.of_all), |(_, hash)| self.slot(hash))
    }

    /// Adds a subscriber of one peer, with its hash, or of all in `regions` regions, none of them live yet. To be
    /// followed by a snapshot of each region, under its lock, and [`Subscription::go_live`].
    ///
    /// # Errors
    ///
    /// There are `limit` of them.
    pub fn subscribe(
        self: &Arc<Self>,
        peer: Option<(PeerId, u32)>,
        regions: usize,
        capacity: usize,
        limit: usize,
    ) -> Result<Subscription, TooManySubscribers> {
        let state = State { live: vec![false; regions], ..State::default() };
        let queue = Arc::new(Queue { peer, capacity: capacity.max(1), state: Mutex::new(state) });
        let mut inner = lock(&self.inner);
        if self.count.load(Ordering::Acquire) >= limit {
            return Err(TooManySubscribers { limit });
        }
        match peer {
            Some((peer, _)) => inner.of_peer.entry(peer).or_default().push(Arc::clone(&queue)),
            None => inner.of_all.push(Arc::clone(&queue)),
        }
        self.count.fetch_add(1, Ordering::AcqRel);
        if let Some(counter) = self.counter(&queue) {
            counter.fetch_add(1, Ordering::AcqRel);
        }
        Ok(Subscription { hub: Arc::clone(self), queue })
    }

    /// Tells `event` to those who want it, from a region whose lock is held; from no region, it is
    /// told to all of them, live or not.
    pub fn tell(&self, region: Option<usize>, event: &Event, metrics: &dyn Metrics) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut wakers = Vec::new();
        {
            let inner = lock(&self.inner);
            let of_peer = event.peer().and_then(|peer| inner.of_peer.get(peer));
            for queue in inner.of_all.iter().chain(of_peer.into_iter().flatten()) {
                wakers.extend(queue.push(region, event, metrics));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells everybody to start over, instead of what they did not fetch yet: for engines that lost
    /// what they had told.
    pub fn resync(&self, metrics: &dyn Metrics) {
        let mut wakers = Vec::new();
        {
            let inner = lock(&self.inner);
            for queue in inner.of_all.iter().chain(inner.of_peer.values().flatten()) {
                let mut state = lock(&queue.state);
                state.events = VecDeque::new();
                state.lost = true;
                metrics.evicted(Evicted::Events);
                wakers.extend(state.waker.take());
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn leave(&self, queue: &Arc<Queue>) {
        let mut inner = lock(&self.inner);
        let is_other = |other: &Arc<Queue>| !Arc::ptr_eq(other, queue);
        match &queue.peer {
            None => inner.of_all.retain(is_other),
            Some((peer, _)) => {
                if let Some(queues) = inner.of_peer.get_mut(peer) {
                    queues.retain(is_other);
                    if queues.is_empty() {
                        inner.of_peer.remove(peer);
                    }
                }
            }
        }
        self.count.fetch_sub(1, Ordering::AcqRel);
        if let Some(counter) = self.counter(queue) {
            counter.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Queue {
    fn push(&self, region: Option<usize>, event: &Event, metrics: &dyn Metrics) -> Option<Waker> {
        let mut state = lock(&self.state);
        let is_live = region.is_none_or(|region| state.live.get(region) == Some(&true));
        if !is_live {
            return None;
        }
        if state.events.len() >= self.capacity {
            state.events = VecDeque::new();
            state.lost = true;
            metrics.evicted(Evicted::Events);
        }
        state.events.push_back(event.clone());
        state.waker.take()
    }
}

/// A stream of events. Dropping it ends the subscription; it never ends by itself.
#[derive(Debug)]
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription {
    hub: Arc<Subscribers>,
    queue: Arc<Queue>,
}

impl Subscription {
    /// From here on, what happens in this region is told: for engines, under the region's lock.
    pub fn go_live(&self, region: usize) {
        if let Some(live) = lock(&self.queue.state).live.get_mut(region) {
            *live = true;
        }
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn try_next(&mut self) -> Option<Event> {
        Self::take(&mut lock(&self.queue.state))
    }

    /// Waits for the next event, on any runtime. A subscription does not end. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            let next = core::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx));
            if let Some(event) = next.await {
                return event;
            }
        }
    }

    fn take(state: &mut State) -> Option<Event> {
        if core::mem::take(&mut state.lost) {
            return Some(Event::Resync);
        }
        state.events.pop_front()
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Event>> {
        let mut state = lock(&self.queue.state);
        if let Some(event) = Self::take(&mut state) {
            return Poll::Ready(Some(event));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.queue);
    }
}

/// The addresses of an entry and their classes at one moment, to tell what changed since.
#[derive(Debug, Default)]
pub struct Before(Vec<(Box<[u8]>, TrustClass)>);

impl Before {
    /// What the entry holds, ended or not.
    #[must_use]
    pub fn of(entry: &PeerEntry) -> Self {
        let addresses = PeerView::whole(entry);
        let addresses = addresses.addresses();
        Self(addresses.map(|a| (a.address().as_bytes().into(), a.class())).collect())
    }

    /// How `after` differs.
    #[must_use]
    pub fn changes(self, after: &PeerEntry, cause: Cause) -> Vec<Event> {
        let mut events = Vec::new();
        let peer = after.peer_id();
        let view = PeerView::whole(after);
        let address = |bytes: &[u8]| {
            peermark_provenance::Address::dangerous_assume_normalized(bytes).to_multiaddr()
        };
        for (bytes, _) in &self.0 {
            if view.address(bytes).is_none() {
                events.push(Event::Removed { peer, address: address(bytes), cause });
            }
        }
        for now in view.addresses() {
            let (bytes, class) = (now.address().as_bytes(), now.class());
            match self.0.iter().find(|(before, _)| **before == *bytes) {
                None => events.push(Event::Added { peer, address: address(bytes), class, cause }),
                Some((_, before)) if *before != class => {
                    events.push(Event::Changed { peer, address: address(bytes), class, cause });
                }
                Some(_) => {}
            }
        }
        events
    }
}
