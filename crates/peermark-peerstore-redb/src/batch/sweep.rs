//! Letting go of what is over, as far as a budget goes (S6).

use std::sync::Arc;

use peermark_peerstore::Swept;
use redb::ReadableTable as _;

use super::{Batch, Effect};
use crate::error::Error;
use crate::state::State;
use crate::tables::{DueKey, due};

/// Keys that one transaction looks at, at most.
pub(crate) const AT_ONCE: usize = 4096;

impl Batch<'_> {
    /// Looks at `budget` keys that are due, and adds up what went. Answers how many there were.
    pub(crate) fn sweep(&mut self, budget: usize, swept: &mut Swept) -> Result<usize, Error> {
        let keys = self.due(budget)?;
        for key in &keys {
            let Some(state) = self.state_of(key.2)? else {
                self.tables.due.remove(key)?;
                self.done.wrote = true;
                continue;
            };
            if key.0 == due::FLOOR {
                self.drop_floor(state)?;
                swept.floors = swept.floors.saturating_add(1);
            } else {
                self.settle_due(&state, *key, swept)?;
            }
        }
        Ok(keys.len())
    }

    /// The first keys of claims that are over, and behind them those of floors.
    fn due(&self, budget: usize) -> Result<Vec<DueKey>, Error> {
        let ends =
            [(due::CLAIM, self.cx.now.as_nanos()), (due::FLOOR, u64::from(self.cx.floor_now))];
        let mut keys = Vec::new();
        for (kind, now) in ends {
            let left = budget.saturating_sub(keys.len());
            for key in self.tables.due.range((kind, 0, 0)..=(kind, now, u64::MAX))?.take(left) {
                keys.push(key?.0.value());
            }
        }
        Ok(keys)
    }

    /// Whether something is due.
    pub(crate) fn is_due(&self) -> Result<bool, Error> {
        self.due(1).map(|keys| !keys.is_empty())
    }

    fn settle_due(
        &mut self,
        state: &Arc<State>,
        key: DueKey,
        swept: &mut Swept,
    ) -> Result<(), Error> {
        let peer = state.entry.peer_id();
        let left = self.settle(&peer, Some(Arc::clone(state)))?;
        let entry = left.as_ref().filter(|left| !left.is_floor()).map(|left| &left.entry);
        if entry == Some(&state.entry) {
            // Filed under a time that is not its own: damaged, or from another hand.
            self.tables.due.remove(key)?;
            self.done.wrote = true;
            return Ok(());
        }
        let addresses = |entry| {
            let view =
                peermark_peerstore::PeerView::new(entry, peermark_provenance::Timestamp::EPOCH);
            view.addresses().count()
        };
        let gone = addresses(&state.entry).saturating_sub(entry.map_or(0, addresses));
        let scrapped = state.entry.has_record() && !entry.is_some_and(|entry| entry.has_record());
        swept.addresses = swept.addresses.saturating_add(gone);
        swept.records = swept.records.saturating_add(usize::from(scrapped));
        swept.peers = swept.peers.saturating_add(usize::from(entry.is_none()));
        Ok(())
    }

    pub(super) fn drop_floor(&mut self, state: Arc<State>) -> Result<(), Error> {
        let peer = state.entry.peer_id();
        self.put(&peer, Some(&state), None, state.session)?;
        self.done.effects.push(Effect::Forget(peer));
        Ok(())
    }
}
