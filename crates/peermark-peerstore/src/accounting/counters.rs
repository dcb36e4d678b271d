//! Counts of what is held, with atomics.

use super::Sums;
use crate::sync::{AtomicU64, Ordering};

/// What is held, in total or by one group.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Peers, and above them their records: two counts in one word, so that one atomic step counts both.
    entries: AtomicU64,
    bytes: AtomicU64,
    /// Floors, and above them contradictions.
    rests: AtomicU64,
}

impl Counters {
    pub(super) fn post(&self, sums: &Sums, step: Step) {
        let numbers = [
            (&self.entries, pair(sums.peers, sums.records)),
            (&self.bytes, sums.bytes),
            (&self.rests, pair(sums.floors, sums.evidence)),
        ];
        for (counter, number) in numbers {
            if number > 0 {
                step.take(counter, number);
            }
        }
    }

    pub(super) fn post_bytes(&self, bytes: u64, step: Step) {
        step.take(&self.bytes, bytes);
    }

    pub(super) fn peers(&self) -> u64 {
        low(get(&self.entries))
    }

    pub(super) fn records(&self) -> u64 {
        high(get(&self.entries))
    }

    pub(super) fn bytes(&self) -> u64 {
        get(&self.bytes)
    }

    pub(super) fn floors(&self) -> u64 {
        low(get(&self.rests))
    }

    pub(super) fn evidence(&self) -> u64 {
        high(get(&self.rests))
    }

    pub(super) fn sums(&self) -> Sums {
        Sums {
            peers: self.peers(),
            records: self.records(),
            bytes: self.bytes(),
            floors: self.floors(),
            evidence: self.evidence(),
        }
    }
}

/// Bits of a count. No engine has room for as many peers.
const COUNT: u32 = 32;

fn pair(low: u64, high: u64) -> u64 {
    let most = u64::from(u32::MAX);
    low.min(most) | (high.min(most) << COUNT)
}

fn low(pair: u64) -> u64 {
    pair & const { (1 << COUNT) - 1 }
}

fn high(pair: u64) -> u64 {
    pair >> COUNT
}

/// What is done with a count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Add,
    Subtract,
}

impl Step {
    #[inline]
    fn take(self, counter: &AtomicU64, n: u64) {
        match self {
            Self::Add => counter.fetch_add(n, Ordering::AcqRel),
            Self::Subtract => counter.fetch_sub(n, Ordering::AcqRel),
        };
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Acquire)
}
