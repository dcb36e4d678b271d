//! `coverage`: which lines the tests reach, by cargo-llvm-cov.

use std::path::Path;

use anyhow::Result;

use crate::process::{self, Missing};

/// Measure what the tests cover; needs cargo-llvm-cov.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write an HTML report to target/llvm-cov/html instead of a summary.
    #[arg(long)]
    html: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    process::require_cargo("cargo-llvm-cov", "cargo install cargo-llvm-cov --locked")?;
    require_llvm_tools()?;
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

/// cargo-llvm-cov would install them without being asked, where nobody is there to ask.
fn require_llvm_tools() -> Result<()> {
    let libraries = process::output("rustc", &["--print", "target-libdir"])?;
    let tool = format!("../bin/llvm-profdata{}", std::env::consts::EXE_SUFFIX);
    if Path::new(&libraries).join(tool).exists() {
        return Ok(());
    }
    let install = "rustup component add llvm-tools";
    Err(Missing { what: "the LLVM tools of the toolchain", install }.into())
}
