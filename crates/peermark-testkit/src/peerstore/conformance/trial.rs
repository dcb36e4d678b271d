//! A store under test, with a clock and a count of everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Seq};
use peermark_peerstore::{
    Applied, Config, ConsumeError, Delivery, Engine, Equivocation, Evicted, LONGEST_STEP, Limits,
    Metrics, Outcome, OutcomeKind, PeerAddress, Peerstore, Refusal, Reported, Secret, Share, Swept,
};
use peermark_provenance::{DialOutcome, Source, SourceKind, TrustClass};

use super::Make;
use crate::peerstore::clock::Clock;
use crate::peerstore::fixtures;

/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The least time that there is.
pub const TICK: Duration = Duration::from_nanos(1);

/// A store under test. Its methods are those of the store, at the time of the clock, and panic
/// where the engine fails.
#[derive(Debug)]
pub struct Trial<E> {
    /// The store.
    pub store: Peerstore<E>,
    /// What time it is.
    pub clock: Clock,
    /// What it told its metrics.
    pub tally: Arc<Tally>,
}

impl<E: Engine> Trial<E> {
    /// A store of the default limits.
    pub fn new(make: Make<'_, E>) -> Self {
        Self::with(make, |_| {})
    }

    /// A store of other limits.
    pub fn with(make: Make<'_, E>, limit: impl FnOnce(&mut Limits)) -> Self {
        Self::configured(make, |config| limit(&mut config.limits))
    }

    /// A store of another configuration. Its secret is the same in every run.
    pub fn configured(make: Make<'_, E>, change: impl FnOnce(&mut Config)) -> Self {
        let tally = Arc::<Tally>::default();
        let mut config = Config::default();
        config.secret = Secret::from_bytes(*b"not much of one!");
        config.metrics = Arc::clone(&tally) as Arc<dyn Metrics>;
        change(&mut config);
        Self { store: Peerstore::new(make(config)), clock: Clock::default(), tally }
    }

    /// Applies a record.
    pub fn apply(&self, record: &CertifiedRecord, source: &Source, ttl: Duration) -> Applied {
        ok(self.store.apply(record, source, ttl, self.clock.now()))
    }

    /// Applies a record of whose last contact something is said.
    pub fn deliver(&self, record: &CertifiedRecord, delivery: Delivery) -> Applied {
        ok(self.store.deliver(record, delivery, self.clock.now()))
    }

    /// Applies a record, and answers the outcome alone.
    pub fn outcome(&self, record: &CertifiedRecord, source: &Source, ttl: Duration) -> Outcome {
        self.apply(record, source, ttl).outcome
    }

    /// Verifies and applies bytes.
    ///
    /// # Errors
    ///
    /// As the store's.
    pub fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.store.consume(bytes, source, ttl, self.clock.now())
    }

    /// Reports addresses.
    pub fn report(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
    ) -> Reported {
        ok(self.store.report(peer, addresses, source, ttl, self.clock.now()))
    }

    /// Reports addresses, to end when this says.
    pub fn set(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
    ) -> Reported {
        ok(self.store.set(peer, addresses, source, ttl, self.clock.now()))
    }

    /// Changes how long claims of a kind live.
    pub fn set_ttl(&self, peer: &PeerId, kind: SourceKind, ttl: Duration) -> usize {
        ok(self.store.set_ttl(peer, kind, ttl, self.clock.now()))
    }

    /// Takes back claims of a kind.
    pub fn retract(&self, peer: &PeerId, kind: SourceKind) -> usize {
        ok(self.store.retract(peer, kind, self.clock.now()))
    }

    /// Removes addresses.
    pub fn remove(&self, peer: &PeerId, addresses: &[Multiaddr]) -> usize {
        ok(self.store.remove(peer, addresses, self.clock.now()))
    }

    /// Clears a peer.
    pub fn clear(&self, peer: &PeerId) -> bool {
        ok(self.store.clear(peer, self.clock.now()))
    }

    /// Forgets a peer, and answers what its floor was.
    pub fn forget(&self, peer: &PeerId) -> Option<u64> {
        ok(self.store.forget(peer, self.clock.now())).map(|(seq, _)| seq.value())
    }

    /// Reports a dial that succeeded.
    pub fn dialed(&self, peer: &PeerId, address: &Multiaddr, ttl: Duration) -> bool {
        self.dial(peer, address, DialOutcome::Success, ttl)
    }

    /// Reports a dial.
    pub fn dial(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        result: DialOutcome,
        ttl: Duration,
    ) -> bool {
        ok(self.store.dialed(peer, address, result, ttl, self.clock.now()))
    }

    /// Lets time pass by the hour, and shows the store what time it is.
    pub fn live(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(HOUR);
            self.clock.pass(step);
            let _ = self.sweep(0);
            left = left.saturating_sub(step);
        }
    }

    /// Says that a peer is connected.
    pub fn connect(&self, peer: &PeerId) -> bool {
        ok(self.store.connected(peer, self.clock.now()))
    }

    /// Says that a peer is not connected any more.
    pub fn disconnect(&self, peer: &PeerId) {
        ok(self.store.disconnected(peer, self.clock.now()));
    }

    /// Sweeps.
    pub fn sweep(&self, budget: usize) -> Swept {
        ok(self.store.sweep(self.clock.now(), budget))
    }

    /// Sweeps until nothing is due.
    pub fn sweep_all(&self) {
        while self.sweep(1 << 10).more {}
    }

    /// The addresses of a peer, with all that is known of them.
    pub fn known(&self, peer: &PeerId) -> Vec<PeerAddress> {
        ok(self.store.addresses(peer, self.clock.now()))
    }

    /// What is known of one address.
    pub fn known_at(&self, peer: &PeerId, address: &Multiaddr) -> Option<PeerAddress> {
        self.known(peer).into_iter().find(|known| known.address == *address)
    }

    /// The class of one address; `None` where it is not there.
    pub fn class(&self, peer: &PeerId, address: &Multiaddr) -> Option<TrustClass> {
        self.known_at(peer, address).map(|known| known.class)
    }

    /// The addresses of a peer, in the store's order.
    pub fn addresses(&self, peer: &PeerId) -> Vec<Multiaddr> {
        self.known(peer).into_iter().map(|known| known.address).collect()
    }

    /// The certified addresses of a peer, in order.
    pub fn certified(&self, peer: &PeerId) -> Vec<Multiaddr> {
        ok(self.store.certified_addresses(peer, self.clock.now()))
    }

    /// The signed record of a peer.
    pub fn signed(&self, peer: &PeerId) -> Option<Vec<u8>> {
        ok(self.store.signed_record(peer, self.clock.now())).map(|bytes| bytes.to_vec())
    }

    /// The floor of a peer.
    pub fn floor(&self, peer: &PeerId) -> Option<u64> {
        ok(self.store.floor(peer, self.clock.now())).map(|(seq, _)| seq.value())
    }

    /// The proof that a peer contradicted itself.
    pub fn proof(&self, peer: &PeerId) -> Option<Equivocation> {
        ok(self.store.equivocation(peer))
    }

    /// The peers with an address, in the order of their ids.
    pub fn peers(&self) -> Vec<PeerId> {
        let mut peers: Vec<_> = self.store.peers(self.clock.now()).map(ok).collect();
        peers.sort_unstable();
        peers
    }

    /// Everything that can be read of a peer, to compare with later.
    pub fn all_of(&self, peer: &PeerId) -> Everything {
        let now = self.clock.now();
        Everything {
            addresses: self.known(peer),
            signed: self.signed(peer),
            floor: ok(self.store.floor(peer, now)).map(|(seq, digest)| (seq, digest.to_string())),
            connected: ok(self
                .store
                .view(peer, now, |view| view.is_some_and(|view| view.is_connected()))),
        }
    }

    /// Holds the whole structure to its invariants.
    pub fn check(&self) {
        if let Err(defect) = self.store.check() {
            panic!("{defect}");
        }
        let (usage, limits) = (self.store.usage(), self.store.limits());
        assert!(usage.peers <= limits.peers, "{usage:?}");
        assert!(usage.records <= limits.records, "{usage:?}");
        assert!(usage.bytes <= limits.bytes, "{usage:?}");
        assert!(usage.floors <= limits.floors, "{usage:?}");
    }

    /// Lets all time go by, and holds the store to having nothing left (S7), not even floors.
    pub fn ends_empty(&self) {
        self.check();
        let limits = self.store.limits();
        let (ttl, life, step) = (limits.ttl, limits.floor_life, limits.aging_step);
        let mut passed = Duration::ZERO;
        while passed < ttl {
            self.clock.pass(LONGEST_STEP);
            self.sweep_all();
            passed = passed.saturating_add(LONGEST_STEP);
        }
        let usage = self.store.usage();
        assert_eq!((usage.peers, usage.records, usage.bytes), (0, 0, 0), "after all TTLs");
        assert_eq!(self.store.next_expiry(), None);
        let mut passed = Duration::ZERO;
        while passed <= life.saturating_add(step) {
            self.clock.pass(step);
            let _ = self.sweep(0);
            passed = passed.saturating_add(step);
        }
        self.sweep_all();
        assert_eq!(self.store.usage(), peermark_peerstore::Usage::default(), "after all floors");
        self.check();
    }
}

/// Everything that can be read of a peer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Everything {
    /// Its addresses, with their provenance.
    pub addresses: Vec<PeerAddress>,
    /// Its record.
    pub signed: Option<Vec<u8>>,
    /// Its floor.
    pub floor: Option<(Seq, String)>,
    /// Whether it is connected.
    pub connected: bool,
}

/// What did not fail.
pub fn ok<T, Error: core::fmt::Debug>(result: Result<T, Error>) -> T {
    result.expect("the engine works")
}

/// Counts what a store tells its [`Metrics`].
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<String, usize>>);

impl Tally {
    /// How many records of this kind of source ended like this.
    pub fn applied_of(&self, source: SourceKind, outcome: OutcomeKind) -> usize {
        self.of(&format!("applied {source} {outcome}"))
    }

    /// How many did not verify.
    pub fn invalid_of(&self, source: SourceKind) -> usize {
        self.of(&format!("invalid {source}"))
    }

    /// How many reported addresses were taken, and how many not.
    pub fn reported_of(&self, source: SourceKind) -> (usize, usize) {
        (self.of(&format!("taken {source}")), self.of(&format!("not taken {source}")))
    }

    /// How often something was refused for this reason.
    pub fn refused_of(&self, source: SourceKind, reason: Refusal) -> usize {
        self.of(&format!("refused {source} {reason}"))
    }

    /// How often something like this was evicted.
    pub fn evicted_of(&self, what: Evicted) -> usize {
        self.of(&format!("evicted {what:?}"))
    }

    fn of(&self, what: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(what).copied().unwrap_or(0)
    }

    fn add(&self, what: String, count: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += count;
    }
}

impl Metrics for Tally {
    fn applied(&self, source: SourceKind, outcome: OutcomeKind) {
        self.add(format!("applied {source} {outcome}"), 1);
    }

    fn invalid(&self, source: SourceKind) {
        self.add(format!("invalid {source}"), 1);
    }

    fn reported(&self, source: SourceKind, taken: usize, refused: usize) {
        self.add(format!("taken {source}"), taken);
        self.add(format!("not taken {source}"), refused);
    }

    fn refused(&self, source: SourceKind, reason: Refusal) {
        self.add(format!("refused {source} {reason}"), 1);
    }

    fn evicted(&self, what: Evicted) {
        self.add(format!("evicted {what:?}"), 1);
    }
}

/// A peer, and two addresses that it may have.
#[must_use]
pub fn one() -> (PeerId, Vec<Multiaddr>) {
    (fixtures::peer(1), fixtures::numbers(0..2))
}

/// Peer number `peer` itself, by identify.
#[must_use]
pub fn itself(peer: u64) -> Source {
    fixtures::itself(fixtures::peer(peer))
}

/// Without shares, which have cases of their own.
pub fn unshared(limits: &mut Limits) {
    let all = Share::new(1, 1);
    (limits.share, limits.kind_share, limits.kinds_share) = (all, all, all);
}

/// What came of it does not matter to the case.
pub fn ignore<T>(_: T) {}
