//! Starting programs, and saying what is missing rather than installing it.

use std::fmt;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// Something that a command needs and this machine does not have. Ends the process with status 2.
#[derive(Debug)]
pub(crate) struct Missing {
    /// What it is called.
    pub(crate) what: &'static str,
    /// The command that installs it.
    pub(crate) install: &'static str,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, install } = self;
        write!(f, "cannot find {what}: run `{install}`")
    }
}

impl std::error::Error for Missing {}

/// Fails with [`Missing`] unless cargo has the subcommand `what`, `cargo-` in front.
pub(crate) fn require_cargo(what: &'static str, install: &'static str) -> Result<()> {
    let status = Command::new(workspace::cargo())
        .args([what.trim_start_matches("cargo-"), "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start cargo")?;
    if status.success() { Ok(()) } else { Err(Missing { what, install }.into()) }
}

/// What a program prints, without the blanks around it; fails when the program does.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{program} {}` failed: {}\n{}", args.join(" "), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
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

#[cfg(test)]
mod tests {
    use super::output;

    #[test]
    fn output_is_that_of_a_program_that_succeeds() {
        let version = output("rustc", &["--version"]).unwrap();
        assert!(version.starts_with("rustc "), "{version}");
        let error = output("rustc", &["--print", "nothing-of-the-kind"]).unwrap_err();
        assert!(error.to_string().contains("failed: "), "{error}");
        assert!(error.to_string().contains("\nerror: "), "{error}");
        let error = output("no-such-program-anywhere", &[]).unwrap_err();
        assert!(error.to_string().contains("cannot start"), "{error}");
    }
}
