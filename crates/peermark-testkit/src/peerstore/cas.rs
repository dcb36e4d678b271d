//! An engine that compares and sets, as one over a server would.
//!
//! It copies its table, runs the update on the copy without holding anything, and commits only if
//! nobody committed in between; else it starts over. Every third commit fails on purpose, so that
//! transitions run more than once in any test. What subscribers are told, and what is counted, happens
//! at the commit. It is as plain as can be: two maps, searched from end to end.

mod table;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peermark_identity::PeerId;
use peermark_peerstore::{
    Context, Defect, Engine, Floor, Moment, PeerEntry, Remnant, Shared, Swept, Transition, Usage,
    expire, update,
};
use peermark_provenance::Timestamp;

use table::{Table, Work};

/// The engine.
#[derive(Debug)]
pub struct Cas {
    shared: Shared,
    table: Mutex<Arc<Table>>,
    commits: AtomicUsize,
}

/// Which commit fails though nothing is in its way.
const CONFLICT: usize = 3;

impl Cas {
    /// An empty engine.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self { shared, table: Mutex::default(), commits: AtomicUsize::new(0) }
    }

    /// How many commits were tried.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Table>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table as it is now.
    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.lock())
    }

    /// Runs `work` on a copy of the table, and puts the copy in the place of the table if that is still
    /// the one that was copied. `None` where it has to be tried again.
    fn attempt<R>(
        &self,
        peer: Option<&PeerId>,
        cx: &Context<'_>,
        work: impl FnOnce(&mut Work<'_>) -> R,
    ) -> Option<R> {
        let before = self.table();
        let mut after = Table::clone(&before);
        let mut copy = Work::new(&mut after, peer, &self.shared, cx);
        let result = work(&mut copy);
        let effects = copy.into_effects();
        let mut table = self.lock();
        let is_conflict = self.commits.fetch_add(1, Ordering::AcqRel) % CONFLICT == CONFLICT - 1;
        if is_conflict || !Arc::ptr_eq(&table, &before) {
            return None;
        }
        *table = Arc::new(after);
        for event in &effects.events {
            self.shared.subscribers().tell(Some(0), event, self.shared.metrics());
        }
        for what in effects.evicted {
            self.shared.metrics().evicted(what);
        }
        Some(result)
    }

    /// As [`Self::attempt`], until it succeeds.
    fn run<R>(
        &self,
        peer: Option<&PeerId>,
        cx: &Context<'_>,
        work: impl Fn(&mut Work<'_>) -> R,
    ) -> R {
        loop {
            if let Some(result) = self.attempt(peer, cx, &work) {
                return result;
            }
        }
    }
}

impl Engine for Cas {
    type Error = Infallible;

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Infallible> {
        let cx = &self.shared.context(at);
        // What has ended goes in a commit of its own: a subscriber goes live while its transition runs,
        // and by then all that ended has to be told.
        if self.table().is_due(peer, cx) {
            self.run(Some(peer), cx, |work| {
                if work.is_due(peer) {
                    let ledger = work.ledger();
                    let Ok(()) = expire(work, &ledger, *peer, cx, &mut Swept::default());
                }
            });
        }
        self.run(Some(peer), cx, |work| {
            let ledger = work.ledger();
            update(work, &ledger, transition, cx)
        })
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        Ok(read(self.table().entry(peer)))
    }

    fn floor(&self, peer: &PeerId, at: Moment) -> Result<Option<Floor>, Infallible> {
        Ok(self.table().entry_or_rest(peer).floor_at(at, self.shared.limits()))
    }

    fn remnant(&self, peer: &PeerId) -> Result<Option<Remnant>, Infallible> {
        Ok(self.table().remnant(peer).cloned())
    }

    fn regions(&self) -> usize {
        1
    }

    fn region_of(&self, _: &PeerId) -> usize {
        0
    }

    fn read_region<R>(
        &self,
        _: usize,
        read: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        // Under the lock: who goes live here misses no commit.
        let table = self.lock();
        Ok(read(&mut table.entries()))
    }

    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Infallible> {
        let cx = &self.shared.context(at);
        Ok(self.run(None, cx, |work| work.sweep(budget, cx)))
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.table().next_due(&self.shared.context(self.shared.clock().last()))
    }

    fn usage(&self) -> Usage {
        self.table().ledger.usage()
    }

    fn check(&self) -> Result<(), Defect> {
        self.table().check(self.shared.limits())
    }
}
