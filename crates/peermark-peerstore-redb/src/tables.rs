//! What is where in the database.
//!
//! | table | from | to |
//! |---|---|---|
//! | `peers` | keyed hash of the peer id | the ids of the peers that have it, mostly one |
//! | `entries` | id | the [row](crate::row) of a peer of which something is held |
//! | `floors` | id | the row of a peer of which a floor alone is held |
//! | `due` | what ends, when, id | |
//! | `order` | group, code, a slot, id | |
//! | `groups` | group | what it holds |
//! | `quarantine` | id | rows that are damaged |
//! | `meta` | name | what there is once |
//!
//! Ids count up, so that rows which come together lie together, and rows which end together as well:
//! adding many is as cheap as appending. What is in random order, `peers`, is small.
//!
//! `order` is what victims are taken from: of a group those of the lowest [code](crate::state::code), and among equals the
//! one whose slot is lowest, which is the secret's choice. Ids that follow each other share a slot, so
//! that here too what comes together lies together.

use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::error::Error;

pub(crate) type DueKey = (u8, u64, u64);
pub(crate) type OrderKey = (u16, u8, u32, u64);

const PEERS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("peers");
const ENTRIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("entries");
const FLOORS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("floors");
const DUE: TableDefinition<'static, DueKey, ()> = TableDefinition::new("due");
const ORDER: TableDefinition<'static, OrderKey, ()> = TableDefinition::new("order");
const GROUPS: TableDefinition<'static, u16, &[u8]> = TableDefinition::new("groups");
const QUARANTINE: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("quarantine");
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

/// What a key of `due` is about.
pub(crate) mod due {
    /// Something of an entry may have ended, in nanoseconds of store time.
    pub(crate) const CLAIM: u8 = 0;
    /// A floor ends, in seconds of aging.
    pub(crate) const FLOOR: u8 = 1;
    /// A peer is connected, which ends when the store is opened the next time.
    pub(crate) const CONNECTED: u8 = 2;
}

/// Names in `meta`.
pub(crate) mod meta {
    /// The format of rows and tables.
    pub(crate) const FORMAT: &str = "format";
    /// The lowest format that a program has to know to read it.
    pub(crate) const COMPATIBLE: &str = "lowest compatible format";
    /// The secret of the store.
    pub(crate) const SECRET: &str = "secret";
    /// The clock: see [`ClockState`](peermark_peerstore::ClockState).
    pub(crate) const MOMENT: &str = "moment";
    /// The id that the next peer gets.
    pub(crate) const NEXT_ID: &str = "next id";
    /// What is counted and filed by.
    pub(crate) const RECKONING: &str = "reckoning";
}

/// The tables, to be written.
pub(crate) struct Tables<'t> {
    pub(crate) peers: Table<'t, u64, &'static [u8]>,
    pub(crate) entries: Table<'t, u64, &'static [u8]>,
    pub(crate) floors: Table<'t, u64, &'static [u8]>,
    pub(crate) due: Table<'t, DueKey, ()>,
    pub(crate) order: Table<'t, OrderKey, ()>,
    pub(crate) groups: Table<'t, u16, &'static [u8]>,
    pub(crate) quarantine: Table<'t, u64, &'static [u8]>,
    pub(crate) meta: Table<'t, &'static str, &'static [u8]>,
}

impl<'t> Tables<'t> {
    /// Those of a transaction, made where they are not there.
    pub(crate) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            peers: transaction.open_table(PEERS)?,
            entries: transaction.open_table(ENTRIES)?,
            floors: transaction.open_table(FLOORS)?,
            due: transaction.open_table(DUE)?,
            order: transaction.open_table(ORDER)?,
            groups: transaction.open_table(GROUPS)?,
            quarantine: transaction.open_table(QUARANTINE)?,
            meta: transaction.open_table(META)?,
        })
    }
}

/// The tables, as they were committed last.
pub(crate) struct Snapshot {
    pub(crate) peers: redb::ReadOnlyTable<u64, &'static [u8]>,
    pub(crate) entries: redb::ReadOnlyTable<u64, &'static [u8]>,
    pub(crate) floors: redb::ReadOnlyTable<u64, &'static [u8]>,
    transaction: ReadTransaction,
}

impl Snapshot {
    /// The tables that reading a peer takes.
    pub(crate) fn open(transaction: ReadTransaction) -> Result<Self, Error> {
        Ok(Self {
            peers: transaction.open_table(PEERS)?,
            entries: transaction.open_table(ENTRIES)?,
            floors: transaction.open_table(FLOORS)?,
            transaction,
        })
    }

    pub(crate) fn due(&self) -> Result<redb::ReadOnlyTable<DueKey, ()>, Error> {
        Ok(self.transaction.open_table(DUE)?)
    }

    pub(crate) fn order(&self) -> Result<redb::ReadOnlyTable<OrderKey, ()>, Error> {
        Ok(self.transaction.open_table(ORDER)?)
    }

    pub(crate) fn groups(&self) -> Result<redb::ReadOnlyTable<u16, &'static [u8]>, Error> {
        Ok(self.transaction.open_table(GROUPS)?)
    }

    pub(crate) fn quarantine(&self) -> Result<redb::ReadOnlyTable<u64, &'static [u8]>, Error> {
        Ok(self.transaction.open_table(QUARANTINE)?)
    }

    pub(crate) fn meta(&self) -> Result<redb::ReadOnlyTable<&'static str, &'static [u8]>, Error> {
        Ok(self.transaction.open_table(META)?)
    }
}

/// The ids in a row of `peers`.
pub(crate) fn ids(row: &[u8]) -> impl Iterator<Item = u64> {
    row.chunks_exact(8).filter_map(|id| id.try_into().ok().map(u64::from_le_bytes))
}

/// One of the two tables of rows, by whoever can read it.
pub(crate) trait Rows {
    /// A copy of a row, and whether it is that of a floor.
    fn row(&self, id: u64) -> Result<Option<(Vec<u8>, bool)>, Error>;
    /// The ids of the peers with this hash.
    fn ids(&self, hash: u64) -> Result<Vec<u64>, Error>;
}

fn row_of(
    entries: &impl ReadableTable<u64, &'static [u8]>,
    floors: &impl ReadableTable<u64, &'static [u8]>,
    id: u64,
) -> Result<Option<(Vec<u8>, bool)>, Error> {
    if let Some(row) = entries.get(id)? {
        return Ok(Some((row.value().to_vec(), false)));
    }
    Ok(floors.get(id)?.map(|row| (row.value().to_vec(), true)))
}

fn ids_of(peers: &impl ReadableTable<u64, &'static [u8]>, hash: u64) -> Result<Vec<u64>, Error> {
    Ok(peers.get(hash)?.map(|row| ids(row.value()).collect()).unwrap_or_default())
}

impl Rows for Tables<'_> {
    fn row(&self, id: u64) -> Result<Option<(Vec<u8>, bool)>, Error> {
        row_of(&self.entries, &self.floors, id)
    }

    fn ids(&self, hash: u64) -> Result<Vec<u64>, Error> {
        ids_of(&self.peers, hash)
    }
}

impl Rows for Snapshot {
    fn row(&self, id: u64) -> Result<Option<(Vec<u8>, bool)>, Error> {
        row_of(&self.entries, &self.floors, id)
    }

    fn ids(&self, hash: u64) -> Result<Vec<u64>, Error> {
        ids_of(&self.peers, hash)
    }
}
