//! What an entry costs, line by line, and what was freed by evicting some.

use super::{Among, Sums, count};
use crate::context::EXEMPT;
use crate::entry::{PeerEntry, Remnant};
use crate::limits::Limits;

/// A part of what an entry costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The group; [`EXEMPT`] for none.
    pub(crate) group: u16,
    pub(crate) bytes: u64,
}

/// What one entry, or what is left of one, costs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    pub(super) own: Option<Own>,
    pub(super) beside: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) group: u16,
    pub(super) sums: Sums,
}

impl Cost {
    /// Of an entry.
    #[must_use]
    pub fn of(entry: &PeerEntry) -> Self {
        let Line { group, bytes } = entry.own_line();
        let sums = Sums {
            peers: 1,
            records: u64::from(entry.has_record()),
            bytes,
            floors: 0,
            evidence: u64::from(entry.has_evidence()),
        };
        let has_beside = entry.extra.is_some();
        let beside = if has_beside { entry.lines_beside().collect() } else { Vec::new() };
        Self { own: Some(Own { group, sums }), beside }
    }

    /// Of a floor of which nothing else is held.
    #[must_use]
    pub fn of_floor(rest: &Remnant) -> Self {
        let evidence = u64::from(rest.has_evidence());
        let sums = Sums { floors: 1, evidence, ..Sums::default() };
        Self { own: Some(Own { group: rest.group(), sums }), beside: Vec::new() }
    }

    /// All that an entry costs.
    pub(crate) fn total_of(entry: &PeerEntry) -> u64 {
        let beside = entry.lines_beside().map(|line| line.bytes);
        beside.fold(entry.own_line().bytes, u64::saturating_add)
    }

    /// The group that the entry itself is charged to.
    #[must_use]
    pub fn owner(&self) -> u16 {
        self.own.map_or(EXEMPT, |own| own.group)
    }

    /// The groups that something of it is charged to, some of them more than once: for engines that
    /// store what each holds.
    pub fn groups(&self) -> impl Iterator<Item = u16> + '_ {
        let own = self.own.map(|own| own.group);
        own.into_iter().chain(self.beside.iter().map(|line| line.group))
    }

    fn bytes(&self, of: impl Fn(u16) -> bool) -> u64 {
        let own = self.own.map(|own| Line { group: own.group, bytes: own.sums.bytes });
        let lines = own.iter().chain(&self.beside).filter(|line| of(line.group));
        lines.fold(0, |sum, line| sum.saturating_add(line.bytes))
    }
}

/// What was evicted so far for one arrival.
#[derive(Debug, Default)]
pub(crate) struct Freed {
    costs: Vec<Cost>,
}

impl Freed {
    pub(crate) fn add(&mut self, cost: Cost) {
        self.costs.push(cost);
    }

    /// Whether it is as much as `moved` costs its own group.
    pub(crate) fn covers(&self, moved: &Cost, limits: &Limits) -> bool {
        let among = Among::Group(moved.owner());
        let bytes = moved.bytes(|group| among.has(group, limits));
        self.peers(among, limits) > 0 && self.bytes(among, limits) >= bytes
    }

    pub(super) fn peers(&self, among: Among, limits: &Limits) -> u64 {
        count(self.costs.iter().filter(|cost| among.has(cost.owner(), limits)).count())
    }

    pub(super) fn records(&self) -> u64 {
        let has_record = |cost: &&Cost| cost.own.is_some_and(|own| own.sums.records > 0);
        count(self.costs.iter().filter(has_record).count())
    }

    pub(super) fn bytes(&self, among: Among, limits: &Limits) -> u64 {
        let of = |cost: &Cost| cost.bytes(|group| among.has(group, limits));
        self.costs.iter().map(of).fold(0, u64::saturating_add)
    }
}
