//! Room under the caps (S11): who goes, and what stays of them.

use std::sync::Arc;

use peermark_peerstore::{Cause, EXEMPT, Evicted, GROUPS, Need, PeerEntry, Room};
use peermark_provenance::TrustClass;
use redb::ReadableTable as _;

use super::{Batch, Effect};
use crate::error::Error;
use crate::state::{FLOOR, State, code};
use crate::tables::{OrderKey, Rows as _, due};

impl Batch<'_> {
    /// Makes room for `need`, by letting go of what is over, and then of what is no better.
    pub(super) fn make_room(
        &mut self,
        need: &Need,
        existing: Option<u64>,
        is_new: bool,
    ) -> Result<Result<(), Room>, Error> {
        let limits = self.cx.limits;
        while let Some(room) = self.writer.ledger.lacks(need, is_new, limits) {
            // What is over goes first: it is nobody's loss.
            if self.settle_one(existing)? {
                continue;
            }
            match self.victim(room, need, existing)? {
                Some(victim) => self.evict(victim)?,
                None => return Ok(Err(room)),
            }
        }
        Ok(Ok(()))
    }

    /// Settles one peer of which something is over, if there is one.
    fn settle_one(&mut self, existing: Option<u64>) -> Result<bool, Error> {
        let over = (due::CLAIM, 0, 0)..=(due::CLAIM, self.cx.now.as_nanos(), u64::MAX);
        let mut keys = self.tables.due.range(over)?;
        let over = loop {
            let Some(key) = keys.next() else { return Ok(false) };
            let (_, _, id) = key?.0.value();
            if Some(id) != existing {
                break id;
            }
        };
        drop(keys);
        let Some(state) = self.state_of(over)? else { return Ok(false) };
        let peer = state.entry.peer_id();
        self.settle(&peer, Some(state))?;
        Ok(true)
    }

    /// The key of a peer that may go.
    fn victim(
        &mut self,
        room: Room,
        need: &Need,
        existing: Option<u64>,
    ) -> Result<Option<OrderKey>, Error> {
        let worst = code(Some(need.class), true);
        let lowest = code(None, false);
        for code in lowest..=worst {
            let has_record = code % 2 == 1;
            if room == Room::Records && !has_record {
                continue;
            }
            let victim = match room {
                Room::Share => self.first_of(need.group, code, 0, existing)?,
                _ => self.drawn(code, existing)?,
            };
            if victim.is_some() {
                return Ok(victim);
            }
        }
        Ok(None)
    }

    /// One of a group with this code: of the first slot from `slot` on, the one that the secret
    /// chooses.
    fn first_of(
        &self,
        group: u16,
        code: u8,
        slot: u32,
        existing: Option<u64>,
    ) -> Result<Option<OrderKey>, Error> {
        let range = (group, code, slot, 0)..=(group, code, u32::MAX, u64::MAX);
        let mut chosen: Option<(u64, OrderKey)> = None;
        for key in self.tables.order.range(range)? {
            let key = key?.0.value();
            if chosen.is_some_and(|(_, first)| first.2 != key.2) {
                break;
            }
            if Some(key.3) != existing {
                let lot = (self.shared.secret().hash(&key.3.to_le_bytes()), key);
                chosen = Some(chosen.map_or(lot, |chosen| chosen.min(lot)));
            }
        }
        Ok(chosen.map(|(_, key)| key))
    }

    /// One of all with this code, by the secret's choice.
    fn drawn(&mut self, code: u8, existing: Option<u64>) -> Result<Option<OrderKey>, Error> {
        let lot = self.shared.secret().hash(&self.writer.draws.to_le_bytes());
        let Some(group) = self.writer.ledger.draw(code, lot) else { return Ok(None) };
        self.writer.draws = self.writer.draws.wrapping_add(1);
        let [a, b, c, d, ..] = lot.to_be_bytes();
        let from = u32::from_be_bytes([a, b, c, d]);
        for (group, from) in [(group, from), (group, 0)] {
            if let Some(key) = self.first_of(group, code, from, existing)? {
                return Ok(Some(key));
            }
        }
        // The one that asks is alone in its group.
        for group in (0..GROUPS).chain([EXEMPT]) {
            if let Some(key) = self.first_of(group, code, 0, existing)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn evict(&mut self, key: OrderKey) -> Result<(), Error> {
        let Some(state) = self.state_of(key.3)? else {
            self.tables.order.remove(key)?;
            return Ok(());
        };
        let peer = state.entry.peer_id();
        let gone = PeerEntry::new(peer, state.entry.floor());
        self.tell(&state.entry, &gone, Cause::Eviction);
        self.done.effects.push(Effect::Evicted(Evicted::Peer));
        tracing::debug!(%peer, class = ?state.entry.class(), "evicted");
        self.store(&peer, Some(state), gone)?;
        Ok(())
    }

    /// What is held under an id, to be let go: its signature does not matter any more. `None` where
    /// the row is damaged, or gone.
    pub(crate) fn state_of(&mut self, id: u64) -> Result<Option<Arc<State>>, Error> {
        let Some((row, _)) = self.tables.row(id)? else { return Ok(None) };
        let Ok(state) = State::unverified(id, &row, &self.reading.secret) else {
            return Ok(None);
        };
        let peer = state.entry.peer_id();
        if let Some(changed) = self.done.changed.get(&peer) {
            return Ok(changed.clone());
        }
        Ok(Some(Arc::new(state)))
    }

    /// Lets go of what is above the limits, of no more than `budget` peers. Answers whether there
    /// may be more.
    pub(crate) fn fit(&mut self, budget: usize) -> Result<bool, Error> {
        let limits = self.cx.limits;
        for _ in 0..budget {
            let need = Need { record: false, bytes: 0, class: TrustClass::User, group: EXEMPT };
            let victim = match self.writer.ledger.exceeds(limits) {
                Some(room) => self.victim(room, &need, None)?,
                None if self.writer.ledger.has_too_many_floors(limits) => {
                    self.drawn(FLOOR, None)?
                }
                None => break,
            };
            match victim {
                Some(key) if key.1 == FLOOR => match self.state_of(key.3)? {
                    Some(state) => self.drop_floor(state)?,
                    None => drop(self.tables.order.remove(key)?),
                },
                Some(key) => self.evict(key)?,
                None => return Ok(false),
            }
        }
        if self.writer.ledger.exceeds(limits).is_some()
            || self.writer.ledger.has_too_many_floors(limits)
        {
            return Ok(true);
        }
        (0..GROUPS).try_for_each(|group| self.hold_to_share(group))?;
        Ok(false)
    }

    /// Evicts of a group that holds too much: it may when peers that were dialed no longer are.
    pub(super) fn hold_to_share(&mut self, group: u16) -> Result<(), Error> {
        while self.writer.ledger.is_over(group, self.cx.limits) {
            let range = (group, code(None, false), 0, 0)..=(group, u8::MAX, u32::MAX, u64::MAX);
            let first = self.tables.order.range(range)?.next().transpose()?;
            let Some((_, code, ..)) = first.map(|(key, _)| key.value()) else { break };
            let Some(key) = self.first_of(group, code, 0, None)? else { break };
            self.evict(key)?;
        }
        Ok(())
    }

    /// Whether one more floor of this group has room, after others went.
    pub(super) fn make_room_for_floor(&mut self, group: u16) -> Result<bool, Error> {
        while let Err(own_only) = self.writer.ledger.floor_fits(group, self.cx.limits) {
            self.done.effects.push(Effect::Evicted(Evicted::Floor));
            let victim = if own_only {
                self.first_of(group, FLOOR, 0, None)?
            } else {
                self.drawn(FLOOR, None)?
            };
            let Some(victim) = victim else { return Ok(false) };
            let Some(state) = self.state_of(victim.3)? else {
                self.tables.order.remove(victim)?;
                continue;
            };
            self.drop_floor(state)?;
        }
        Ok(true)
    }
}
