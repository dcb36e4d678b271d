//! Copying what can be read of a damaged store into a new one.
//!
//! What the tree of the database leads to is *live*: it is copied as it is. Where the tree cannot be
//! read, in a *hole*, rows are looked for in all blocks of the file. Such a row is *loose*: its checksum
//! says that the store wrote it once, and not whether it was replaced or removed since. So a row is taken
//! only if its id is in a hole, and only for peers of which nothing live is held.

mod loose;

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{Config, Limits, Moment, Secret, Share, Shared};
use peermark_provenance::Timestamp;
use redb::{ReadableTable as _, StorageBackend};
use redb_checked::{Checked, Error as BlockError, FileDisk, Scan, State as BlockState, View};

use crate::base::{Base, contain};
use crate::batch::Batch;
use crate::cores::on_all_cores;
use crate::error::{Error, OpenError};
use crate::listing::Holes;
use crate::open::{FORMAT, KIND, at_path, place};
use crate::options::{Durability, Options};
use crate::row::Session;
use crate::state::{Reading, State};
use crate::store::Redb;
use crate::tables::{OrderKey, Snapshot};
use crate::view::{Found, Viewed};

/// Where the store's secret, its clock and its next id came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MetaFrom {
    /// The tables of the store.
    #[default]
    Tables,
    /// A page that nothing leads to: they may be older than the rows.
    Scan,
    /// Nowhere: there is a new secret, and time begins anew.
    Nowhere,
}

/// What was recovered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recovered {
    /// Blocks of the file.
    pub blocks: u64,
    /// Blocks that are damaged or cannot be read.
    pub damaged_blocks: u64,
    /// Peers that were copied from where the tree leads, floors included.
    pub live: u64,
    /// Peers that were found by scanning. What is known of them may be older than it was, or they may
    /// have been removed.
    pub loose: Vec<PeerId>,
    /// Peers that were in the store and were not found. Their floors are lost as well.
    pub lost: u64,
    /// Whether there may be more lost ones, since the list of peers is damaged as well.
    pub at_least: bool,
    /// Rows in quarantine, which were copied as they are.
    pub quarantined: u64,
    /// Where the secret and the clock came from.
    pub meta: MetaFrom,
}

impl Recovered {
    /// Whether nothing is lost or in doubt.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.loose.is_empty() && self.lost == 0 && !self.at_least && self.meta == MetaFrom::Tables
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.live == 0 && self.loose.is_empty() && self.meta == MetaFrom::Nowhere
    }
}

/// Copies what can be read of the store at `source` into a new one at `out`, which must not exist.
///
/// The source is opened for reading: nothing in it is changed. The new store appears when it is complete,
/// and not if nothing was found. Rows that are only found by scanning are left out unless `loose`. What is
/// stored keeps its ages, floors, contradictions and quarantine; peers that were connected are not. If the
/// store's clock is lost, it goes on at `now`.
///
/// # Errors
///
/// Returns [`OpenError`] if the source is in use or cannot be read, or is of a later format, and if the new
/// store cannot be written.
pub fn recover(
    source: impl AsRef<Path>,
    out: impl AsRef<Path>,
    loose: bool,
    now: Timestamp,
) -> Result<Recovered, OpenError> {
    let (source, out) = (source.as_ref(), out.as_ref());
    if out.symlink_metadata().is_ok() {
        let error = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(OpenError::File {
            action: "create",
            path: out.to_owned(),
            source: Arc::new(error),
        });
    }
    let open = || FileDisk::open_shared(source).map_err(|error| at_path(source, error));
    let mut recovered = None;
    place(out, |disk| {
        let done = recover_on(open, disk, loose, now)?;
        let is_kept = !done.is_nothing();
        recovered = Some(done);
        Ok(is_kept)
    })?;
    Ok(recovered.unwrap_or_default())
}

/// As [`recover`], between disks of another kind. `open` opens the source, more than once; `out` is empty.
///
/// # Errors
///
/// As [`recover`].
pub fn recover_on<D: StorageBackend>(
    open: impl Fn() -> Result<D, OpenError>,
    out: impl StorageBackend,
    loose: bool,
    now: Timestamp,
) -> Result<Recovered, OpenError> {
    let disk = open()?;
    let mut recovered = Recovered::default();
    let scan = Scan::new(&disk);
    let count = scan.each(|_, _, state| {
        let is_damaged = matches!(state, BlockState::Damaged | BlockState::Unreadable);
        recovered.damaged_blocks = recovered.damaged_blocks.saturating_add(u64::from(is_damaged));
    });
    recovered.blocks = count.map_err(|error| Error::Io(Arc::new(error)))?;
    let source = Source::of(open()?)?;
    recovered.meta = source.meta;
    let found = match source.found {
        Some(found) if source.meta == MetaFrom::Tables => found,
        found => loose::meta(&scan, found, &mut recovered.meta),
    };
    let target = Target::create(out, &found, now)?;
    let holes = match &source.snapshot {
        Some((snapshot, blocks)) => target.copy_live((snapshot, blocks), &found, &mut recovered)?,
        None => HolesOf::everything(),
    };
    let ids = if loose && !holes.is_none() {
        target.take_loose(&scan, &holes, &mut recovered)?
    } else {
        HashSet::new()
    };
    match &source.snapshot {
        Some((snapshot, _)) => {
            let (visited, missing) = snapshot.missing(&(holes.entries, holes.floors), 0);
            let damaged = holes.damaged.difference(&ids).count();
            let lost = missing.difference(&ids).count().saturating_add(damaged);
            recovered.lost = u64::try_from(lost).unwrap_or(u64::MAX);
            recovered.at_least = visited.at_least;
        }
        None => recovered.at_least = true,
    }
    target.store.close()?;
    Ok(recovered)
}

/// What the tree leads to, if anything.
struct Source {
    snapshot: Option<(Snapshot, Checked)>,
    found: Option<Found>,
    meta: MetaFrom,
}

impl Source {
    fn of(disk: impl StorageBackend) -> Result<Self, OpenError> {
        let nothing = Self { snapshot: None, found: None, meta: MetaFrom::Nowhere };
        let view = match View::new(disk, KIND) {
            Ok(view) => view,
            Err(
                error @ (BlockError::Io(_) | BlockError::Incompatible { .. } | BlockError::Empty),
            ) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(%error, "the tree of the store cannot be read");
                return Ok(nothing);
            }
        };
        let snapshot = view.database().map_err(OpenError::from).and_then(|database| {
            let base = Base::view(database);
            contain(|| Snapshot::open(base.begin_read()?)).map_err(OpenError::damaged)
        });
        match snapshot {
            Ok(snapshot) => {
                let found = Found::in_tables(&snapshot)?;
                let is_whole = found.unreadable.is_empty();
                let meta = if is_whole { MetaFrom::Tables } else { MetaFrom::Nowhere };
                let snapshot = Some((snapshot, view.checked().clone()));
                Ok(Self { snapshot, found: Some(found), meta })
            }
            Err(error) => {
                tracing::warn!(%error, "the tree of the store cannot be read");
                Ok(nothing)
            }
        }
    }
}

/// The ids of rows that the tree does not lead to.
struct HolesOf {
    entries: Holes,
    floors: Holes,
    /// Rows that are damaged, in sound blocks.
    damaged: HashSet<u64>,
    /// The ids of rows that are not in a hole.
    live: HashSet<u64>,
    /// The hashes of the peers with these ids, if all of them are known.
    listed: Option<HashMap<u64, u64>>,
    /// Where rows are filed, as far as it can be read: an earlier version mostly is elsewhere.
    orders: HashMap<u64, OrderKey>,
}

impl HolesOf {
    fn everything() -> Self {
        Self {
            entries: Holes::all(),
            floors: Holes::all(),
            damaged: HashSet::new(),
            live: HashSet::new(),
            listed: None,
            orders: HashMap::new(),
        }
    }

    fn is_none(&self) -> bool {
        self.entries.is_empty() && self.floors.is_empty() && self.damaged.is_empty()
    }

    fn has(&self, id: u64) -> bool {
        let is_in = self.entries.has(id) || self.floors.has(id) || self.damaged.contains(&id);
        let is_listed = self.listed.as_ref().is_none_or(|listed| listed.contains_key(&id));
        is_in && is_listed && !self.live.contains(&id)
    }

    /// Whether a version of a row can be the one that was held, as far as the other tables tell.
    fn admits(&self, state: &State, secret: &Secret) -> bool {
        let hash = secret.hash(&state.entry.peer_id().multihash_bytes());
        let listed = self.listed.as_ref().and_then(|listed| listed.get(&state.id));
        let order = self.orders.get(&state.id);
        listed.is_none_or(|listed| *listed == hash)
            && order.is_none_or(|order| *order == state.filed.order)
    }
}

/// The new store.
struct Target {
    store: Redb,
    /// The time of the source when it was written to last.
    at: Moment,
    reading: Reading,
}

impl Target {
    fn create(out: impl StorageBackend, found: &Found, now: Timestamp) -> Result<Self, OpenError> {
        let mut config = Config::default();
        config.limits = no_limits();
        config.secret = found.secret.unwrap_or(config.secret);
        let secret = config.secret;
        let durability = Durability::Batched { every: NonZeroU32::MAX };
        let options = Options { durability, ..Options::default() };
        let mut store = Redb::open_on(out, config.clone(), &options)?;
        store.shared = match found.clock {
            Some(clock) => Shared::new(config).resume(clock),
            None => Shared::new(config),
        };
        let at = match found.clock {
            Some(_) => store.shared.clock().last(),
            None => store.shared.advance(now),
        };
        let format_1 = (found.format < FORMAT[0]).then_some(at);
        let reading = Reading { session: Session::new(), secret, format_1 };
        store.viewed = Some(Viewed { at, end: 0, knows_secret: true });
        Ok(Self { store, at, reading })
    }

    /// Runs `work` in a transaction. All of them are durable when the new store is closed.
    fn write<R>(&self, work: impl FnOnce(&mut Batch<'_>) -> Result<R, Error>) -> Result<R, Error> {
        self.store.transact(&mut self.store.write(), self.at, false, 1, work)
    }

    /// Copies what the tree leads to. Returns where it does not.
    fn copy_live(
        &self,
        (snapshot, blocks): (&Snapshot, &Checked),
        found: &Found,
        recovered: &mut Recovered,
    ) -> Result<HolesOf, Error> {
        let (mut live, mut damaged) = (HashSet::new(), HashSet::new());
        let (entries, floors) = snapshot.each_row(blocks, found.next_id, |rows| {
            let read = |(id, row): &(u64, Vec<u8>)| State::verified(*id, row, self.reading);
            let states = on_all_cores(&rows, read);
            self.write(|batch| {
                for (state, (id, _)) in states.into_iter().zip(&rows) {
                    match state {
                        Ok(state) => {
                            live.insert(*id);
                            let state = self.store.settled(state);
                            let is_new = batch.take_over(state)?;
                            recovered.live = recovered.live.saturating_add(u64::from(is_new));
                        }
                        Err(damage) => {
                            tracing::warn!(id, %damage, "a damaged row");
                            damaged.insert(*id);
                        }
                    }
                }
                Ok(())
            })?;
            Ok(ControlFlow::Continue(()))
        })?;
        let quarantine = contain(|| {
            let (mut rows, table) = (Vec::new(), snapshot.quarantine()?);
            for row in table.iter()? {
                rows.push(row?.1.value().to_vec());
            }
            Ok(rows)
        });
        let quarantine = quarantine.unwrap_or_default();
        recovered.quarantined = u64::try_from(quarantine.len()).unwrap_or(u64::MAX);
        if !quarantine.is_empty() {
            self.write(|batch| quarantine.iter().try_for_each(|row| batch.adopt_aside(row)))?;
        }
        let mut holes = HolesOf { entries, floors, damaged, live, ..HolesOf::everything() };
        if !holes.is_none() && self.reading.format_1.is_none() {
            let (listed, is_whole) = snapshot.listed();
            if is_whole {
                holes.listed = Some(listed.into_iter().map(|(hash, id)| (id, hash)).collect());
            }
            let read = contain(|| {
                for key in snapshot.order()?.iter()? {
                    let key = key?.0.value();
                    holes.orders.insert(key.3, key);
                }
                Ok(())
            });
            if let Err(error) = read {
                tracing::warn!(%error, "a part of the order cannot be read");
            }
        }
        Ok(holes)
    }
}

/// What is recovered is not evicted.
fn no_limits() -> Limits {
    let many = usize::try_from(u64::MAX >> 1).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    (limits.peers, limits.records, limits.floors) = (many, many, many);
    (limits.bytes, limits.evidence) = (u64::MAX >> 1, many);
    let all = Share::new(1, 1);
    (limits.share, limits.kind_share, limits.kinds_share) = (all, all, all);
    limits
}
