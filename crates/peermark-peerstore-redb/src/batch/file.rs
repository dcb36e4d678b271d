//! Filing what is held of a peer: its row, its keys, the books.

use std::sync::Arc;

use peermark_identity::PeerId;
use peermark_peerstore::PeerEntry;
use redb::ReadableTable as _;

use super::{Batch, Effect};
use crate::error::Error;
use crate::row::{self, Session};
use crate::state::{State, owner};
use crate::tables::ids;

impl Batch<'_> {
    /// Stores what became of a peer: its entry, or its floor if that counts and has room. Answers
    /// the group that the peer is charged to.
    pub(super) fn store(
        &mut self,
        peer: &PeerId,
        old: Option<Arc<State>>,
        entry: PeerEntry,
    ) -> Result<u16, Error> {
        let session = old.as_ref().map_or(self.reading.session, |old| old.session);
        let owner = owner(&entry);
        if !entry.is_empty() {
            self.put(peer, old.as_deref(), Some(entry), session)?;
            return Ok(owner);
        }
        let floor = entry.floor().filter(|floor| floor.until > self.cx.floor_now);
        // What it had is no longer counted when room for its floor is looked for.
        let id = old.as_ref().map(|old| old.id);
        self.put(peer, old.as_deref(), None, session)?;
        let Some(floor) = floor else {
            self.done.effects.push(Effect::Forget(*peer));
            return Ok(owner);
        };
        if self.make_room_for_floor(floor.group)? {
            let floor = PeerEntry::new(*peer, Some(floor));
            self.put_as(peer, id, None, Some(floor), session)?;
        } else {
            self.done.effects.push(Effect::Forget(*peer));
        }
        Ok(owner)
    }

    pub(super) fn put(
        &mut self,
        peer: &PeerId,
        old: Option<&State>,
        new: Option<PeerEntry>,
        session: Session,
    ) -> Result<(), Error> {
        self.put_as(peer, old.map(|old| old.id), old, new, session)
    }

    /// Puts `new` in the place of `old`, under this id or a new one.
    fn put_as(
        &mut self,
        peer: &PeerId,
        id: Option<u64>,
        old: Option<&State>,
        new: Option<PeerEntry>,
        session: Session,
    ) -> Result<(), Error> {
        self.done.wrote = true;
        let id = id.unwrap_or_else(|| {
            let id = self.writer.next_id;
            self.writer.next_id = id.saturating_add(1);
            id
        });
        let hash = self.hash(peer);
        let new = new.map(|entry| Arc::new(State::new(id, entry, session, &self.reading.secret)));
        self.write_row(id, session, old, new.as_deref())?;
        self.write_keys(old, new.as_deref())?;
        match (old, &new) {
            (None, Some(_)) => self.add_id(hash, id)?,
            (Some(_), None) => self.remove_id(hash, id)?,
            _ => {}
        }
        if let Some(new) = &new {
            self.writer.ledger.charge(new);
        }
        if let Some(old) = old {
            self.writer.ledger.release(old);
        }
        self.done.changed.insert(*peer, new);
        Ok(())
    }

    fn write_row(
        &mut self,
        id: u64,
        session: Session,
        old: Option<&State>,
        new: Option<&State>,
    ) -> Result<(), Error> {
        let was_floor = old.map(State::is_floor);
        if let Some(new) = new {
            row::encode(id, session, &new.entry, &mut self.row);
            let table =
                if new.is_floor() { &mut self.tables.floors } else { &mut self.tables.entries };
            table.insert(id, &*self.row)?;
        }
        if was_floor != new.map(State::is_floor) {
            match was_floor {
                Some(true) => drop(self.tables.floors.remove(id)?),
                Some(false) => drop(self.tables.entries.remove(id)?),
                None => {}
            }
        }
        Ok(())
    }

    pub(super) fn write_keys(
        &mut self,
        old: Option<&State>,
        new: Option<&State>,
    ) -> Result<(), Error> {
        let dues = |state: Option<&State>| -> Vec<_> {
            state.into_iter().flat_map(|state| state.filed.dues()).collect()
        };
        let (before, after) = (dues(old), dues(new));
        for key in before.iter().filter(|key| !after.contains(key)) {
            self.tables.due.remove(key)?;
        }
        for key in after.iter().filter(|key| !before.contains(key)) {
            self.tables.due.insert(key, ())?;
        }
        let order = |state: Option<&State>| state.map(|state| state.filed.order);
        if order(old) != order(new) {
            if let Some(key) = order(old) {
                self.tables.order.remove(key)?;
            }
            if let Some(key) = order(new) {
                self.tables.order.insert(key, ())?;
            }
        }
        Ok(())
    }

    pub(super) fn add_id(&mut self, hash: u64, id: u64) -> Result<(), Error> {
        let others = self.tables.peers.insert(hash, &id.to_le_bytes()[..])?;
        // Hardly ever is there another peer with this hash.
        let others = others.map(|row| row.value().to_vec());
        if let Some(mut row) = others {
            row.extend_from_slice(&id.to_le_bytes());
            self.tables.peers.insert(hash, &*row)?;
        }
        Ok(())
    }

    pub(super) fn remove_id(&mut self, hash: u64, id: u64) -> Result<(), Error> {
        let row = self.tables.peers.get(hash)?.map(|row| row.value().to_vec());
        let row = row.unwrap_or_default();
        let others = ids(&row).filter(|other| *other != id);
        let others: Vec<_> = others.flat_map(u64::to_le_bytes).collect();
        if others.is_empty() {
            self.tables.peers.remove(hash)?;
        } else {
            self.tables.peers.insert(hash, &*others)?;
        }
        Ok(())
    }
}
