//! The tables, as the loop of the rules sees them: [`Entries`].

use std::sync::Arc;

use peermark_identity::PeerId;
use peermark_peerstore::{Choice, Entries, Event, Evicted, FloorChoice, PeerEntry, Remnant};
use redb::ReadableTable as _;

use super::{Batch, Effect};
use crate::base::contain;
use crate::error::Error;
use crate::state::{State, low, region_of};
use crate::tables::due;

/// The key of an entry that was begun. Ids start at 1.
const BEGUN: u64 = 0;

/// How many keys that are due are looked at to find an entry of which something has ended.
const SWEEP_FOR_ROOM: usize = 1024;

/// A transaction while one update runs, or a sweep, which is of no peer.
pub(super) struct Work<'w, 'b> {
    batch: &'w mut Batch<'b>,
    sought: Option<Sought<'w>>,
    /// An entry that is not stored yet.
    begun: Option<PeerEntry>,
    /// An entry of which a change left nothing: it is about to be removed.
    emptied: Option<(u64, PeerEntry)>,
    /// The floor that a new entry took the place of.
    replaced: Option<Arc<State>>,
}

/// The peer of an update, and what was found of it.
pub(super) struct Sought<'w> {
    pub(super) peer: &'w PeerId,
    pub(super) hash: u64,
    pub(super) found: Option<Arc<State>>,
}

impl<'w, 'b> Work<'w, 'b> {
    pub(super) fn new(batch: &'w mut Batch<'b>, sought: Option<Sought<'w>>) -> Self {
        Self { batch, sought, begun: None, emptied: None, replaced: None }
    }

    /// What is held of the peer of this update now.
    fn current(&self) -> Option<Arc<State>> {
        let sought = self.sought.as_ref()?;
        match self.batch.done.changed.get(sought.peer) {
            Some(changed) => changed.clone(),
            None => sought.found.clone(),
        }
    }

    /// What has this key.
    fn held(&mut self, key: u64) -> Result<Arc<State>, Error> {
        if let Some(own) = self.current()
            && own.id == key
        {
            return Ok(own);
        }
        let held = contain(|| self.batch.state_of(key))?;
        held.ok_or_else(|| Error::damaged("a peer whose row is gone"))
    }
}

impl Entries for Work<'_, '_> {
    type Error = Error;
    type Key = u64;

    fn find(&mut self) -> Result<Option<u64>, Error> {
        Ok(self.current().filter(|state| !state.is_floor()).map(|state| state.id))
    }

    fn remnant(&mut self) -> Result<Option<Remnant>, Error> {
        let floor = self.current().filter(|state| state.is_floor());
        Ok(floor.and_then(|state| state.entry.remnant()))
    }

    fn read<R>(&mut self, key: u64, read: impl FnOnce(&PeerEntry) -> R) -> Result<R, Error> {
        if let Some((id, entry)) = &self.emptied
            && *id == key
        {
            return Ok(read(entry));
        }
        Ok(read(&self.held(key)?.entry))
    }

    fn change<R>(
        &mut self,
        key: u64,
        change: impl FnOnce(&mut PeerEntry) -> R,
    ) -> Result<R, Error> {
        let state = self.held(key)?;
        let mut entry = state.entry.clone();
        let result = change(&mut entry);
        if entry.is_empty() {
            self.emptied = Some((key, entry));
        } else {
            contain(|| self.batch.change(&state, entry))?;
        }
        Ok(result)
    }

    #[expect(clippy::unreachable, reason = "only the update of a peer begins an entry")]
    fn begin(&mut self, rest: Option<Remnant>) -> Result<u64, Error> {
        let Some(sought) = &self.sought else { unreachable!("an update of no peer") };
        self.begun = Some(PeerEntry::new(*sought.peer, rest));
        Ok(BEGUN)
    }

    fn begun(&mut self, _: u64) -> Option<&mut PeerEntry> {
        self.begun.as_mut()
    }

    fn insert(&mut self, _: u64) -> Result<(), Error> {
        // What is left of the peer, if there is room for it still, is in the entry now.
        let old = self.current();
        if let Some(entry) = self.begun.take() {
            let session = self.batch.reading.session;
            contain(|| self.batch.put(old.as_deref(), Some(entry), session))?;
            self.replaced = old;
        }
        Ok(())
    }

    fn give_back(&mut self, _: u64) {
        self.begun = None;
    }

    fn remove(&mut self, key: u64) -> Result<(), Error> {
        let state = self.held(key)?;
        self.emptied = None;
        contain(|| self.batch.remove(&state))
    }

    fn keep(&mut self, rest: Remnant) -> Result<(), Error> {
        contain(|| self.batch.keep(rest))
    }

    fn take_remnant(&mut self) -> Result<Option<Remnant>, Error> {
        if let Some(replaced) = self.replaced.take() {
            return Ok(replaced.entry.remnant());
        }
        let Some(floor) = self.current().filter(|state| state.is_floor()) else { return Ok(None) };
        contain(|| self.batch.remove(&floor))?;
        Ok(floor.entry.remnant())
    }

    fn evict_remnant(&mut self, choice: &FloorChoice<'_>) -> Result<Option<Remnant>, Error> {
        contain(|| {
            while let Some(key) = self.batch.first_floor(choice)? {
                let state = self.batch.state_of(key.3)?.filter(|state| state.is_floor());
                if let Some(state) = state {
                    self.batch.remove(&state)?;
                    self.batch.left = None;
                    return Ok(state.entry.remnant());
                }
                self.batch.strike_order(key)?;
            }
            Ok(None)
        })
    }

    fn victim(&mut self, choice: &Choice<'_, u64>) -> Result<Option<u64>, Error> {
        contain(|| {
            while let Some(key) = self.batch.first_entry(choice)? {
                if self.batch.state_of(key.3)?.is_some_and(|state| !state.is_floor()) {
                    return Ok(Some(key.3));
                }
                self.batch.strike_order(key)?;
            }
            Ok(None)
        })
    }

    fn ended(&mut self, except: Option<u64>) -> Result<Option<u64>, Error> {
        contain(|| {
            let cx = self.batch.cx;
            let ends = (due::CLAIM, 0, 0)..=(due::CLAIM, cx.at.now.as_nanos(), u64::MAX);
            for _ in 0..SWEEP_FOR_ROOM {
                let mut keys = self.batch.tables.due.range(ends.clone())?;
                let key = loop {
                    let Some(key) = keys.next() else { return Ok(None) };
                    let key = key?.0.value();
                    if Some(key.2) != except {
                        break key;
                    }
                };
                drop(keys);
                match self.batch.state_of(key.2)?.filter(|state| !state.is_floor()) {
                    Some(state) if state.is_due(&cx) => return Ok(Some(key.2)),
                    // Time showed that it ends later.
                    Some(state) => self.batch.refile(&state, key)?,
                    None => self.batch.strike_due(key)?,
                }
            }
            Ok(None)
        })
    }

    fn is_followed(&self, key: u64) -> bool {
        let is_own = |found: &Arc<State>| found.id == key;
        let own = self.sought.as_ref();
        let own = own.filter(|own| key == BEGUN || own.found.as_ref().is_some_and(is_own));
        let hash = own.map(|own| own.hash).or_else(|| {
            let state = self.batch.at_hand(key)?;
            Some(self.batch.hash(&state.entry.peer_id()))
        });
        // Of what is not at hand nobody knows.
        hash.is_none_or(|hash| self.batch.shared.subscribers().follow(low(hash)))
    }

    fn tell(&mut self, events: Vec<Event>) {
        let Some(peer) = events.first().and_then(Event::peer) else { return };
        let region = region_of(self.batch.hash(peer));
        self.batch.done.effects.push(Effect::Tell { region, events });
    }

    fn count_evicted(&mut self, what: Evicted) {
        self.batch.done.effects.push(Effect::Evicted(what));
    }
}
