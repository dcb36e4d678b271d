//! An engine that compares and sets, as one over a server would.
//!
//! It copies an entry out, runs the transition on the copy without holding anything, and commits
//! only if nobody committed in between; else it starts over. Every third commit fails on purpose,
//! so that transitions run more than once in any test. It is as plain as can be: one map, searched
//! from end to end.

mod table;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peermark_identity::PeerId;
use peermark_peerstore::{
    Before, Cause, Defect, Engine, Floor, Moment, PeerEntry, Shared, Swept, Transition, Usage,
};
use peermark_provenance::Timestamp;

use table::{Around, Table};

/// The engine.
#[derive(Debug)]
pub struct Cas {
    shared: Shared,
    table: Mutex<Table>,
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

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn around(&self, at: Moment) -> Around<'_> {
        Around { shared: &self.shared, cx: self.shared.context(at) }
    }

    /// Runs a transition once, holding nothing. `None` where it has to be tried again.
    fn attempt<T: Transition>(
        &self,
        peer: &PeerId,
        around: &Around<'_>,
        transition: &T,
    ) -> Option<T::Answer> {
        let (version, loaded) = self.table().load(peer);
        let cx = &around.cx;
        let mut settled = loaded.clone();
        settled.settle(cx);
        if settled != loaded {
            // A commit of its own. Whoever subscribes goes live when its transition runs: what is
            // over must have been told by then.
            self.commit(peer, version, |table| {
                around.tell(Before::of(&loaded), &settled, Cause::Expiry);
                table.store(peer, settled, around);
            });
            return None;
        }
        let (need, plan) = transition.need(&settled, cx);
        let mut entry = settled.clone();
        let answer = transition.run(&mut entry, plan, cx);
        self.commit(peer, version, |table| {
            if let Some(need) = need
                && let Err(room) = table.make_room(peer, &need, settled.is_empty(), around)
            {
                return transition.refuse(room);
            }
            if entry != settled {
                around.tell(Before::of(&settled), &entry, transition.cause());
                table.store(peer, entry, around);
            }
            answer
        })
    }

    /// Changes the table, if the version of a peer is still this one.
    fn commit<R>(
        &self,
        peer: &PeerId,
        version: u64,
        change: impl FnOnce(&mut Table) -> R,
    ) -> Option<R> {
        let mut table = self.table();
        let is_conflict = self.commits.fetch_add(1, Ordering::AcqRel) % CONFLICT == CONFLICT - 1;
        (!is_conflict && table.version(peer) == version).then(|| change(&mut table))
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
        let around = self.around(at);
        loop {
            if let Some(answer) = self.attempt(peer, &around, transition) {
                return Ok(answer);
            }
        }
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Infallible> {
        let (_, entry) = self.table().load(peer);
        Ok(read(Some(&entry).filter(|entry| !entry.is_empty())))
    }

    fn floor(&self, peer: &PeerId) -> Result<Option<Floor>, Infallible> {
        let (_, entry) = self.table().load(peer);
        Ok(entry.floor())
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
        let table = self.table();
        Ok(read(&mut table.entries()))
    }

    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Infallible> {
        Ok(self.table().sweep(budget, &self.around(at)))
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.table().next_due()
    }

    fn usage(&self) -> Usage {
        self.table().usage()
    }

    fn check(&self) -> Result<(), Defect> {
        self.table().check(&self.shared)
    }
}
