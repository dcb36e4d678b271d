//! `corpus`, `dist` and `plans`: what is made from the crates of the workspace themselves.
//!
//! Each is a program of its own, behind a feature, so that the other commands neither build the
//! whole workspace nor depend on its being buildable: `codegen` has to run when what it generates
//! is broken.

use anyhow::Result;

use crate::process;

/// Write the seeds of the fuzz targets, made from the vectors, to fuzz/corpus.
#[derive(Debug, clap::Args)]
pub(crate) struct CorpusArgs {}

/// Write shell completions and man pages of the command line tool to dist.
#[derive(Debug, clap::Args)]
pub(crate) struct DistArgs {}

/// Draw the plans of docs/dialing.md as SVG, to docs/plans.
#[derive(Debug, clap::Args)]
pub(crate) struct PlansArgs {}

/// Runs `plans`.
pub(crate) fn plans(_: &PlansArgs) -> Result<()> {
    run("plans")
}

/// Runs `corpus`.
pub(crate) fn corpus(_: &CorpusArgs) -> Result<()> {
    run("corpus")
}

/// Runs `dist`.
pub(crate) fn dist(_: &DistArgs) -> Result<()> {
    run("dist")
}

fn run(name: &str) -> Result<()> {
    let binary = format!("xtask-{name}");
    let args = ["run", "--quiet", "--package=xtask", "--features", name, "--bin", &binary];
    process::run(&mut process::cargo(&args))
}
