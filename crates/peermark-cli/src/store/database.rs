//! The file of the store: which it is, and opening it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use peermark::peerstore::{Limits, Share};
use peermark::peerstore_redb::{OpenError, Options, Redb, Visited};
use peermark::{PeerBook, SystemClock};

use super::place;
use crate::failure::{Failure, Status};
use crate::output;

/// The book in a file.
pub(crate) type Book = PeerBook<Redb, SystemClock>;

/// The option, to be flattened into the arguments of a command.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Database {
    /// The store [default: peermark/peers.redb in the user's data directory]
    #[arg(long, value_name = "FILE", env = "PEERMARK_DB", hide_env_values = true)]
    db: Option<PathBuf>,
}

impl Database {
    /// Where the store is, and whether nobody said so.
    fn place(&self) -> Result<(PathBuf, bool), Failure> {
        match &self.db {
            Some(path) => Ok((path.clone(), false)),
            None => {
                let message = "no place for data of this user is known: say --db FILE";
                let place = place::default().ok_or(Failure::Usage(message.to_owned()));
                Ok((place?, true))
            }
        }
    }

    /// Where the store is.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        self.place().map(|(path, _)| path)
    }

    /// Opens the store that is there, for writing.
    pub(super) fn existing(&self) -> Result<Book, Failure> {
        existing(&self.path()?)
    }

    /// Opens the store that is there, for reading: nothing in its file is changed.
    pub(super) fn for_reading(&self) -> Result<Book, Failure> {
        for_reading(&self.path()?)
    }

    /// Says whether a store could be made where there is none, before there is something for it.
    pub(super) fn check_folder(&self) -> Result<(), Failure> {
        let (path, is_default) = self.place()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder.map_or(Ok(true), Path::try_exists) {
            Ok(false) if !is_default => {
                Err(Failure::file("create", &path, io::ErrorKind::NotFound.into()))
            }
            _ => Ok(()),
        }
    }

    /// Opens the store, and makes an empty one where there is none. The folder is made only where
    /// it is the default one.
    pub(super) fn or_new(&self, options: Options) -> Result<Book, Failure> {
        let (path, is_default) = self.place()?;
        if is_default && let Some(folder) = path.parent() {
            make_folder(folder).map_err(|error| Failure::file("create", folder, error))?;
        }
        is_file(&path)?;
        open(&path, options)
    }
}

/// Opens the store that is there; what is no store is left alone.
pub(crate) fn existing(path: &Path) -> Result<Book, Failure> {
    is_there(path)?;
    open(path, Options::default())
}

/// Opens the store that is there for reading.
pub(crate) fn for_reading(path: &Path) -> Result<Book, Failure> {
    is_there(path)?;
    let builder = PeerBook::builder().limits(limits());
    patiently(path, || builder.clone().open_read_only(path))
}

fn is_there(path: &Path) -> Result<(), Failure> {
    match is_file(path)? {
        // What is empty would become a store.
        Some(1..) => Ok(()),
        Some(0) | None => {
            Err(Failure::Usage(format!("no store at {path:?}; import records first")))
        }
    }
}

/// The length of the file, if there is one; no pipe or device is waited for.
fn is_file(path: &Path) -> Result<Option<u64>, Failure> {
    match path.metadata() {
        Ok(found) if found.is_file() => Ok(Some(found.len())),
        Ok(_) => Err(Failure::Usage(format!("{path:?} is no file, and no store"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("open", path, error)),
    }
}

fn open(path: &Path, options: Options) -> Result<Book, Failure> {
    let builder = PeerBook::builder().limits(limits()).options(options);
    patiently(path, || builder.clone().open(path))
}

fn patiently(path: &Path, open: impl Fn() -> Result<Book, OpenError>) -> Result<Book, Failure> {
    let mut opened = open();
    for _ in 0..PATIENCE {
        let Err(OpenError::InUse { .. }) = opened else { break };
        std::thread::yield_now();
        opened = open();
    }
    opened.map_err(|source| Failure::Open { path: path.to_owned(), source })
}

/// How often a store in use is tried again, for some milliseconds in all: the command before this one may
/// be closing it.
const PATIENCE: usize = 1000;

/// What an operator's own store may hold: whatever is put there. Caps and shares keep strangers from
/// filling the store of a node; here nobody puts anything but its owner.
pub(super) fn limits() -> Limits {
    let many = usize::try_from(1u64 << 32).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    (limits.peers, limits.records, limits.floors) = (many, many, many);
    limits.bytes = u64::MAX >> 1;
    let all = Share::new(1, 1);
    (limits.share, limits.kind_share, limits.kinds_share) = (all, all, all);
    limits
}

/// Says how many peers a listing did not show because they cannot be read.
pub(super) fn tell_missing(visited: &Visited) -> Result<Status, Failure> {
    if visited.is_complete() {
        return Ok(Status::Good);
    }
    let more = if visited.at_least { "at least " } else { "" };
    let peers = if visited.missing == 1 { "peer" } else { "peers" };
    output::error(format_args!(
        "the store is damaged: {more}{} {peers} cannot be read; `peermark store recover` may find them",
        visited.missing
    ));
    Ok(Status::Refused)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
