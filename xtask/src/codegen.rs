//! `codegen`: Rust from `proto/*.proto`, for the tests to compare ours with.
//!
//! The generator is pb-rs, the companion of quick-protobuf. What it writes is an oracle: it reads
//! nested messages without clamping their length to the parent's, so it is never shown bytes that
//! our own reader refused, and no published crate contains it.
//!
//! Invariant: the output depends on the proto files and on the version of pb-rs in `Cargo.lock`,
//! and on nothing else of the machine. Nothing is formatted: rustfmt is told to skip it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pb_rs::ConfigBuilder;
use pb_rs::types::FileDescriptor;

use crate::workspace;

/// Generate Rust code from proto/*.proto.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if what is committed differs.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let files = generate()?;
    let target = workspace::root().join(TARGET);
    if args.check {
        check(&target, &files)?;
        println!("{TARGET} is current");
        return Ok(());
    }
    fs::create_dir_all(&target)?;
    for (name, text) in &files {
        fs::write(target.join(name), text)?;
    }
    println!("wrote {} files to {TARGET}", files.len());
    Ok(())
}

/// The files of the generated module: name and text, `mod.rs` first.
fn generate() -> Result<Vec<(String, String)>> {
    let proto = workspace::root().join("proto");
    let scratch = tempfile::tempdir()?;
    let inputs: Vec<_> = MESSAGES.iter().map(|name| proto.join(format!("{name}.proto"))).collect();
    let out_dir = scratch.path().to_path_buf();
    let configs =
        ConfigBuilder::new(&inputs, None, Some(&out_dir), &[proto])?.headers(false).build();
    FileDescriptor::run(&configs)?;

    let mut files = vec![("mod.rs".to_owned(), module())];
    for name in MESSAGES {
        let file = format!("{name}.rs");
        let text = fs::read_to_string(scratch.path().join(&file))?;
        files.push((file, module_file(name, &text)));
    }
    Ok(files)
}

/// One generated file: a header, then what pb-rs wrote, without the blanks it leaves at the ends
/// and without its `allow` attributes, which `mod.rs` makes needless.
fn module_file(name: &str, text: &str) -> String {
    let mut file = format!(
        "//! Generated from `proto/{name}.proto` by `cargo xtask codegen`; not to be edited.\n\n"
    );
    for line in text.trim().lines() {
        if !line.starts_with(concat!("#[", "allow(")) {
            file.push_str(line);
            file.push('\n');
        }
    }
    file
}

/// The root of the generated module, in the form rustfmt gives it.
fn module() -> String {
    let modules: String =
        MESSAGES.iter().map(|name| format!("#[rustfmt::skip]\npub mod {name};\n")).collect();
    format!("{HEADER}\n{modules}")
}

fn check(target: &Path, files: &[(String, String)]) -> Result<()> {
    for (name, text) in files {
        let path = target.join(name);
        let committed = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {TARGET}/{name}: run `cargo xtask codegen`"))?;
        if committed.replace("\r\n", "\n") != *text {
            bail!("{TARGET}/{name} is not what proto/ gives: run `cargo xtask codegen`");
        }
    }
    for entry in fs::read_dir(target)? {
        let name = entry?.file_name();
        if !files.iter().any(|(file, _)| name == file.as_str()) {
            bail!("{TARGET}/{} is not generated: delete it", name.display());
        }
    }
    Ok(())
}

/// Where the generated module is, from the root of the workspace.
const TARGET: &str = "crates/peermark-testkit/src/generated";

/// The proto files, by stem, in alphabetical order: the order of `mod.rs`.
const MESSAGES: [&str; 3] = ["envelope", "keys", "peer_record"];

const HEADER: &str = "\
//! Generated from `proto/*.proto` by `cargo xtask codegen`; not to be edited.
//!
//! An oracle for tests and a contender in benchmarks. It trusts nested lengths: show it only bytes
//! that `peermark-wire` accepted.

#![expect(
    clippy::all,
    clippy::exhaustive_enums,
    elided_lifetimes_in_paths,
    missing_docs,
    non_snake_case,
    unused_imports,
    reason = \"written by pb-rs, which has a style of its own; the proto files document the fields\"
)]
";

#[cfg(test)]
mod tests {
    use super::{Args, run};

    #[test]
    fn committed_code_is_what_the_proto_files_give() -> anyhow::Result<()> {
        run(&Args { check: true })
    }
}
