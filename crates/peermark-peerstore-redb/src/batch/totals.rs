//! What is written once with each transaction: the books that changed, the time, the next id.

use peermark_peerstore::{ClockState, Limits, Moment, PeerEntry};
use peermark_provenance::Timestamp;
use redb::ReadableTable;

use super::Batch;
use crate::books::{Books, Held};
use crate::error::Error;
use crate::tables::{DueKey, due, meta};

impl Batch<'_> {
    pub(super) fn write_books(&mut self) -> Result<(), Error> {
        for (group, held) in self.writer.books.changed() {
            if held.is_nothing() {
                self.tables.groups.remove(group)?;
            } else {
                self.tables.groups.insert(group, &*held.to_bytes())?;
            }
        }
        let next_id = self.writer.next_id.to_le_bytes();
        self.tables.meta.insert(meta::NEXT_ID, &next_id[..])?;
        self.write_moment()
    }

    /// The time, so that what was over stays over (S14).
    pub(crate) fn write_moment(&mut self) -> Result<(), Error> {
        self.tables.meta.insert(meta::MOMENT, &*clock_row(self.shared.clock().state()))?;
        self.done.wrote = true;
        Ok(())
    }

    pub(crate) fn next_due(&self) -> Result<Option<u64>, Error> {
        next_due(&self.tables.due)
    }

    /// The peers that were connected when the store was closed.
    pub(crate) fn connected(&self) -> Result<Vec<u64>, Error> {
        let all = (due::CONNECTED, 0, 0)..=(due::CONNECTED, 0, u64::MAX);
        self.tables.due.range(all)?.map(|key| Ok(key?.0.value().2)).collect()
    }
}

/// When the first claim ends, in nanoseconds.
pub(crate) fn next_due(table: &impl ReadableTable<DueKey, ()>) -> Result<Option<u64>, Error> {
    let first = table.range((due::CLAIM, 0, 0)..(due::FLOOR, 0, 0))?.next().transpose()?;
    Ok(first.map(|(key, _)| key.value().1))
}

/// The books, as they were stored.
pub(crate) fn read_books(groups: &impl ReadableTable<u16, &'static [u8]>) -> Result<Books, Error> {
    let mut books = Books::default();
    for row in groups.iter()? {
        let (group, row) = row?;
        let held = Held::from_bytes(row.value());
        let held = held.ok_or_else(|| Error::damaged("what a group holds"))?;
        books.load(group.value(), held);
    }
    Ok(books)
}

/// The clock, as it is stored; nothing before one was shown.
pub(crate) fn clock_row(clock: Option<ClockState>) -> Vec<u8> {
    let numbers = clock.map(|ClockState { at: Moment { now, shown, aging }, mark, at_mark }| {
        let [now, shown, mark, at_mark] = [now, shown, mark, at_mark].map(Timestamp::as_nanos);
        [now, shown, aging, mark, at_mark]
    });
    numbers.iter().flatten().flat_map(|n| n.to_le_bytes()).collect()
}

/// The table of what there is once.
type Meta = &'static [u8];

/// The clock and the next id, as they were stored.
pub(crate) fn read_counters(
    table: &impl ReadableTable<&'static str, Meta>,
) -> Result<(Option<ClockState>, u64), Error> {
    Ok((read_clock(table)?, read_next_id(table)?))
}

fn numbers(row: &[u8]) -> Vec<u64> {
    row.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n)).collect()
}

fn meta_row(
    table: &impl ReadableTable<&'static str, Meta>,
    name: &'static str,
) -> Result<Vec<u64>, Error> {
    let row = table.get(name)?;
    Ok(numbers(row.ok_or_else(|| Error::damaged(format!("no {name}")))?.value()))
}

/// The clock, as it was stored.
pub(crate) fn read_clock(
    table: &impl ReadableTable<&'static str, Meta>,
) -> Result<Option<ClockState>, Error> {
    clock_of(&meta_row(table, meta::MOMENT)?)
}

/// The clock in a row.
pub(crate) fn clock_in(row: &[u8]) -> Option<ClockState> {
    clock_of(&numbers(row)).ok().flatten()
}

fn clock_of(numbers: &[u64]) -> Result<Option<ClockState>, Error> {
    Ok(match *numbers {
        [] => None,
        // Format 1: the time, and that of floors, which goes on as aging.
        [now, floors] => {
            let now = Timestamp::from_nanos(now);
            let aging = Moment::default().aging.saturating_add(floors);
            let at = Moment { now, shown: now, aging };
            Some(ClockState { at, mark: now, at_mark: now })
        }
        [now, shown, aging, mark, at_mark] => {
            let [now, shown, mark, at_mark] =
                [now, shown, mark, at_mark].map(Timestamp::from_nanos);
            Some(ClockState { at: Moment { now, shown, aging }, mark, at_mark })
        }
        _ => return Err(Error::damaged("the time")),
    })
}

/// The next id, as it was stored.
pub(crate) fn read_next_id(table: &impl ReadableTable<&'static str, Meta>) -> Result<u64, Error> {
    match *meta_row(table, meta::NEXT_ID)? {
        [next_id] => Ok(next_id),
        _ => Err(Error::damaged("the next id")),
    }
}

/// What this build counts by, and what says when entries are due: where it is another than when the
/// file was written, all of it is counted and filed again.
pub(crate) fn reckoning(limits: &Limits) -> Vec<u8> {
    let age = limits.record_age;
    let numbers = [
        PeerEntry::cost_model(),
        age.as_secs(),
        age.subsec_nanos().into(),
        limits.believe_ages.into(),
    ];
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}
