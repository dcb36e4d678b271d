//! What is written once with each transaction: the books that changed, the time, the next id.

use peermark_peerstore::{Moment, PeerEntry};
use peermark_provenance::Timestamp;
use redb::ReadableTable;

use super::Batch;
use crate::error::Error;
use crate::ledger::{Ledger, Sums};
use crate::tables::{DueKey, due, meta};

impl Batch<'_> {
    pub(super) fn write_books(&mut self) -> Result<(), Error> {
        for (group, sums) in self.writer.ledger.changed() {
            self.tables.groups.insert(group, &*sums.to_bytes())?;
        }
        let next_id = self.writer.next_id.to_le_bytes();
        self.tables.meta.insert(meta::NEXT_ID, &next_id[..])?;
        self.write_moment()
    }

    /// The time, so that what was over stays over (S14).
    pub(crate) fn write_moment(&mut self) -> Result<(), Error> {
        let at = self.at;
        let [now, floor] = [at.now.as_nanos(), at.floor].map(u64::to_le_bytes);
        self.tables.meta.insert(meta::MOMENT, &*[now, floor].concat())?;
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
pub(crate) fn read_ledger(
    groups: &impl ReadableTable<u16, &'static [u8]>,
) -> Result<Ledger, Error> {
    let mut ledger = Ledger::default();
    for row in groups.iter()? {
        let (group, row) = row?;
        let sums = Sums::from_bytes(row.value());
        let sums = sums.ok_or_else(|| Error::damaged("what a group holds"))?;
        ledger.load(group.value(), sums);
    }
    Ok(ledger)
}

/// The time and the next id, as they were stored.
pub(crate) fn read_counters(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<(Moment, u64), Error> {
    let numbers = |name| -> Result<Vec<u64>, Error> {
        let row = table.get(name)?;
        let row = row.ok_or_else(|| Error::damaged(format!("no {name}")))?;
        Ok(row.value().as_chunks().0.iter().map(|n| u64::from_le_bytes(*n)).collect())
    };
    match (&*numbers(meta::MOMENT)?, &*numbers(meta::NEXT_ID)?) {
        (&[now, floor], &[next_id]) => {
            Ok((Moment { now: Timestamp::from_nanos(now), floor }, next_id))
        }
        _ => Err(Error::damaged("the time, or the next id")),
    }
}

/// What bytes are counted by in this build.
pub(crate) fn reckoning() -> Vec<u8> {
    let sizes = PeerEntry::reckoning();
    sizes.iter().flat_map(|n| u64::try_from(*n).unwrap_or(0).to_le_bytes()).collect()
}
