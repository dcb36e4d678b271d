//! Letting go of one peer in a hundred, whose time is over.
//!
//! They end within ten seconds, and one sweep at the end of these lets go of them all. `clear` does
//! the same to the same peers, after it found them by their ids.
//!
//! What is not due yet costs little, and seldom: a sweep when one peer of each region is due, and the
//! others soon will be, looks at each of them once and files it anew.

use std::cell::OnceCell;
use std::time::Duration;

use peermark::identity::PeerId;
use peermark_peerstore::{Engine as _, Peerstore};
use peermark_provenance::Timestamp;

use super::contenders::{LONG, NOW, SOURCE, apply, our_store};
use super::peers::Peers;
use crate::harness::{Random, cpu_time_of, uncounted};

/// How often each is measured.
const ROUNDS: usize = 20;
/// In which time they end.
const TICK: Duration = Duration::from_secs(10);

/// Nanoseconds for each of the peers, in each round.
#[derive(Default)]
pub(super) struct Sweeps {
    pub(super) sweep: Vec<f64>,
    pub(super) clear: Vec<f64>,
    pub(super) moved: Vec<f64>,
}

/// [`Sweeps`], measured when it is asked for.
pub(super) fn sweeps<'a>(cell: &'a OnceCell<Sweeps>, peers: &Peers) -> &'a Sweeps {
    cell.get_or_init(|| uncounted(|| measure(peers)).unwrap_or_default())
}

struct Swept<'a> {
    peers: &'a Peers,
    store: Peerstore,
    /// Those that end.
    chosen: Vec<usize>,
    ids: Vec<PeerId>,
    now: Timestamp,
}

fn measure(peers: &Peers) -> Sweeps {
    let mut chosen: Vec<_> = (0..peers.len()).collect();
    Random::new().shuffle(&mut chosen);
    chosen.truncate((peers.len() / 100).max(1));
    let store = our_store(peers.len());
    for record in peers.all() {
        let _ = apply(&store, record, LONG);
    }
    let ids = chosen.iter().map(|n| peers.id(*n)).collect();
    let mut swept = Swept { peers, store, chosen, ids, now: NOW };
    let mut sweeps = Sweeps::default();
    for _ in 0..ROUNDS {
        swept.renew(swept.now.saturating_add(TICK), &[]);
        sweeps.clear.push(swept.each(|it| {
            for id in &it.ids {
                let Ok(cleared) = it.store.clear(id, it.now);
                assert!(cleared, "it was there");
            }
        }));
        swept.renew(swept.now.saturating_add(TICK), &[]);
        swept.now = swept.now.saturating_add(TICK);
        sweeps.sweep.push(swept.each(|it| {
            let Ok(swept) = it.store.sweep(it.now, usize::MAX);
            assert_eq!(swept.peers, it.ids.len(), "all of them, and no others");
        }));
        let firsts = swept.one_of_each_region();
        swept.renew(
            Timestamp::from_nanos((swept.now.as_nanos() >> FAR << FAR) + (2 << FAR)),
            &firsts,
        );
        sweeps.moved.push(swept.each(|it| {
            let Ok(swept) = it.store.sweep(it.now, usize::MAX);
            assert_eq!(swept.peers, firsts.len(), "one of each region");
        }));
    }
    sweeps
}

/// A round number of nanoseconds, as a power of two: some five hours.
const FAR: u32 = 44;

impl Swept<'_> {
    /// They are back, and it is `begin`. They end within a tick from then, those in `firsts` at
    /// once.
    fn renew(&mut self, begin: Timestamp, firsts: &[PeerId]) {
        let step = TICK / u32::try_from(self.chosen.len()).unwrap_or(u32::MAX);
        let ahead = begin.saturating_since(self.now);
        for (place, (n, id)) in (1..).zip(self.chosen.iter().zip(&self.ids)) {
            let Ok(_) = self.store.forget(id, self.now);
            let ttl = if firsts.contains(id) { ahead } else { ahead + step * place };
            let Ok(_) = self.store.apply(self.peers.at(*n), &SOURCE, ttl, self.now);
        }
        self.now = begin;
    }

    fn one_of_each_region(&self) -> Vec<PeerId> {
        let engine = self.store.engine();
        let mut firsts = vec![None; engine.regions()];
        for id in &self.ids {
            firsts[engine.region_of(id)].get_or_insert(*id);
        }
        firsts.into_iter().flatten().collect()
    }

    fn each(&self, work: impl FnOnce(&Self)) -> f64 {
        cpu_time_of(|| work(self)).as_secs_f64() * 1e9 / self.ids.len() as f64
    }
}
