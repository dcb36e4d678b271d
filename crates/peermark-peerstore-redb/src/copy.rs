//! Copies of a store: of all that it knows, for another to join in; of the file, while it is in use; and
//! the file itself in less room.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use peermark_peerstore::{Moment, PeerState};
use redb::{Key, ReadableTable as _, Table, Value};
use redb_checked::{Checked, FileDisk};

use crate::base::{Base, contain};
use crate::error::{Error, OpenError};
use crate::listing::Visited;
use crate::open::{KIND, at_path, file, folder_of};
use crate::state::State;
use crate::store::Redb;
use crate::tables::{Snapshot, Tables};

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// Peers of which more than a floor is held.
    pub peers: u64,
    /// Peers of which a floor alone is held.
    pub floors: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Redb {
    /// Shows what is known of each peer, floors included, as it was when this began, for another store to
    /// join in. Nothing is locked meanwhile. No signature is verified:
    /// [`PeerState::verify`] does that. Damaged rows are left out, and counted.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read at all.
    pub fn states(
        &self,
        at: Moment,
        mut visit: impl FnMut(PeerState) -> ControlFlow<()>,
    ) -> Result<Visited, Error> {
        let (snapshot, end) = {
            let writer = self.read();
            (self.snapshot()?, writer.next_id)
        };
        let (cx, mut damaged) = (self.shared.context(at), 0u64);
        let holes = snapshot.each_row(&self.blocks, end, |rows| {
            for (id, row) in rows {
                let read = match self.reading.format_1 {
                    None => State::unverified(id, &row, &self.reading.secret),
                    Some(at) => State::of_format_1(id, &row, &self.reading.secret, at),
                };
                let Ok(state) = read else {
                    damaged = damaged.saturating_add(1);
                    continue;
                };
                let known = self.latest(state).entry.state(&cx);
                if !known.is_empty() && visit(known).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(snapshot.missing(&holes, damaged).0)
    }

    /// Copies the store into a new file at `path`, as it is at this moment, while it is in use. What comes
    /// meanwhile is not in the copy. The copy is a store of its own with the same secret: it appears under
    /// its name when it is whole, synced, and read back.
    ///
    /// # Errors
    ///
    /// [`OpenError::File`] if there is a file at `path`, or it cannot be written. What is damaged
    /// is not copied: then there is no copy at all.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<Backup, OpenError> {
        let path = path.as_ref();
        let failed = |error| file("create", path, error);
        if path.try_exists().map_err(failed)? {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        // A view has nothing to write.
        if self.viewed.is_none() {
            self.flush()?;
        }
        let (snapshot, damage) = (self.snapshot()?, self.blocks.damage_count());
        let folder = folder_of(path);
        // For its owner alone, where the system knows owners.
        let temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let reopen = || -> Result<FileDisk, OpenError> {
            let disk = FileDisk::exclusive(temporary.reopen().map_err(failed)?);
            disk.map_err(|error| at_path(temporary.path(), error))
        };
        let blocks = Checked::create(reopen()?, KIND)?;
        let copied = contain(|| {
            let mut builder = redb::Builder::new();
            builder.set_cache_size(self.page_cache);
            let database = Base::writable(builder.create_with_backend(blocks)?);
            let copied = copy(&snapshot, &database)?;
            database.close()?;
            Ok(copied)
        })
        .map_err(OpenError::damaged)?;
        if self.blocks.damage_count() != damage {
            return Err(OpenError::Damaged { what: "a block that holds peers".into() });
        }
        let mut damaged = 0u64;
        let written = Checked::open(reopen()?, KIND)?;
        let counted = written.verify_all(|_| damaged = damaged.saturating_add(1));
        counted.map_err(|error| file("read", path, error))?;
        if damaged > 0 || !written.was_sealed() {
            return Err(OpenError::Damaged { what: "the copy, read back".into() });
        }
        drop(written);
        let bytes = temporary.as_file().metadata().map_err(failed)?.len();
        temporary.persist_noclobber(path).map_err(|error| failed(error.error))?;
        // The name is durable when its folder is. Not every system can say so.
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Backup { bytes, ..copied })
    }

    /// Moves what is in the file to its front, and gives the room behind it back. The file is as safe as
    /// in any other update: killed in the middle, it is larger than it could be, and nothing else.
    /// Returns whether anything was moved.
    ///
    /// # Errors
    ///
    /// The disk failed, or a block is damaged that something needs: that is to be recovered first, and
    /// nothing was moved.
    pub fn compact(&mut self) -> Result<bool, Error> {
        self.flush()?;
        let mut damaged = 0u64;
        let counted = self.blocks.verify_all(|_| damaged = damaged.saturating_add(1));
        counted.map_err(|error| Error::Io(Arc::new(error)))?;
        // A block that was torn by a crash, and that nothing needs, does not matter.
        if damaged > 0 && !self.is_unused() {
            return Err(Error::damaged(format!("{damaged} blocks: recover the store first")));
        }
        let database = self.database.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = database.as_mut().and_then(Arc::get_mut) else {
            return Err(Error::ReadOnly { reason: "nothing can be read".into() });
        };
        contain(|| database.compact())
    }
}

/// Copies all rows.
fn copy(from: &Snapshot, to: &Base) -> Result<Backup, Error> {
    let mut transaction = to.begin_write()?;
    transaction.set_two_phase_commit(true);
    let (peers, floors) = {
        let mut tables = Tables::open(&transaction)?;
        rows(&from.peers, &mut tables.peers)?;
        rows(&from.due()?, &mut tables.due)?;
        rows(&from.order()?, &mut tables.order)?;
        rows(&from.groups()?, &mut tables.groups)?;
        rows(&from.quarantine()?, &mut tables.quarantine)?;
        rows(&from.meta()?, &mut tables.meta)?;
        (rows(&from.entries, &mut tables.entries)?, rows(&from.floors, &mut tables.floors)?)
    };
    transaction.commit()?;
    Ok(Backup { peers, floors, bytes: 0 })
}

fn rows<K: Key + 'static, V: Value + 'static>(
    from: &redb::ReadOnlyTable<K, V>,
    to: &mut Table<'_, K, V>,
) -> Result<u64, Error> {
    let mut count = 0u64;
    for row in from.iter()? {
        let (key, value) = row?;
        to.insert(key.value(), value.value())?;
        count = count.saturating_add(1);
    }
    Ok(count)
}
