//! Proving that the file holds what the rules say, and nothing else.

use peermark_identity::PeerIdExt as _;
use peermark_peerstore::{Context, Defect, EXEMPT, Engine as _, GROUPS};
use redb::{ReadableTable as _, ReadableTableMetadata as _};

use crate::base::contain;
use crate::batch::read_books;
use crate::books::Books;
use crate::error::Error;
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
    /// Blocks that are not what was written, up to 1,024 of them. Of a block that is not in use,
    /// nobody would ever have noticed.
    pub damaged_blocks: Vec<u64>,
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
        let mut report = Report::default();
        let _writer = self.read();
        let mut damaged = Vec::new();
        let read = self.blocks.verify_all(|block| damaged.push(block));
        report.blocks = read.map_err(|error| Error::Io(error.into()))?;
        damaged.extend(self.blocks.damaged());
        damaged.sort_unstable();
        damaged.dedup();
        damaged.truncate(1024);
        report.damaged_blocks = damaged;
        let snapshot = self.snapshot()?;
        report.quarantined = contain(|| Ok(snapshot.quarantine()?.len()?))?;
        drop(snapshot);
        report.len = report.blocks.saturating_mul(4096);
        report.defect = self.prove().err();
        Ok(report)
    }

    /// As [`Engine::check`](peermark_peerstore::Engine::check).
    pub(crate) fn prove(&self) -> Result<(), Defect> {
        let proven = contain(|| match self.prove_all() {
            Ok(()) => Ok(Ok(())),
            Err(Broken::Defect(defect)) => Ok(Err(defect)),
            Err(Broken::Error(error)) => Err(error),
        });
        proven.unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be read");
            Err(Defect::new("the file cannot be read"))
        })
    }

    fn prove_all(&self) -> Result<(), Broken> {
        let writer = self.read();
        let (snapshot, cx) = (self.snapshot()?, self.shared.context(self.now()));
        let mut counted = Books::default();
        let (mut rows, mut dues) = (0u64, 0u64);
        for row in snapshot.peers.iter()? {
            let (hash, row) = row?;
            ensure(!row.value().is_empty(), "a hash of no peer")?;
            for id in ids(row.value()) {
                rows = rows.saturating_add(1);
                let state = self.prove_row(&snapshot, hash.value(), id, &cx)?;
                dues = dues.saturating_add(u64::try_from(state.filed.dues().count()).unwrap_or(0));
                counted.enter(&state);
            }
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
