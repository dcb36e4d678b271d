//! `peermark store`: a peer store in a file, from the command line.
//!
//! What each command does, the library does; here is what a person says and reads. One process has
//! a store open at a time, so that every command is short, and says so when it has to wait.

mod compact;
mod copy;
mod database;
mod duration;
mod export;
mod filter;
mod import;
mod list;
mod merge;
mod outcomes;
mod peer;
mod place;
mod portable;
mod records;
mod recover;
mod refusals;
mod restore;
mod show;
mod upkeep;

use clap::Subcommand;

use crate::failure::{Failure, Status};

pub(crate) use copy::copy_of;

/// Keep records in a file: import, look, export
///
/// The file is a peer store that survives crashes, the same that programs open with the library. It
/// remembers what it must not accept again, so that an older record does not come back.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  peermark store import records.txt --source dht
  peermark store list --class certified
  peermark store show 12D3KooW...
  peermark store export --output peers.jsonl

Without --db the store is peermark/peers.redb in the user's data directory.";

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Args),
    Restore(restore::Args),
    Show(show::Args),
    List(list::Args),
    Records(records::Args),
    Sweep(upkeep::Sweep),
    Check(upkeep::Check),
    Stats(upkeep::Stats),
    Forget(upkeep::Forget),
    Export(export::Args),
    Recover(recover::Args),
    Compact(compact::Compact),
    Merge(merge::Args),
    Backup(compact::BackUp),
}

impl Args {
    /// Whether it changes nothing.
    pub(crate) const fn only_reads(&self) -> bool {
        matches!(
            self.command,
            Command::Show(_)
                | Command::List(_)
                | Command::Records(_)
                | Command::Stats(_)
                | Command::Export(_)
        )
    }
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    match args.command {
        Command::Import(args) => import::run(args),
        Command::Restore(args) => restore::run(&args),
        Command::Show(args) => show::run(&args),
        Command::List(args) => list::run(&args),
        Command::Records(args) => records::run(&args),
        Command::Sweep(args) => upkeep::sweep(&args),
        Command::Check(args) => upkeep::check(&args),
        Command::Stats(args) => upkeep::stats(&args),
        Command::Forget(args) => upkeep::forget(&args),
        Command::Export(args) => export::run(&args),
        Command::Compact(args) => compact::compact(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Backup(args) => compact::back_up(&args),
        Command::Recover(args) => recover::run(&args),
    }
}
