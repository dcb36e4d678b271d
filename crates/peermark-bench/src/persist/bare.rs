//! The database alone.

use std::path::Path;

use anyhow::{Context as _, Result};
use peermark::identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{Engine as _, Peerstore};
use redb::{Database, ReadableDatabase as _, TableDefinition};

const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");

/// A table of rows.
pub(super) struct Bare(Database);

impl Bare {
    pub(super) fn create(path: &Path) -> Result<Self> {
        Ok(Self(redb::Builder::new().set_cache_size(CACHE).create(path)?))
    }

    /// Stores rows in one durable transaction.
    pub(super) fn insert(&self, rows: &[(PeerId, Vec<u8>)]) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_two_phase_commit(true);
        {
            let mut table = transaction.open_table(ROWS)?;
            for (peer, row) in rows {
                table.insert(&*peer.multihash_bytes(), &**row)?;
            }
        }
        Ok(transaction.commit()?)
    }

    pub(super) fn get(&self, peer: &PeerId) -> Result<Option<usize>> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        let row = redb::ReadableTable::get(&table, &*peer.multihash_bytes())?;
        Ok(row.map(|row| row.value().len()))
    }
}

/// As ours has it by default.
const CACHE: usize = 64 << 20;

/// What ours stores of a peer, as far as the length goes.
pub(super) fn row(store: &Peerstore, peer: &PeerId) -> Result<Vec<u8>> {
    let Ok(row) = store.engine().view(peer, |entry| {
        let mut row = vec![0; HEAD];
        entry.map(|entry| entry.encode(&mut row))?;
        Some(row)
    });
    row.context("a peer that is not there")
}

/// Bytes in front of an entry: version, session, checksum.
const HEAD: usize = 17;
