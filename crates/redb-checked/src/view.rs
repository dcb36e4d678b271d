//! Reading a database without writing to it, whatever state its file is in.
//!
//! redb refuses to open a database read-only if it was not closed: it would have to repair it first.
//! Nothing of what a repair does is needed for reading a commit that was written in two phases: its
//! root is in the header, and no page it leads to is ever overwritten. So a view shows redb a header
//! without the recovery flag, in memory. This module is the only place that knows that flag.

use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::{BackendError, Builder, ConcurrencyMode, ReadOnlyDatabase, StorageBackend};

use crate::checked::Checked;
use crate::contain::contain;
use crate::disk::FileDisk;
use crate::error::Error;
use crate::kind::Kind;

/// What redb's header begins with.
pub(crate) const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// The byte of the header with the flags: the "god byte" of redb's design document.
pub(crate) const FLAGS_AT: u64 = 9;

/// The database was not closed.
pub(crate) const RECOVERY_REQUIRED: u8 = 2;

/// The last commit was written in two phases.
pub(crate) const TWO_PHASE: u8 = 4;

/// A database to be read only, from a file that is never written to.
///
/// It works for a file that was closed, for one that was not since its process was killed, and for
/// one with damaged blocks; it needs no permission to write, and repairs nothing. What is on damaged
/// blocks cannot be read: redb returns an error or panics, so wrap calls in
/// [`contain`](crate::contain::contain).
///
/// Neither damaged superblocks nor a length or a header that the seal does not cover keep a file from
/// being viewed: [`Self::is_header_sound`] and the blocks say what of it is damaged.
///
/// The last commit is the one that is read. In a file that was not closed, that takes redb's
/// two-phase commits ([`WriteTransaction::set_two_phase_commit`](redb::WriteTransaction)). If the
/// last commit was written in one phase, which a power loss can leave incomplete, redb's own repair
/// runs first, in memory; that takes time in proportion to the size of the database.
///
/// Nobody else may write to the file meanwhile. [`FileDisk::open_shared`] makes sure of it.
#[derive(Clone, Debug)]
pub struct View {
    checked: Checked,
    is_header_sound: bool,
}

impl View {
    /// Views a file of this kind on a disk.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is empty, or of another kind or format, and [`Error::Io`] if the
    /// disk fails. If the last commit has to be repaired in memory first, also the error or the panic of
    /// redb, and [`Error::Damaged`] if the repair needs a damaged block.
    pub fn new(disk: impl StorageBackend, kind: Kind) -> Result<Self, Error> {
        let checked = Checked::open_frozen(disk, kind)?;
        let is_header_sound = checked.is_header_sound()?;
        if let Some(flags) = flags(&checked)?.filter(|flags| flags & RECOVERY_REQUIRED != 0) {
            if flags & TWO_PHASE == 0 {
                repair(&checked)?;
            } else {
                checked.write(FLAGS_AT, &[flags & !RECOVERY_REQUIRED])?;
            }
        }
        Ok(Self { checked, is_header_sound })
    }

    /// Views a file of this kind, under a shared lock.
    ///
    /// # Errors
    ///
    /// As [`FileDisk::open_shared`] and [`Self::new`].
    pub fn open(path: impl AsRef<Path>, kind: Kind) -> Result<Self, Error> {
        Self::new(FileDisk::open_shared(path)?, kind)
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Database`] if redb refuses, and [`Error::Panicked`] if it panics.
    pub fn database(&self) -> Result<ReadOnlyDatabase, Error> {
        self.database_with(Builder::new())
    }

    /// Opens the database as `builder` says. Its concurrency mode is set by this call.
    ///
    /// # Errors
    ///
    /// As [`Self::database`].
    pub fn database_with(&self, mut builder: Builder) -> Result<ReadOnlyDatabase, Error> {
        // A reader in this mode needs neither the length nor the allocator state, which a file has
        // only if it was closed.
        builder.set_concurrency_mode(ConcurrencyMode::SingleWriter);
        Ok(contain(|| builder.open_read_only_with_backend(self.clone()))??)
    }

    /// The blocks: which of them are damaged, and a scan of them.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Whether redb's header passed its checksum.
    ///
    /// If not, in a file that was not closed, the process was killed within a write of the header, or
    /// the header is damaged. redb checks the two roots in the header, but not which of them is the
    /// last one: reads are right as of the last commit or the one before.
    #[must_use]
    pub const fn is_header_sound(&self) -> bool {
        self.is_header_sound
    }
}

/// The flags in the header; none if redb does not recognize the header either.
fn flags(checked: &Checked) -> io::Result<Option<u8>> {
    if StorageBackend::len(checked)? <= FLAGS_AT {
        return Ok(None);
    }
    let (mut magic, mut flags) = (MAGIC, [0]);
    checked.read(0, &mut magic)?;
    checked.read(FLAGS_AT, &mut flags)?;
    let [flags] = flags;
    Ok((magic == MAGIC).then_some(flags))
}

/// Has redb repair the last commit in memory.
fn repair(checked: &Checked) -> Result<(), Error> {
    let repaired = checked.repair().and_then(|database| Ok(database.end(redb::Database::close)??));
    // It cannot tell damage from a commit that is incomplete, and goes back to the one before.
    match checked.damage_count() {
        0 => repaired,
        count => Err(Error::Damaged { blocks: checked.damaged(), count }),
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a view is read-only"))
}

/// Writes fail. Locks succeed without effect, and nobody else holds one: the lock on the whole file
/// is enough.
impl StorageBackend for View {
    fn len(&self) -> io::Result<u64> {
        StorageBackend::len(&self.checked)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.checked.read(offset, out)
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        read_only()
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        read_only()
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }
}
