//! What an engine is: a place where entries are kept, one peer at a time atomically.
//!
//! The rules are in the [transitions](crate::Transition) and in [`update`], which runs them; an engine
//! stores. `docs/storage-contract.md` has what it must guarantee, and the conformance suite of the
//! testkit asks for all of it.

mod entries;
mod update;

use peermark_envelope::Limits as EnvelopeLimits;
use peermark_identity::PeerId;
use peermark_provenance::Timestamp;

use crate::Context;
use crate::accounting::Usage;
use crate::clock::{ClockState, Moment, StoreClock};
use crate::entry::{Defect, Floor, PeerEntry, Remnant};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::outcome::{Applied, Swept};
use crate::secret::Secret;
use crate::store::Config;
use crate::subscribers::Subscribers;
use crate::sync::Arc;
use crate::transition::{Repeat, Transition};

pub use entries::{Choice, Entries, FloorChoice};
pub use update::{expire, update};

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

    /// Runs a transition on the entry of `peer`, by [`update`].
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails. Nothing was stored that was not confirmed.
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

    /// Takes in a record that is held already, byte for byte: `None` where it is not. It changes how
    /// long the record lives, and neither what the entry costs nor what subscribers see, so that an
    /// engine may do it without its usual care; one that writes to a disk may put it off.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn repeat(
        &self,
        peer: &PeerId,
        at: Moment,
        repeat: &Repeat<'_>,
    ) -> Result<Option<Applied>, Self::Error> {
        self.update(peer, at, repeat)
    }

    /// Reads the entry of `peer`, if anything but a floor is held. What has ended may be in it: read
    /// it by a [`PeerView`](crate::PeerView).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Self::Error>;

    /// Reads the entries of many peers, in their order (G1). An engine that has transactions makes
    /// one of them; one in memory waits for the memory of all of them at once.
    fn view_many<R>(
        &self,
        peers: &[PeerId],
        mut read: impl FnMut(Option<&PeerEntry>) -> R,
    ) -> Vec<Result<R, Self::Error>> {
        peers.iter().map(|peer| self.view(peer, &mut read)).collect()
    }

    /// The floor of `peer` that counts at this moment, that of a held record included.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn floor(&self, peer: &PeerId, at: Moment) -> Result<Option<Floor>, Self::Error>;

    /// What is left of a peer of which nothing else is held.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn remnant(&self, peer: &PeerId) -> Result<Option<Remnant>, Self::Error>;

    /// In how many regions the entries are, each with a lock of its own.
    fn regions(&self) -> usize;

    /// In which region the entry of `peer` is, or would be.
    fn region_of(&self, peer: &PeerId) -> usize;

    /// Reads the entries of one region, while nothing in it changes, in no particular order.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn read_region<R>(
        &self,
        region: usize,
        read: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Self::Error>;

    /// Removes what has ended, looking at no more than `budget` entries.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Self::Error>;

    /// When something may end next, in store time; never later than it does. Floors are not asked.
    fn next_due(&self) -> Option<Timestamp>;

    /// What is held.
    fn usage(&self) -> Usage;

    /// Proves the invariants of the whole structure. Slow: it verifies every signature.
    ///
    /// # Errors
    ///
    /// Returns the first invariant that does not hold.
    fn check(&self) -> Result<(), Defect>;
}

/// What engine and store share: limits, secret, time, subscribers, metrics.
pub struct Shared {
    pub(crate) limits: Limits,
    pub(crate) secret: Secret,
    pub(crate) clock: StoreClock,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) metrics: Arc<dyn Metrics>,
    pub(crate) envelopes: EnvelopeLimits,
}

impl Shared {
    /// For a store of this configuration, at the beginning of its time.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { limits, secret, metrics, envelopes } = config;
        let (subscribers, clock) = (Arc::default(), StoreClock::default());
        Self { limits, secret, clock, subscribers, metrics, envelopes }
    }

    /// Continues from a clock that was stored.
    #[must_use]
    pub fn resume(self, clock: ClockState) -> Self {
        Self { clock: StoreClock::restore(clock), ..self }
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

    /// The subscribers.
    #[must_use]
    pub const fn subscribers(&self) -> &Arc<Subscribers> {
        &self.subscribers
    }

    /// The receiver of counters.
    #[must_use]
    pub fn metrics(&self) -> &dyn Metrics {
        &*self.metrics
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &StoreClock {
        &self.clock
    }

    /// Shows the clock, and returns the moment that it is.
    pub fn advance(&self, shown: Timestamp) -> Moment {
        self.clock.advance(shown, &self.limits)
    }

    /// The context for rules at this moment.
    #[must_use]
    pub fn context(&self, at: Moment) -> Context<'_> {
        Context::new(at, &self.limits, &self.secret)
    }
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
