//! Opening a store for reading alone.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use peermark_identity::PeerId;
use peermark_peerstore::{
    Above, Brought, ClockState, Config, Limits, Moment, SetConnected, Shared, Transition as _,
    Usage,
};
use redb::{ReadableTable as _, StorageBackend};
use redb_checked::{FileDisk, View};

use crate::base::{Base, contain};
use crate::batch::{Writer, hash_in, next_due, read_books, read_clock, read_next_id};
use crate::books::Books;
use crate::cache::Cache;
use crate::error::{Error, OpenError, VIEWED};
use crate::open::{FORMAT, KIND, at_path};
use crate::options::Options;
use crate::row::Session;
use crate::state::{self, Reading, State};
use crate::store::Redb;
use crate::tables::{Snapshot, meta};

/// What was found when a store was opened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Opened {
    /// The format of the file when it was found.
    pub format: u16,
    /// Whether it was closed the last time it was written to.
    pub was_closed: bool,
    /// How far the store is above the limits it was opened with. Nothing was removed for that.
    pub above: Above,
    /// What of the store itself cannot be read since it is damaged: some of "header", "meta", "groups",
    /// "quarantine" and "due". Of a store that is open for writing, nothing.
    pub unreadable: Vec<&'static str>,
}

impl Redb {
    /// Opens the store at `path` for reading. Nothing in the file is changed, and no permission to write
    /// to it is needed. Several can read at a time, and none beside one that writes.
    ///
    /// It takes milliseconds whatever state the file is in: closed, killed, or damaged. What is damaged
    /// is an error for those that ask for it, and everything else is read. Who was connected when the
    /// store was written to last is disconnected. Every update is [`Error::ReadOnly`].
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the file cannot be opened, is in use, is not a store, is of a later format,
    /// or if the damage is where all of it hangs.
    pub fn open_read_only(
        path: impl AsRef<Path>,
        config: Config,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let disk = FileDisk::open_shared(path).map_err(|error| at_path(path, error))?;
        Self::view_on(disk, config, options)
    }

    /// As [`Self::open_read_only`], on a disk of another kind. The caller sees to it that nobody writes
    /// to the disk.
    ///
    /// # Errors
    ///
    /// As [`Self::open_read_only`].
    pub fn view_on(
        disk: impl StorageBackend,
        config: Config,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let view = View::new(disk, KIND)?;
        let mut builder = redb::Builder::new();
        builder.set_cache_size(options.page_cache);
        let base = Base::view(view.database_with(builder)?);
        let snapshot =
            contain(|| Snapshot::open(base.begin_read()?)).map_err(OpenError::damaged)?;
        let Found { format, secret, clock, next_id, mut unreadable } = Found::in_tables(&snapshot)?;
        if !view.is_header_sound() {
            unreadable.insert(0, "header");
        }
        let mut config = config;
        let knows_secret = secret.is_some();
        config.secret = secret.unwrap_or(config.secret);
        let secret = config.secret;
        let mut shared = Shared::new(config);
        if let Some(clock) = clock {
            shared = shared.resume(clock);
        }
        let at = shared.clock().last();
        let is_earlier = format < FORMAT[0];
        let reading =
            Reading { session: Session::new(), secret, format_1: is_earlier.then_some(at) };
        let books = contain(|| read_books(&snapshot.groups()?));
        let is_counted = books.is_ok() && !is_earlier;
        let blocked = contain(|| {
            let quarantine = snapshot.quarantine()?;
            let mut blocked = HashSet::new();
            for row in quarantine.iter()? {
                blocked.extend(hash_in(row?.1.value()));
            }
            Ok(blocked)
        });
        let due = contain(|| next_due(&snapshot.due()?));
        for (what, is_read) in
            [("groups", books.is_ok()), ("quarantine", blocked.is_ok()), ("due", due.is_ok())]
        {
            if !is_read {
                unreadable.push(what);
            }
        }
        let writer = Writer {
            books: books.unwrap_or_default(),
            next_id,
            blocked: blocked.unwrap_or_default(),
            failed: Some(VIEWED.into()),
            stored_at: at,
            ..Writer::default()
        };
        let mut store = Self {
            shared,
            database: RwLock::new(Some(Arc::new(base))),
            blocks: view.checked().clone(),
            writer: RwLock::new(Writer::default()),
            cache: Cache::new(options.hot_peers),
            reading,
            durability: options.durability,
            page_cache: options.page_cache,
            next_due: AtomicU64::new(0),
            usage: RwLock::new(Usage::default()),
            blocked: RwLock::new(HashSet::new()),
            durable: AtomicU64::new(0),
            made: AtomicU64::new(0),
            suspects: Mutex::default(),
            opened: Opened {
                format,
                was_closed: view.checked().was_sealed(),
                unreadable,
                ..Opened::default()
            },
            viewed: Some(Viewed { at, end: next_id, knows_secret }),
        };
        let mut writer = writer;
        if !is_counted {
            writer.books = store.recount(&snapshot, next_id);
        }
        store.opened.above = writer.books.ledger.above(store.shared.limits());
        // Where it cannot be known, something may end at any time.
        store.note(&writer, due.unwrap_or(Some(0)));
        store.writer = RwLock::new(writer);
        Ok(store)
    }

    /// What was found when the store was opened.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// How far the store is above limits now.
    #[must_use]
    pub fn above(&self, limits: &Limits) -> Above {
        self.read().books.ledger.above(limits)
    }

    /// Counts what can be read.
    fn recount(&self, snapshot: &Snapshot, end: u64) -> Books {
        let mut books = Books::default();
        let mut count = |id, row: &[u8]| {
            let read = match self.reading.format_1 {
                None => State::unverified(id, row, &self.reading.secret),
                Some(at) => State::of_format_1(id, row, &self.reading.secret, at),
            };
            if let Ok(state) = read {
                books.enter(&state);
            }
        };
        let _ = snapshot.each_row(&self.blocks, end, |rows| {
            rows.iter().for_each(|(id, row)| count(*id, row));
            Ok(core::ops::ControlFlow::Continue(()))
        });
        books
    }

    /// Finds what is held of a peer. In a view, what the list of peers does not lead to since it, or the
    /// secret by which it is keyed, cannot be read, is looked for in all rows.
    pub(crate) fn find(
        &self,
        from: &Snapshot,
        peer: &PeerId,
        hash: u64,
    ) -> Result<state::Found, Error> {
        let found = contain(|| State::find(from, peer, hash, self.reading, Brought::default()));
        let error = match (found, self.viewed) {
            (Ok(_), Some(Viewed { knows_secret: false, .. })) => {
                Error::damaged("the secret by which peers are found")
            }
            (Err(error), Some(_)) => error,
            (found, _) => return found,
        };
        let end = self.viewed.map_or(u64::MAX, |viewed| viewed.end);
        let is_it = |id, row: &[u8]| self.reading.is_of(id, row, peer) == Some(true);
        match from.search(&self.blocks, end, is_it)? {
            (Some((id, row)), _) => Ok(match State::verified(id, &row, self.reading) {
                Ok(state) => state::Found::Held(Arc::new(state)),
                Err(damage) => state::Found::Damaged(id, damage),
            }),
            // All of it was read, and it is not there.
            (None, true) => Ok(state::Found::Nothing),
            (None, false) => Err(error),
        }
    }

    /// A state as it is read: in a store that nobody has open for writing, nobody is connected (S7).
    pub(crate) fn settled(&self, state: State) -> State {
        match self.viewed {
            Some(Viewed { at, .. }) if state.entry.is_connected() => {
                let mut state = state;
                let _ =
                    SetConnected::new(false).run(&mut state.entry, (), &self.shared.context(at));
                state
            }
            _ => state,
        }
    }
}

/// What a file says about its store.
pub(crate) struct Found {
    pub(crate) format: u16,
    pub(crate) secret: Option<peermark_peerstore::Secret>,
    pub(crate) clock: Option<ClockState>,
    /// The highest there is, if it cannot be read.
    pub(crate) next_id: u64,
    pub(crate) unreadable: Vec<&'static str>,
}

impl Found {
    /// Nothing but, maybe, the next id.
    pub(crate) fn nothing(next_id: Option<u64>) -> Self {
        let [format, _] = FORMAT;
        let next_id = next_id.unwrap_or(u64::MAX);
        Self { format, secret: None, clock: None, next_id, unreadable: Vec::new() }
    }

    /// Reads as much of it as can be read.
    pub(crate) fn in_tables(snapshot: &Snapshot) -> Result<Self, OpenError> {
        let row = |name| {
            contain(|| {
                let table = snapshot.meta()?;
                let row = table.get(name)?.map(|row| row.value().to_vec());
                row.ok_or_else(|| Error::damaged("a row of the table meta is missing"))
            })
        };
        let number = |name| row(name).ok().and_then(|row| row.try_into().ok());
        let formats = [meta::FORMAT, meta::COMPATIBLE].map(number);
        let mut unreadable = Vec::new();
        let [found, lowest] = match formats {
            [Some(found), Some(lowest)] => [found, lowest].map(u16::from_le_bytes),
            _ => FORMAT,
        };
        // Of a later format nothing else is known.
        if lowest > FORMAT[0] {
            return Err(OpenError::Incompatible { found, lowest });
        }
        let secret = row(meta::SECRET).ok().and_then(|row| row.try_into().ok());
        let clock = contain(|| read_clock(&snapshot.meta()?));
        let next_id = contain(|| read_next_id(&snapshot.meta()?));
        if formats.contains(&None) || secret.is_none() || clock.is_err() || next_id.is_err() {
            unreadable.push("meta");
        }
        let next_id = next_id.or_else(|_| {
            // No id is higher than the last one in the tables, and if these cannot be read either, it is
            // not known where they end.
            let last = |table: &redb::ReadOnlyTable<u64, &'static [u8]>| -> Result<u64, Error> {
                Ok(table.last()?.map_or(0, |(id, _)| id.value()).saturating_add(1))
            };
            contain(|| Ok(last(&snapshot.entries)?.max(last(&snapshot.floors)?)))
        });
        Ok(Self {
            format: found,
            secret: secret.map(peermark_peerstore::Secret::from_bytes),
            clock: clock.ok().flatten(),
            next_id: next_id.unwrap_or(u64::MAX),
            unreadable,
        })
    }
}

/// A store that nobody can write to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewed {
    /// When it was written to last.
    pub(crate) at: Moment,
    /// Behind the last id.
    pub(crate) end: u64,
    /// Whether the secret of the store can be read.
    pub(crate) knows_secret: bool,
}
