//! Counting what happens, by outcome and by source.

use peermark_provenance::SourceKind;

use crate::outcome::{OutcomeKind, Refusal};
use crate::sync::{AtomicU64, Ordering};

/// Receives counters from a store. Called on every operation, often under a lock: it must be
/// quick, and must not call the store.
///
/// All methods do nothing by default, so that new ones can come.
pub trait Metrics: Send + Sync {
    /// A record that verified was applied.
    fn applied(&self, source: SourceKind, outcome: OutcomeKind) {
        let _ = (source, outcome);
    }

    /// A record did not verify.
    fn invalid(&self, source: SourceKind) {
        let _ = source;
    }

    /// Addresses were reported: how many were stored or known, and how many were not taken.
    fn reported(&self, source: SourceKind, taken: usize, refused: usize) {
        let _ = (source, taken, refused);
    }

    /// Something good was refused.
    fn refused(&self, source: SourceKind, reason: Refusal) {
        let _ = (source, reason);
    }

    /// Something was pushed out, or lost for want of room.
    fn evicted(&self, what: Evicted) {
        let _ = what;
    }
}

/// What was evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "as many as there are caps that evict")]
pub enum Evicted {
    /// A peer, for another.
    Peer,
    /// An address of a peer, or a claim on one, for another of the same peer.
    Address,
    /// A floor, for another.
    Floor,
    /// The proof of an equivocation, for another.
    Evidence,
    /// Events that a subscriber did not fetch.
    Events,
}

/// Counts nothing.
impl Metrics for () {}

/// Counters for all of it.
///
/// # Examples
///
/// ```
/// use peermark_peerstore::{Counters, Metrics as _, OutcomeKind};
/// use peermark_provenance::SourceKind;
///
/// let counters = Counters::default();
/// counters.applied(SourceKind::Dht, OutcomeKind::Stale);
/// assert_eq!(counters.applied_of(SourceKind::Dht, OutcomeKind::Stale), 1);
/// assert_eq!(counters.total_of(OutcomeKind::Stale), 1);
/// ```
#[derive(Debug, Default)]
pub struct Counters {
    applied: [[AtomicU64; 6]; 10],
    invalid: [AtomicU64; 10],
    taken: [AtomicU64; 10],
    refused: [AtomicU64; 10],
    evicted: [AtomicU64; 5],
}

impl Counters {
    /// Records of this kind of source that ended like this.
    #[must_use]
    pub fn applied_of(&self, source: SourceKind, outcome: OutcomeKind) -> u64 {
        self.applied.get(source.index()).map_or(0, |row| at(row, index_of(outcome)))
    }

    /// Records of any source that ended like this.
    #[must_use]
    pub fn total_of(&self, outcome: OutcomeKind) -> u64 {
        let of = |kind: SourceKind| self.applied_of(kind, outcome);
        SourceKind::ALL.into_iter().map(of).fold(0, u64::saturating_add)
    }

    /// Records of this kind of source that did not verify.
    #[must_use]
    pub fn invalid_of(&self, source: SourceKind) -> u64 {
        at(&self.invalid, source.index())
    }

    /// Reported addresses of this kind of source that were stored, or known.
    #[must_use]
    pub fn taken_of(&self, source: SourceKind) -> u64 {
        at(&self.taken, source.index())
    }

    /// Reported addresses of this kind of source that were not taken.
    #[must_use]
    pub fn refused_of(&self, source: SourceKind) -> u64 {
        at(&self.refused, source.index())
    }

    /// How often something like this was evicted.
    #[must_use]
    pub fn evicted_of(&self, what: Evicted) -> u64 {
        at(&self.evicted, what.index())
    }
}

impl Metrics for Counters {
    fn applied(&self, source: SourceKind, outcome: OutcomeKind) {
        if let Some(row) = self.applied.get(source.index()) {
            add(row, index_of(outcome), 1);
        }
    }

    fn invalid(&self, source: SourceKind) {
        add(&self.invalid, source.index(), 1);
    }

    fn reported(&self, source: SourceKind, taken: usize, refused: usize) {
        add(&self.taken, source.index(), taken);
        add(&self.refused, source.index(), refused);
    }

    fn evicted(&self, what: Evicted) {
        add(&self.evicted, what.index(), 1);
    }
}

impl Evicted {
    const fn index(self) -> usize {
        match self {
            Self::Peer => 0,
            Self::Address => 1,
            Self::Floor => 2,
            Self::Evidence => 3,
            Self::Events => 4,
        }
    }
}

fn index_of(outcome: OutcomeKind) -> usize {
    OutcomeKind::ALL.into_iter().position(|other| other == outcome).unwrap_or(0)
}

fn at(counters: &[AtomicU64], index: usize) -> u64 {
    counters.get(index).map_or(0, |counter| counter.load(Ordering::Relaxed))
}

fn add(counters: &[AtomicU64], index: usize, count: usize) {
    if let Some(counter) = counters.get(index) {
        counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
