//! `sim`: the simulation of the dial coordinator, at length.
//!
//! What `cargo test` runs scaled down. A program of its own behind a feature, as in `products`, and
//! built for speed.

use anyhow::Result;

use crate::process;

/// Simulate a node that dials, in virtual time, and check every rule of the dial coordinator.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The seed of the first round; each further one has the next. Another one each time where none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// Peers that are wanted.
    #[arg(long, default_value_t = 1_000)]
    peers: u32,
    /// Requests in each round.
    #[arg(long, default_value_t = 10_000)]
    requests: u32,
    /// How many rounds.
    #[arg(long, default_value_t = 1)]
    rounds: u64,
}

/// Runs `sim`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let seed = args.seed.unwrap_or_else(|| u64::from(std::process::id()));
    let numbers = [seed, args.peers.into(), args.requests.into(), args.rounds];
    let numbers = numbers.map(|number| number.to_string());
    let program = ["run", "--quiet", "--release", "--package=xtask", "--features=sim"];
    let mut command = process::cargo(&program);
    command.args(["--bin=xtask-sim", "--"]).args(numbers);
    process::run(&mut command)
}
