//! Suite `persist`: a store in a file, beside the bare database with the same bytes, and beside the
//! store in memory.
//!
//! The bare contender is one table from peer ids to the very rows that ours stores, with the
//! settings of redb that are right for bytes of strangers (two-phase commits). It finds nothing by
//! time or by rank, counts nothing, checks nothing, and keeps no rule.

mod bare;
mod growth;
mod standing;

use anyhow::Result;

use crate::harness::{Bound, Compared, Goal, Options, Suite, Unit};
use crate::store::Peers;

/// What the command line says about this suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,

    /// How many peers.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    peers: usize,

    /// Records of a durable batch.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    batch: usize,
}

/// Runs the suite.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let peers = Peers::new(arguments.peers)?;
    let folder = tempfile::tempdir()?;
    let growth = growth::Growth::measure(&peers, arguments.batch, folder.path())?;
    let standing = standing::Standing::open(&peers, folder.path())?;

    use Unit::{Bytes, Nanoseconds};
    let mut suite = Suite::new(format!("persist-{}", peers.len()));
    for (who, grown) in growth.all() {
        let name = |what| format!("{what}/{who}");
        suite.counted(name("durable-batch"), Nanoseconds, move || vec![grown.cpu]);
        suite.counted(name("durable-batch-wall"), Nanoseconds, move || vec![grown.wall]);
        if let Some(bytes) = grown.file {
            suite.counted(name("file-bytes"), Bytes, move || vec![bytes]);
        }
    }
    for (name, took) in standing.once() {
        suite.counted(name, Nanoseconds, move || vec![took]);
    }
    standing.add_to(&mut suite);
    for goal in GOALS {
        suite.goal(*goal);
    }
    suite.run(&arguments.options).map(|_| ())
}

/// What the project wants to hold of it.
const GOALS: &[Goal] = &[Goal {
    case: "durable-batch/ours",
    compared: Compared::Over("durable-batch/bare-redb"),
    bound: Bound::AtMost(1.3),
}];
