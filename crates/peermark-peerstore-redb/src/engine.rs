//! What every engine does, on a file.

use core::time::Duration;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Applied, Defect, Engine, Floor, Moment, PeerEntry, Remnant, Repeat, Shared, Swept, Transition,
    Usage,
};
use peermark_provenance::Timestamp;

use crate::base::contain;
use crate::batch::{AT_ONCE, Writer};
use crate::cores::on_all_cores;
use crate::error::Error;
use crate::listing::Visited;
use crate::state::{REGIONS, State, hashes_of, low, region_of};
use crate::store::Redb;
use crate::tables::{Snapshot, ids};

impl Engine for Redb {
    type Error = Error;

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Error> {
        let mut writer = self.write();
        // What ended before is stored and told first: a subscription goes live inside of the
        // transition, and must not be told of it behind its snapshot.
        self.expire_first(&mut writer, peer, at)?;
        self.commit(&mut writer, at, 1, |batch| batch.update(peer, transition))?
    }

    fn update_many<T: Transition>(
        &self,
        items: &[(PeerId, T)],
        at: Moment,
    ) -> Vec<Result<T::Answer, Error>> {
        let mut writer = self.write();
        let answers = self.commit(&mut writer, at, items.len(), |batch| {
            items.iter().map(|(peer, transition)| batch.update(peer, transition)).collect()
        });
        answers.unwrap_or_else(|error: Error| items.iter().map(|_| Err(error.clone())).collect())
    }

    fn repeat(
        &self,
        peer: &PeerId,
        at: Moment,
        repeat: &Repeat<'_>,
    ) -> Result<Option<Applied>, Error> {
        // What cannot be read is no repeat: the update that follows says what is wrong with it.
        if !matches!(self.load(peer), Ok(Some(_))) {
            return Ok(None);
        }
        let mut writer = self.write();
        if let Some(reason) = &writer.failed {
            return Err(Error::ReadOnly { reason: Arc::clone(reason) });
        }
        let Ok(Some(state)) = self.load(peer) else { return Ok(None) };
        let cx = self.shared.context(at);
        let mut entry = state.entry.clone();
        let Some(applied) = repeat.take(&mut entry, &cx) else { return Ok(None) };
        let stored = self.cache.stored(peer).unwrap_or_else(|| Arc::clone(&state));
        let is_far = repeat.has_moved(&stored.entry, &entry, &cx);
        // It ends no earlier than before, and stays where it is filed.
        let now = State { entry, ..State::clone(&state) };
        if is_far {
            self.commit(&mut writer, at, 1, |batch| batch.write_put_off(&now))?;
            return Ok(Some(applied));
        }
        if now != *state && self.cache.put_off_writing(peer, &stored, now) >= PUT_OFF {
            self.commit(&mut writer, at, 1, Self::write_rest)?;
        } else {
            self.count_put_off();
        }
        Ok(Some(applied))
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Error> {
        let state = self.load(peer)?;
        Ok(read(state.as_deref().filter(|state| !state.is_floor()).map(|state| &state.entry)))
    }

    fn view_many<R>(
        &self,
        peers: &[PeerId],
        mut read: impl FnMut(Option<&PeerEntry>) -> R,
    ) -> Vec<Result<R, Error>> {
        let epoch = self.cache.epoch();
        let mut snapshot = None;
        let mut view = |peer: &PeerId| {
            let state = match self.cache.get(peer) {
                Some(state) => Some(state),
                None => {
                    let from = snapshot.get_or_insert_with(|| self.snapshot());
                    self.load_from(from.as_ref().map_err(Clone::clone)?, peer, epoch)?
                }
            };
            let entry = state.as_deref().filter(|state| !state.is_floor());
            Ok(read(entry.map(|state| &state.entry)))
        };
        peers.iter().map(&mut view).collect()
    }

    fn floor(&self, peer: &PeerId, at: Moment) -> Result<Option<Floor>, Error> {
        let limits = self.shared.limits();
        Ok(self.load(peer)?.and_then(|state| state.entry.floor_at(at, limits)))
    }

    fn remnant(&self, peer: &PeerId) -> Result<Option<Remnant>, Error> {
        let floor = self.load(peer)?.filter(|state| state.is_floor());
        Ok(floor.and_then(|state| state.entry.remnant()))
    }

    fn regions(&self) -> usize {
        REGIONS
    }

    fn region_of(&self, peer: &PeerId) -> usize {
        region_of(self.shared.secret().hash(&peer.multihash_bytes()))
    }

    fn read_region<R>(
        &self,
        region: usize,
        read: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Error> {
        // Nobody writes meanwhile: what is read here is told to nobody later.
        let _writer = self.read();
        let snapshot = self.snapshot()?;
        let listed = listed(&snapshot, region)?;
        let mut states = Vec::with_capacity(listed.len());
        for id in listed {
            states.extend(self.load_row(&snapshot, id)?);
        }
        let entries = states.iter().map(|state| &state.entry);
        Ok(read(&mut entries.filter(|entry| !entry.is_empty())))
    }

    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Error> {
        let (mut swept, mut left) = (Swept::default(), budget);
        let mut writer = self.write();
        loop {
            let now = left.min(AT_ONCE);
            let mut sum = swept;
            let (looked, more) = self.commit(&mut writer, at, now, |batch| {
                let looked = batch.sweep(now, &mut sum)?;
                // What has ended has ended, also when the process dies and the clock is set back.
                if at.now.saturating_since(batch.writer.stored_at.now) >= OFTEN {
                    batch.write_moment()?;
                }
                Ok((looked, batch.is_due()?))
            })?;
            swept = sum;
            left = left.saturating_sub(looked);
            if looked == 0 || !more || left == 0 {
                swept.more = more;
                return Ok(swept);
            }
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.next_due_nanos().map(Timestamp::from_nanos)
    }

    fn usage(&self) -> Usage {
        *self.usage.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), Defect> {
        self.prove()
    }
}

/// Peers of which repeats are not written yet, at most.
const PUT_OFF: usize = 1024;

/// How often a sweep stores the time, if it has nothing else to store.
const OFTEN: Duration = Duration::from_secs(60);

impl Redb {
    /// Shows everything that is held to `visit`, floors of peers of which nothing else is held
    /// included, as entries that are empty: for copies and lists. Nothing is locked meanwhile: it is
    /// the store as it was when this began. What was loaded from the file is verified first, on all
    /// cores. What is damaged is left out, and counted: everything behind it is shown.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read at all.
    pub fn visit(
        &self,
        mut visit: impl FnMut(&PeerEntry) -> ControlFlow<()>,
    ) -> Result<Visited, Error> {
        let (snapshot, end) = {
            let writer = self.read();
            (self.snapshot()?, writer.next_id)
        };
        let mut damaged = 0u64;
        let holes = snapshot.each_row(&self.blocks, end, |rows| {
            let read = |(id, row): &(u64, Vec<u8>)| State::verified(*id, row, self.reading);
            for (read, (id, _)) in on_all_cores(&rows, read).into_iter().zip(&rows) {
                match read {
                    Ok(state) => {
                        if visit(&self.latest(state).entry).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    Err(damage) => {
                        tracing::error!(id, %damage, "a damaged row");
                        damaged = damaged.saturating_add(1);
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(snapshot.missing(&holes, damaged).0)
    }

    /// Removes what has ended of a peer, where subscribers want to know.
    fn expire_first(&self, writer: &mut Writer, peer: &PeerId, at: Moment) -> Result<(), Error> {
        let hash = self.shared.secret().hash(&peer.multihash_bytes());
        if !self.shared.subscribers().follow(low(hash)) {
            return Ok(());
        }
        // A damaged row is dealt with by the update itself.
        match self.load(peer) {
            Ok(Some(state)) if state.is_due(&self.shared.context(at)) => {
                self.commit(writer, at, 0, |batch| batch.expire(peer))
            }
            _ => Ok(()),
        }
    }
}

/// The ids of a region.
fn listed(snapshot: &Snapshot, region: usize) -> Result<Vec<u64>, Error> {
    contain(|| {
        let mut listed = Vec::new();
        for row in snapshot.peers.range(hashes_of(region))? {
            listed.extend(ids(row?.1.value()));
        }
        Ok(listed)
    })
}
