//! What is in the file, group by group: the accounts of the ledger, and how many there are of each code
//! in `order`.
//!
//! They are in memory, and a group that changed is written with the change. A transaction that fails
//! leaves them as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peermark_peerstore::{Cost, Ledger, Sums};

use crate::state::{CODES, State};

/// How many there are of each code.
type Counts = [u64; CODES];

/// What one group holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    sums: Sums,
    by_code: Counts,
}

/// Numbers of a group in its row.
const STORED: usize = 5 + CODES;

impl Held {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let Sums { peers, records, bytes, floors, evidence } = self.sums;
        let sums = [peers, records, bytes, floors, evidence];
        sums.iter().chain(&self.by_code).flat_map(|n| n.to_le_bytes()).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        if numbers.len() != STORED {
            return None;
        }
        let mut numbers = numbers.iter().map(|n| u64::from_le_bytes(*n));
        let mut next = || numbers.next().unwrap_or(0);
        let (peers, records, bytes, floors, evidence) = (next(), next(), next(), next(), next());
        let sums = Sums { peers, records, bytes, floors, evidence };
        Some(Self { sums, by_code: core::array::from_fn(|_| next()) })
    }

    /// Whether the group holds nothing.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// What is charged, by the rules.
    pub(crate) ledger: Arc<Ledger>,
    counts: BTreeMap<u16, Counts>,
    total: Counts,
    /// What is in the file.
    stored: BTreeMap<u16, Held>,
    /// The groups that this transaction may have changed.
    touched: BTreeSet<u16>,
}

impl Books {
    /// Puts in what was stored of a group.
    pub(crate) fn load(&mut self, group: u16, held: Held) {
        self.ledger.load(group, &held.sums);
        add(&mut self.total, &held.by_code);
        self.counts.insert(group, held.by_code);
        self.stored.insert(group, held);
    }

    /// A row is put in the place of another: it is counted by its code. What it costs is charged by
    /// who decided it.
    pub(crate) fn count(&mut self, old: Option<&State>, new: Option<&State>) {
        for state in old.into_iter().chain(new) {
            self.touched.extend(state.cost().groups());
            self.touched.insert(state.filed.order.0);
        }
        self.step(new, u64::saturating_add);
        self.step(old, u64::saturating_sub);
    }

    fn step(&mut self, state: Option<&State>, step: fn(u64, u64) -> u64) {
        let Some((group, code, ..)) = state.map(|state| state.filed.order) else { return };
        for counts in [self.counts.entry(group).or_default(), &mut self.total] {
            if let Some(count) = counts.get_mut(usize::from(code)) {
                *count = step(*count, 1);
            }
        }
    }

    /// Counts a row that is there, and charges it.
    pub(crate) fn enter(&mut self, state: &State) {
        self.ledger.charge(&state.cost());
        self.count(None, Some(state));
    }

    /// Puts other books in the place of these.
    pub(crate) fn replace(&mut self, other: Self) {
        self.touched.extend(self.stored.keys());
        self.touched.extend(other.touched);
        (self.ledger, self.counts, self.total) = (other.ledger, other.counts, other.total);
    }

    /// What a group holds.
    fn of(&self, group: u16) -> Held {
        let by_code = self.counts.get(&group).copied().unwrap_or_default();
        Held { sums: self.ledger.of_group(group), by_code }
    }

    /// The groups that changed, to be written.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (u16, Held)> {
        self.touched.iter().map(|group| (*group, self.of(*group)))
    }

    /// They were written.
    pub(crate) fn commit(&mut self) {
        for group in core::mem::take(&mut self.touched) {
            let held = self.of(group);
            if held.is_nothing() {
                self.counts.remove(&group);
                self.stored.remove(&group);
            } else {
                self.stored.insert(group, held);
            }
        }
    }

    /// They were not.
    pub(crate) fn abort(&mut self) {
        let mut before = Self::default();
        for (group, held) in core::mem::take(&mut self.stored) {
            before.load(group, held);
        }
        *self = before;
    }

    /// Whether there is anything of this code.
    pub(crate) fn has(&self, code: u8) -> bool {
        self.total.get(usize::from(code)).is_some_and(|count| *count > 0)
    }

    /// The group of the `lot`th of all that have this code, in groups that are admitted.
    pub(crate) fn draw(&self, code: u8, lot: u64, admits: impl Fn(u16) -> bool) -> Option<u16> {
        let groups = || {
            let admitted = self.counts.iter().filter(|(group, _)| admits(**group));
            admitted.map(|(group, counts)| {
                (*group, counts.get(usize::from(code)).copied().unwrap_or(0))
            })
        };
        let all = groups().map(|(_, count)| count).fold(0, u64::saturating_add);
        let mut left = lot.checked_rem(all)?;
        for (group, count) in groups() {
            match left.checked_sub(count) {
                Some(rest) => left = rest,
                None => return Some(group),
            }
        }
        None
    }

    /// The groups in which there is, or was, anything.
    pub(crate) fn groups(&self) -> impl Iterator<Item = u16> {
        self.counts.keys().copied()
    }

    /// Whether they say the same as `other`.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let groups: BTreeSet<_> = self.counts.keys().chain(other.counts.keys()).collect();
        self.ledger.equals(&other.ledger)
            && groups.into_iter().all(|group| self.of(*group) == other.of(*group))
    }
}

impl State {
    /// What it costs.
    pub(crate) fn cost(&self) -> Cost {
        match self.entry.remnant().filter(|_| self.is_floor()) {
            Some(rest) => Cost::of_floor(&rest),
            None => Cost::of(&self.entry),
        }
    }
}

fn add(counts: &mut Counts, more: &Counts) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count = count.saturating_add(*more);
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests {
    use peermark_peerstore::EXEMPT;

    use super::*;

    fn held(n: u64) -> Held {
        let sums = Sums { peers: n, records: n + 1, bytes: n + 2, floors: 0, evidence: 1 };
        let mut by_code = [0; CODES];
        by_code[5] = n;
        Held { sums, by_code }
    }

    #[test]
    fn sums_come_back() {
        let held = held(700);
        assert_eq!(Held::from_bytes(&held.to_bytes()), Some(held));
        assert_eq!(Held::from_bytes(&held.to_bytes()[1..]), None);
        assert_eq!(Held::from_bytes(&[]), None);
    }

    #[test]
    fn a_transaction_that_fails_changes_nothing() {
        let mut books = Books::default();
        books.load(3, held(5));
        books.ledger.load(EXEMPT, &held(9).sums);
        books.total[5] += 1;
        books.abort();
        let mut before = Books::default();
        before.load(3, held(5));
        assert!(books.equals(&before) && books.total == before.total);
        assert_eq!(books.changed().count(), 0);
    }

    #[test]
    fn every_one_can_be_drawn() {
        let mut books = Books::default();
        books.load(3, held(2));
        books.load(EXEMPT, held(1));
        let drawn: Vec<_> = (0..6).map(|lot| books.draw(5, lot, |_| true)).collect();
        let (three, exempt) = (Some(3), Some(EXEMPT));
        assert_eq!(drawn, [three, three, exempt, three, three, exempt]);
        assert_eq!(books.draw(5, 7, |group| group == EXEMPT), exempt);
        assert_eq!(books.draw(4, 0, |_| true), None);
        assert!(books.has(5) && !books.has(4));
    }
}
