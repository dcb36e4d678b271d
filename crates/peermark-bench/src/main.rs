//! Benchmarks of the peermark workspace: what is compared runs interleaved, in one process.
//!
//! `cargo run --release -p peermark-bench -- record` runs one suite and prints a table; `--json`
//! prints one object per case. A suite is a module with a function that answers a
//! [`Suite`](harness::Suite): the next one is a file and an arm in `main`. The harness knows no
//! suite.
//!
//! Every contender is shown to be right before it is timed, and the program fails when one is not.
//! `docs/benchmarks.md` says how to read the figures.

mod commands;
mod dial;
mod flood;
mod harness;
mod nodes;
mod persist;
mod record;
mod store;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use harness::Options;

/// Benchmarks of the peermark workspace.
#[derive(Debug, Parser)]
#[command(name = "peermark-bench")]
struct Arguments {
    #[command(subcommand)]
    suite: SuiteName,
}

#[derive(Debug, Subcommand)]
enum SuiteName {
    /// From bytes to a certified record: verifying, decoding, sealing, allocations.
    Record(Options),
    /// A store of many peers beside libp2p-peer-store: bytes, inserts, reads, sweeps.
    Store(store::Arguments),
    /// A dial policy, a coordinator with many requests, and simulated dials.
    Dial(dial::Arguments),
    /// A million made-up peers of one network, against a store that holds others.
    Flood(flood::Arguments),
    /// A store in a file beside the bare database: batches, single updates, reads, opening.
    Persist(persist::Arguments),
    /// The commands of `peermark` on many records: rates beside that of verifying them.
    Commands(commands::Arguments),
    /// `peermark` itself, for the suite of commands.
    #[command(hide = true)]
    Peermark(commands::Peermark),
    /// One operation of a store again and again, for `cargo xtask instructions`.
    Once(store::once::Arguments),
}

fn main() -> ExitCode {
    let suite = Arguments::parse().suite;
    if let SuiteName::Peermark(arguments) = &suite {
        return commands::peermark(arguments);
    }
    match run(&suite) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(suite: &SuiteName) -> Result<()> {
    match suite {
        SuiteName::Record(options) => {
            let pools = record::Pools::new()?;
            record::suite(&pools).run(options).map(|_| ())
        }
        SuiteName::Store(arguments) => store::run(arguments),
        SuiteName::Dial(arguments) => dial::run(arguments),
        SuiteName::Flood(arguments) => flood::run(arguments),
        SuiteName::Persist(arguments) => persist::run(arguments),
        SuiteName::Commands(arguments) => commands::run(arguments),
        SuiteName::Peermark(_) => Ok(()),
        SuiteName::Once(arguments) => store::once::run(arguments),
    }
}
