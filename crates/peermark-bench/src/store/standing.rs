//! Work on two stores that hold all peers.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;

use anyhow::{Result, ensure};
use libp2p_peer_store::memory_store::MemoryStore;
use peermark::identity::PeerId;
use peermark_peerstore::{Outcome, Peerstore};

use super::contenders::{LONG, NOW, Plain, Read, SOURCE, add, apply, read_ours, read_theirs};
use super::growth;
use super::peers::{Peers, SEQ, record};
use crate::harness::{Random, Suite};

/// Operations in a round.
const BATCH: usize = 256;
/// Fewer where each takes a signature first.
const UPDATES: usize = 32;
/// Peers that one call asks for.
const ASKED: usize = 20;
/// Of so many peers, one gets newer records, and the others keep theirs.
const UPDATED: usize = 64;

/// Both stores, made when they are needed.
pub(super) struct Standing<'a> {
    peers: &'a Peers,
    stores: OnceCell<(Peerstore, RefCell<MemoryStore>)>,
    random: RefCell<Random>,
    newest: Cell<u64>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(peers: &'a Peers) -> Self {
        Self {
            peers,
            stores: OnceCell::new(),
            random: RefCell::new(Random::new()),
            newest: Cell::new(SEQ),
        }
    }

    fn stores(&self) -> &(Peerstore, RefCell<MemoryStore>) {
        let grow = || (growth::ours(self.peers), RefCell::new(growth::theirs(self.peers)));
        self.stores.get_or_init(grow)
    }

    fn ours(&self) -> &Peerstore {
        &self.stores().0
    }

    fn theirs(&self) -> &RefCell<MemoryStore> {
        &self.stores().1
    }

    /// Peers at random, of those that keep their first record.
    fn some<T>(&self, numbers: Range<usize>, of: impl Fn(usize) -> T) -> Vec<T> {
        let mut random = self.random.borrow_mut();
        let mut one = || loop {
            let n = random.below(self.peers.len());
            if !n.is_multiple_of(UPDATED) || self.peers.len() == 1 {
                return of(n);
            }
        };
        numbers.map(|_| one()).collect()
    }

    pub(super) fn add_to(&'a self, suite: &mut Suite<'a>) {
        let peers = self.peers;
        let ids = move |numbers| self.some(numbers, |n| peers.id(n));
        suite.batched("lookup/ours", BATCH, ids, |peer: &PeerId| read_ours(self.ours(), peer));
        suite.batched("lookup/libp2p-peer-store", BATCH, ids, |peer| {
            read_theirs(&self.theirs().borrow(), peer)
        });

        let bytes = |numbers| self.some(numbers, |n| peers.at(n).as_bytes().to_vec());
        suite.batched("repeat/ours", BATCH, bytes, |bytes: &Vec<u8>| self.repeat(bytes));
        let same = |numbers: Range<usize>| vec![peers.at(1).as_bytes().to_vec(); numbers.len()];
        suite.batched("repeat-hot/ours", BATCH, same, |bytes: &Vec<u8>| self.repeat(bytes));

        let newer = |numbers: Range<usize>| {
            let records = numbers.map(|_| {
                let n = self.random.borrow_mut().below(peers.len().div_ceil(UPDATED)) * UPDATED;
                self.newest.set(self.newest.get() + 1);
                record(n, self.newest.get())
            });
            records.filter_map(Result::ok).collect()
        };
        suite.batched("update/ours", UPDATES, newer, |record| apply(self.ours(), record, LONG));
        let known = |numbers| self.some(numbers, |n| Plain::new(peers.at(n)));
        suite.batched("update/libp2p-peer-store", UPDATES, known, |plain| {
            add(&mut self.theirs().borrow_mut(), plain)
        });

        let asked = move |numbers: Range<usize>| -> Vec<Vec<PeerId>> {
            numbers.map(|_| ids(0..ASKED)).collect()
        };
        suite.batched("batch-get-20/ours", BATCH / ASKED, asked, |ids: &Vec<PeerId>| {
            self.ours().signed_records(ids, NOW)
        });
        suite.timed("sweep-idle/ours", 16, |_| self.ours().sweep(NOW, usize::MAX));
    }

    fn repeat(&self, bytes: &[u8]) -> bool {
        self.ours().consume(bytes, &SOURCE, LONG, NOW).is_ok()
    }
}

/// Both stores do what is timed, for all of these peers.
pub(super) fn check(peers: &Peers) -> Result<()> {
    let ours = growth::ours(peers);
    let mut theirs = growth::theirs(peers);
    ensure!(ours.usage().records == peers.len(), "ours holds something else");
    for (n, held) in peers.all().iter().enumerate() {
        let read = |bytes: Read, address: &[u8]| bytes.and(address);
        let expected = held.addresses().fold(Read::default(), |all, a| read(all, a.as_bytes()));
        ensure!(read_ours(&ours, &held.peer_id()) == Some(expected), "ours finds other addresses");
        let plain = Plain::new(held);
        let found = read_theirs(&theirs, &plain.peer);
        ensure!(found == Some(expected), "libp2p-peer-store finds other addresses");
        ensure!(add(&mut theirs, &plain) == 0, "libp2p-peer-store does not know them");

        let Ok(again) = ours.consume(held.as_bytes(), &SOURCE, LONG, NOW) else {
            anyhow::bail!("ours refuses what it holds");
        };
        ensure!(again.outcome == Outcome::Refreshed { extended: false }, "not a repeat");
        let Ok(signed) = ours.signed_records(&[held.peer_id()], NOW);
        ensure!(signed == [Some(held.as_bytes().to_vec().into())], "another envelope");
        if n.is_multiple_of(UPDATED) {
            let newer = apply(&ours, &record(n, SEQ + 1)?, LONG);
            ensure!(matches!(newer.outcome, Outcome::Replaced { .. }), "not an update");
        }
    }
    let Ok(swept) = ours.sweep(NOW, usize::MAX);
    ensure!(swept == Default::default(), "something was due");
    Ok(())
}
