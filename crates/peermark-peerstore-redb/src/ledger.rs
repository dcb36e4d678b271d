//! The books on what the store holds: in total, by group, and how many may go for what (S11).
//!
//! They are in memory, and a group that changed is written with the change. A transaction that comes
//! to nothing leaves them as they were.

use std::collections::HashMap;

use peermark_peerstore::{EXEMPT, GROUPS, Limits, Need, PeerEntry, Room, Usage};

use crate::state::{CODES, State};

/// What one group holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    peers: u64,
    records: u64,
    bytes: u64,
    floors: u64,
    /// By the code under which they stand in `order`.
    by_code: [u64; CODES],
}

/// The books.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    total: Sums,
    groups: Vec<Sums>,
    exempt: Sums,
    /// What the groups were that this transaction changed.
    before: HashMap<u16, Sums>,
    total_before: Sums,
}

/// Bytes of a group in its table.
const STORED: usize = (4 + CODES) * 8;

impl Sums {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let all = [self.peers, self.records, self.bytes, self.floors];
        all.iter().chain(&self.by_code).flat_map(|n| n.to_le_bytes()).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let mut numbers = numbers.iter().map(|n| u64::from_le_bytes(*n));
        if bytes.len() != STORED {
            return None;
        }
        let mut next = || numbers.next().unwrap_or(0);
        let (peers, records, bytes, floors) = (next(), next(), next(), next());
        Some(Self { peers, records, bytes, floors, by_code: core::array::from_fn(|_| next()) })
    }

    fn each(&mut self, other: &Self, change: fn(u64, u64) -> u64) {
        let numbers = [
            (&mut self.peers, other.peers),
            (&mut self.records, other.records),
            (&mut self.bytes, other.bytes),
            (&mut self.floors, other.floors),
        ];
        for (number, other) in numbers.into_iter().chain(self.by_code.iter_mut().zip(other.by_code))
        {
            *number = change(*number, other);
        }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            total: Sums::default(),
            groups: vec![Sums::default(); GROUPS.into()],
            exempt: Sums::default(),
            before: HashMap::new(),
            total_before: Sums::default(),
        }
    }
}

impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        (self.total, self.exempt, &self.groups) == (other.total, other.exempt, &other.groups)
    }
}

impl Ledger {
    /// Puts in what was stored of a group.
    pub(crate) fn load(&mut self, group: u16, sums: Sums) {
        self.total.each(&sums, u64::saturating_add);
        self.total_before = self.total;
        *self.of_mut(group) = sums;
    }

    /// Counts what is held of a peer.
    pub(crate) fn charge(&mut self, state: &State) {
        self.post(state, u64::saturating_add);
    }

    /// Counts it no more.
    pub(crate) fn release(&mut self, state: &State) {
        self.post(state, u64::saturating_sub);
    }

    fn post(&mut self, state: &State, change: fn(u64, u64) -> u64) {
        let (owner, code, ..) = state.filed.order;
        let mut own = Sums::default();
        if let Some(count) = own.by_code.get_mut(usize::from(code)) {
            *count = 1;
        }
        if state.is_floor() {
            own.floors = 1;
            return self.add(owner, &own, change);
        }
        own.peers = 1;
        own.records = u64::from(state.entry.has_record());
        self.add(owner, &own, change);
        for charge in state.entry.charges() {
            let bytes = Sums { bytes: charge.bytes, ..Sums::default() };
            self.add(charge.group, &bytes, change);
        }
    }

    fn add(&mut self, group: u16, sums: &Sums, change: fn(u64, u64) -> u64) {
        self.total.each(sums, change);
        let of = *self.of(group);
        self.before.entry(group).or_insert(of);
        self.of_mut(group).each(sums, change);
    }

    fn of(&self, group: u16) -> &Sums {
        self.groups.get(usize::from(group)).unwrap_or(&self.exempt)
    }

    fn of_mut(&mut self, group: u16) -> &mut Sums {
        self.groups.get_mut(usize::from(group)).unwrap_or(&mut self.exempt)
    }

    /// The groups that changed, to be written.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (u16, Sums)> {
        self.before.keys().map(|group| (*group, *self.of(*group)))
    }

    /// Puts other books in the place of these.
    pub(crate) fn replace(&mut self, other: Self) {
        for group in (0..GROUPS).chain([EXEMPT]) {
            let of = *self.of(group);
            if of != Sums::default() || *other.of(group) != Sums::default() {
                self.before.entry(group).or_insert(of);
            }
        }
        (self.total, self.groups, self.exempt) = (other.total, other.groups, other.exempt);
    }

    /// They were written.
    pub(crate) fn commit(&mut self) {
        self.before.clear();
        self.total_before = self.total;
    }

    /// They were not.
    pub(crate) fn abort(&mut self) {
        for (group, sums) in core::mem::take(&mut self.before) {
            *self.of_mut(group) = sums;
        }
        self.total = self.total_before;
    }

    /// What there is no room in for this need, and whether the group is to blame.
    pub(crate) fn lacks(&self, need: &Need, is_new: bool, limits: &Limits) -> Option<Room> {
        let of = self.of(need.group);
        let fixed = if is_new { count(PeerEntry::OVERHEAD_WITH_MORE) } else { 0 };
        let (peers, bytes) = (u64::from(is_new), need.bytes.saturating_add(fixed));
        let share = |total| limits.share_of(total);
        let of_peers = is_new && above(of.peers, peers, share(count(limits.peers)));
        let of_bytes = above(of.bytes, bytes, share(limits.bytes));
        if need.group != EXEMPT && (of_peers || of_bytes) {
            return Some(Room::Share);
        }
        self.exceeds_with(peers, u64::from(need.record), bytes, limits)
    }

    /// What there is more of than the limits allow, all groups together.
    pub(crate) fn exceeds(&self, limits: &Limits) -> Option<Room> {
        self.exceeds_with(0, 0, 0, limits)
    }

    /// What there would be more of, with so many more.
    fn exceeds_with(&self, peers: u64, records: u64, bytes: u64, limits: &Limits) -> Option<Room> {
        let total = &self.total;
        if above(total.peers, peers, count(limits.peers)) {
            Some(Room::Peers)
        } else if above(total.records, records, count(limits.records)) {
            Some(Room::Records)
        } else if above(total.bytes, bytes, limits.bytes) {
            Some(Room::Bytes)
        } else {
            None
        }
    }

    /// Whether there are more floors than the limits allow.
    pub(crate) fn has_too_many_floors(&self, limits: &Limits) -> bool {
        self.total.floors > count(limits.floors)
    }

    /// Whether a group holds more than its share.
    pub(crate) fn is_over(&self, group: u16, limits: &Limits) -> bool {
        let of = self.of(group);
        group != EXEMPT
            && (of.peers > limits.share_of(count(limits.peers))
                || of.bytes > limits.share_of(limits.bytes))
    }

    /// Whether one more floor of this group has room: `Err` says whether only its own group's
    /// floors can make some.
    pub(crate) fn floor_fits(&self, group: u16, limits: &Limits) -> Result<(), bool> {
        let own = self.of(group).floors >= limits.share_of(count(limits.floors));
        if own && group != EXEMPT {
            Err(true)
        } else if self.total.floors >= count(limits.floors) {
            Err(false)
        } else {
            Ok(())
        }
    }

    /// The group of the `lot`th of all that have this code.
    pub(crate) fn draw(&self, code: u8, lot: u64) -> Option<u16> {
        let of = |sums: &Sums| sums.by_code.get(usize::from(code)).copied().unwrap_or(0);
        let mut left = lot.checked_rem(of(&self.total))?;
        let groups = (0..GROUPS).zip(&self.groups).chain([(EXEMPT, &self.exempt)]);
        for (group, sums) in groups {
            match left.checked_sub(of(sums)) {
                Some(rest) => left = rest,
                None => return Some(group),
            }
        }
        None
    }

    pub(crate) fn usage(&self) -> Usage {
        let small = |n| usize::try_from(n).unwrap_or(usize::MAX);
        let mut usage = Usage::default();
        usage.peers = small(self.total.peers);
        usage.records = small(self.total.records);
        usage.bytes = self.total.bytes;
        usage.floors = small(self.total.floors);
        usage
    }

    /// Whether all of it is within the limits.
    pub(crate) fn is_within(&self, limits: &Limits) -> bool {
        self.exceeds(limits).is_none()
            && !self.has_too_many_floors(limits)
            && (0..GROUPS).all(|group| !self.is_over(group, limits))
    }
}

fn above(held: u64, more: u64, most: u64) -> bool {
    held.saturating_add(more) > most
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests {
    use super::*;

    fn sums(n: u64) -> Sums {
        let mut sums =
            Sums { peers: n, records: n + 1, bytes: n + 2, floors: 0, by_code: [0; CODES] };
        sums.by_code[5] = n;
        sums
    }

    #[test]
    fn sums_come_back() {
        let sums = sums(700);
        assert_eq!(Sums::from_bytes(&sums.to_bytes()), Some(sums));
        assert_eq!(Sums::from_bytes(&sums.to_bytes()[1..]), None);
        assert_eq!(Sums::from_bytes(&[]), None);
    }

    #[test]
    fn what_comes_to_nothing_is_undone() {
        let mut ledger = Ledger::default();
        ledger.load(3, sums(5));
        let before = ledger.clone();
        ledger.add(3, &sums(1), u64::saturating_add);
        ledger.add(EXEMPT, &sums(9), u64::saturating_add);
        assert!(ledger != before && ledger.changed().count() == 2);
        ledger.abort();
        assert!(ledger == before && ledger.changed().count() == 0);
    }

    #[test]
    fn every_one_can_be_drawn() {
        let mut ledger = Ledger::default();
        ledger.load(3, sums(2));
        ledger.load(EXEMPT, sums(1));
        let drawn: Vec<_> = (0..6).map(|lot| ledger.draw(5, lot)).collect();
        let (three, exempt) = (Some(3), Some(EXEMPT));
        assert_eq!(drawn, [three, three, exempt, three, three, exempt]);
        assert_eq!(ledger.draw(4, 0), None);
    }
}
