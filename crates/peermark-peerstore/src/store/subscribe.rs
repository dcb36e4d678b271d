//! Subscribing: a snapshot and what follows it, without a gap (S10).

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::Timestamp;

use super::Peerstore;
use super::read::{PeerAddress, copy_addresses};
use crate::engine::Engine;
use crate::entry::{PeerEntry, PeerView};
use crate::subscribers::{Subscription, TooManySubscribers};
use crate::sync::Arc;
use crate::transition::{Need, Transition};

/// The addresses of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerAddresses {
    /// The peer.
    pub peer: PeerId,
    /// Its addresses, those of its record first.
    pub addresses: Vec<PeerAddress>,
}

/// Why there is no subscription.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError<E: core::error::Error + 'static> {
    /// There are as many as are allowed.
    #[error(transparent)]
    TooMany(#[from] TooManySubscribers),
    /// The engine failed.
    #[error("peerstore: {0}")]
    Engine(#[source] E),
}

impl<E: Engine> Peerstore<E> {
    /// The addresses of a peer now, and a stream of what changes from then on.
    ///
    /// Nothing is missed between the two, and nothing in the snapshot is over. An address that
    /// expires is told when it is swept, or when something else happens to its peer.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`].
    pub fn subscribe(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<(Vec<PeerAddress>, Subscription), SubscribeError<E::Error>> {
        let subscription = self.add_subscriber(Some(*peer))?;
        let region = self.engine.region_of(peer);
        let at = self.advance(now);
        let snapshot = Snapshot { subscription: &subscription, region };
        let addresses = self.engine.update(peer, at, &snapshot).map_err(SubscribeError::Engine)?;
        Ok((addresses, subscription))
    }

    /// Shows the addresses of every peer now to `snapshot`, and answers a stream of what changes
    /// from then on.
    ///
    /// The snapshot is taken part by part; what happens in a part after it was shown is in the
    /// stream. `snapshot` runs without a lock. When there are many peers and much happens, the
    /// stream may start with [`Event::Resync`](crate::Event::Resync).
    ///
    /// # Errors
    ///
    /// [`SubscribeError`].
    pub fn subscribe_all(
        &self,
        now: Timestamp,
        mut snapshot: impl FnMut(PeerAddresses),
    ) -> Result<Subscription, SubscribeError<E::Error>> {
        let subscription = self.add_subscriber(None)?;
        let cx = self.shared().context(self.advance(now));
        for region in 0..self.engine.regions() {
            let peers = self.engine.read_region(region, |entries| {
                subscription.go_live(region);
                let views = entries.map(|entry| PeerView::new(entry, &cx));
                let copy = |view: PeerView<'_>| PeerAddresses {
                    peer: view.peer_id(),
                    addresses: copy_addresses(&view),
                };
                views.filter(|view| !view.is_empty()).map(copy).collect::<Vec<_>>()
            });
            peers.map_err(SubscribeError::Engine)?.into_iter().for_each(&mut snapshot);
        }
        Ok(subscription)
    }

    fn add_subscriber(&self, peer: Option<PeerId>) -> Result<Subscription, TooManySubscribers> {
        let limits = self.limits();
        let (regions, events) = (self.engine.regions(), limits.events);
        let subscribers = Arc::clone(self.shared().subscribers());
        let hash = |peer: PeerId| {
            let [a, b, c, d, ..] =
                self.shared().secret().hash(&peer.multihash_bytes()).to_le_bytes();
            (peer, u32::from_le_bytes([a, b, c, d]))
        };
        subscribers.subscribe(peer.map(hash), regions, events, limits.subscribers)
    }
}

/// Reads an entry that is settled, and goes live, in one step of its peer.
struct Snapshot<'a> {
    subscription: &'a Subscription,
    region: usize,
}

impl Transition for Snapshot<'_> {
    type Answer = Vec<PeerAddress>;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &crate::Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &crate::Context<'_>) -> Self::Answer {
        self.subscription.go_live(self.region);
        copy_addresses(&PeerView::new(entry, cx))
    }

    fn refuse(&self, _: crate::outcome::Room) -> Self::Answer {
        Vec::new()
    }

    fn cause(&self) -> crate::event::Cause {
        crate::event::Cause::Expiry
    }
}
