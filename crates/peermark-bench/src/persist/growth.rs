//! Growing from nothing in durable batches, in turns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use peermark::identity::PeerId;
use peermark_peerstore::Peerstore;
use peermark_peerstore_redb::Redb;

use super::bare::{self, Bare};
use super::standing::open;
use crate::harness::{cpu_time_of, uncounted, wall_time_of};
use crate::store::{LONG, NOW, Peers, SOURCE, our_store};

/// What growing took, for each peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grown {
    pub(super) cpu: f64,
    pub(super) wall: f64,
    pub(super) file: Option<f64>,
}

/// How all of them grew.
pub(super) struct Growth {
    ours: Grown,
    bare: Grown,
    memory: Grown,
}

#[derive(Default)]
struct Clock {
    cpu: Duration,
    wall: Duration,
}

impl Clock {
    fn time(&mut self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut result = Ok(());
        let mut cpu = Duration::ZERO;
        self.wall += wall_time_of(|| cpu = cpu_time_of(|| result = work()));
        self.cpu += cpu;
        result
    }

    fn grown(&self, peers: usize, file: Option<&Path>) -> Result<Grown> {
        let each = |took: Duration| took.as_secs_f64() * 1e9 / peers as f64;
        let file = file.map(std::fs::metadata).transpose()?;
        let file = file.map(|file| file.len() as f64 / peers as f64);
        Ok(Grown { cpu: each(self.cpu), wall: each(self.wall), file })
    }
}

/// Where ours stays, to be opened again.
pub(super) fn our_path(folder: &Path) -> PathBuf {
    folder.join("ours.redb")
}

impl Growth {
    pub(super) fn measure(peers: &Peers, batch: usize, folder: &Path) -> Result<Self> {
        let grown = uncounted(|| Self::grow(peers, batch, folder));
        grown.unwrap_or_else(|| anyhow::bail!("nothing grew"))
    }

    fn grow(peers: &Peers, batch: usize, folder: &Path) -> Result<Self> {
        let bare_path = folder.join("bare.redb");
        let (ours, bare) = (open(&our_path(folder))?, Bare::create(&bare_path)?);
        let memory = our_store(peers.len());
        let mut clocks = [Clock::default(), Clock::default(), Clock::default()];
        for (number, records) in peers.all().chunks(batch).enumerate() {
            let [of_ours, of_bare, of_memory] = &mut clocks;
            of_memory.time(|| {
                let applied = memory.apply_many(records, &SOURCE, LONG, NOW);
                ensure!(applied.len() == records.len(), "not all were answered");
                Ok(())
            })?;
            let rows: Vec<(PeerId, Vec<u8>)> = records
                .iter()
                .map(|record| Ok((record.peer_id(), bare::row(&memory, &record.peer_id())?)))
                .collect::<Result<_>>()?;
            let mut ours = || of_ours.time(|| apply(&ours, records));
            let mut bare = || of_bare.time(|| bare.insert(&rows));
            // In turns: who comes second finds other caches.
            if number.is_multiple_of(2) {
                ours()?;
                bare()?;
            } else {
                bare()?;
                ours()?;
            }
        }
        ensure!(ours.usage().records == peers.len(), "ours holds something else");
        ours.check()?;
        drop((ours, bare));
        let [of_ours, of_bare, of_memory] = clocks;
        Ok(Self {
            ours: of_ours.grown(peers.len(), Some(&our_path(folder)))?,
            bare: of_bare.grown(peers.len(), Some(&bare_path))?,
            memory: of_memory.grown(peers.len(), None)?,
        })
    }

    pub(super) fn all(&self) -> [(&'static str, Grown); 3] {
        [("ours", self.ours), ("bare-redb", self.bare), ("memory", self.memory)]
    }
}

fn apply(
    store: &Peerstore<Redb>,
    records: &[peermark::peer_record::CertifiedRecord],
) -> Result<()> {
    for applied in store.apply_many(records, &SOURCE, LONG, NOW) {
        ensure!(applied?.outcome.is_held(), "a record was not stored");
    }
    Ok(())
}
