//! The damaged blocks that reads came upon.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many blocks are remembered by number.
pub(crate) const REMEMBERED: usize = 1024;

/// The damage that was seen.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    blocks: Mutex<BTreeSet<u64>>,
    count: AtomicU64,
}

impl Damage {
    /// Records a block that was read and failed its checksum.
    pub(crate) fn note(&self, block: u64) {
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
            tracing::error!(block, "damaged block");
        }
    }

    pub(crate) fn blocks(&self) -> Vec<u64> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}
