//! The store: the rules on top of an engine.

mod account;
mod consume;
mod deliver;
mod floors;
mod read;
mod subscribe;

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{DialOutcome, SourceKind, Timestamp};

use crate::accounting::Usage;
use crate::clock::Moment;
use crate::engine::{Engine, Shared};
use crate::entry::Defect;
use crate::limits::Limits;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::outcome::Swept;
use crate::secret::Secret;
use crate::sync::Arc;
use crate::transition::{Clear, RemoveAddresses, ReportDial, Retract, SetConnected, SetLifetime};

pub use consume::{ConsumeError, Unverified};
pub use deliver::Report;
pub use read::{PeerAddress, RoutingRecord};
pub use subscribe::{PeerAddresses, SubscribeError};

/// A peer store: addresses with their provenance, certified records, floors.
///
/// Every method takes `now`, and any thread may call any method. Time only moves forward: an
/// earlier `now` than one that was seen counts as that one (S14).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark_identity::Keypair;
/// use peermark_peer_record::{Dialect, PeerRecord};
/// use peermark_peerstore::{Config, Outcome, Peerstore};
/// use peermark_provenance::{Source, Timestamp, TrustClass};
///
/// let store = Peerstore::in_memory(Config::default());
/// let (alice, now, hour) =
///     (Keypair::generate_ed25519()?, Timestamp::from_secs(1), Duration::from_secs(3600));
/// let record = |seq: u64| {
///     let addresses = ["/ip4/192.0.2.1/tcp/4001".parse().unwrap()];
///     PeerRecord::new(alice.peer_id(), seq.into(), addresses).certify(&alice, Dialect::PeerRecord)
/// };
/// let (old, new) = (record(1)?.into_bytes(), record(2)?.into_bytes());
///
/// // Whoever relays it, the signature decides.
/// let applied = store.consume(&new, &Source::DHT, hour, now)?;
/// assert_eq!(applied.outcome, Outcome::Inserted);
///
/// // Hearsay lives beside it, and is told apart.
/// let hearsay = ["/ip4/198.51.100.1/tcp/4001".parse()?];
/// let _ = store.report(&alice.peer_id(), &hearsay, &Source::DHT, hour, now)?;
/// let addresses = store.addresses(&alice.peer_id(), now)?;
/// let classes: Vec<_> = addresses.iter().map(|address| address.class).collect();
/// assert_eq!(classes, [TrustClass::Certified, TrustClass::ThirdParty]);
///
/// // An older record does not come back, not even when the newer one is long gone.
/// let later = now.saturating_add(hour);
/// assert!(store.addresses(&alice.peer_id(), later)?.is_empty());
/// let replay = store.consume(&old, &Source::DHT, hour, later)?;
/// assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Peerstore<E = Memory> {
    engine: E,
}

/// How to make a store.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// What it may hold.
    pub limits: Limits,
    /// What keys its hashes.
    pub secret: Secret,
    /// Who counts what happens.
    pub metrics: Arc<dyn Metrics>,
    /// The envelopes that [`Peerstore::consume`] reads.
    pub envelopes: peermark_envelope::Limits,
}

impl Default for Config {
    /// The default limits, a random secret, and nobody who counts.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            secret: Secret::random(),
            metrics: Arc::new(()),
            envelopes: peermark_envelope::Limits::default(),
        }
    }
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Config").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Peerstore<Memory> {
    /// An empty store in memory.
    #[must_use]
    pub fn in_memory(config: Config) -> Self {
        Self::new(Memory::new(Shared::new(config)))
    }
}

impl<E: Engine> Peerstore<E> {
    /// A store on top of an engine.
    #[must_use]
    pub const fn new(engine: E) -> Self {
        Self { engine }
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// The engine, for what it alone can do.
    #[must_use]
    pub const fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// The engine alone: to be closed, where it can be.
    #[must_use]
    pub fn into_engine(self) -> E {
        self.engine
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.shared().limits()
    }

    /// Changes how long the claims of one kind of source live, from now. Answers how many claims
    /// there are.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn set_ttl(
        &self,
        peer: &PeerId,
        kind: SourceKind,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<usize, E::Error> {
        self.engine.update(peer, self.advance(now), &SetLifetime::new(kind, ttl))
    }

    /// Takes back all claims of one kind of source. Answers how many there were; what others claim
    /// too stays.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn retract(
        &self,
        peer: &PeerId,
        kind: SourceKind,
        now: Timestamp,
    ) -> Result<usize, E::Error> {
        self.engine.update(peer, self.advance(now), &Retract::new(kind))
    }

    /// Removes addresses, whoever claims them, and answers how many were there. With its last
    /// certified address the record goes (S5); its floor stays (S3).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn remove(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        now: Timestamp,
    ) -> Result<usize, E::Error> {
        self.engine.update(peer, self.advance(now), &RemoveAddresses::new(*peer, addresses))
    }

    /// Removes all addresses of a peer and its record, and answers whether there were any. Its
    /// floor stays: what is older does not come back (S3).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn clear(&self, peer: &PeerId, now: Timestamp) -> Result<bool, E::Error> {
        self.engine.update(peer, self.advance(now), &Clear)
    }

    /// A dial of an address ended (P6). A success is a claim of its own, for `ttl`, or until that
    /// long after the peer disconnects. Answers whether the store has the address.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn dialed(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        outcome: DialOutcome,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, E::Error> {
        let transition = ReportDial::new(*peer, address, outcome, ttl);
        let reported = self.engine.update(peer, self.advance(now), &transition)?;
        self.count_evicted(reported.evicted);
        Ok(reported.known)
    }

    /// The first connection to a peer opened (S7): what identify and dials claim does not expire
    /// until it disconnects. Answers whether there is room to know it.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn connected(&self, peer: &PeerId, now: Timestamp) -> Result<bool, E::Error> {
        self.engine.update(peer, self.advance(now), &SetConnected::new(true))
    }

    /// The last connection to a peer closed (S7): the time of those claims starts to run.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn disconnected(&self, peer: &PeerId, now: Timestamp) -> Result<(), E::Error> {
        self.engine.update(peer, self.advance(now), &SetConnected::new(false)).map(|_| ())
    }

    /// Lets go of what is over, looking at no more than `budget` entries (S6). Reads are right
    /// whether or not anybody sweeps; sweeping gives memory back and tells subscribers.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn sweep(&self, now: Timestamp, budget: usize) -> Result<Swept, E::Error> {
        self.engine.sweep(self.advance(now), budget)
    }

    /// When something may end next, by the clock that was shown: when to sweep again. Never later than
    /// it does; earlier where a claim lives longer by now. `None` if nothing ends.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let at = self.shared().clock().last();
        self.engine.next_due().map(|due| at.to_shown(due))
    }

    /// What is held, swept or not.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.engine.usage()
    }

    /// Proves that the whole structure is what it has to be. Slow: it verifies every signature. For
    /// tests, fuzzing, and operators who want to know.
    ///
    /// # Errors
    ///
    /// The first invariant that does not hold.
    pub fn check(&self) -> Result<(), Defect> {
        self.engine.check()
    }

    fn shared(&self) -> &Shared {
        self.engine.shared()
    }

    fn advance(&self, now: Timestamp) -> Moment {
        self.shared().advance(now)
    }
}
