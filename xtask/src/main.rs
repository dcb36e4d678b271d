//! Automation of this workspace, written in Rust so that it runs wherever the workspace builds.
//!
//! One file per command. A command installs nothing: where it needs a program that is not there,
//! it says which, how to get it, and ends with status 2 ([`process::Missing`]). What decides
//! whether a change may go in, [`tidy`], and [`codegen`] and [`readmes`] with `--check`, also runs as an ordinary
//! test of this crate.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the output of these commands is for a person at a terminal"
)]

mod codegen;
mod coverage;
mod fuzz;
mod instructions;
mod mutants;
mod process;
mod products;
mod readmes;
mod sim;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Automation of the peermark workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Codegen(codegen::Args),
    Corpus(products::CorpusArgs),
    Coverage(coverage::Args),
    Dist(products::DistArgs),
    Fuzz(fuzz::Args),
    Instructions(instructions::Args),
    Mutants(mutants::Args),
    Plans(products::PlansArgs),
    Readmes(readmes::Args),
    Sim(sim::Args),
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Codegen(args) => codegen::run(&args),
        Command::Corpus(args) => products::corpus(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Dist(args) => products::dist(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Instructions(args) => instructions::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Plans(args) => products::plans(&args),
        Command::Readmes(args) => readmes::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Tidy(args) => tidy::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<process::Missing>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
