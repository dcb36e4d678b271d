//! Filing what is held of a peer: its row, its keys, the books.

use std::sync::Arc;

use peermark_peerstore::{PeerEntry, Remnant};
use redb::ReadableTable as _;

use super::{Batch, hash_in};
use crate::error::Error;
use crate::row::{self, Session};
use crate::state::State;
use crate::tables::{OrderKey, ids};

impl Batch<'_> {
    /// Puts a changed entry in its place, unless it is as it was and filed where it belongs.
    pub(super) fn change(&mut self, state: &State, entry: PeerEntry) -> Result<(), Error> {
        let new = self.state(state.id, entry, state.session, state.filed.claim_due());
        if new == *state { Ok(()) } else { self.write(Some(state), Some(new)) }
    }

    /// Writes what is held of a peer as it is: more than the file says of it.
    pub(crate) fn write_put_off(&mut self, state: &State) -> Result<(), Error> {
        self.put(Some(state), Some(state.entry.clone()), state.session)
    }

    /// Stores what another store held of a peer, and charges it. Returns whether there was anything.
    pub(crate) fn take_over(&mut self, state: State) -> Result<bool, Error> {
        let entry = state.entry;
        if entry.is_empty() && entry.remnant().is_none() {
            return Ok(false);
        }
        let id = self.next_id();
        let new = self.state(id, entry, self.reading.session, 0);
        self.writer.books.ledger.charge(&new.cost());
        self.write(None, Some(new))?;
        Ok(true)
    }

    /// Stores a row of another store's quarantine.
    pub(crate) fn adopt_aside(&mut self, row: &[u8]) -> Result<(), Error> {
        let id = self.next_id();
        self.tables.quarantine.insert(id, row)?;
        self.writer.blocked.extend(hash_in(row));
        self.done.wrote = true;
        Ok(())
    }

    /// Removes what is held of a peer. Of what is [kept](Self::keep) of it next, it is known where it
    /// was and who verified it.
    pub(super) fn remove(&mut self, state: &State) -> Result<(), Error> {
        self.left = Some((state.entry.peer_id(), state.id, state.session));
        self.write(Some(state), None)
    }

    /// Stores what is left of a peer of which nothing else is held.
    pub(super) fn keep(&mut self, rest: Remnant) -> Result<(), Error> {
        let peer = *rest.peer_id();
        let left = self.left.take().filter(|(of, ..)| *of == peer);
        let (id, session) = match left {
            Some((_, id, session)) => (id, session),
            None => (self.next_id(), self.reading.session),
        };
        let new = self.state(id, PeerEntry::new(peer, Some(rest)), session, 0);
        self.write(None, Some(new))
    }

    /// Puts `new` in the place of `old`, or in a new one.
    pub(super) fn put(
        &mut self,
        old: Option<&State>,
        new: Option<PeerEntry>,
        session: Session,
    ) -> Result<(), Error> {
        let id = match old {
            Some(old) => old.id,
            None => self.next_id(),
        };
        let filed = old.map_or(0, |old| old.filed.claim_due());
        let new = new.map(|entry| self.state(id, entry, session, filed));
        self.write(old, new)
    }

    fn state(&self, id: u64, entry: PeerEntry, session: Session, filed: u64) -> State {
        State::new(id, entry, session, filed, &self.cx)
    }

    const fn next_id(&mut self) -> u64 {
        let id = self.writer.next_id;
        self.writer.next_id = id.saturating_add(1);
        id
    }

    /// Writes what is held of a peer now, in the place of what was.
    fn write(&mut self, old: Option<&State>, new: Option<State>) -> Result<(), Error> {
        let Some(either) = new.as_ref().or(old) else { return Ok(()) };
        let (peer, id) = (either.entry.peer_id(), either.id);
        let hash = self.hash(&peer);
        self.done.wrote = true;
        self.writer.books.count(old, new.as_ref());
        self.write_row(id, old, new.as_ref())?;
        self.write_keys(old, new.as_ref())?;
        match (old, &new) {
            (None, Some(_)) => self.add_id(hash, id)?,
            (Some(_), None) => self.remove_id(hash, id)?,
            _ => {}
        }
        self.done.ids.insert(id, peer);
        self.done.changed.insert(peer, new.map(Arc::new));
        Ok(())
    }

    pub(super) fn write_row(
        &mut self,
        id: u64,
        old: Option<&State>,
        new: Option<&State>,
    ) -> Result<(), Error> {
        let was_floor = old.map(State::is_floor);
        if let Some(new) = new {
            row::encode(id, new.session, new.filed.claim_due(), &new.entry, &mut self.row);
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

    /// Strikes a key that leads to nothing that may go, and has all of them made anew.
    pub(super) fn strike_order(&mut self, key: OrderKey) -> Result<(), Error> {
        self.tables.order.remove(key)?;
        self.suspects = true;
        self.done.wrote = true;
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
