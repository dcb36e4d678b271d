//! The counters that come with the store.

use peermark_provenance::SourceKind;

use super::{Evicted, Metrics, Sample, SampleKind};
use crate::outcome::OutcomeKind;
use crate::sync::{AtomicU64, Ordering};

/// Counts everything that [`Metrics`] is told, by outcome and by kind of source.
///
/// [`samples`](Self::samples) lists the counters, and [`PrometheusText`](super::PrometheusText) prints
/// them for Prometheus.
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

impl Counters {
    /// Returns every counter that is not zero, as metrics are named in Prometheus. Samples of one name
    /// follow each other.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut add = |name, help, labels, value: u64| {
            if value > 0 {
                samples.push(Sample { name, help, kind: SampleKind::Counter, labels, value });
            }
        };
        for source in SourceKind::ALL {
            for outcome in OutcomeKind::ALL {
                let labels = vec![("source", name_of(source)), ("outcome", outcome.to_string())];
                let help = "Verified records that were applied, by source and outcome.";
                add("records_applied_total", help, labels, self.applied_of(source, outcome));
            }
        }
        let by_source: [(_, _, BySource); 3] = [
            ("records_invalid_total", "Records that did not verify, by source.", Self::invalid_of),
            (
                "addresses_reported_total",
                "Reported addresses that were stored or known, by source.",
                Self::taken_of,
            ),
            (
                "addresses_refused_total",
                "Reported addresses that were not taken, by source.",
                Self::refused_of,
            ),
        ];
        for (name, help, count) in by_source {
            for source in SourceKind::ALL {
                add(name, help, vec![("source", name_of(source))], count(self, source));
            }
        }
        for what in Evicted::ALL {
            let help = "Entries that were evicted at a limit, by what they are.";
            add("evicted_total", help, vec![("what", what.to_string())], self.evicted_of(what));
        }
        samples
    }
}

/// Reads one counter of a kind of source.
type BySource = fn(&Counters, SourceKind) -> u64;

/// The counters of all applications are one.
fn name_of(source: SourceKind) -> String {
    match source {
        SourceKind::Application(_) => "application".to_owned(),
        other => other.to_string(),
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
