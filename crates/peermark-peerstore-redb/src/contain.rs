//! Keeping a panic of the database inside (F2): on bytes that were damaged it may stop in the middle,
//! and whoever asked gets an error and goes on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use redb::{Database, ReadTransaction, ReadableDatabase as _, WriteTransaction};

use crate::error::Error;

thread_local! {
    static CONTAINING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic becomes an error. What it left half done is the caller's to put right.
pub(crate) fn contain<R>(work: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    be_quiet();
    let outer = CONTAINING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINING.set(outer);
    result.unwrap_or_else(|panic| {
        let what = message(&*panic);
        tracing::error!(%what, "the database broke off");
        Err(Error::Panicked { what: what.into() })
    })
}

/// A database whose end is contained as well: closing one writes, and reads what may be damaged.
#[derive(Debug)]
pub(crate) struct Contained(Option<Database>);

impl Contained {
    pub(crate) const fn new(database: Database) -> Self {
        Self(Some(database))
    }

    pub(crate) fn begin_write(&self) -> Result<WriteTransaction, Error> {
        Ok(self.0.as_ref().ok_or_else(closed)?.begin_write()?)
    }

    pub(crate) fn begin_read(&self) -> Result<ReadTransaction, Error> {
        Ok(self.0.as_ref().ok_or_else(closed)?.begin_read()?)
    }

    /// Whether the whole file was what it has to be.
    pub(crate) fn check_integrity(&mut self) -> Result<bool, Error> {
        Ok(self.0.as_mut().ok_or_else(closed)?.check_integrity()?)
    }

    /// Moves pages to the front of the file and gives back what is behind them.
    pub(crate) fn compact(&mut self) -> Result<bool, Error> {
        let compacted = self.0.as_mut().ok_or_else(closed)?.compact();
        compacted.map_err(|error| redb::Error::from(error).into())
    }

    /// Closes it, and says when that fails.
    pub(crate) fn close(mut self) -> Result<(), Error> {
        let database = self.0.take();
        contain(|| Ok(database.map_or(Ok(()), Database::close)?))
    }
}

fn closed() -> Error {
    Error::from(redb::StorageError::DatabaseClosed)
}

impl Drop for Contained {
    fn drop(&mut self) {
        let Some(database) = self.0.take() else { return };
        let dropped = contain(|| {
            drop(database);
            Ok(())
        });
        if let Err(error) = dropped {
            tracing::warn!(%error, "the database did not close in order");
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// What is contained is told as an error; it need not stand on standard error as well.
fn be_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CONTAINING.get() {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let broken: Result<(), _> = contain(|| panic!("on page {}", 7));
        assert!(matches!(broken, Err(Error::Panicked { what }) if &*what == "on page 7"));
        assert!(matches!(contain(|| Ok(1)), Ok(1)));
    }
}
