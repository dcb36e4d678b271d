//! Work on two stores that hold all peers.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;

use anyhow::{Result, ensure};
use libp2p_peer_store::memory_store::MemoryStore;
use peermark::identity::PeerId;
use peermark::peer_record::CertifiedRecord;
use peermark_peerstore::{Outcome, Peerstore, Subscription};

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
    followed: RefCell<Option<Option<Subscription>>>,
    arrays: OnceCell<Arrays>,
    loaded: Cell<u8>,
}

/// An index and entries, of the sizes that ours have: what a look-up has to load at the least.
struct Arrays {
    index: Vec<u32>,
    entries: Vec<[u8; ENTRY]>,
}

/// Bytes of an entry.
const ENTRY: usize = 360;

impl Arrays {
    /// Places are spread as a hash spreads them.
    fn new(peers: usize) -> Self {
        let len = (peers * 8 / 7).next_power_of_two();
        let mut random = Random::new();
        let index = (0..len).map(|_| u32::try_from(random.below(peers)).unwrap_or(0)).collect();
        Self { index, entries: vec![[1; ENTRY]; peers] }
    }
}

impl<'a> Standing<'a> {
    pub(super) fn new(peers: &'a Peers) -> Self {
        Self {
            peers,
            stores: OnceCell::new(),
            random: RefCell::new(Random::new()),
            newest: Cell::new(SEQ),
            followed: RefCell::new(None),
            arrays: OnceCell::new(),
            loaded: Cell::new(1),
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

        let places = move |numbers| self.some(numbers, |n| n);
        suite.batched("two-loads/array", BATCH, places, |place: &usize| self.two_loads(*place));

        let bytes = |numbers| self.some(numbers, |n| peers.at(n).as_bytes().to_vec());
        suite.batched("repeat/ours", BATCH, bytes, |bytes: &Vec<u8>| self.repeat(bytes));
        let same = |numbers: Range<usize>| vec![peers.at(1).as_bytes().to_vec(); numbers.len()];
        suite.batched("repeat-hot/ours", BATCH, same, |bytes: &Vec<u8>| self.repeat(bytes));

        let newer = move |numbers: Range<usize>| -> Vec<CertifiedRecord> {
            let records = numbers.map(|_| {
                let n = self.random.borrow_mut().below(peers.len().div_ceil(UPDATED)) * UPDATED;
                self.newest.set(self.newest.get() + 1);
                record(n, self.newest.get())
            });
            records.filter_map(Result::ok).collect()
        };
        let alone = move |numbers| {
            self.followed.take();
            newer(numbers)
        };
        suite.batched("update/ours", UPDATES, alone, |record| apply(self.ours(), record, LONG));
        // Somebody follows a peer that does not change.
        let followed = move |numbers| {
            let follow = || self.ours().subscribe(&peers.id(1), NOW).ok();
            self.followed.borrow_mut().get_or_insert_with(|| follow().map(|(_, stream)| stream));
            newer(numbers)
        };
        suite.batched("update-with-a-subscriber/ours", UPDATES, followed, |record| {
            apply(self.ours(), record, LONG)
        });
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
        suite.batched("batch-get-20/one-by-one", BATCH / ASKED, asked, |ids: &Vec<PeerId>| {
            ids.iter().map(|id| self.ours().signed_record(id, NOW)).collect::<Vec<_>>()
        });
        suite.timed("sweep-idle/ours", 16, |_| self.ours().sweep(NOW, usize::MAX));
    }

    /// Loads the place of an entry, and then the entry. The next one waits for it: without that, a
    /// processor has several in flight.
    fn two_loads(&self, place: usize) -> u8 {
        let arrays = self.arrays.get_or_init(|| Arrays::new(self.peers.len()));
        let place = place.wrapping_add(usize::from(self.loaded.get()));
        let hash = place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let entry = arrays.index[hash & (arrays.index.len() - 1)];
        self.loaded.set(arrays.entries[entry as usize][0]);
        self.loaded.get()
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
        ensure!(matches!(again.outcome, Outcome::Refreshed { .. }), "not a repeat");
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
