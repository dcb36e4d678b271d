//! Simulates a node that dials. Started by `cargo xtask sim` with seed, peers, requests and rounds;
//! prints each seed before its round, so that a round that fails can be run again alone.

use anyhow::{Context as _, Result};
use peermark_testkit::dialer::Simulation;

#[expect(clippy::print_stdout, reason = "for a person at a terminal")]
fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let mut number = || numbers.next().context("four numbers are needed")?.context("no number");
    let (seed, peers, requests, rounds) = (number()?, number()?, number()?, number()?);
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        println!("seed {seed}");
        let (peers, requests) = (u32::try_from(peers)?.max(1), usize::try_from(requests)?.max(1));
        println!("{}", Simulation { seed, peers, requests }.run());
    }
    Ok(())
}
