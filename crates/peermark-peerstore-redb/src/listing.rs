//! Reading all rows, behind whatever cannot be read as well (F2).

use std::collections::{HashMap, HashSet};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

use redb::ReadOnlyTable;
use redb_checked::{Checked, LeafShape};

use crate::base::contain;
use crate::error::Error;
use crate::row;
use crate::tables::{Snapshot, ids};

/// An id, and the row under it.
pub(crate) type IdAndRow = (u64, Vec<u8>);

type Table = ReadOnlyTable<u64, &'static [u8]>;

/// Rows that are read at once.
pub(crate) const RUN: usize = 4096;

/// Ids behind damage that are tried one by one when it is not known where they end.
const TRIED: u64 = 1 << 20;

/// The ids whose rows cannot be read, in ascending order, of one table.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Holes(Vec<RangeInclusive<u64>>);

impl Holes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        let behind = self.0.partition_point(|hole| *hole.end() < id);
        self.0.get(behind).is_some_and(|hole| hole.contains(&id))
    }

    /// Every id there can be.
    pub(crate) fn all() -> Self {
        Self(vec![0..=u64::MAX])
    }

    /// Takes an id out: its row was found.
    fn fill(&mut self, id: u64) {
        let behind = self.0.partition_point(|hole| *hole.end() < id);
        let Some(hole) = self.0.get(behind).filter(|hole| hole.contains(&id)).cloned() else {
            return;
        };
        let (first, last) = hole.into_inner();
        let before = id.checked_sub(1).filter(|last| first <= *last).map(|last| first..=last);
        let after = id.checked_add(1).filter(|first| *first <= last).map(|first| first..=last);
        self.0.splice(behind..=behind, before.into_iter().chain(after));
    }

    fn add(&mut self, first: u64, last: u64) {
        match self.0.last_mut() {
            Some(hole) if hole.end().checked_add(1) == Some(first) => {
                *hole = *hole.start()..=last;
            }
            _ => self.0.push(first..=last),
        }
    }
}

/// A listing of peers that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Visited {
    /// Peers that are in the store and could not be read.
    pub missing: u64,
    /// Whether there can be more of them, since the list of peers is damaged as well.
    pub at_least: bool,
}

impl Visited {
    /// Whether everything that is held was shown.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.missing == 0 && !self.at_least
    }
}

/// Visits rows of a table in the order of their ids, up to `end`, in runs.
pub(crate) fn each(
    table: &Table,
    end: u64,
    mut visit: impl FnMut(Vec<(u64, Vec<u8>)>) -> Result<ControlFlow<()>, Error>,
) -> Result<(Holes, ControlFlow<()>), Error> {
    let (mut holes, mut from) = (Holes::default(), 0);
    loop {
        let mut run = Vec::new();
        let read = contain(|| {
            for row in table.range(from..)?.take(RUN) {
                let (id, row) = row?;
                run.push((id.value(), row.value().to_vec()));
            }
            Ok(())
        });
        let (is_full, last) = (run.len() >= RUN, run.last().map(|(id, _)| *id));
        if !run.is_empty() && visit(run)?.is_break() {
            return Ok((holes, ControlFlow::Break(())));
        }
        match (read, last.map(|last| last.checked_add(1))) {
            (Ok(()), Some(Some(next))) if is_full => {
                from = next;
                continue;
            }
            (Ok(()), _) | (Err(_), Some(None)) => return Ok((holes, ControlFlow::Continue(()))),
            (Err(error), next) => {
                tracing::warn!(%error, "a part of the store cannot be read");
                from = next.flatten().unwrap_or(from);
            }
        }
        let Some(next) = skip(table, from, end, &mut holes, &mut visit)? else {
            return Ok((holes, ControlFlow::Break(())));
        };
        if next >= end {
            return Ok((holes, ControlFlow::Continue(())));
        }
        from = next;
    }
}

/// Goes on with single rows, from one behind which a range cannot be read, until one is found behind
/// the damage. Returns the id to go on with, or none if the visitor has seen enough.
fn skip(
    table: &Table,
    from: u64,
    end: u64,
    holes: &mut Holes,
    visit: &mut impl FnMut(Vec<(u64, Vec<u8>)>) -> Result<ControlFlow<()>, Error>,
) -> Result<Option<u64>, Error> {
    let is_known = end < u64::MAX;
    let end = if is_known { end } else { from.saturating_add(TRIED) };
    let (mut id, mut is_behind) = (from, false);
    while id < end {
        match contain(|| Ok(table.get(id)?.map(|row| row.value().to_vec()))) {
            Ok(row) => {
                // In front of the damage are ids of which there is no row.
                if let Some(row) = row
                    && visit(vec![(id, row)])?.is_break()
                {
                    return Ok(None);
                }
                if is_behind {
                    return Ok(Some(id.saturating_add(1)));
                }
            }
            Err(_) => {
                holes.add(id, id);
                is_behind = true;
            }
        }
        id = id.saturating_add(1);
    }
    if !is_known {
        holes.add(id, u64::MAX);
    }
    Ok(Some(u64::MAX))
}

impl Snapshot {
    /// Visits all rows, of entries and then of floors, and then those that are whole on damaged pages.
    /// `end` is behind the last id.
    pub(crate) fn each_row(
        &self,
        blocks: &Checked,
        end: u64,
        mut visit: impl FnMut(Vec<IdAndRow>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(Holes, Holes), Error> {
        let (mut entries, flow) = each(&self.entries, end, &mut visit)?;
        if flow.is_break() {
            return Ok((entries, Holes::default()));
        }
        let (mut floors, flow) = each(&self.floors, end, &mut visit)?;
        if flow.is_continue() && !(entries.is_empty() && floors.is_empty()) {
            let rows = on_damaged_pages(blocks, |id| entries.has(id) || floors.has(id))?;
            for (id, _) in &rows {
                entries.fill(*id);
                floors.fill(*id);
            }
            let _ = visit(rows)?;
        }
        Ok((entries, floors))
    }

    /// The ids that the list of peers leads to, with the hashes of their peers, and whether all of it
    /// can be read.
    pub(crate) fn listed(&self) -> (Vec<(u64, u64)>, bool) {
        let (mut listed, mut is_whole) = (Vec::new(), true);
        let mut parts = vec![(0, u64::MAX)];
        while let Some((first, last)) = parts.pop() {
            let mut next = first;
            let read = contain(|| {
                for row in self.peers.range(first..=last)? {
                    let (hash, row) = row?;
                    let hash = hash.value();
                    listed.extend(ids(row.value()).map(|id| (hash, id)));
                    next = hash.saturating_add(1);
                }
                Ok(())
            });
            if read.is_err() {
                is_whole = false;
                // What cannot be read is looked for in both halves, down to where no leaf is.
                let half = last.saturating_sub(next) / 2;
                if half > u64::MAX >> 24 {
                    let middle = next.saturating_add(half);
                    parts.push((middle.saturating_add(1), last));
                    parts.push((next, middle));
                }
            }
        }
        (listed, is_whole)
    }

    /// What is missing behind holes, of ids that are not `damaged` rows.
    pub(crate) fn missing(&self, holes: &(Holes, Holes), damaged: u64) -> (Visited, HashSet<u64>) {
        let mut missing = HashSet::new();
        if holes.0.is_empty() && holes.1.is_empty() {
            return (Visited { missing: damaged, at_least: false }, missing);
        }
        let (listed, is_whole) = self.listed();
        for (_, id) in listed {
            let is_hit = holes.0.has(id) || holes.1.has(id);
            if is_hit && !matches!(contain(|| self.row_of_either(id)), Ok(true)) {
                missing.insert(id);
            }
        }
        let count = u64::try_from(missing.len()).unwrap_or(u64::MAX).saturating_add(damaged);
        (Visited { missing: count, at_least: !is_whole }, missing)
    }

    /// Whether one of the two tables has this row, also if the other one cannot be read.
    fn row_of_either(&self, id: u64) -> Result<bool, Error> {
        if let Ok(Some(_)) = contain(|| Ok(self.entries.get(id)?.map(|_| ()))) {
            return Ok(true);
        }
        Ok(self.floors.get(id)?.is_some())
    }

    /// Finds the row of a peer without the list of peers. Also returns whether every row in front of it
    /// was read.
    pub(crate) fn search(
        &self,
        blocks: &Checked,
        end: u64,
        mut is_it: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(Option<IdAndRow>, bool), Error> {
        let mut found = None;
        let holes = self.each_row(blocks, end, |rows| {
            found = rows.into_iter().find(|(id, row)| is_it(*id, row));
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok((found, holes.0.is_empty() && holes.1.is_empty()))
    }
}

/// Rows, with these ids, of leaf pages that were read and are damaged: the tree leads there, and a row
/// whose checksum is right is as it was. Pages of several blocks are left alone: it is not known where
/// they end.
fn on_damaged_pages(
    blocks: &Checked,
    is_sought: impl Fn(u64) -> bool,
) -> Result<Vec<IdAndRow>, Error> {
    let damaged = blocks.damaged();
    let mut rows = HashMap::new();
    let read = blocks.scan().leaves(LeafShape::of::<u64, &[u8]>(), BLOCK, |pair| {
        let Ok(id) = pair.key.try_into().map(u64::from_le_bytes) else { return };
        let is_met = !pair.is_sound && damaged.binary_search(&pair.block).is_ok();
        if is_met && is_sought(id) && row::is_sound(id, pair.value) {
            rows.entry(id).or_insert_with(|| pair.value.to_vec());
        }
    });
    read.map_err(|error| Error::Io(Arc::new(error)))?;
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable();
    Ok(rows)
}

/// Bytes of a page of one block.
const BLOCK: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f2_a_row_that_is_found_leaves_the_rest_of_a_hole() {
        let holes = |filled: &[u64]| {
            let mut holes = Holes(vec![3..=5, 9..=9, u64::MAX - 1..=u64::MAX]);
            filled.iter().for_each(|id| holes.fill(*id));
            holes.0
        };
        assert_eq!(holes(&[4]), [3..=3, 5..=5, 9..=9, u64::MAX - 1..=u64::MAX]);
        assert_eq!(holes(&[3, 5, 7]), [4..=4, 9..=9, u64::MAX - 1..=u64::MAX]);
        assert_eq!(holes(&[9, u64::MAX]), [3..=5, u64::MAX - 1..=u64::MAX - 1]);
        assert_eq!(holes(&[3, 4, 5, 9, u64::MAX, u64::MAX - 1]), []);
    }
}
