//! What every engine does, on a file.

use core::time::Duration;
use std::ops::ControlFlow;
use std::sync::PoisonError;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Defect, Engine, Floor, Moment, PeerEntry, Shared, Swept, Transition, Usage,
};
use peermark_provenance::Timestamp;

use crate::batch::AT_ONCE;
use crate::contain::contain;
use crate::error::Error;
use crate::state::{REGIONS, hashes_of, region_of};
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
        self.settle_first(&mut writer, peer, at)?;
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

    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Error> {
        let state = self.load(peer)?;
        Ok(read(state.as_deref().filter(|state| !state.is_floor()).map(|state| &state.entry)))
    }

    fn floor(&self, peer: &PeerId) -> Result<Option<Floor>, Error> {
        Ok(self.load(peer)?.and_then(|state| state.entry.floor()))
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
                // What is over stays over, also when the process dies and the clock is set back.
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

/// How often a sweep stores the time, if it has nothing else to store.
const OFTEN: Duration = Duration::from_secs(60);

impl Redb {
    /// Shows everything that is held to `visit`, floors of peers of which nothing else is held
    /// included, as entries that are empty: for copies and lists. Nothing is locked meanwhile: it is
    /// the store as it was when this began. What was loaded from the file is verified first; damaged
    /// rows are left out, and reported by [`examine`](Self::examine).
    ///
    /// # Errors
    ///
    /// The disk failed, or a part of the file is damaged that lists peers.
    pub fn visit(&self, mut visit: impl FnMut(&PeerEntry) -> ControlFlow<()>) -> Result<(), Error> {
        let snapshot = self.snapshot()?;
        for region in 0..REGIONS {
            for id in listed(&snapshot, region)? {
                if let Some(state) = self.load_row(&snapshot, id)?
                    && visit(&state.entry).is_break()
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn settle_first(
        &self,
        writer: &mut crate::batch::Writer,
        peer: &PeerId,
        at: Moment,
    ) -> Result<(), Error> {
        // A damaged row is dealt with by the update itself.
        let Ok(Some(state)) = self.load(peer) else { return Ok(()) };
        if !state.is_over(at.now) {
            return Ok(());
        }
        self.commit(writer, at, 0, |batch| {
            let found = batch.find(peer)?;
            if let Ok(found) = found {
                batch.settle(peer, found)?;
            }
            Ok(())
        })
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
