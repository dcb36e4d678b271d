//! What was found damaged, for whoever has to decide what that means.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many blocks are remembered by number. A disk that lost more is past telling which.
const REMEMBERED: usize = 1024;

/// The damage that was seen.
#[derive(Debug, Default)]
pub(super) struct Damage {
    blocks: Mutex<BTreeSet<u64>>,
    count: AtomicU64,
}

impl Damage {
    /// Notes a block that was read and did not pass.
    pub(super) fn note(&self, block: u64) {
        let is_new = {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = !blocks.contains(&block);
            if is_new && blocks.len() < REMEMBERED {
                blocks.insert(block);
            }
            is_new
        };
        if is_new {
            self.count.fetch_add(1, Ordering::AcqRel);
            tracing::error!(block, "a block of the store is damaged");
        }
    }

    pub(super) fn blocks(&self) -> Vec<u64> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}
