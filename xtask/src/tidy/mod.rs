//! `tidy`: what the compiler and clippy do not check about the tree.
//!
//! Each check answers a list of findings, one sentence each with the place it is about; all checks
//! run, so that one look shows everything. The whole is also a test of this crate, so that
//! `cargo test --workspace` is the gate.

mod graph;
mod manifests;
mod sources;
mod spec;

use anyhow::{Result, bail};

/// Check the tree: layers, manifests, module headers, budgets, docs/spec.md.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_: &Args) -> Result<()> {
    let mut findings = Vec::new();
    findings.extend(graph::findings()?);
    findings.extend(manifests::findings()?);
    findings.extend(sources::findings()?);
    findings.extend(spec::findings()?);
    if findings.is_empty() {
        println!("tidy");
        return Ok(());
    }
    bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::{Args, run};

    #[test]
    fn the_tree_is_tidy() -> anyhow::Result<()> {
        run(&Args {})
    }
}
