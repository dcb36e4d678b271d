//! `mutants`: changes to the code that no test notices, by cargo-mutants.

use anyhow::Result;

use crate::process;

/// Mutate the code and see which tests notice; needs cargo-mutants.
///
/// Takes hours for all crates.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this crate.
    #[arg(long, short, value_name = "CRATE")]
    package: Option<String>,
    /// Only part K of N, as `K/N`, K from 0.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    process::require_cargo("cargo-mutants", "cargo install cargo-mutants --locked")?;
    let mut command = process::cargo(&["mutants", "--no-shuffle", "--output=target"]);
    match &args.package {
        Some(package) => command.args(["--package", package]),
        None => command.args(LAYERS.iter().flat_map(|layer| ["--package", *layer])),
    };
    command.args(["--test-workspace", "true"]);
    if let Some(shard) = &args.shard {
        command.args(["--shard", shard]);
    }
    process::run(&mut command)
}

/// What is worth mutating: the crates that decide.
const LAYERS: &[&str] =
    &["peermark-wire", "peermark-identity", "peermark-envelope", "peermark-peer-record"];
