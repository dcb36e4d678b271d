//! Subscribers, each with a copy of what it was told (S10).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream as _;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peerstore::{
    Engine, Event, PeerAddress, PeerAddresses, Peerstore, SubscribeError, Subscription,
};
use peermark_provenance::{Timestamp, TrustClass};

use crate::peerstore::ops::universe;

/// The subscribers of one store.
#[derive(Debug, Default)]
pub(super) struct Mirrors(Vec<Mirror>);

#[derive(Debug)]
struct Mirror {
    subscription: Subscription,
    peer: Option<PeerId>,
    known: Known,
    /// Whether every event has to fit what is known. Not after some were lost; and the snapshot of
    /// all peers leaves out what is over and not swept, of which the end is told nevertheless.
    strict: bool,
    lost: bool,
}

type Known = BTreeMap<(PeerId, Multiaddr), TrustClass>;

/// Subscribers at a time, at most.
const MOST: usize = 4;

impl Mirrors {
    pub(super) fn subscribe<E: Engine>(
        &mut self,
        store: &Peerstore<E>,
        peer: Option<usize>,
        now: Timestamp,
    ) {
        if self.0.len() >= MOST {
            return;
        }
        let peer = peer.map(universe::peer_id);
        let mut known = Known::new();
        let result = match peer {
            Some(peer) => store.subscribe(&peer, now).map(|(addresses, subscription)| {
                add(&mut known, peer, addresses);
                subscription
            }),
            None => store.subscribe_all(now, |PeerAddresses { peer, addresses, .. }| {
                add(&mut known, peer, addresses);
            }),
        };
        let limit = store.limits().subscribers;
        match result {
            Ok(subscription) => {
                assert!(self.0.len() < limit, "a subscriber above the limit");
                let strict = peer.is_some();
                self.0.push(Mirror { subscription, peer, known, strict, lost: false });
            }
            Err(SubscribeError::TooMany(error)) => {
                assert_eq!((error.limit, self.0.len()), (limit, limit), "a subscriber too few");
            }
            Err(error) => panic!("subscribing: {error}"),
        }
    }

    pub(super) fn poll(&mut self, which: usize, context: &dyn Fn() -> String) {
        let count = self.0.len().max(1);
        if let Some(mirror) = self.0.get_mut(which % count) {
            mirror.drain(context);
        }
    }

    pub(super) fn drop_one(&mut self, which: usize) {
        if !self.0.is_empty() {
            self.0.remove(which % self.0.len());
        }
    }

    /// Each knows what the store has: to be asked when everything that is over was swept.
    pub(super) fn compare<E: Engine>(
        &mut self,
        store: &Peerstore<E>,
        now: Timestamp,
        context: &dyn Fn() -> String,
    ) {
        let mut all = Known::new();
        for peer in universe::peer_ids() {
            add(&mut all, *peer, store.addresses(peer, now).expect("this engine cannot fail"));
        }
        for mirror in &mut self.0 {
            mirror.drain(context);
            let mut has = all.clone();
            has.retain(|(peer, _), _| mirror.peer.is_none_or(|only| only == *peer));
            if std::mem::take(&mut mirror.lost) {
                mirror.known = has;
                mirror.strict = true;
            } else {
                assert_eq!(mirror.known, has, "{}: what a subscriber knows", context());
            }
        }
    }
}

fn add(known: &mut Known, peer: PeerId, addresses: Vec<PeerAddress>) {
    for PeerAddress { address, class, .. } in addresses {
        assert_eq!(known.insert((peer, address), class), None, "an address twice");
    }
}

impl Mirror {
    fn drain(&mut self, context: &dyn Fn() -> String) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(event) = Pin::new(&mut self.subscription).poll_next(&mut cx) {
            let event = event.unwrap_or_else(|| panic!("{}: a stream ended", context()));
            let about = event.peer().copied();
            let other = about.is_some() && self.peer.is_some() && about != self.peer;
            assert!(!other, "{}: {event:?} is about another peer", context());
            let fits = self.take(&event);
            assert!(fits || !self.strict, "{}: {event:?} does not fit", context());
        }
        assert_eq!(self.subscription.try_next(), None, "{}: more than all", context());
    }

    /// Answers whether the event fits what is known.
    fn take(&mut self, event: &Event) -> bool {
        match event {
            Event::Added { peer, address, class, .. } => {
                self.known.insert((*peer, address.clone()), *class).is_none()
            }
            Event::Changed { peer, address, class, .. } => {
                let before = self.known.insert((*peer, address.clone()), *class);
                before.is_some_and(|before| before != *class)
            }
            Event::Removed { peer, address, .. } => {
                self.known.remove(&(*peer, address.clone())).is_some()
            }
            Event::Resync => {
                (self.lost, self.strict) = (true, false);
                true
            }
            _ => true,
        }
    }
}
