//! Rows that are damaged (F2): put aside, with what they were, and everything that is derived from
//! rows made anew.
//!
//! A damaged row may have held a floor. So its peer is blocked: what comes of it could be a replay,
//! and is refused until somebody forgets the peer, or until a floor would be over.

use std::collections::HashSet;

use peermark_identity::PeerId;
use peermark_peerstore::{Moment, Secret};
use redb::ReadableTable as _;

use super::Batch;
use crate::books::Books;
use crate::error::Error;
use crate::row::Damage;
use crate::state::State;
use crate::tables::{Rows as _, ids};

/// Damaged rows that are kept whole; of more, only that there were.
const KEPT: usize = 1024;
/// Bytes in front of a row in quarantine: the hash of its peer, and until when it is blocked.
pub(crate) const HEAD: usize = 12;

impl Batch<'_> {
    /// Makes all that is derived from rows anew, and puts aside rows that are damaged. It reads the
    /// whole store. Returns how many were put aside.
    pub(crate) fn reindex(&mut self) -> Result<usize, Error> {
        self.rebuild(false, State::unverified)
    }

    /// As [`Self::reindex`], of rows that `read` reads. Those that would be looked at too late are
    /// filed and written again, or all of them.
    pub(super) fn rebuild(
        &mut self,
        rewrite: bool,
        read: impl Fn(u64, &[u8], &Secret) -> Result<State, Damage>,
    ) -> Result<usize, Error> {
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
        let (mut books, mut damaged) = (Books::default(), 0usize);
        let mut found = HashSet::with_capacity(listed.len());
        for (hash, id) in listed {
            found.insert(id);
            let Some((row, _)) = self.tables.row(id)? else {
                // Its row is gone, and with it maybe a floor.
                self.put_aside(hash, id, &[])?;
                damaged = damaged.saturating_add(1);
                continue;
            };
            match read(id, &row, &self.reading.secret) {
                Ok(state) if self.hash(&state.entry.peer_id()) == hash => {
                    self.enter(state, rewrite, &mut books)?;
                }
                _ => {
                    self.put_aside(hash, id, &row)?;
                    damaged = damaged.saturating_add(1);
                }
            }
        }
        self.adopt(&found, (rewrite, &read), &mut books)?;
        self.writer.books.replace(books);
        if damaged > 0 {
            tracing::error!(damaged, "damaged rows were put aside");
        }
        Ok(damaged)
    }

    /// Makes a file of format 1 one of this format: all rows are written again, with their times in
    /// the one that the store has now.
    pub(crate) fn upgrade(&mut self) -> Result<(), Error> {
        let at = self.cx.at;
        let mut aside = Vec::new();
        for row in self.tables.quarantine.iter()? {
            let (id, row) = row?;
            aside.push((id.value(), row.value().to_vec()));
        }
        for (id, mut row) in aside {
            let until = until_in(&row).unwrap_or(0).saturating_add(Moment::default().aging_secs());
            if let Some(place) = row.get_mut(8..HEAD) {
                place.copy_from_slice(&until.to_le_bytes());
            }
            self.tables.quarantine.insert(id, &*row)?;
        }
        self.rebuild(true, |id, row, secret| State::of_format_1(id, row, secret, at))?;
        Ok(())
    }

    /// Files a row that was read, and counts it.
    fn enter(&mut self, state: State, rewrite: bool, books: &mut Books) -> Result<(), Error> {
        let mut state = state;
        if rewrite || !state.is_filed(&self.cx) {
            let hash = self.hash(&state.entry.peer_id());
            state = State::new(state.id, state.entry, state.session, 0, &self.cx);
            self.tables.entries.remove(state.id)?;
            self.tables.floors.remove(state.id)?;
            if state.is_floor() && state.entry.remnant().is_none() {
                return self.remove_id(hash, state.id);
            }
            self.write_row(state.id, None, Some(&state))?;
        }
        self.write_keys(None, Some(&state))?;
        books.enter(&state);
        Ok(())
    }

    /// Lists rows that no peer leads to.
    fn adopt(
        &mut self,
        found: &HashSet<u64>,
        (rewrite, read): (bool, &impl Fn(u64, &[u8], &Secret) -> Result<State, Damage>),
        books: &mut Books,
    ) -> Result<(), Error> {
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
            match read(id, &row, &self.reading.secret) {
                Ok(state) => {
                    self.add_id(self.hash(&state.entry.peer_id()), id)?;
                    self.enter(state, rewrite, books)?;
                }
                Err(_) => self.put_aside(0, id, &row)?,
            }
        }
        Ok(())
    }

    fn put_aside(&mut self, hash: u64, id: u64, row: &[u8]) -> Result<(), Error> {
        let life = u32::try_from(self.cx.limits.floor_life.as_secs()).unwrap_or(u32::MAX);
        let until = self.cx.at.aging_secs_begun().saturating_add(life).saturating_add(1);
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

    /// Removes what is no longer blocked, and remembers what is.
    pub(crate) fn load_quarantine(&mut self) -> Result<(), Error> {
        let now = self.cx.at.aging_secs();
        let before = redb::ReadableTableMetadata::len(&self.tables.quarantine)?;
        self.tables.quarantine.retain(|_, row| until_in(row).is_some_and(|until| until > now))?;
        self.done.wrote |= before != redb::ReadableTableMetadata::len(&self.tables.quarantine)?;
        for row in self.tables.quarantine.iter()? {
            self.writer.blocked.extend(hash_in(row?.1.value()));
        }
        Ok(())
    }
}

pub(crate) fn hash_in(row: &[u8]) -> Option<u64> {
    row.first_chunk().copied().map(u64::from_le_bytes)
}

fn until_in(row: &[u8]) -> Option<u32> {
    row.get(8..HEAD)?.try_into().ok().map(u32::from_le_bytes)
}
