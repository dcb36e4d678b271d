//! The database under the engine: one that is written to, or a view.
//!
//! A panic of redb, on bytes that were damaged, becomes an error here (F2). Code of this crate and of
//! its callers that runs in the middle of a call into redb is marked by [`own`]; its panics pass
//! through.

use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use redb_checked::contain::Contained;

pub(crate) use redb_checked::contain::own;

use crate::error::Error;

/// Runs calls into redb; a panic of redb becomes an error.
pub(crate) fn contain<R>(work: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    redb_checked::contain::contain(work)?
}

/// A database. Dropping it does not panic.
#[derive(Debug)]
pub(crate) enum Base {
    Writable(Contained<Database>),
    View(Contained<ReadOnlyDatabase>),
}

impl Base {
    pub(crate) fn writable(database: Database) -> Self {
        Self::Writable(Contained::new(database))
    }

    pub(crate) fn view(database: ReadOnlyDatabase) -> Self {
        Self::View(Contained::new(database))
    }

    pub(crate) fn begin_write(&self) -> Result<WriteTransaction, Error> {
        match self {
            Self::Writable(database) => Ok(database.with(Database::begin_write)??),
            Self::View(_) => Err(Error::viewed()),
        }
    }

    pub(crate) fn begin_read(&self) -> Result<ReadTransaction, Error> {
        Ok(match self {
            Self::Writable(database) => database.with(|database| database.begin_read())??,
            Self::View(database) => database.with(|database| database.begin_read())??,
        })
    }

    /// Whether the whole file was what it has to be.
    pub(crate) fn check_integrity(&mut self) -> Result<bool, Error> {
        match self {
            Self::Writable(database) => Ok(database.with_mut(Database::check_integrity)??),
            Self::View(_) => Err(Error::viewed()),
        }
    }

    /// Moves pages to the front of the file and gives back what is behind them.
    pub(crate) fn compact(&mut self) -> Result<bool, Error> {
        let compacted = match self {
            Self::Writable(database) => database.with_mut(Database::compact)?,
            Self::View(_) => return Err(Error::viewed()),
        };
        compacted.map_err(|error| redb::Error::from(error).into())
    }

    /// Closes it, and returns the error if that fails.
    pub(crate) fn close(self) -> Result<(), Error> {
        match self {
            Self::Writable(database) => Ok(database.end(Database::close)??),
            Self::View(database) => Ok(database.end(drop)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f2_a_panic_of_redb_is_an_error_and_another_passes_through() {
        let broken: Result<(), _> = contain(|| panic!("on page {}", 7));
        assert!(matches!(broken, Err(Error::Panicked { what }) if &*what == "on page 7"));
        assert!(matches!(contain(|| Ok(1)), Ok(1)));
        let passed =
            std::panic::catch_unwind(|| contain(|| own(|| -> Result<(), _> { panic!("mine") })));
        assert_eq!(passed.unwrap_err().downcast_ref::<&str>(), Some(&"mine"));
    }
}
