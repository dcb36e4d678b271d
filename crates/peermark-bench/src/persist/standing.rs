//! Work on a store that is there: opening, reading, storing one by one.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use peermark::identity::PeerId;
use peermark_peerstore::{Config, Peerstore, Share};
use peermark_peerstore_redb::{Durability, Options, Redb};

use super::bare::Bare;
use super::growth::our_path;
use crate::harness::{Random, Suite, cpu_time_of, wall_time_of};
use crate::store::{LONG, NOW, Peers, SEQ, SOURCE, record};

/// Operations in a round.
const BATCH: usize = 64;

/// A store in a file, in which nothing has to be evicted.
pub(super) fn open(path: &Path) -> Result<Peerstore<Redb>> {
    open_as(path, Durability::Immediate)
}

fn open_as(path: &Path, durability: Durability) -> Result<Peerstore<Redb>> {
    let mut config = Config::default();
    config.limits.peers = 1 << 30;
    config.limits.records = 1 << 30;
    config.limits.floors = 1 << 30;
    config.limits.bytes = u64::MAX / 1000;
    let whole = Share::new(1, 1);
    config.limits.share = whole;
    config.limits.kind_share = whole;
    config.limits.kinds_share = whole;
    config.limits.record_age = LONG;
    let mut options = Options::default();
    options.durability = durability;
    Ok(Peerstore::new(Redb::open(path, config, &options)?))
}

/// Both stores, open.
pub(super) struct Standing<'a> {
    peers: &'a Peers,
    ours: Peerstore<Redb>,
    waiting: Peerstore<Redb>,
    bare: Bare,
    random: RefCell<Random>,
    newest: Cell<u64>,
    once: Vec<(&'static str, f64)>,
}

impl<'a> Standing<'a> {
    pub(super) fn open(peers: &'a Peers, folder: &Path) -> Result<Self> {
        let path = our_path(folder);
        let mut once = Vec::new();
        let mut opened = None;
        let took = wall_time_of(|| opened = Some(open(&path)));
        once.push(("reopen/ours", took.as_secs_f64() * 1e9));
        let ours = opened.context("it was opened")??;

        // The first use of a row verifies its signature; the second finds it in memory.
        let ids: Vec<_> = (0..1000.min(peers.len())).map(|n| peers.id(n)).collect();
        for name in ["get-first/ours", "get-hot/ours"] {
            let mut found = 0;
            let took = cpu_time_of(|| {
                let read = |id: &&PeerId| read(&ours, id).is_some();
                found = ids.iter().filter(read).count();
            });
            ensure!(found == ids.len(), "a peer was lost");
            once.push((name, took.as_secs_f64() * 1e9 / ids.len() as f64));
        }
        let batched = Durability::Batched { every: NonZeroU32::MAX };
        Ok(Self {
            peers,
            ours,
            waiting: open_as(&folder.join("waiting.redb"), batched)?,
            bare: Bare::create(&folder.join("single.redb"))?,
            random: RefCell::new(Random::new()),
            newest: Cell::new(SEQ),
            once,
        })
    }

    pub(super) fn once(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.once.iter().copied()
    }

    pub(super) fn add_to(&'a self, suite: &mut Suite<'a>) {
        let newer = move |numbers: Range<usize>| {
            let records = numbers.map(|_| {
                let n = self.random.borrow_mut().below(self.peers.len());
                self.newest.set(self.newest.get() + 1);
                record(n, self.newest.get())
            });
            records.filter_map(Result::ok).collect::<Vec<_>>()
        };
        suite.batched("single-durable/ours", SINGLES, newer, |record| {
            self.ours.apply(record, &SOURCE, LONG, NOW).is_ok()
        });
        let rows = move |numbers| {
            let records = newer(numbers).into_iter();
            records.map(|record| [(record.peer_id(), vec![7; ROW])]).collect()
        };
        suite.batched("single-durable/bare-redb", SINGLES, rows, |rows| {
            self.bare.insert(rows).is_ok()
        });
        suite.batched("single-batched/ours", BATCH, newer, |record| {
            self.waiting.apply(record, &SOURCE, LONG, NOW).is_ok()
        });
        let repeated =
            |numbers: Range<usize>| vec![self.peers.at(1).as_bytes().to_vec(); numbers.len()];
        suite.batched("repeat-hot/ours", BATCH, repeated, |bytes: &Vec<u8>| {
            self.ours.consume(bytes, &SOURCE, LONG, NOW).is_ok()
        });
        let ids = |numbers: Range<usize>| vec![self.peers.id(1); numbers.len()];
        suite.batched("get-hot-again/ours", BATCH, ids, |id: &PeerId| read(&self.ours, id));
        suite.batched("get/bare-redb", BATCH, ids, |id: &PeerId| self.bare.get(id).ok());
    }
}

/// Updates in a round, each with syncs of its own.
const SINGLES: usize = 4;
/// Bytes of a row, about.
const ROW: usize = 320;

fn read(store: &Peerstore<Redb>, peer: &PeerId) -> Option<usize> {
    let read = store.view(peer, NOW, |view| {
        let addresses = view?.addresses().map(|address| address.address().as_bytes().len());
        Some(addresses.sum())
    });
    read.ok().flatten()
}
