//! `readmes`: the README of each published crate, from its documentation and its manifest.
//!
//! What a crate is stands once, at the head of its `lib.rs`. Links into the documentation become plain
//! code, lines that rustdoc hides are left out, headings are one level lower. The facade has the README
//! of the project, and `redb-checked` one of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

use crate::workspace;

/// Write the READMEs of the published crates, from their documentation.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if what is committed differs.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut differ = Vec::new();
    for (path, text) in readmes()? {
        let is_current =
            fs::read_to_string(&path).is_ok_and(|old| old.replace("\r\n", "\n") == text);
        if !is_current && args.check {
            differ.push(path.display().to_string());
        } else if !is_current {
            fs::write(&path, text)?;
            println!("wrote {}", path.display());
        }
    }
    if !differ.is_empty() {
        bail!("not current, run `cargo xtask readmes`:\n  {}", differ.join("\n  "));
    }
    Ok(())
}

/// Crates whose README is written by hand.
const BY_HAND: [&str; 2] = ["peermark", "redb-checked"];

/// Each README and where it is.
fn readmes() -> Result<Vec<(PathBuf, String)>> {
    let root = workspace::root();
    let minimum: Table = workspace::read(&root.join("Cargo.toml"))?.parse()?;
    let minimum = minimum["workspace"]["package"]["rust-version"].as_str().unwrap_or_default();
    let mut readmes = Vec::new();
    for file in workspace::files(&["crates"], &["toml"])? {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else { continue };
        let manifest: Table = file.text.parse().with_context(|| file.path.clone())?;
        let package = &manifest["package"];
        let name = package["name"].as_str().unwrap_or_default();
        if package.get("publish") == Some(&Value::Boolean(false)) || BY_HAND.contains(&name) {
            continue;
        }
        let rust = package["rust-version"].as_str().unwrap_or(minimum);
        let library = workspace::read(&root.join(folder).join("src/lib.rs"))?;
        let text = readme(name, rust, &library, &features(&file.text));
        readmes.push((root.join(folder).join("README.md"), text));
    }
    Ok(readmes)
}

fn readme(name: &str, rust: &str, library: &str, features: &[(String, String)]) -> String {
    let mut text = format!("# {name}\n\n{}\n", docs(library).trim());
    if !features.is_empty() {
        text.push_str("\n## Features\n\n| feature | what it does |\n|---|---|\n");
        for (feature, what) in features {
            let _ = writeln!(text, "| `{feature}` | {what} |");
        }
    }
    let _ = write!(
        text,
        "\n## Rust\n\n\
         Needs Rust {rust} or newer. A later minimum comes with a new minor version, never with a patch.\n\n\
         ## License\n\n\
         MIT or Apache-2.0, at your option: see `LICENSE-MIT` and `LICENSE-APACHE`. This crate is a part of\n\
         peermark: certified peer addresses for libp2p-style networks.\n"
    );
    text
}

/// The documentation at the head of a crate, as it reads outside of rustdoc.
fn docs(library: &str) -> String {
    let (mut text, mut is_code) = (String::new(), false);
    for line in library.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(fence) = line.strip_prefix("```") {
            is_code = !is_code;
            text.push_str(if is_code && fence.is_empty() { "```rust" } else { line });
        } else if is_code && (line == "#" || line.starts_with("# ")) {
            continue;
        } else if is_code {
            text.push_str(line);
        } else if line.starts_with('#') {
            text.push('#');
            text.push_str(line);
        } else {
            text.push_str(&without_links(line));
        }
        text.push('\n');
    }
    text
}

/// Turns links to items, which lead nowhere outside of rustdoc, into what they show.
fn without_links(line: &str) -> String {
    let (mut text, mut rest) = (String::new(), line);
    while let Some(open) = rest.find('[') {
        text.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some(close) = rest.find(']') else { break };
        let shown = &rest[1..close];
        let behind = &rest[close + 1..];
        let target = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        match target {
            Some((target, after)) if !target.contains("://") => {
                text.push_str(shown);
                rest = after;
            }
            None if shown.starts_with('`') => {
                text.push_str(shown);
                rest = behind;
            }
            _ => {
                text.push_str(&rest[..=close]);
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text
}

/// The features of a manifest, with the comments above them.
fn features(manifest: &str) -> Vec<(String, String)> {
    let section = manifest.split_once("[features]\n").map_or("", |(_, section)| section);
    let (mut features, mut comment) = (Vec::new(), String::new());
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if let Some(more) = line.strip_prefix("# ") {
            comment.push_str(if comment.is_empty() { "" } else { " " });
            comment.push_str(more);
        } else if let Some((name, of)) = line.split_once(" = ") {
            let what =
                if name == "default" { format!("`{of}`") } else { std::mem::take(&mut comment) };
            features.push((name.to_owned(), what));
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_current() {
        run(&Args { check: true }).unwrap();
    }

    #[test]
    fn links_become_what_they_show() {
        let line = "See [`One`], [two](Self::two), [three](https://example.com) and [4].";
        let plain = "See `One`, two, [three](https://example.com) and [4].";
        assert_eq!(without_links(line), plain);
    }

    #[test]
    fn hidden_lines_are_left_out() {
        let library =
            "//! One.\n//!\n//! # Two\n//! ```\n//! # hidden\n//! shown\n//! ```\nmod a;\n";
        assert_eq!(docs(library), "One.\n\n## Two\n```rust\nshown\n```\n");
    }

    #[test]
    fn features_have_their_comments() {
        let manifest = "[features]\ndefault = [\"a\"]\n# Adds\n# a.\na = []\n\n[dependencies]\n";
        let expected = [("default", "`[\"a\"]`"), ("a", "Adds a.")];
        assert_eq!(features(manifest), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
