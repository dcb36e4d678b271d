//! Starting programs, and saying what is missing rather than installing it.

use std::fmt;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// A cargo subcommand that this machine does not have. Ends the process with status 2.
#[derive(Debug)]
pub(crate) struct Missing {
    subcommand: &'static str,
    install: &'static str,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subcommand, install } = self;
        write!(f, "cargo-{subcommand} is missing; install it with `{install}`")
    }
}

impl std::error::Error for Missing {}

/// Fails with [`Missing`] unless `cargo <subcommand> --version` runs.
pub(crate) fn require_cargo(subcommand: &'static str, install: &'static str) -> Result<()> {
    let status = Command::new(workspace::cargo())
        .args([subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        return Ok(());
    }
    Err(Missing { subcommand, install }.into())
}

/// A cargo command that runs at the root of the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.args(args).current_dir(workspace::root());
    command
}

/// Shows the command, runs it, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}
