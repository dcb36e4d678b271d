//! `tidy`: what the compiler and clippy do not check about the tree.
//!
//! Each check answers a list of findings, one sentence each with the place it is about; all checks
//! run, so that one look shows everything. The whole is also a test of this crate, so that
//! `cargo test --workspace` is the gate.

mod alone;
mod graph;
mod long;
mod manifests;
mod sources;
mod spec;

use anyhow::{Result, bail};

/// Check the tree: layers, what crates bring that are taken alone, manifests, module headers,
/// budgets, docs/spec.md, how the long checks are started.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_: &Args) -> Result<()> {
    let findings = findings()?;
    if findings.is_empty() {
        println!("tidy");
        return Ok(());
    }
    bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "))
}

fn findings() -> Result<Vec<String>> {
    let checks = [
        alone::findings,
        graph::findings,
        long::findings,
        manifests::findings,
        sources::findings,
        spec::findings,
    ];
    let mut findings = Vec::new();
    for check in checks {
        findings.extend(check()?);
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        let findings = super::findings().unwrap();
        assert!(findings.is_empty(), "\n  {}", findings.join("\n  "));
    }
}
