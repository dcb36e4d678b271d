//! What the work of a shard needs beside itself.

use super::ledger::Ledger;
use crate::context::Context;
use crate::engine::Shared;
use crate::entry::PeerEntry;
use crate::event::Cause;
use crate::hub::Before;

/// What the work of a shard needs beside itself.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) shared: &'a Shared,
    pub(super) ledger: &'a Ledger,
    pub(super) region: usize,
    pub(super) cx: Context<'a>,
    /// Nanoseconds of floor time.
    pub(super) floor_nanos: u64,
}

impl Around<'_> {
    /// What the entry holds, where anybody wants to know what becomes of it.
    pub(super) fn before(&self, entry: Option<&PeerEntry>) -> Option<Before> {
        let quiet = self.shared.hub().is_quiet();
        (!quiet).then(|| entry.map(Before::of).unwrap_or_default())
    }

    pub(super) fn tell(&self, before: Option<Before>, after: &PeerEntry, cause: Cause) {
        if let Some(before) = before {
            let (hub, metrics) = (self.shared.hub(), self.shared.metrics());
            before.tell(after, self.region, cause, hub, metrics);
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.cx.now.as_nanos()
    }
}
