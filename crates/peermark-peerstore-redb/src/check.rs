//! Proving that the file holds what the rules say, and nothing else.

use peermark_identity::PeerIdExt as _;
use peermark_peerstore::{Context, Defect, EXEMPT, Engine as _, GROUPS};
use redb::{ReadableTable as _, ReadableTableMetadata as _};

use crate::base::{contain, own};
use crate::batch::{Writer, read_books};
use crate::books::Books;
use crate::cores::on_all_cores;
use crate::error::Error;
use crate::listing::RUN;
use crate::state::State;
use crate::store::Redb;
use crate::tables::{Rows as _, Snapshot, ids};

/// What a store is like, from one look at all of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Bytes of the file that the database uses.
    pub len: u64,
    /// Blocks of 4 KiB that were read.
    pub blocks: u64,
    /// The format of the file when it was opened, and of its rows.
    pub format: u16,
    /// Blocks that are damaged and in use, up to 1,024 of them.
    pub damaged_blocks: Vec<u64>,
    /// Blocks that are damaged and not in use, up to 1,024 of them: torn when the power or the process
    /// failed, and harmless.
    pub torn_blocks: Vec<u64>,
    /// Rows that were put aside since they are damaged. Their peers are refused until they are
    /// forgotten.
    pub quarantined: u64,
    /// The first thing that is not as it has to be, if there is any.
    pub defect: Option<Defect>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.damaged_blocks.is_empty() && self.quarantined == 0 && self.defect.is_none()
    }
}

/// Why a proof ended.
enum Broken {
    Defect(Defect),
    Error(Error),
}

impl From<Defect> for Broken {
    fn from(defect: Defect) -> Self {
        Self::Defect(defect)
    }
}

impl<E: Into<Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

fn ensure(holds: bool, what: &'static str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Defect::new(what).into()) }
}

impl Redb {
    /// Looks at every byte of the file, verifies every signature and recounts everything. It takes
    /// as long as reading the file and verifying that many records.
    ///
    /// # Errors
    ///
    /// The disk failed.
    pub fn examine(&self) -> Result<Report, Error> {
        self.examine_with(|_, _| {})
    }

    /// As [`Self::examine`]. It calls `progress` with the number of rows that were verified so far, and
    /// of all rows.
    ///
    /// # Errors
    ///
    /// As [`Self::examine`].
    pub fn examine_with(&self, progress: impl Fn(u64, u64) + Sync) -> Result<Report, Error> {
        let mut report = Report { format: self.opened.format, ..Report::default() };
        let writer = self.read();
        let mut damaged = Vec::new();
        let read = self.blocks.verify_all(|block| damaged.push(block));
        report.blocks = read.map_err(|error| Error::Io(error.into()))?;
        damaged.extend(self.blocks.damaged());
        damaged.sort_unstable();
        damaged.dedup();
        damaged.truncate(1024);
        if !damaged.is_empty() && self.blocks.damage_count() == 0 && self.is_unused() {
            report.torn_blocks = damaged;
        } else {
            report.damaged_blocks = damaged;
        }
        let snapshot = self.snapshot()?;
        // Where it cannot be read, its block is reported.
        report.quarantined = contain(|| Ok(snapshot.quarantine()?.len()?)).unwrap_or_default();
        drop(snapshot);
        report.len = report.blocks.saturating_mul(4096);
        report.defect = self.prove_as(&writer, &progress).err();
        Ok(report)
    }

    /// Whether the damaged blocks are ones that the database does not need. Nobody writes meanwhile.
    pub(crate) fn is_unused(&self) -> bool {
        // What it needs is noted, of whatever handle: a view of its own is asked.
        self.blocks.needs_no_damaged_block()
    }

    /// As [`Engine::check`](peermark_peerstore::Engine::check).
    pub(crate) fn prove(&self) -> Result<(), Defect> {
        self.prove_as(&self.read(), &|_, _| {})
    }

    fn prove_as(
        &self,
        writer: &Writer,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), Defect> {
        let proven = contain(|| match self.prove_all(writer, progress) {
            Ok(()) => Ok(Ok(())),
            Err(Broken::Defect(defect)) => Ok(Err(defect)),
            Err(Broken::Error(error)) => Err(error),
        });
        proven.unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be read");
            Err(Defect::new("the file cannot be read"))
        })
    }

    fn prove_all(
        &self,
        writer: &Writer,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), Broken> {
        let (snapshot, cx) = (self.snapshot()?, self.shared.context(self.now()));
        let mut counted = Books::default();
        let (mut rows, mut dues) = (0u64, 0u64);
        let all = snapshot.peers.len()?;
        let mut listed = Vec::new();
        for row in snapshot.peers.iter()? {
            let (hash, row) = row?;
            ensure(!row.value().is_empty(), "a hash of no peer")?;
            listed.extend(ids(row.value()).map(|id| (hash.value(), id)));
        }
        for part in listed.chunks(RUN) {
            let prove = |(hash, id): &(u64, u64)| {
                let proven = contain(|| Ok(self.prove_row(&snapshot, *hash, *id, &cx)));
                proven.unwrap_or_else(|error| Err(Broken::Error(error)))
            };
            for state in on_all_cores(part, prove) {
                let state = state?;
                rows = rows.saturating_add(1);
                dues = dues.saturating_add(u64::try_from(state.filed.dues().count()).unwrap_or(0));
                counted.enter(&state);
            }
            own(|| progress(rows, all));
        }
        if self.reading.format_1.is_some() {
            // An earlier format is counted and filed in another way, and written again by a writer.
            return Ok(());
        }
        let stored = snapshot.entries.len()?.saturating_add(snapshot.floors.len()?);
        ensure(stored == rows, "a row that no peer leads to")?;
        ensure(snapshot.order()?.len()? == rows, "more in the order than there is")?;
        ensure(snapshot.due()?.len()? == dues, "more is due than there is")?;
        ensure(counted.equals(&writer.books), "the books say something else than there is")?;
        ensure(read_books(&snapshot.groups()?)?.equals(&counted), "the books were not written")?;
        // More than the limits is no defect: the store may have been opened with lower ones.
        ensure(counted.ledger.usage() == self.usage(), "the usage is another")
    }

    fn prove_row(
        &self,
        snapshot: &Snapshot,
        hash: u64,
        id: u64,
        cx: &Context<'_>,
    ) -> Result<State, Broken> {
        let (row, of_floor) = snapshot.row(id)?.ok_or(Defect::new("a peer whose row is gone"))?;
        let state = State::verified(id, &row, self.reading);
        let state = state.map_err(|_| Defect::new("a damaged row"))?;
        if self.reading.format_1.is_some() {
            return Ok(state);
        }
        state.entry.check(self.shared.limits())?;
        let own = self.shared.secret().hash(&state.entry.peer_id().multihash_bytes());
        ensure(own == hash, "a peer under another hash")?;
        ensure(of_floor == state.is_floor(), "a row in the other table")?;
        ensure(!of_floor || state.entry.remnant().is_some(), "a row with nothing in it")?;
        let (group, ..) = state.filed.order;
        ensure(group < GROUPS || group == EXEMPT, "a group that there is not")?;
        ensure(state.is_filed(cx), "a row that is looked at too late")?;
        for key in state.filed.dues() {
            ensure(snapshot.due()?.get(key)?.is_some(), "a row that is not due when it ends")?;
        }
        let order = snapshot.order()?.get(state.filed.order)?.is_some();
        ensure(order, "a row that is not in its order")?;
        Ok(state)
    }
}
