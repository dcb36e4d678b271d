//! `coverage`: which lines the tests reach, by cargo-llvm-cov.

use anyhow::Result;

use crate::process;

/// Measure what the tests cover; needs cargo-llvm-cov.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write an HTML report to target/llvm-cov/html instead of a summary.
    #[arg(long)]
    html: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    process::require_cargo("llvm-cov", "cargo install cargo-llvm-cov --locked")?;
    let format = if args.html { "--html" } else { "--summary-only" };
    process::run(&mut process::cargo(&[
        "llvm-cov",
        "--workspace",
        "--exclude=xtask",
        "--exclude=peermark-bench",
        "--ignore-filename-regex=/src/generated/",
        format,
    ]))
}
