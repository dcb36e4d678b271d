//! What can go wrong: at opening, and afterwards.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use peermark_identity::PeerId;
use redb_checked::contain::Panicked;

/// Why an operation failed. Nothing of it is stored then.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Io(Arc<io::Error>),
    /// The store was opened for reading, or a write failed earlier: since then it can be read, and
    /// nothing more is stored (F4) until it is opened again.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// Why.
        reason: Arc<str>,
    },
    /// A part of the file is not what was written there. What is elsewhere can still be read.
    #[error("a part of the file is damaged: {what}")]
    Damaged {
        /// As far as it is known.
        what: Arc<str>,
    },
    /// What is stored of this peer is damaged, its floor included: what comes of it could be a
    /// replay, and is refused until the peer is forgotten (F2).
    #[error("what was stored of {peer} is damaged; forget the peer to accept it again")]
    Quarantined {
        /// The peer.
        peer: PeerId,
    },
    /// redb panicked, most likely on a damaged part of the file. A panic of any other code passes
    /// through.
    #[error("redb panicked: {what}")]
    Panicked {
        /// The message of the panic.
        what: Arc<str>,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(Arc<redb::Error>),
}

/// Why a store could not be opened. The file is as it was.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another part of this one, has it open. Several can read a store at a time,
    /// and none beside one that writes to it.
    #[error(
        "{} is in use: it is open elsewhere, and a store that is written to cannot be shared; try again \
         when it was closed, or read a backup of it",
        path.display()
    )]
    InUse {
        /// Where it is.
        path: PathBuf,
    },
    /// It is some other file.
    #[error("this is not a peermark store")]
    NotAStore,
    /// It was written by a version that this one does not understand (F5).
    #[error("the store has format {found}, of which version {lowest} and later can be read here")]
    Incompatible {
        /// The format of the file.
        found: u16,
        /// The lowest that can read it.
        lowest: u16,
    },
    /// It is damaged, so that it cannot be read at all, or must not be written to.
    #[error("the store is damaged: {what}; recover it with `peermark store recover`")]
    Damaged {
        /// As far as it is known.
        what: Arc<str>,
    },
    /// The file could not be created, opened or read.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// It was found, and then failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Error {
    /// Whether the database is of no use after it.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Panicked { .. } | Self::Database(_))
    }

    pub(crate) fn damaged(what: impl Into<Arc<str>>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// The store was opened by [`Redb::open_read_only`](crate::Redb::open_read_only).
    pub(crate) fn viewed() -> Self {
        Self::ReadOnly { reason: VIEWED.into() }
    }
}

/// Why a view is read-only.
pub(crate) const VIEWED: &str = "it was opened for reading";

impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked { what: panicked.message().into() }
    }
}

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => Self::Io(Arc::new(error)),
            redb::Error::Corrupted(what) => Self::damaged(what),
            other => Self::Database(Arc::new(other)),
        }
    }
}

/// Each part of the database has errors of its own, and all of them are [`redb::Error`].
macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError
);

impl OpenError {
    /// What damages all of it is an error of opening.
    pub(crate) fn damaged(error: Error) -> Self {
        match error {
            Error::Damaged { what } | Error::Panicked { what } => Self::Damaged { what },
            error => Self::Store(error),
        }
    }
}
