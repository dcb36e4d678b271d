//! The commands, and what becomes of their outcome.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::{Failure, Status};
use crate::{complaint, demo, dial, diff, inspect, key, output, plan, sign, store, verify};

/// Sign, inspect and verify certified peer records
///
/// A libp2p peer signs the list of addresses it listens on, anyone relays that record, and whoever
/// receives it can prove where it came from.
#[derive(Debug, Parser)]
#[command(name = "peermark", version, arg_required_else_help = true, after_help = STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Show the library's events on standard error; twice for all of them
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 100)]
    verbose: u8,
}

const STATUS: &str = "\
Exit status: 0 all good, 1 something was refused, 2 wrong usage, or a file that could not be read
or written.";

#[derive(Debug, Subcommand)]
enum Command {
    Key(key::Args),
    Sign(sign::Args),
    Inspect(inspect::Args),
    Verify(verify::Args),
    Diff(diff::Args),
    Plan(plan::Args),
    Dial(dial::Args),
    Store(store::Args),
    Demo(demo::Args),
}

/// The definition of the command line, for completions and man pages.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with these arguments, the first of which is its own name.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<_> = args.into_iter().collect();
    if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json") {
        output::remark_as_json();
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let status = error.exit_code();
            if let Err(failed) = complaint::print(error) {
                let failure = Failure::Output(failed);
                if !failure.is_closed_pipe() {
                    output::error(&failure);
                    return failure.status().into();
                }
            }
            return u8::try_from(status).map_or(Status::Trouble.into(), ExitCode::from);
        }
    };
    show_events(cli.verbose);
    let only_reads = cli.only_reads();
    match cli.run() {
        Ok(status) => status.into(),
        // Who reads has seen enough, and nothing else was asked for.
        Err(failure) if failure.is_closed_pipe() && only_reads => Status::Good.into(),
        Err(failure) => {
            if !failure.is_closed_pipe() {
                output::error(&failure);
            }
            failure.status().into()
        }
    }
}

/// Shows what the library traces; nothing without `-v`.
fn show_events(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let events = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // An error says that a program around this one has a subscriber of its own.
    let _ = events.with_ansi(false).without_time().try_init();
}

impl Cli {
    /// Whether what it writes to standard output is all that it does.
    fn only_reads(&self) -> bool {
        match &self.command {
            Command::Inspect(_)
            | Command::Demo(_)
            | Command::Diff(_)
            | Command::Plan(_)
            | Command::Verify(_) => true,
            Command::Store(args) => args.only_reads(),
            Command::Dial(_) | Command::Key(_) | Command::Sign(_) => false,
        }
    }

    fn run(self) -> Result<Status, Failure> {
        match self.command {
            Command::Key(args) => key::run(args),
            Command::Sign(args) => sign::run(args),
            Command::Inspect(args) => inspect::run(args),
            Command::Demo(args) => demo::run(args),
            Command::Diff(args) => diff::run(&args),
            Command::Plan(args) => plan::run(args),
            Command::Dial(args) => dial::run(args),
            Command::Store(args) => store::run(args),
            Command::Verify(args) => verify::run(args),
        }
    }
}
