//! `fuzz`: the targets of `fuzz/`, by cargo-fuzz, on nightly or on the stable compiler.
//!
//! cargo-fuzz needs compiler flags that only a nightly compiler takes, or a stable one that is
//! told to by `RUSTC_BOOTSTRAP`. Some targets replace the signature check by a fake, chosen by a
//! `--cfg` of the compiler, so that the fuzzer reaches what lies behind it, and does not spend its
//! time on it; they are built in a target directory of their own, so that no object with the fake in
//! it lies beside one without.

use std::process::Command;

use anyhow::{Result, bail};
use toml::{Table, Value};

use crate::{process, workspace};

/// Run fuzz targets: one, or all of them one after the other.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The target; all targets when it is left out.
    target: Option<String>,
    /// Seconds per target.
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
    /// A few seconds per target: enough to see that it builds, starts and survives its corpus.
    #[arg(long, conflicts_with = "seconds")]
    smoke: bool,
    /// List the targets and run none.
    #[arg(long, conflicts_with_all = ["target", "seconds", "smoke"])]
    list: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut targets = targets()?;
    if args.list {
        println!("{}", targets.join("\n"));
        return Ok(());
    }
    if let Some(wanted) = &args.target {
        if !targets.contains(wanted) {
            bail!("no fuzz target `{wanted}`; there are {}", targets.join(", "));
        }
        targets.retain(|target| target == wanted);
    }
    process::require_cargo("cargo-fuzz", "cargo install cargo-fuzz --locked")?;
    let seconds = if args.smoke { SMOKE_SECONDS } else { args.seconds };
    let bootstrap = !is_nightly()?;
    for target in targets {
        let mut command = command(&target, seconds, bootstrap);
        if args.smoke {
            // No line for each thing found: only what the targets ran, and what broke them.
            command.arg("-verbosity=0");
        }
        process::run(&mut command)?;
    }
    Ok(())
}

fn command(target: &str, seconds: u32, bootstrap: bool) -> Command {
    let fake = FAKE_CRYPTO_TARGETS.contains(&target);
    let target_dir = if fake { "fuzz/target/fake-crypto" } else { "fuzz/target" };
    let target_dir = workspace::root().join(target_dir);
    let mut command = process::cargo(&["fuzz", "run", "--fuzz-dir", "fuzz", "--target-dir"]);
    command.arg(target_dir).arg(target).arg("--");
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-max_len={MAX_LEN}"));
    command.args(["-timeout=10", "-print_final_stats=1"]);
    if fake {
        // Set, not appended: the configured flags choose a backend for crypto that is not there.
        command.env("RUSTFLAGS", "--cfg peermark_fake_crypto");
    }
    if bootstrap {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    command
}

fn is_nightly() -> Result<bool> {
    let version = process::output("rustc", &["--version"])?;
    Ok(version.contains("-nightly") || version.contains("-dev"))
}

/// The binaries of `fuzz/Cargo.toml`.
fn targets() -> Result<Vec<String>> {
    let manifest = workspace::root().join("fuzz/Cargo.toml");
    let manifest: Table = workspace::read(&manifest)?.parse()?;
    let binaries = manifest.get("bin").and_then(Value::as_array);
    Ok(binaries
        .into_iter()
        .flatten()
        .filter_map(|binary| Some(binary.get("name")?.as_str()?.to_owned()))
        .collect())
}

const FAKE_CRYPTO_TARGETS: [&str; 3] = ["certified_flow", "store_ops", "store_consume"];

const SMOKE_SECONDS: u32 = 5;

/// Bytes of the longest input: beyond the default cap of an envelope, so that the cap is reached.
const MAX_LEN: u32 = 10 * 1024;
