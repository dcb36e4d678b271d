//! Counting what happens, by outcome and by source.

mod counters;
mod prometheus;

use peermark_provenance::SourceKind;

use crate::outcome::{OutcomeKind, Refusal};

pub use counters::Counters;
pub use prometheus::{PrometheusText, Sample, SampleKind};

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

impl Evicted {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Peer, Self::Address, Self::Floor, Self::Evidence, Self::Events];

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

impl core::fmt::Display for Evicted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Peer => "peer",
            Self::Address => "address",
            Self::Floor => "floor",
            Self::Evidence => "evidence",
            Self::Events => "events",
        })
    }
}

/// Counts nothing.
impl Metrics for () {}
