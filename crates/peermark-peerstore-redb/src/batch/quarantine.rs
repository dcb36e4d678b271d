//! Rows that are damaged (F2): put aside, with what they were, and everything that is derived from
//! rows made anew.
//!
//! A damaged row may have held a floor. So its peer is blocked: what comes of it could be a replay,
//! and is refused until somebody forgets the peer, or until a floor would be over.

use std::collections::HashSet;

use peermark_identity::PeerId;
use redb::ReadableTable as _;

use super::Batch;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::state::State;
use crate::tables::{Rows as _, ids};

/// Damaged rows that are kept whole; of more, only that there were.
const KEPT: usize = 1024;
/// Bytes in front of a row in quarantine: the hash of its peer, and until when it is blocked.
pub(crate) const HEAD: usize = 12;

impl Batch<'_> {
    /// Makes all that is derived from rows anew, and puts aside rows that are damaged. It reads the
    /// whole store. Answers how many were put aside.
    pub(crate) fn reindex(&mut self) -> Result<usize, Error> {
        self.done.wrote = true;
        self.suspects = false;
        self.tables.due.retain(|_, ()| false)?;
        self.tables.order.retain(|_, ()| false)?;
        self.tables.groups.retain(|_, _| false)?;
        let mut listed = Vec::new();
        for row in self.tables.peers.iter()? {
            let (hash, row) = row?;
            listed.extend(ids(row.value()).map(|id| (hash.value(), id)));
        }
        let (mut ledger, mut damaged) = (Ledger::default(), 0usize);
        let mut found = HashSet::with_capacity(listed.len());
        for (hash, id) in listed {
            found.insert(id);
            let Some((row, _)) = self.tables.row(id)? else {
                // Its row is gone, and with it maybe a floor.
                self.put_aside(hash, id, &[])?;
                damaged = damaged.saturating_add(1);
                continue;
            };
            match State::unverified(id, &row, &self.reading.secret) {
                Ok(state) if self.hash(&state.entry.peer_id()) == hash => {
                    self.write_keys(None, Some(&state))?;
                    ledger.charge(&state);
                }
                _ => {
                    self.put_aside(hash, id, &row)?;
                    damaged = damaged.saturating_add(1);
                }
            }
        }
        self.adopt(&found, &mut ledger)?;
        self.writer.ledger.replace(ledger);
        if damaged > 0 {
            tracing::error!(damaged, "damaged rows were put aside");
        }
        Ok(damaged)
    }

    /// Lists rows that no peer leads to.
    fn adopt(&mut self, found: &HashSet<u64>, ledger: &mut Ledger) -> Result<(), Error> {
        let mut orphans = Vec::new();
        for table in [&self.tables.entries, &self.tables.floors] {
            for row in table.iter()? {
                let id = row?.0.value();
                if !found.contains(&id) {
                    orphans.push(id);
                }
            }
        }
        for id in orphans {
            let Some((row, _)) = self.tables.row(id)? else { continue };
            let state = State::unverified(id, &row, &self.reading.secret);
            match state {
                Ok(state) => {
                    let hash = self.shared.secret().hash(state.entry.peer_id_bytes());
                    self.add_id(hash, id)?;
                    self.write_keys(None, Some(&state))?;
                    ledger.charge(&state);
                }
                Err(_) => self.put_aside(0, id, &row)?,
            }
        }
        Ok(())
    }

    fn put_aside(&mut self, hash: u64, id: u64, row: &[u8]) -> Result<(), Error> {
        let until = self.cx.floor_now.saturating_add(self.cx.limits.floor_life_secs());
        let mut aside = Vec::with_capacity(row.len().saturating_add(HEAD));
        aside.extend_from_slice(&hash.to_le_bytes());
        aside.extend_from_slice(&until.to_le_bytes());
        if self.writer.blocked.len() < KEPT {
            aside.extend_from_slice(row);
        }
        self.tables.quarantine.insert(id, &*aside)?;
        self.tables.entries.remove(id)?;
        self.tables.floors.remove(id)?;
        self.remove_id(hash, id)?;
        self.writer.blocked.insert(hash);
        Ok(())
    }

    /// Forgets what was damaged of a peer: it may come back.
    pub(super) fn release(&mut self, peer: &PeerId) -> Result<(), Error> {
        let hash = self.hash(peer);
        self.reindex()?;
        self.tables.quarantine.retain(|_, row| hash_in(row) != Some(hash))?;
        self.writer.blocked.remove(&hash);
        Ok(())
    }

    /// Lets go of what is no longer blocked, and remembers what is.
    pub(crate) fn load_quarantine(&mut self) -> Result<(), Error> {
        let now = self.cx.floor_now;
        let before = redb::ReadableTableMetadata::len(&self.tables.quarantine)?;
        self.tables.quarantine.retain(|_, row| until_in(row).is_some_and(|until| until > now))?;
        self.done.wrote |= before != redb::ReadableTableMetadata::len(&self.tables.quarantine)?;
        for row in self.tables.quarantine.iter()? {
            self.writer.blocked.extend(hash_in(row?.1.value()));
        }
        Ok(())
    }
}

fn hash_in(row: &[u8]) -> Option<u64> {
    row.first_chunk().copied().map(u64::from_le_bytes)
}

fn until_in(row: &[u8]) -> Option<u32> {
    row.get(8..HEAD)?.try_into().ok().map(u32::from_le_bytes)
}
