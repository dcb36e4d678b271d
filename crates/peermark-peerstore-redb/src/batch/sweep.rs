//! Removing what has ended, as far as a budget goes (S6).

use std::sync::Arc;

use peermark_peerstore::{Cost, PeerEntry, Swept, expire};
use redb::ReadableTable as _;

use super::Batch;
use super::work::Work;
use crate::error::Error;
use crate::state::State;
use crate::tables::{DueKey, due};

/// Keys that one transaction looks at, at most.
pub(crate) const AT_ONCE: usize = 4096;

impl Batch<'_> {
    /// Looks at `budget` keys that are due, and adds up what went. Returns how many there were.
    pub(crate) fn sweep(&mut self, budget: usize, swept: &mut Swept) -> Result<usize, Error> {
        let keys = self.due(budget)?;
        for key in &keys {
            match self.state_of(key.2)? {
                None => self.strike_due(*key)?,
                Some(state) if state.is_floor() => self.expire_floor(&state, *key, swept)?,
                Some(state) if state.is_due(&self.cx) => {
                    let (ledger, cx) = (Arc::clone(&self.writer.books.ledger), self.cx);
                    expire(&mut Work::new(self, None), &ledger, key.2, &cx, swept)?;
                }
                Some(state) => self.refile(&state, *key)?,
            }
        }
        Ok(keys.len())
    }

    /// The first keys of entries of which something may have ended, and behind them those of floors.
    fn due(&self, budget: usize) -> Result<Vec<DueKey>, Error> {
        let at = self.cx.at;
        let ends = [(due::CLAIM, at.now.as_nanos()), (due::FLOOR, u64::from(at.aging_secs()))];
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

    /// Removes those of a peer's floors that have ended.
    fn expire_floor(&mut self, state: &State, key: DueKey, swept: &mut Swept) -> Result<(), Error> {
        let mut left = state.entry.clone();
        left.expire(&self.cx);
        if left == state.entry {
            return self.refile(state, key);
        }
        let ledger = Arc::clone(&self.writer.books.ledger);
        ledger.release(&state.cost());
        let rest = left.remnant();
        match &rest {
            Some(rest) => ledger.charge(&Cost::of_floor(rest)),
            None => swept.floors = swept.floors.saturating_add(1),
        }
        let left = rest.map(|rest| PeerEntry::new(*rest.peer_id(), Some(rest)));
        self.put(Some(state), left, state.session)
    }

    /// Files what is looked at too early under its own time.
    pub(super) fn refile(&mut self, state: &State, key: DueKey) -> Result<(), Error> {
        self.change(state, state.entry.clone())?;
        if self.tables.due.get(key)?.is_some() {
            // It is filed under a time that is not its own: damaged, or from another hand.
            self.strike_due(key)?;
        }
        Ok(())
    }

    /// Strikes a key that leads to nothing, and has all of them made anew.
    pub(super) fn strike_due(&mut self, key: DueKey) -> Result<(), Error> {
        self.tables.due.remove(key)?;
        self.suspects = true;
        self.done.wrote = true;
        Ok(())
    }
}
