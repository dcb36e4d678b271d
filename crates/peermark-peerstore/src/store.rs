//! The store: the rules on top of an engine.

mod account;
mod consume;
mod floors;
mod read;
mod subscribe;

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_provenance::{DialOutcome, Source, SourceKind, Timestamp};

use crate::engine::{Engine, Shared, Usage};
use crate::entry::Defect;
use crate::limits::Limits;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::outcome::{Applied, Lifetime, Reported, Swept};
use crate::ratchet::Moment;
use crate::secret::Secret;
use crate::sync::Arc;
use crate::transition::{
    ApplyRecord, Clear, RemoveAddresses, ReportAddresses, ReportDial, Retract, SetConnected,
    SetLifetime,
};

pub use consume::ConsumeError;
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

    /// Applies a certified record, whoever delivered it, to live for `ttl` (S1, S2).
    ///
    /// A record that is no newer, or that the store has no room for, is an
    /// [`Outcome`](crate::Outcome) and no error.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn apply(
        &self,
        record: &CertifiedRecord,
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, E::Error> {
        let at = self.advance(now);
        let peer = record.peer_id();
        let applied = self.engine.update(&peer, at, &ApplyRecord::new(record, source, ttl))?;
        self.account(&applied, record, source);
        Ok(applied)
    }

    /// Applies many records, each with an answer of its own, in their order (G1).
    pub fn apply_many(
        &self,
        records: &[CertifiedRecord],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Vec<Result<Applied, E::Error>> {
        let at = self.advance(now);
        let item =
            |record| (CertifiedRecord::peer_id(record), ApplyRecord::new(record, source, ttl));
        let items: Vec<_> = records.iter().map(item).collect();
        let answers = self.engine.update_many(&items, at);
        for (record, answer) in records.iter().zip(&answers) {
            if let Ok(applied) = answer {
                self.account(applied, record, source);
            }
        }
        answers
    }

    /// Adds addresses that a source reports, to live for `ttl`. A claim of the same source that is
    /// there lives until the later of its two ends. A `ttl` of zero takes the source's claims on
    /// them back.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn report(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        self.report_for(peer, addresses, source, ttl, Lifetime::Extend, now)
    }

    /// As [`Self::report`], and a claim that is there ends when this says, be it earlier.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn set(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        self.report_for(peer, addresses, source, ttl, Lifetime::Set, now)
    }

    fn report_for(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        let at = self.advance(now);
        let transition = ReportAddresses::new(*peer, addresses, source, ttl, lifetime);
        let reported = self.engine.update(peer, at, &transition)?;
        let metrics = self.shared().metrics();
        let not_taken = reported.dropped.saturating_add(reported.refused);
        metrics.reported(source.kind(), addresses.len().saturating_sub(not_taken), not_taken);
        self.count_evicted(reported.evicted);
        if let Some(refusal) = reported.refusal {
            metrics.refused(source.kind(), refusal);
            tracing::debug!(%peer, %source, %refusal, "addresses refused");
        }
        Ok(reported)
    }

    /// Changes how long the claims of one kind of source live, from now. Answers how many claims
    /// there are.
    ///
    /// # Errors
    ///
    /// The engine's.
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
    /// The engine's.
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
    /// The engine's.
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
    /// The engine's.
    pub fn clear(&self, peer: &PeerId, now: Timestamp) -> Result<bool, E::Error> {
        self.engine.update(peer, self.advance(now), &Clear)
    }

    /// A dial of an address ended (P6). A success is a claim of its own, for `ttl`, or until that
    /// long after the peer disconnects; one that was cancelled changes nothing. Returns whether the store
    /// has the address.
    ///
    /// # Errors
    ///
    /// The engine's.
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
    /// The engine's.
    pub fn connected(&self, peer: &PeerId, now: Timestamp) -> Result<bool, E::Error> {
        self.engine.update(peer, self.advance(now), &SetConnected::new(true))
    }

    /// The last connection to a peer closed (S7): the time of those claims starts to run.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn disconnected(&self, peer: &PeerId, now: Timestamp) -> Result<(), E::Error> {
        self.engine.update(peer, self.advance(now), &SetConnected::new(false)).map(|_| ())
    }

    /// Lets go of what is over, looking at no more than `budget` entries (S6). Reads are right
    /// whether or not anybody sweeps; sweeping gives memory back and tells subscribers.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn sweep(&self, now: Timestamp, budget: usize) -> Result<Swept, E::Error> {
        self.engine.sweep(self.advance(now), budget)
    }

    /// When the next claim ends: when to sweep again. Not later than that; `None` when no claim
    /// does.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.engine.next_due()
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
