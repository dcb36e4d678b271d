//! A file as a disk, locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::error::Error;

/// A locked file: shared for reading, exclusive for writing.
///
/// The lock is the operating system's lock on the whole file ([`File::try_lock`]), held until the
/// disk is dropped. It excludes other processes and other handles of this one that lock the file.
#[derive(Debug)]
pub struct FileDisk(FileBackend);

impl FileDisk {
    /// Opens a file for reading, under a shared lock. It needs no permission to write.
    ///
    /// # Errors
    ///
    /// Returns [`Error::InUse`] if the file is open for writing, and [`Error::Io`] if it cannot be
    /// opened or locked.
    pub fn open_shared(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::shared(File::open(path)?)
    }

    /// Opens a file for reading and writing, under an exclusive lock.
    ///
    /// # Errors
    ///
    /// Returns [`Error::InUse`] if the file is open elsewhere, and [`Error::Io`] if it cannot be opened
    /// or locked.
    pub fn open_exclusive(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::exclusive(OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// Creates a file that does not exist yet, under an exclusive lock.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Io`] if the file exists, or cannot be created or locked.
    pub fn create_new(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::exclusive(OpenOptions::new().read(true).write(true).create_new(true).open(path)?)
    }

    /// Locks an open file for reading.
    ///
    /// # Errors
    ///
    /// As [`Self::open_shared`].
    pub fn shared(file: File) -> Result<Self, Error> {
        locked(file.try_lock_shared())?;
        Ok(Self(FileBackend::new(file)?))
    }

    /// Locks an open file for writing.
    ///
    /// # Errors
    ///
    /// As [`Self::open_exclusive`].
    pub fn exclusive(file: File) -> Result<Self, Error> {
        locked(file.try_lock())?;
        Ok(Self(FileBackend::new(file)?))
    }
}

fn locked(result: Result<(), TryLockError>) -> Result<(), Error> {
    result.map_err(|error| match error {
        TryLockError::WouldBlock => Error::InUse,
        TryLockError::Error(error) => error.into(),
    })
}

/// redb's own locks are not forwarded: the whole file is locked already.
impl StorageBackend for FileDisk {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
