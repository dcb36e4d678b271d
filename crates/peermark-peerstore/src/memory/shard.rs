//! One part of the peers, under one lock: entries, and the floors of peers of which nothing else
//! is held.
//!
//! Invariants: a peer is in one of the two tables at most; nothing is stored that is empty; what
//! is charged in the ledger is what is here.

use peermark_identity::{PeerId, PeerIdExt as _};

use super::around::Around;
use super::ledger::{Bill, Ledger};
use super::rows::{FloorRow, Tag, rank};
use super::table::{Row as _, Table};
use crate::entry::{Defect, Floor, PeerEntry};
use crate::event::Cause;
use crate::metrics::Evicted;
use crate::outcome::{Room, Swept};
use crate::transition::{Need, Transition};

/// Entries and floors of some peers.
#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: Table<PeerEntry>,
    floors: Table<Option<FloorRow>>,
}

impl Shard {
    pub(super) fn find(&self, hash: u32, peer: &[u8]) -> Option<&PeerEntry> {
        self.entries.row(hash, peer)
    }

    pub(super) fn floor(&self, hash: u32, peer: &[u8]) -> Option<Floor> {
        if let Some(entry) = self.find(hash, peer) {
            return entry.floor();
        }
        Some(self.floors.row(hash, peer)?.as_ref()?.floor)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &PeerEntry> {
        self.entries.iter()
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.entries.next_due()
    }

    /// Whether something is due.
    pub(super) fn is_due(&self, around: &Around<'_>) -> bool {
        let entries = self.entries.next_due().is_some_and(|due| due <= around.now());
        entries || self.floors.next_due().is_some_and(|due| due <= around.floor_nanos)
    }

    /// Runs a transition, as [`Transition`] says.
    pub(super) fn update<T: Transition>(
        &mut self,
        hash: u32,
        peer: &PeerId,
        transition: &T,
        around: &Around<'_>,
    ) -> T::Answer {
        let cx = &around.cx;
        // Whoever is not found is written there: its lines arrive while he is looked for.
        self.entries.warm();
        let mut key = self.entries.find(hash, &peer.multihash_bytes());
        let due = key.and_then(|key| self.entries.get(key)).and_then(PeerEntry::due);
        if let (Some(found), true) = (key, due.is_some_and(|due| due <= cx.now)) {
            self.settle(found, around, &mut Swept::default());
            key = self.entries.find(hash, &peer.multihash_bytes());
        }
        match key {
            Some(key) => self.update_entry(key, transition, around),
            None => self.update_absent(hash, peer, transition, around),
        }
    }

    fn update_entry<T: Transition>(
        &mut self,
        key: u32,
        transition: &T,
        around: &Around<'_>,
    ) -> T::Answer {
        let cx = &around.cx;
        let Some((need, plan)) = self.entries.get(key).map(|entry| transition.need(entry, cx))
        else {
            // Not reached: the caller has just found it.
            return transition.refuse(Room::Peers);
        };
        let turn = need.and_then(|need| around.ledger.turn(&need, false, cx.limits));
        // Whose turn it need not be is far from every cap.
        if turn.is_some()
            && let Some(need) = need
            && let Err(room) = self.make_room(&need, Some(key), around)
        {
            return transition.refuse(room);
        }
        let before = around.before(self.entries.get(key));
        let changed = self.entries.change(key, around.now(), |entry| {
            let before_bill = Bill::of(entry);
            let answer = transition.run(entry, plan, cx);
            around.tell(before, entry, transition.cause());
            let bill = Bill::of(entry);
            around.ledger.charge(&bill);
            around.ledger.release(&before_bill);
            (answer, entry.is_empty(), bill)
        });
        drop(turn);
        match changed {
            Some((answer, true, bill)) => {
                around.ledger.release(&bill);
                self.bury(key, around);
                answer
            }
            Some((answer, false, bill)) => {
                self.hold_to_share(bill.owner(), around);
                answer
            }
            None => transition.refuse(Room::Peers),
        }
    }

    fn update_absent<T: Transition>(
        &mut self,
        hash: u32,
        peer: &PeerId,
        transition: &T,
        around: &Around<'_>,
    ) -> T::Answer {
        let cx = &around.cx;
        let floor_key = self.floors.find(hash, &peer.multihash_bytes());
        let floor = floor_key.and_then(|key| self.floors.get(key)?.as_ref());
        let floor = floor.map(|row| row.floor);
        let held = floor.filter(|floor| floor.until > cx.floor_now);
        let key = self.entries.reserve();
        let Some(entry) = self.entries.get_mut(key) else {
            return transition.refuse(Room::Peers);
        };
        entry.begin(peer, held);
        let (need, plan) = transition.need(entry, cx);
        let turn = need.and_then(|need| around.ledger.turn(&need, true, cx.limits));
        // Whose turn it need not be is far from every cap.
        if turn.is_some()
            && let Some(need) = need
            && let Err(room) = self.make_room(&need, None, around)
        {
            self.entries.give_back(key);
            return transition.refuse(room);
        }
        // Room for an evicted peer's floor may have cost this one its own.
        let floor_key = floor_key.and_then(|_| self.floors.find(hash, &peer.multihash_bytes()));
        let Some(entry) = self.entries.get_mut(key) else {
            return transition.refuse(Room::Peers);
        };
        let before = around.before(None);
        let answer = transition.run(entry, plan, cx);
        around.tell(before, entry, transition.cause());
        if entry.is_empty() {
            let left = entry.floor();
            self.entries.give_back(key);
            if left != floor {
                self.drop_floor(floor_key, around);
                match left {
                    Some(floor) => self.keep_floor(hash, *peer, floor, around),
                    None => around.shared.evidence().forget(peer),
                }
            }
        } else {
            around.ledger.charge(&Bill::of(entry));
            self.entries.insert(hash, key, around.now());
            self.drop_floor(floor_key, around);
        }
        drop(turn);
        answer
    }

    /// Lets go of what is over, at one entry (S6).
    fn settle(&mut self, key: u32, around: &Around<'_>, swept: &mut Swept) {
        let before = around.before(self.entries.get(key));
        let changed = self.entries.change(key, around.now(), |entry| {
            let bill = Bill::of(entry);
            let (addresses, record) = (entry.address_count(), entry.has_record());
            entry.settle(&around.cx);
            around.tell(before, entry, Cause::Expiry);
            let gone = addresses.saturating_sub(entry.address_count());
            swept.addresses = swept.addresses.saturating_add(gone);
            let scrapped = record && !entry.has_record();
            swept.records = swept.records.saturating_add(usize::from(scrapped));
            let bill_after = Bill::of(entry);
            if !entry.is_empty() {
                around.ledger.charge(&bill_after);
            }
            around.ledger.release(&bill);
            (entry.is_empty(), bill_after.owner())
        });
        match changed {
            Some((true, _)) => {
                swept.peers = swept.peers.saturating_add(1);
                self.bury(key, around);
            }
            // Who was dialed once is charged to nobody; now it is, and the group may hold too much.
            Some((false, group)) => self.hold_to_share(group, around),
            None => {}
        }
    }

    fn hold_to_share(&mut self, group: u16, around: &Around<'_>) {
        while around.ledger.is_over(group, around.cx.limits) {
            let of_group = |_, tag| Some(Tag(tag).rank()).filter(|_| Tag(tag).is_of(group));
            match self.entries.lowest(of_group) {
                Some(victim) => self.evict(victim, around),
                None => break,
            }
        }
    }

    /// Makes room for `need`, by evicting what is no better (S11).
    fn make_room(
        &mut self,
        need: &Need,
        existing: Option<u32>,
        around: &Around<'_>,
    ) -> Result<(), Room> {
        let limits = around.cx.limits;
        while let Some(room) = around.ledger.lacks(need, existing.is_none(), limits) {
            // What is over goes first: it is nobody's loss.
            if self.sweep_one(existing, around) {
                continue;
            }
            let worst = rank(Some(need.class));
            let victim = self.entries.lowest(|key, tag| {
                let tag = Tag(tag);
                let fits = match room {
                    Room::Share => tag.is_of(need.group),
                    Room::Records => tag.has_record(),
                    _ => true,
                };
                (fits && Some(key) != existing && tag.rank() <= worst).then(|| tag.rank())
            });
            match victim {
                Some(victim) => self.evict(victim, around),
                None => return Err(room),
            }
        }
        Ok(())
    }

    /// Lets go of one entry that is over, if there is one.
    fn sweep_one(&mut self, existing: Option<u32>, around: &Around<'_>) -> bool {
        let mut budget = SWEEP_FOR_ROOM;
        match self.entries.pop_due(around.now(), &mut budget) {
            // It was settled before.
            Some(key) if Some(key) == existing => false,
            Some(key) => {
                self.settle(key, around, &mut Swept::default());
                true
            }
            None => false,
        }
    }

    fn evict(&mut self, key: u32, around: &Around<'_>) {
        let Some(entry) = self.entries.get(key) else {
            return;
        };
        let before = around.before(Some(entry));
        let gone = PeerEntry::new(entry.peer_id(), entry.floor());
        around.tell(before, &gone, Cause::Eviction);
        around.ledger.release(&Bill::of(entry));
        around.shared.metrics().evicted(Evicted::Peer);
        tracing::debug!(peer = %gone.peer_id(), class = ?entry.class(), "evicted");
        self.bury(key, around);
    }

    /// Takes an entry out, and keeps its floor (S3). It is not charged any more.
    fn bury(&mut self, key: u32, around: &Around<'_>) {
        let hash = self.entries.hash(key);
        if let Some(entry) = self.entries.remove(key) {
            match entry.floor().filter(|floor| floor.until > around.cx.floor_now) {
                Some(floor) => self.keep_floor(hash, entry.peer_id(), floor, around),
                None => around.shared.evidence().forget(&entry.peer_id()),
            }
        }
    }

    fn keep_floor(&mut self, hash: u32, peer: PeerId, floor: Floor, around: &Around<'_>) {
        while let Err(own_only) = around.ledger.floor_fits(floor.group, around.cx.limits) {
            let victim = self.floors.lowest(|_, tag| {
                (!own_only || Tag(tag).is_of(floor.group)).then(|| Tag(tag).rank())
            });
            around.shared.metrics().evicted(Evicted::Floor);
            if victim.is_none() {
                around.shared.evidence().forget(&peer);
                return;
            }
            self.drop_floor(victim, around);
        }
        around.ledger.charge_floor(floor.group);
        let key = self.floors.reserve();
        if let Some(row) = self.floors.get_mut(key) {
            *row = Some(FloorRow { peer: peer.multihash_bytes(), floor });
        }
        self.floors.insert(hash, key, around.floor_nanos);
    }

    fn drop_floor(&mut self, key: Option<u32>, around: &Around<'_>) -> Option<PeerId> {
        let row = self.floors.remove(key?)??;
        around.ledger.release_floor(row.floor.group);
        Some(row.peer.into())
    }

    /// Lets go of what is over, as far as the budget goes.
    pub(super) fn sweep(&mut self, around: &Around<'_>, budget: &mut usize, swept: &mut Swept) {
        while let Some(key) = self.entries.pop_due(around.now(), budget) {
            self.settle(key, around, swept);
        }
        while let Some(key) = self.floors.pop_due(around.floor_nanos, budget) {
            if let Some(peer) = self.drop_floor(Some(key), around) {
                around.shared.evidence().forget(&peer);
            }
            swept.floors = swept.floors.saturating_add(1);
        }
        self.entries.shrink();
        self.floors.shrink();
    }

    /// Proves the invariants of the shard, and adds up what is charged.
    pub(super) fn check(
        &self,
        around: &Around<'_>,
        hash_of: impl Fn(&[u8]) -> u32,
        charged: &mut Ledger,
    ) -> Result<(), Defect> {
        self.entries.check(|row| hash_of(row.peer())).map_err(Defect::new)?;
        self.floors.check(|row| hash_of(row.peer())).map_err(Defect::new)?;
        for entry in self.entries.iter() {
            entry.check(around.cx.limits)?;
            if entry.is_empty() {
                return Err(Defect::new("an entry with nothing in it"));
            }
            let peer = entry.peer_id_bytes();
            if self.floors.find(hash_of(peer), peer).is_some() {
                return Err(Defect::new("a peer in both tables"));
            }
            charged.charge(&Bill::of(entry));
        }
        self.floors.iter().flatten().for_each(|row| charged.charge_floor(row.floor.group));
        Ok(())
    }
}

/// How many keys are looked at to find one that is over before something is evicted.
const SWEEP_FOR_ROOM: usize = 1024;
