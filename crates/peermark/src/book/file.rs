//! What only a book in a file can do.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use peermark_peerstore::{Above, Context, Engine as _, Limits, PeerState, PeerView, Peerstore};
use peermark_peerstore_redb::{Backup, Error, OpenError, Opened, Redb, Report, Visited};

use super::PeerBook;
use crate::clock::Clock;

impl<C: Clock> PeerBook<Redb, C> {
    /// Makes everything durable that was stored so far. Returns how many updates that is since the book
    /// was opened.
    ///
    /// # Errors
    ///
    /// Returns an error if the disk failed. What was not durable is lost then.
    pub fn flush(&self) -> Result<u64, Error> {
        self.store.engine().flush()
    }

    /// Makes everything durable and closes the file. Dropping the book does the same and cannot return
    /// an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the disk failed.
    pub fn close(self) -> Result<(), Error> {
        self.store.into_engine().close()
    }

    /// Copies the book into a new file at `path`, as it is at this moment, while it is in use.
    ///
    /// The copy is synced and read back before it has its name.
    /// [`PeerBookBuilder::open`](crate::PeerBookBuilder::open) opens it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is a file at `path`, it cannot be written, or a block that is to be
    /// copied is damaged.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<Backup, OpenError> {
        self.store.engine().backup_to(path)
    }

    /// Moves what is in the file to its front and makes the file shorter. Returns whether anything was
    /// moved.
    ///
    /// # Errors
    ///
    /// Returns an error if the disk failed, or if a block that is in use is damaged: then nothing was
    /// moved.
    pub fn compact(&mut self) -> Result<bool, Error> {
        self.store.engine_mut().compact()
    }

    /// Returns what was found when the file was opened: its format, whether it was closed, and how far
    /// the book is above its limits.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        self.store.engine().opened()
    }

    /// Returns how far the book is above these limits.
    #[must_use]
    pub fn above(&self, limits: &Limits) -> Above {
        self.store.engine().above(limits)
    }

    /// Reads every byte of the file, verifies every signature on all cores and recounts everything.
    /// It calls `progress` with the number of rows that were verified, and of all rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the disk failed.
    pub fn examine(&self, progress: impl Fn(u64, u64) + Sync) -> Result<Report, Error> {
        self.store.engine().examine_with(progress)
    }

    /// Calls `visit` with each peer of which more than a replay floor is held, as it was when this
    /// began. Records are verified first, on all cores; nothing is locked meanwhile. What is damaged is
    /// left out and counted.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read at all.
    pub fn visit(
        &self,
        mut visit: impl FnMut(PeerView<'_>) -> ControlFlow<()>,
    ) -> Result<Visited, Error> {
        let cx = self.context();
        self.store.engine().visit(|entry| {
            let view = PeerView::new(entry, &cx);
            if view.is_empty() { ControlFlow::Continue(()) } else { visit(view) }
        })
    }

    /// Calls `visit` with all that is known of each peer, replay floors included, as it was when this
    /// began. Records are verified first, on all cores. What is damaged is left out and counted.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read at all.
    pub fn states(
        &self,
        mut visit: impl FnMut(PeerState) -> ControlFlow<()>,
    ) -> Result<Visited, Error> {
        let cx = self.context();
        self.store.engine().visit(|entry| {
            let state = entry.state(&cx);
            if state.is_empty() { ControlFlow::Continue(()) } else { visit(state) }
        })
    }

    /// As [`states`](Self::states), but no record is verified: [`PeerState::verify`] does that.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read at all.
    pub fn unverified_states(
        &self,
        visit: impl FnMut(PeerState) -> ControlFlow<()>,
    ) -> Result<Visited, Error> {
        let engine = self.store.engine();
        engine.states(engine.shared().advance(self.now()), visit)
    }

    /// Returns how far the clock is behind the latest time that the book was ever shown. A clock that is
    /// far behind was set back, or was wrong once.
    #[must_use]
    pub fn clock_behind(&self) -> Duration {
        let state = self.store.engine().shared().clock().state();
        state.map(|clock| clock.mark.saturating_since(self.now())).unwrap_or_default()
    }

    /// Returns the store without its clock.
    #[must_use]
    pub fn into_store(self) -> Peerstore<Redb> {
        self.store
    }

    fn context(&self) -> Context<'_> {
        let shared = self.store.engine().shared();
        shared.context(shared.advance(self.now()))
    }
}
