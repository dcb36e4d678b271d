//! From bytes to stored, verification included, on one thread and on two.
//!
//! Two threads want two cores that have nothing else to do: on a busy machine the figure says more
//! about the machine.

use std::cell::OnceCell;
use std::thread;

use anyhow::{Result, ensure};

use super::contenders::{LONG, NOW, SOURCE, our_store};
use super::peers::Peers;
use crate::harness::{uncounted, wall_time_of};

/// Records of one round.
const RECORDS: usize = 50_000;
/// How often each is measured, in turns.
const ROUNDS: usize = 7;

/// Records per second on the wall, in each round.
#[derive(Default)]
pub(super) struct Rates {
    pub(super) one: Vec<f64>,
    pub(super) two: Vec<f64>,
}

/// [`Rates`], measured when it is asked for.
pub(super) fn rates<'a>(cell: &'a OnceCell<Rates>, peers: &Peers) -> &'a Rates {
    cell.get_or_init(|| uncounted(|| measure(peers)).and_then(Result::ok).unwrap_or_default())
}

fn measure(peers: &Peers) -> Result<Rates> {
    let mut rates = Rates::default();
    for _ in 0..ROUNDS {
        rates.one.push(rate(peers, 1)?);
        rates.two.push(rate(peers, 2)?);
    }
    Ok(rates)
}

fn rate(peers: &Peers, threads: usize) -> Result<f64> {
    let store = our_store(peers.len());
    let records = peers.all().get(..RECORDS).unwrap_or(peers.all());
    let took = wall_time_of(|| {
        thread::scope(|scope| {
            for first in 0..threads {
                let own = records.iter().skip(first).step_by(threads);
                scope.spawn(|| {
                    for record in own {
                        let _ = store.consume(record.as_bytes(), &SOURCE, LONG, NOW);
                    }
                });
            }
        });
    });
    ensure!(store.usage().records == records.len(), "not all were stored");
    Ok(records.len() as f64 / took.as_secs_f64())
}
