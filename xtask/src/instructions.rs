//! `instructions`: how many instructions one operation of a store takes, by valgrind.
//!
//! Times move from run to run and instructions do not. The operation runs n times and then 2n
//! times; what it takes is the difference, so that what comes before and after does not count.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process::{self, Missing};
use crate::workspace;

/// Count the instructions of one store operation, hot; needs valgrind.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the operation runs, and then twice as often.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    times: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    require_valgrind()?;
    process::run(&mut process::cargo(&["build", "--release", "--package=peermark-bench"]))?;
    let metadata = MetadataCommand::new()
        .cargo_path(workspace::cargo())
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let name = format!("release/peermark-bench{}", std::env::consts::EXE_SUFFIX);
    let bench = metadata.target_directory.join(name);
    for (operation, at_most) in OPERATIONS {
        let once = collected(bench.as_ref(), operation, args.times)?;
        let twice = collected(bench.as_ref(), operation, args.times * 2)?;
        let each = twice.saturating_sub(once) / args.times.max(1);
        match at_most {
            Some(at_most) => {
                let met = if each <= *at_most { "met" } else { "missed" };
                println!("{operation}: {each} instructions; {met}: at most {at_most}");
            }
            None => println!("{operation}: {each} instructions"),
        }
    }
    Ok(())
}

/// What is counted, and how many instructions the project wants to hold.
const OPERATIONS: &[(&str, Option<u64>)] =
    &[("repeat", Some(700)), ("lookup", None), ("insert-and-forget", None)];

fn collected(bench: &Path, operation: &str, times: u64) -> Result<u64> {
    let profile = tempfile::NamedTempFile::new()?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.path().display()))
        .arg(bench)
        .args(["once", operation, &times.to_string()])
        .output()
        .context("cannot start valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("valgrind failed: {}\n{}", output.status, said.trim());
    }
    parse(&said).with_context(|| format!("valgrind counted nothing:\n{}", said.trim()))
}

/// The count in what callgrind says at its end.
fn parse(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.split_once("Collected :")?.1.trim().parse().ok()
}

fn require_valgrind() -> Result<()> {
    let found = Command::new("valgrind").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let install = "apt-get install valgrind";
    Err(Missing { what: "valgrind", install }.into())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_count_is_found() {
        let said = "==7== \n==7== Events    : Ir\n==7== Collected : 123456789\n==7== \n";
        assert_eq!(parse(said), Some(123_456_789));
        assert_eq!(parse("valgrind: out of memory"), None);
    }
}
