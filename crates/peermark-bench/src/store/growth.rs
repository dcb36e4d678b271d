//! Growing from nothing: bytes, time, and the slowest single insert.

use std::cell::OnceCell;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use libp2p_peer_store::memory_store::MemoryStore;
use peermark::peer_record::CertifiedRecord;
use peermark_peerstore::Peerstore;

use super::contenders::{Plain, add, apply, drain, our_store, their_store, ttl};
use super::peers::Peers;
use crate::harness::{cpu_time_of, live_bytes, uncounted};

/// Peers between two looks at the clock.
const BATCH: usize = 256;

/// All peers in one of ours.
pub(super) fn ours(peers: &Peers) -> Peerstore {
    let store = our_store(peers.len());
    for (n, record) in peers.all().iter().enumerate() {
        let _ = black_box(apply(&store, record, ttl(n)));
    }
    store
}

/// All peers in one of theirs. The addresses are the store's own.
pub(super) fn theirs(peers: &Peers) -> MemoryStore {
    let mut store = their_store(peers.len());
    for record in peers.all() {
        add(&mut store, &Plain::new(record));
        drain(&mut store);
    }
    store
}

/// Live bytes for each peer.
pub(super) fn bytes<S>(peers: &Peers, grow: impl Fn(&Peers) -> S) -> Vec<f64> {
    let (store, live) = live_bytes(|| grow(peers));
    drop(store);
    vec![live as f64 / peers.len() as f64]
}

/// Mean nanoseconds of an insert, once for each growth.
#[derive(Default)]
pub(super) struct Inserts {
    pub(super) ours: Vec<f64>,
    pub(super) theirs: Vec<f64>,
}

impl Inserts {
    /// Grows both, batch by batch and in turns.
    pub(super) fn measure(peers: &Peers) -> Self {
        let mut inserts = Self::default();
        let _ = uncounted(|| (0..growths(peers)).try_for_each(|_| inserts.grow(peers)));
        inserts
    }

    fn grow(&mut self, peers: &Peers) -> Result<()> {
        let ours = our_store(peers.len());
        let mut theirs = their_store(peers.len());
        let (mut our_time, mut their_time) = (Duration::ZERO, Duration::ZERO);
        for (chunk, first) in peers.all().chunks(BATCH).zip((0..).step_by(BATCH)) {
            warm(chunk);
            let ttls: Vec<_> = (first..).take(chunk.len()).map(ttl).collect();
            our_time += cpu_time_of(|| {
                for (record, ttl) in chunk.iter().zip(&ttls) {
                    let _ = black_box(apply(&ours, record, *ttl));
                }
            });
            let plain: Vec<_> = chunk.iter().map(Plain::new).collect();
            their_time += cpu_time_of(|| {
                for plain in &plain {
                    black_box(add(&mut theirs, plain));
                }
            });
            drain(&mut theirs);
        }
        self.ours.push(our_time.as_secs_f64() * 1e9 / peers.len() as f64);
        self.theirs.push(their_time.as_secs_f64() * 1e9 / peers.len() as f64);
        Ok(())
    }
}

/// The slowest insert of ours: the least of several growths, because what else happens on the
/// machine only adds to it.
pub(super) fn worst_of_ours(peers: &Peers) -> Vec<f64> {
    worst(peers, || {
        let store = our_store(peers.len());
        let each = peers.all().iter().enumerate().map(|(n, record)| {
            let ttl = ttl(n);
            cpu_time_of(|| {
                let _ = black_box(apply(&store, record, ttl));
            })
        });
        each.max()
    })
}

/// As [`worst_of_ours`].
pub(super) fn worst_of_theirs(peers: &Peers) -> Vec<f64> {
    worst(peers, || {
        let mut store = their_store(peers.len());
        let each = peers.all().iter().map(|record| {
            let plain = Plain::new(record);
            let took = cpu_time_of(|| {
                black_box(add(&mut store, &plain));
            });
            drain(&mut store);
            took
        });
        each.max()
    })
}

fn worst(peers: &Peers, mut grow: impl FnMut() -> Option<Duration>) -> Vec<f64> {
    let least = uncounted(|| (0..growths(peers)).filter_map(|_| grow()).min()).flatten();
    least.map(|least| least.as_secs_f64() * 1e9).into_iter().collect()
}

/// As a record is in the caches that was just verified: all of it.
fn warm(records: &[CertifiedRecord]) {
    for record in records {
        let sum = record.as_bytes().iter().fold(0u64, |sum, byte| sum + u64::from(*byte));
        let addresses = record.addresses().fold(0, |sum, address| sum + address.as_bytes().len());
        black_box((sum, addresses, record.peer_id(), record.seq(), record.skipped_addresses()));
    }
}

/// How often a store is grown: seconds at a time.
fn growths(peers: &Peers) -> usize {
    match peers.len() {
        0..1_000 => 1,
        1_000..300_000 => 7,
        300_000..3_000_000 => 3,
        _ => 1,
    }
}

/// [`Inserts`], measured when it is asked for.
pub(super) fn inserts<'a>(cell: &'a OnceCell<Inserts>, peers: &Peers) -> &'a Inserts {
    cell.get_or_init(|| Inserts::measure(peers))
}
