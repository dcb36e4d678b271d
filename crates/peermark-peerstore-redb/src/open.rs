//! Opening: making the file where there is none, and finding out what state it is in.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use peermark_peerstore::{ClockState, Config, Limits, Secret, SetConnected, Shared, Usage};
use redb::{ReadableTable as _, StorageBackend};
use redb_checked::{Checked, FileDisk, Kind};

use crate::base::{Base, contain};
use crate::batch::{Batch, Writer, clock_row, read_books, read_counters, reckoning};
use crate::books::Books;
use crate::cache::Cache;
use crate::error::{Error, OpenError};
use crate::options::Options;
use crate::row::Session;
use crate::state::Reading;
use crate::store::Redb;
use crate::tables::{Snapshot, Tables, meta};
use crate::view::Opened;

/// The format of rows and tables, and the lowest that a program has to know to read it. A file of
/// format 1 becomes one of this when it is opened.
pub(crate) const FORMAT: [u16; 2] = [2, 2];

/// What the file of a store begins with. Not text, and broken by whatever changes the ends of lines.
pub(crate) const KIND: Kind = Kind::new(*b"peermark store\n\x1a");

impl Redb {
    /// Opens the store at `path`, or makes an empty one there, for its owner alone to read and write.
    ///
    /// The secret of `config` is that of a new store; one that is there keeps its own. Who was
    /// connected when it was closed is disconnected, at the last moment that the store knows: their
    /// claims end their time to live after that. A file of an earlier format is written again, and that
    /// format's programs do not read it any more. Nothing is removed because the limits are lower than
    /// before: what comes evicts what it needs. After an unclean end the whole file is checked first.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. A file that cannot be opened is left as it is.
    pub fn open(
        path: impl AsRef<Path>,
        config: Config,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let is_there = path.try_exists().map_err(|error| file("look for", path, error))?;
        if !is_there {
            create(path, config.clone(), options)?;
        }
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let opened = opened.map_err(|error| file("open", path, error))?;
        let is_empty = opened.metadata().is_ok_and(|file| file.len() == 0);
        let own = opened.try_clone().map_err(|error| file("open", path, error))?;
        let disk = FileDisk::exclusive(opened).map_err(|error| at_path(path, error))?;
        // One that somebody made and left empty becomes a store, and no longer everybody's.
        #[cfg(unix)]
        if is_empty {
            use std::os::unix::fs::PermissionsExt as _;

            let mode = std::fs::Permissions::from_mode(0o600);
            own.set_permissions(mode).map_err(|error| file("protect", path, error))?;
        }
        drop((own, is_empty));
        Self::open_on(disk, config, options)
    }

    /// Opens the store on a disk of another kind, or makes an empty one on an empty disk. Whoever
    /// calls this sees to it that nobody else uses the disk.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_on(
        disk: impl StorageBackend,
        config: Config,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let is_new = disk.len().map_err(|error| Error::Io(Arc::new(error)))? == 0;
        let blocks = if is_new {
            Checked::create(disk, KIND)
        } else {
            Checked::open_for_writing(disk, KIND)
        }?;
        if !is_new && blocks.was_sealed() {
            Self::rehearse(&blocks, &config, options)?;
        }
        let mut database = database(&blocks, options)?;
        let is_clean = is_new || blocks.was_sealed();
        let begun = contain(|| {
            if is_new {
                found(&database, &config.secret, &config.limits)?;
            } else if !is_clean {
                tracing::warn!("the store was not closed in order: checking all of it");
                if !database.check_integrity()? {
                    tracing::warn!("what the database keeps for itself was made anew");
                }
            }
            Ok(())
        });
        let opened = match begun {
            Ok(()) => {
                Self::start(database, blocks.clone(), config, options).and_then(|mut store| {
                    let resumed = store.resume(is_clean);
                    store.opened.above = store.above(store.shared.limits());
                    resumed.map(|()| store).map_err(OpenError::damaged)
                })
            }
            Err(error) => {
                // What it would write in passing is not to be kept.
                let _ = blocks.freeze();
                drop(database);
                Err(OpenError::damaged(error))
            }
        };
        if opened.is_err() {
            // Whatever was tried, it is not to pass for a store that was closed in order.
            let _ = blocks.freeze();
        }
        opened
    }

    /// Opens a file that was closed in memory, on top of it, so that damage that the opening needs is
    /// found before the first write.
    fn rehearse(blocks: &Checked, config: &Config, options: &Options) -> Result<(), OpenError> {
        let trial = blocks.in_memory();
        let mut config = config.clone();
        config.metrics = Arc::new(());
        let store = Self::start(database(&trial, options)?, trial, config, options)?;
        if store.is_current().map_err(OpenError::damaged)? {
            return store.resume(true).and_then(|()| store.close()).map_err(OpenError::damaged);
        }
        // All of it will be written again, which is too much to hold in memory: all of it is read.
        drop(store);
        Ok(blocks.refuse_damage()?)
    }

    /// Whether the rows and the books are as this version writes them.
    fn is_current(&self) -> Result<bool, Error> {
        let counted = contain(|| {
            let table = self.snapshot()?.meta()?;
            Ok(table.get(meta::RECKONING)?.map(|row| row.value().to_vec()))
        })?;
        let is_counted = counted.as_ref() == Some(&reckoning(self.shared.limits()));
        Ok(self.opened.format >= FORMAT[0] && is_counted)
    }

    /// With what was stored about the store itself.
    fn start(
        database: Base,
        blocks: Checked,
        config: Config,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let (formats, read) = contain(|| {
            let snapshot = Snapshot::open(database.begin_read()?)?;
            let table = snapshot.meta()?;
            let formats = [table.get(meta::FORMAT)?, table.get(meta::COMPATIBLE)?];
            let formats = formats.map(|row| row.map(|row| row.value().try_into()));
            let [Some(Ok(found)), Some(Ok(lowest))] = formats else {
                return Err(Error::damaged("the format of the store"));
            };
            let formats @ [found, lowest] = [found, lowest].map(u16::from_le_bytes);
            // Of a later format nothing else is known.
            let read = (lowest <= FORMAT[0]).then(|| read(&snapshot, found)).transpose()?;
            Ok((formats, read))
        })
        .map_err(OpenError::damaged)?;
        let Some((secret, clock, writer)) = read else {
            let [found, lowest] = formats;
            return Err(OpenError::Incompatible { found, lowest });
        };
        let mut config = config;
        config.secret = secret;
        let mut shared = Shared::new(config);
        if let Some(clock) = clock {
            shared = shared.resume(clock);
        }
        let [format, _] = formats;
        let opened = Opened { format, was_closed: blocks.was_sealed(), ..Opened::default() };
        let store = Self {
            shared,
            database: RwLock::new(Some(Arc::new(database))),
            blocks,
            writer: RwLock::new(writer),
            cache: Cache::new(options.hot_peers),
            reading: Reading { session: Session::new(), secret, format_1: None },
            durability: options.durability,
            page_cache: options.page_cache,
            next_due: AtomicU64::new(0),
            usage: RwLock::new(Usage::default()),
            blocked: RwLock::new(HashSet::new()),
            durable: AtomicU64::new(0),
            made: AtomicU64::new(0),
            suspects: Mutex::new(false),
            opened,
            viewed: None,
        };
        Ok(store)
    }

    /// Goes on from what was stored.
    fn resume(&self, is_clean: bool) -> Result<(), Error> {
        let mut writer = self.write();
        let at = self.now();
        let next_due = self.transact(&mut writer, at, true, 0, |batch| {
            let is_earlier = batch.format()? < FORMAT[0];
            if is_earlier {
                tracing::info!("the store is of an earlier format: writing all of it again");
                batch.upgrade()?;
                batch.write_format()?;
            }
            batch.load_quarantine()?;
            let counted = batch.tables.meta.get(meta::RECKONING)?.map(|row| row.value().to_vec());
            let reckoning = reckoning(self.shared.limits());
            if !is_clean || counted.as_ref() != Some(&reckoning) {
                if !is_earlier {
                    batch.reindex()?;
                }
                batch.tables.meta.insert(meta::RECKONING, &*reckoning)?;
            }
            // Nobody is connected to a process that was just started (S7).
            for id in batch.connected()? {
                let Some(state) = batch.state_of(id)? else { continue };
                let peer = state.entry.peer_id();
                if let Err(error) = batch.update(&peer, &SetConnected::new(false))? {
                    tracing::error!(%peer, %error, "a peer that was connected");
                }
            }
            batch.next_due()
        })?;
        self.note(&writer, next_due);
        Ok(())
    }
}

fn database(blocks: &Checked, options: &Options) -> Result<Base, OpenError> {
    let opened = contain(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(options.page_cache);
        Ok(Base::writable(builder.create_with_backend(blocks.clone())?))
    });
    opened.map_err(OpenError::damaged)
}

/// The secret, the clock and what is counted, as a file of this format has them.
fn read(snapshot: &Snapshot, format: u16) -> Result<(Secret, Option<ClockState>, Writer), Error> {
    let table = snapshot.meta()?;
    let secret = table.get(meta::SECRET)?.map(|row| row.value().try_into());
    let Some(Ok(secret)) = secret else {
        return Err(Error::damaged("the secret of the store"));
    };
    let (clock, next_id) = read_counters(&table)?;
    // An earlier format has other books: all of it is counted again.
    let is_current = format >= FORMAT[0];
    let books = if is_current { read_books(&snapshot.groups()?)? } else { Books::default() };
    let stored_at = clock.map(|clock| clock.at).unwrap_or_default();
    let writer = Writer { books, next_id, stored_at, ..Writer::default() };
    Ok((Secret::from_bytes(secret), clock, writer))
}

impl Batch<'_> {
    /// The format of rows and tables.
    fn format(&self) -> Result<u16, Error> {
        let row = self.tables.meta.get(meta::FORMAT)?.map(|row| row.value().try_into());
        let Some(Ok(format)) = row else { return Err(Error::damaged("the format of the store")) };
        Ok(u16::from_le_bytes(format))
    }

    fn write_format(&mut self) -> Result<(), Error> {
        for (name, format) in [meta::FORMAT, meta::COMPATIBLE].into_iter().zip(FORMAT) {
            self.tables.meta.insert(name, &format.to_le_bytes()[..])?;
        }
        Ok(())
    }
}

/// What is once in every store.
fn found(database: &Base, secret: &Secret, limits: &Limits) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut tables = Tables::open(&transaction)?;
        let [format, compatible] = FORMAT.map(u16::to_le_bytes);
        let rows: [(&str, &[u8]); 6] = [
            (meta::FORMAT, &format),
            (meta::COMPATIBLE, &compatible),
            (meta::SECRET, &secret.to_bytes()),
            (meta::MOMENT, &clock_row(None)),
            (meta::NEXT_ID, &1u64.to_le_bytes()),
            (meta::RECKONING, &reckoning(limits)),
        ];
        for (name, row) in rows {
            tables.meta.insert(name, row)?;
        }
    }
    Ok(transaction.commit()?)
}

/// Makes an empty store beside `path` and moves it there: a store that is there is a whole one.
fn create(path: &Path, config: Config, options: &Options) -> Result<(), OpenError> {
    let placed = place(path, |disk| {
        Redb::open_on(disk, config, options)?.close()?;
        Ok(true)
    });
    match placed {
        // Somebody else was faster: his is as good.
        Err(OpenError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
            Ok(())
        }
        placed => placed,
    }
}

/// Makes a file beside `path`, for its owner alone where the system knows owners, and moves it there if
/// `fill` returns so. What is there already is not replaced.
pub(crate) fn place(
    path: &Path,
    fill: impl FnOnce(FileDisk) -> Result<bool, OpenError>,
) -> Result<(), OpenError> {
    let failed = |error| file("create", path, error);
    let folder = folder_of(path);
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let disk = FileDisk::exclusive(temporary.reopen().map_err(failed)?)
        .map_err(|error| at_path(temporary.path(), error))?;
    if !fill(disk)? {
        return Ok(());
    }
    temporary.persist_noclobber(path).map_err(|error| failed(error.error))?;
    // The name is durable when its folder is. Not every system can say so.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(())
}

/// The folder in which a file is, or will be.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn file(action: &'static str, path: &Path, error: io::Error) -> OpenError {
    OpenError::File { action, path: PathBuf::from(path), source: Arc::new(error) }
}

/// As an error of this path.
pub(crate) fn at_path(path: &Path, error: redb_checked::Error) -> OpenError {
    match error {
        redb_checked::Error::InUse => OpenError::InUse { path: path.to_owned() },
        redb_checked::Error::Io(source) => {
            OpenError::File { action: "open", path: path.to_owned(), source }
        }
        error => error.into(),
    }
}

impl From<redb_checked::Error> for OpenError {
    fn from(error: redb_checked::Error) -> Self {
        match error {
            redb_checked::Error::OtherKind | redb_checked::Error::Empty => Self::NotAStore,
            redb_checked::Error::Incompatible { found, lowest } => {
                Self::Incompatible { found, lowest }
            }
            redb_checked::Error::Io(error) => Self::Store(Error::Io(error)),
            damaged => Self::Damaged { what: damaged.to_string().into() },
        }
    }
}
