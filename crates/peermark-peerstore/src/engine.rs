//! What an engine is: a place where entries are kept, one peer at a time atomically.
//!
//! The rules are in the [transitions](crate::Transition); an engine runs them and stores what comes
//! out. `docs/storage-contract.md` has what it must guarantee, and the conformance suite of the
//! testkit asks for all of it.

use peermark_envelope::Limits as EnvelopeLimits;
use peermark_identity::PeerId;
use peermark_provenance::Timestamp;

use crate::Context;
use crate::entry::{Defect, Floor, PeerEntry};
use crate::evidence::Evidence;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::outcome::Swept;
use crate::ratchet::{Moment, Ratchet};
use crate::secret::Secret;
use crate::store::Config;
use crate::sync::Arc;
use crate::transition::Transition;

/// A place where entries are kept.
///
/// Calls may come from many threads at once. For one peer they are atomic: each sees what the one
/// before it left.
pub trait Engine: Send + Sync {
    /// Why an entry could not be read or stored. An engine that cannot fail says
    /// [`Infallible`](core::convert::Infallible).
    type Error: core::error::Error + Send + Sync + 'static;

    /// What the engine shares with the store on top of it.
    fn shared(&self) -> &Shared;

    /// Runs a transition on the entry of `peer`, as [`Transition`] says.
    ///
    /// # Errors
    ///
    /// The engine's. Nothing was stored that was not confirmed.
    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Self::Error>;

    /// Runs many, in their order, with an answer for each (G1). An engine that has transactions
    /// makes one of them.
    fn update_many<T: Transition>(
        &self,
        items: &[(PeerId, T)],
        at: Moment,
    ) -> Vec<Result<T::Answer, Self::Error>> {
        items.iter().map(|(peer, transition)| self.update(peer, at, transition)).collect()
    }

    /// Reads the entry of `peer`, if anything but a floor is held. It may not be settled: read it
    /// by a [`PeerView`](crate::PeerView).
    ///
    /// # Errors
    ///
    /// The engine's.
    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Self::Error>;

    /// Reads the entries of many peers, in their order (G1). An engine that has transactions makes
    /// one of them.
    fn view_many<R>(
        &self,
        peers: &[PeerId],
        mut read: impl FnMut(Option<&PeerEntry>) -> R,
    ) -> Vec<Result<R, Self::Error>> {
        peers.iter().map(|peer| self.view(peer, &mut read)).collect()
    }

    /// The floor of `peer`, that of a held record included, be it over or not.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn floor(&self, peer: &PeerId) -> Result<Option<Floor>, Self::Error>;

    /// In how many regions the entries are, each with a lock of its own.
    fn regions(&self) -> usize;

    /// In which region the entry of `peer` is, or would be.
    fn region_of(&self, peer: &PeerId) -> usize;

    /// Reads the entries of one region, while nothing in it changes, in no particular order.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn read_region<R>(
        &self,
        region: usize,
        read: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Self::Error>;

    /// Lets go of what is over, looking at no more than `budget` entries.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Self::Error>;

    /// When the next claim ends; never later than that, and exactly then unless the claim was taken
    /// back meanwhile. Floors are not asked.
    fn next_due(&self) -> Option<Timestamp>;

    /// What is held.
    fn usage(&self) -> Usage;

    /// Proves the invariants of the whole structure. Slow: it verifies every signature.
    ///
    /// # Errors
    ///
    /// The first that does not hold.
    fn check(&self) -> Result<(), Defect>;
}

/// What an engine holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Peers with an address, or connected; some of it may be over and not swept.
    pub peers: usize,
    /// Records.
    pub records: usize,
    /// Bytes, by the store's own reckoning.
    pub bytes: u64,
    /// Floors of peers of which nothing else is held.
    pub floors: usize,
}

/// What engine and store share: limits, secret, time, subscribers, metrics.
pub struct Shared {
    pub(crate) limits: Limits,
    pub(crate) secret: Secret,
    pub(crate) ratchet: Ratchet,
    pub(crate) hub: Arc<Hub>,
    pub(crate) evidence: Evidence,
    pub(crate) metrics: Arc<dyn Metrics>,
    pub(crate) envelopes: EnvelopeLimits,
}

impl Shared {
    /// For a store of this configuration, at the beginning of its time.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { limits, secret, metrics, envelopes } = config;
        Self {
            evidence: Evidence::default(),
            hub: Arc::default(),
            ratchet: Ratchet::default(),
            limits,
            secret,
            metrics,
            envelopes,
        }
    }

    /// Continues at a moment that was stored.
    #[must_use]
    pub fn resume(self, at: Moment) -> Self {
        Self { ratchet: Ratchet::restore(at), ..self }
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Who is told of changes.
    #[must_use]
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Who counts.
    #[must_use]
    pub fn metrics(&self) -> &dyn Metrics {
        &*self.metrics
    }

    /// The proofs of equivocation that are kept.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The time now, moved on to `now`.
    pub fn advance(&self, now: Timestamp) -> Moment {
        self.ratchet.advance(now, self.limits.floor_step)
    }

    /// The context for rules at this moment.
    #[must_use]
    pub fn context(&self, at: Moment) -> Context<'_> {
        Context::new(at.now, at.floor_secs(), &self.limits, &self.secret)
    }
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
