//! Why a file cannot be opened.

use std::io;
use std::sync::Arc;

use crate::block::BLOCK_LEN;
use crate::contain::Panicked;
use crate::superblock::FORMAT;

/// A file cannot be created, opened or viewed.
///
/// A failed call changes nothing in the file, with one exception: after an error of
/// [`Checked::create`](crate::Checked::create) the file may have the beginning of a superblock.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file was to be created, and is not empty.
    #[error("the file is not empty")]
    NotEmpty,
    /// The file does not begin with the magic bytes of the expected [`Kind`](crate::Kind).
    #[error("the file is of another kind")]
    OtherKind,
    /// The file was written in a later format that this version cannot read.
    #[error("unsupported format {found}: readable by format {lowest} and later, this is {FORMAT}")]
    Incompatible {
        /// The format of the file.
        found: u16,
        /// The lowest format that can read the file.
        lowest: u16,
    },
    /// The file has blocks of another size.
    #[error("unsupported block size {found}, expected {BLOCK_LEN}")]
    BlockSize {
        /// The size of its blocks in bytes.
        found: u32,
    },
    /// Both copies of the superblock fail their checksums.
    #[error("both superblocks are damaged")]
    DamagedSuperblocks,
    /// The length of the file is not a multiple of the block size.
    #[error("the file length {found} is not a multiple of the block size")]
    Length {
        /// The length of the file in bytes.
        found: u64,
    },
    /// The file is sealed and its length is not the sealed one.
    #[error("the file was closed with {sealed} bytes of blocks and has {found}")]
    SealedLength {
        /// The length of all blocks when the file was closed.
        sealed: u64,
        /// The length of all blocks now.
        found: u64,
    },
    /// The file is sealed and block 0, redb's header, is not the sealed one.
    #[error("the header of the database is damaged")]
    DamagedHeader,
    /// The file was not closed and has damaged blocks that the database needs. Writing to it would
    /// make it worse: copy what can still be read through a [`View`](crate::View) and a
    /// [`Scan`](crate::Scan).
    #[error("the file was not closed and has {count} damaged blocks")]
    Damaged {
        /// The damaged blocks in ascending order, the first 1,024 of them.
        blocks: Vec<u64>,
        /// The number of damaged blocks.
        count: u64,
    },
    /// Another process, or another handle of this process, has locked the file.
    #[error("the file is in use")]
    InUse,
    /// redb panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// redb refused to open the database.
    #[error("cannot open the database: {0}")]
    Database(Arc<redb::DatabaseError>),
    /// An I/O error.
    #[error("I/O error: {0}")]
    Io(Arc<io::Error>),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl From<redb::DatabaseError> for Error {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            error => Self::Database(Arc::new(error)),
        }
    }
}
