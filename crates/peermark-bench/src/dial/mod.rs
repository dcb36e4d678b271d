//! Suite `dial`: judging and ranking addresses, coordinating dials, and how long dials take.
//!
//! The first two are measured in CPU time, like everything else. The last is a simulation: made-up
//! networks and the time in them, which is the same in every run and on every machine.

mod candidates;
mod completion;
mod coordinator;
mod naive;
mod networks;
mod planning;
mod simulation;
mod world;

use std::num::NonZeroUsize;

use anyhow::{Result, ensure};

use crate::harness::{Bound, Compared, Goal, Options, Suite};

/// What the command line says about this suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,

    /// Live requests of the coordinator.
    #[arg(long, default_value = "10000", value_name = "N")]
    requests: usize,

    /// Networks of each kind that are dialed in.
    #[arg(long, default_value = "1000", value_name = "N")]
    networks: NonZeroUsize,
}

/// With fewer live requests there are not enough peers for a batch.
const REQUESTS: usize = 400;

/// Runs the suite, and prints the table of simulated dials behind it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let options = &arguments.options;
    ensure!(arguments.requests >= REQUESTS, "at least {REQUESTS} live requests are needed");
    let plans = planning::Plans::new()?;
    let worlds = coordinator::Worlds::new(arguments.requests)?;
    let mut suite = Suite::new("dial");
    plans.add_to(&mut suite);
    worlds.add_to(&mut suite);
    for goal in GOALS {
        suite.goal(*goal);
    }

    let rows = completion::rows(&options.filter, arguments.networks.get())?;
    // A filter may select only what is simulated; one that selects nothing is an error.
    if rows.is_empty() || suite.selects(options) {
        suite.run(options)?;
    }
    if !rows.is_empty() {
        completion::write(&rows, options.format(), &mut std::io::stdout().lock())?;
    }
    Ok(())
}

const GOALS: &[Goal] = &[
    at_most("plan-64-certified-only/ours", 2_000.0),
    at_most("plan-64-certified-first/ours", 2_000.0),
    at_most("plan-64-any/ours", 2_000.0),
    at_most("plan-64-user-certified/ours", 2_000.0),
    at_most("plan-64-hot-certified-only/ours", 2_000.0),
    at_most("plan-64-hot-certified-first/ours", 2_000.0),
    at_most("plan-64-hot-any/ours", 2_000.0),
    at_most("plan-64-hot-user-certified/ours", 2_000.0),
    at_most("allocations-64-certified-only/ours", 3.0),
    at_most("allocations-64-certified-first/ours", 3.0),
    at_most("allocations-64-any/ours", 3.0),
    at_most("allocations-64-user-certified/ours", 3.0),
];

const fn at_most(case: &'static str, bound: f64) -> Goal {
    Goal { case, compared: Compared::Alone, bound: Bound::AtMost(bound) }
}
