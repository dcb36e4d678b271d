//! The engine: one file, one writer at a time, and reads beside it.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{Moment, Shared, Usage};
use redb_checked::Checked;

use crate::base::{Base, contain};
use crate::batch::{Batch, Done, Effect, Writer, next_due, read_books, read_counters};
use crate::cache::Cache;
use crate::error::Error;
use crate::options::Durability;
use crate::state::{Found, Reading, State};
use crate::tables::{Rows as _, Snapshot, Tables};
use crate::view::{Opened, Viewed};

/// An engine that keeps entries in one file.
///
/// Opened by [`Redb::open`]; a [`Peerstore`](peermark_peerstore::Peerstore) goes on top. What is
/// stored is durable as [`Options::durability`](crate::Options::durability) says.
#[derive(Debug)]
pub struct Redb {
    pub(crate) shared: Shared,
    /// Another one after the disk failed. Taken for the length of one operation.
    pub(crate) database: RwLock<Option<Arc<Base>>>,
    pub(crate) blocks: Checked,
    pub(crate) writer: RwLock<Writer>,
    pub(crate) cache: Cache,
    pub(crate) reading: Reading,
    pub(crate) durability: Durability,
    pub(crate) page_cache: usize,
    pub(crate) next_due: AtomicU64,
    pub(crate) usage: RwLock<Usage>,
    /// The hashes of who is in quarantine, for those who read.
    pub(crate) blocked: RwLock<HashSet<u64>>,
    /// Updates that are durable, since the store was opened.
    pub(crate) durable: AtomicU64,
    pub(crate) made: AtomicU64,
    /// Whether a damaged row was read, to be put aside with the next update.
    pub(crate) suspects: Mutex<bool>,
    pub(crate) opened: Opened,
    /// The moment at which the store is read, if nobody can write to it.
    pub(crate) viewed: Option<Viewed>,
}

/// No claim ends.
const NEVER: u64 = u64::MAX;

impl Redb {
    /// Makes everything durable that was stored so far, the time included, and answers how many
    /// updates that is since the store was opened: under [`Durability::Batched`] their
    /// acknowledgement.
    ///
    /// # Errors
    ///
    /// The disk failed. What was not durable is lost then, and the store as it was before.
    pub fn flush(&self) -> Result<u64, Error> {
        let mut writer = self.write();
        let at = self.now();
        if writer.waiting > 0 || at != writer.stored_at || self.cache.has_put_off() {
            self.transact(&mut writer, at, true, 0, Self::write_rest)?;
        }
        Ok(self.durable.load(Ordering::Acquire))
    }

    /// Writes what was put off, and the time.
    pub(crate) fn write_rest(batch: &mut Batch<'_>) -> Result<(), Error> {
        for state in batch.cache.all_put_off() {
            batch.write_put_off(&state)?;
        }
        batch.write_moment()
    }

    /// The last moment that the clock showed.
    pub(crate) fn now(&self) -> Moment {
        self.shared.clock().last()
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Writer> {
        self.writer.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Writer> {
        self.writer.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn database(&self) -> Result<Arc<Base>, Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database.clone().ok_or_else(|| Error::ReadOnly { reason: "nothing can be read".into() })
    }

    /// Whether a transaction for `updates` more has to be durable.
    fn is_durable(&self, writer: &Writer, updates: usize) -> bool {
        let updates = u32::try_from(updates).unwrap_or(u32::MAX);
        match self.durability {
            Durability::Immediate => true,
            Durability::Batched { every } => writer.waiting.saturating_add(updates) >= every.get(),
        }
    }

    /// As [`Self::transact`], as durable as it has to be.
    pub(crate) fn commit<R>(
        &self,
        writer: &mut Writer,
        at: Moment,
        updates: usize,
        work: impl FnOnce(&mut Batch<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let durable = self.is_durable(writer, updates);
        self.transact(writer, at, durable, updates, work)
    }

    /// Runs `work` in a transaction, commits it where it wrote anything, and then publishes it.
    /// Nothing of it is seen when it fails.
    pub(crate) fn transact<R>(
        &self,
        writer: &mut Writer,
        at: Moment,
        durable: bool,
        updates: usize,
        work: impl FnOnce(&mut Batch<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        if let Some(reason) = &writer.failed {
            return Err(Error::ReadOnly { reason: Arc::clone(reason) });
        }
        let database = self.database()?;
        let (next_id, draws) = (writer.next_id, writer.draws);
        let damaged = std::mem::take(&mut *self.suspects());
        let damage = self.blocks.damage_count();
        let run = || {
            let mut transaction = database.begin_write()?;
            // What is stored comes from strangers. In one phase, whether a commit took place is
            // told by a checksum that they could aim at; and its pages may be torn.
            transaction.set_two_phase_commit(true);
            if !durable {
                transaction.set_durability(redb::Durability::None)?;
            }
            let worked = panic::catch_unwind(AssertUnwindSafe(|| {
                let tables = Tables::open(&transaction)?;
                let parts = (&self.shared, &self.cache);
                let mut batch = Batch::new(tables, writer, parts, at, self.reading);
                if damaged {
                    batch.reindex()?;
                }
                let result = work(&mut batch)?;
                Ok::<_, Error>((result, batch.finish()?))
            }));
            let (result, done) = match worked {
                Ok(worked) => worked?,
                Err(panic) => {
                    // While it unwinds, redb would not end the transaction.
                    let _ = contain(|| Ok(transaction.abort()?));
                    panic::resume_unwind(panic);
                }
            };
            if done.wrote {
                // What was read in the meantime may have been of a damaged block.
                if self.blocks.damage_count() != damage {
                    return Err(Error::damaged("a block that this update had to read"));
                }
                transaction.commit()?;
            } else {
                transaction.abort()?;
            }
            Ok((result, done))
        };
        let result = panic::catch_unwind(AssertUnwindSafe(|| contain(run)));
        let result = result.unwrap_or_else(|panic| {
            // One of the rules, of a transition, or of this crate: nothing of the update is stored, and
            // the store goes on.
            writer.books.abort();
            *self.suspects() |= damaged;
            (writer.next_id, writer.draws) = (next_id, draws);
            panic::resume_unwind(panic)
        });
        match result {
            Ok((result, done)) => {
                self.publish(writer, done, durable, updates);
                Ok(result)
            }
            Err(error) => {
                writer.books.abort();
                *self.suspects() |= damaged;
                (writer.next_id, writer.draws) = (next_id, draws);
                if error.is_final() {
                    self.freeze(writer, &error);
                }
                Err(error)
            }
        }
    }

    fn publish(&self, writer: &mut Writer, mut done: Done, durable: bool, updates: usize) {
        let made = u64::try_from(updates).unwrap_or(u64::MAX);
        let made = self.made.fetch_add(made, Ordering::AcqRel).saturating_add(made);
        if durable && done.wrote {
            writer.waiting = 0;
        } else if done.wrote {
            let updates = u32::try_from(updates).unwrap_or(u32::MAX);
            writer.waiting = writer.waiting.saturating_add(updates.max(NonZeroU32::MIN.get()));
        }
        if writer.waiting == 0 {
            self.durable.store(made, Ordering::Release);
        }
        if !done.wrote {
            return;
        }
        writer.books.commit();
        writer.stored_at = done.at;
        self.cache.publish(&mut done, self.reading.session);
        self.note(writer, done.next_due);
        let (subscribers, metrics) = (self.shared.subscribers(), self.shared.metrics());
        for effect in done.effects {
            match effect {
                Effect::Tell { region, events } => {
                    for event in &events {
                        subscribers.tell(Some(region), event, metrics);
                    }
                }
                Effect::Evicted(what) => metrics.evicted(what),
            }
        }
    }

    /// Counts an update that is not written yet.
    pub(crate) fn count_put_off(&self) {
        self.made.fetch_add(1, Ordering::AcqRel);
    }

    /// Remembers what can be asked without the file.
    pub(crate) fn note(&self, writer: &Writer, next_due: Option<u64>) {
        self.next_due.store(next_due.unwrap_or(NEVER), Ordering::Release);
        let mut blocked = self.blocked.write().unwrap_or_else(PoisonError::into_inner);
        if *blocked != writer.blocked {
            blocked.clone_from(&writer.blocked);
        }
        drop(blocked);
        *self.usage.write().unwrap_or_else(PoisonError::into_inner) = writer.books.ledger.usage();
    }

    pub(crate) fn next_due_nanos(&self) -> Option<u64> {
        Some(self.next_due.load(Ordering::Acquire)).filter(|due| *due != NEVER)
    }

    /// The disk failed. From now on nothing is written: what is durable is read, by a database that
    /// keeps to itself whatever it would have to repair (F4).
    fn freeze(&self, writer: &mut Writer, error: &Error) {
        tracing::error!(%error, "the store only reads from now on");
        writer.failed = Some(error.to_string().into());
        writer.waiting = 0;
        // First, so that whatever still holds the old database can write nothing.
        let blocks = self.blocks.freeze();
        drop(self.replace_database(None));
        let frozen = contain(|| {
            let database =
                redb::Builder::new().set_cache_size(self.page_cache).create_with_backend(blocks)?;
            let database = Base::writable(database);
            let snapshot = Snapshot::open(database.begin_read()?)?;
            writer.books = read_books(&snapshot.groups()?)?;
            writer.next_id = read_counters(&snapshot.meta()?)?.1;
            Ok(database)
        });
        match frozen {
            Ok(database) => drop(self.replace_database(Some(Arc::new(database)))),
            Err(error) => tracing::error!(%error, "nor can it be read"),
        }
        self.cache.clear();
        let due = self.snapshot().and_then(|snapshot| contain(|| next_due(&snapshot.due()?)));
        self.note(writer, due.ok().flatten());
        // What was told of updates that are lost now is not so.
        self.shared.subscribers().resync(self.shared.metrics());
    }

    fn replace_database(&self, new: Option<Arc<Base>>) -> Option<Arc<Base>> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *database, new)
    }

    fn suspects(&self) -> std::sync::MutexGuard<'_, bool> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables as they were committed last.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Error> {
        let database = self.database()?;
        contain(|| Snapshot::open(database.begin_read()?))
    }

    /// What is held of a peer: from memory, or from the file, verified.
    pub(crate) fn load(&self, peer: &PeerId) -> Result<Option<Arc<State>>, Error> {
        if let Some(state) = self.cache.get(peer) {
            return Ok(Some(state));
        }
        let epoch = self.cache.epoch();
        self.load_from(&self.snapshot()?, peer, epoch)
    }

    /// As [`Self::load`], from a snapshot that was taken in this epoch or later.
    pub(crate) fn load_from(
        &self,
        from: &Snapshot,
        peer: &PeerId,
        epoch: u64,
    ) -> Result<Option<Arc<State>>, Error> {
        let hash = self.shared.secret().hash(&peer.multihash_bytes());
        let found = self.find(from, peer, hash)?;
        match found {
            Found::Held(state) => {
                let state = Arc::new(self.settled(Arc::unwrap_or_clone(state)));
                self.cache.keep(peer, &state, epoch);
                Ok(Some(state))
            }
            // What is in quarantine is not the same as nothing.
            Found::Nothing if self.is_blocked(hash) => Err(Error::Quarantined { peer: *peer }),
            Found::Nothing => Ok(None),
            Found::Damaged(id, damage) => {
                tracing::error!(%peer, id, %damage, "a damaged row");
                *self.suspects() = true;
                Err(Error::damaged(format!("what was stored of {peer}: {damage}")))
            }
        }
    }

    fn is_blocked(&self, hash: u64) -> bool {
        self.blocked.read().unwrap_or_else(PoisonError::into_inner).contains(&hash)
    }

    /// As [`Self::load`], for rows that are read in bulk: by their ids, and past the cache. Damaged
    /// ones are left out, and put aside with the next update.
    pub(crate) fn load_row(&self, from: &Snapshot, id: u64) -> Result<Option<State>, Error> {
        let read =
            contain(|| Ok(from.row(id)?.map(|(row, _)| State::verified(id, &row, self.reading))))?;
        match read {
            Some(Ok(state)) => Ok(Some(self.latest(state))),
            damaged => {
                tracing::error!(id, ?damaged, "a damaged row");
                *self.suspects() = true;
                Ok(None)
            }
        }
    }

    /// What is held of a peer whose row was read.
    pub(crate) fn latest(&self, state: State) -> State {
        let put_off = self.cache.get_put_off(&state.entry.peer_id());
        let put_off = put_off.filter(|put_off| put_off.id == state.id);
        put_off.map_or_else(|| self.settled(state), Arc::unwrap_or_clone)
    }

    /// Makes everything durable and closes the file, and says when that fails; dropping it does the
    /// same, and cannot say so.
    ///
    /// # Errors
    ///
    /// The disk failed.
    pub fn close(self) -> Result<(), Error> {
        self.shut()
    }

    fn shut(&self) -> Result<(), Error> {
        let mut writer = self.write();
        let Some(database) = self.replace_database(None) else { return Ok(()) };
        let last = if writer.failed.is_none() {
            drop(self.replace_database(Some(Arc::clone(&database))));
            let at = self.now();
            let last = self.transact(&mut writer, at, true, 0, Self::write_rest);
            drop(self.replace_database(None));
            last
        } else {
            Ok(())
        };
        let closed = match Arc::try_unwrap(database) {
            Ok(database) => database.close(),
            // Somebody reads at this moment: it closes when he has.
            Err(_) => Ok(()),
        };
        last.and(closed)
    }
}

impl Drop for Redb {
    fn drop(&mut self) {
        if let Err(error) = self.shut() {
            tracing::error!(%error, "the store was not closed in order");
        }
    }
}
