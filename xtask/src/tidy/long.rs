//! How the long checks are started: the variables that are set for them and the tests they name.
//!
//! A misspelt name is no error for anybody else: a variable that nothing reads leaves the short
//! run, and a filter that no test has runs nothing and passes. What a variable is set to is looked
//! at by `peermark_testkit::variable`, which is how it is read.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::workspace::{self, SourceFile};

/// Variables that nothing reads or that nothing tells of, and names that no test has.
pub(super) fn findings() -> Result<Vec<String>> {
    let sources = workspace::files(&["crates", "fuzz"], &["rs"])?;
    let mut texts = workspace::files(&[".github", "crates", "docs", "fuzz"], &["md", "yml"])?;
    for path in ROOT_FILES {
        let text = workspace::read(&workspace::root().join(path))?;
        texts.push(SourceFile { path: (*path).to_owned(), text });
    }
    Ok(check(&sources, &texts))
}

fn check(sources: &[SourceFile], texts: &[SourceFile]) -> Vec<String> {
    let read: BTreeSet<_> = sources.iter().flat_map(|file| read(&file.text)).collect();
    let options: BTreeSet<_> = sources.iter().flat_map(|file| options(&file.text)).collect();
    let mut findings = Vec::new();
    for SourceFile { path, text } in sources.iter().chain(texts) {
        for (number, line) in (1..).zip(text.lines()) {
            let mut used: BTreeSet<_> = named(line).collect();
            if is_for_commands(path) {
                used.extend(set(line, path.ends_with(".yml")));
            }
            for name in used.difference(&read).filter(|name| !options.contains(*name)) {
                findings.push(format!("{path}:{number}: no `variable(\"{name}\", ..)` reads it"));
            }
            for filter in filters(line).filter(|_| is_for_commands(path)) {
                if !sources.iter().any(|file| is_of(file, line, filter)) {
                    findings.push(format!("{path}:{number}: no test has `{filter}` in its name"));
                }
            }
        }
    }
    if let Some(guide) = texts.iter().find(|file| file.path == GUIDE) {
        let told: BTreeSet<_> = named(&guide.text).collect();
        let untold = read.difference(&told);
        findings.extend(untold.map(|name| format!("{GUIDE}: does not say what {name} is for")));
    }
    findings
}

/// The names in `text` that start as ours do.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_a_name(c)).filter(|word| word.len() > PREFIX.len()).filter(|word| {
        let rest = word.strip_prefix(PREFIX);
        rest.is_some_and(|rest| !rest.starts_with('_'))
    })
}

/// The names in a source file that are read by the function that fails on what it cannot parse.
fn read(text: &str) -> impl Iterator<Item = &str> {
    let calls = text.split("variable(").skip(1);
    calls.filter_map(|call| named(call.trim_start().strip_prefix('"')?.split('"').next()?).next())
}

/// The names in a source file that set an option of the command line.
fn options(text: &str) -> impl Iterator<Item = &str> {
    text.split("env = \"").skip(1).filter_map(|rest| named(rest.split('"').next()?).next())
}

/// The variables that a line of a workflow or a command sets, those of other programs aside.
fn set(line: &str, is_workflow: bool) -> impl Iterator<Item = &str> {
    line.split_whitespace().filter_map(move |word| {
        let end = word.find(|c| c == '=' || (is_workflow && c == ':'))?;
        let name = word.get(..end)?;
        let is_name = name.len() > 1 && name.chars().all(is_of_a_name);
        (is_name && !OTHERS.contains(&name)).then_some(name)
    })
}

/// The modules that a line with `cargo test` asks for, each with its `::`.
fn filters(line: &str) -> impl Iterator<Item = &str> {
    let command = line.split_once("cargo test").map_or("", |(_, rest)| rest);
    command.split([' ', '"', '`']).filter(|word| word.ends_with("::"))
}

/// Whether `file` is the module `filter` in the tests of a package that the command names.
fn is_of(file: &SourceFile, command: &str, filter: &str) -> bool {
    let Some(rest) = file.path.strip_prefix("crates/") else { return false };
    let Some((package, path)) = rest.split_once('/') else { return false };
    let module = filter.trim_end_matches("::").rsplit("::").next().unwrap_or_default();
    command.split([' ', '"', '`']).any(|word| word == package)
        && (path.ends_with(&format!("/{module}.rs"))
            || path.ends_with(&format!("/{module}/mod.rs")))
        && path.starts_with("tests/")
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

fn is_for_commands(path: &str) -> bool {
    path.starts_with(".github/workflows/") || path == GUIDE || path == ".ci/run"
}

const PREFIX: &str = "PEERMARK_";

const GUIDE: &str = "CONTRIBUTING.md";

const ROOT_FILES: &[&str] = &[".ci/run", "ARCHITECTURE.md", GUIDE, "README.md", "SECURITY.md"];

/// Variables of cargo and rustc.
const OTHERS: &[&str] = &["CARGO_TERM_COLOR", "DEBIAN_FRONTEND", "RUSTDOCFLAGS", "RUSTFLAGS"];

#[cfg(test)]
mod tests {
    use super::{GUIDE, check};
    use crate::workspace::SourceFile;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    fn findings(source: &str, path: &str, text: &str) -> Vec<String> {
        let sources = [file("crates/a/tests/it/kill.rs", source)];
        check(&sources, &[file(path, text), file(GUIDE, "`PEERMARK_N`, `PEERMARK_M`")])
            .into_iter()
            .filter(|finding| !finding.starts_with(GUIDE))
            .collect()
    }

    const READER: &str = "let n = variable(\"PEERMARK_N\", 1) + variable(\n    \"PEERMARK_M\",\n);";

    #[test]
    fn a_name_that_nothing_reads_is_found() {
        let workflow = ".github/workflows/nightly.yml";
        let check = |path: &str, text: &str, name: Option<&str>| {
            let expected =
                name.map(|name| format!("{path}:1: no `variable(\"{name}\", ..)` reads it"));
            assert_eq!(findings(READER, path, text), Vec::from_iter(expected), "{text}");
        };
        check(workflow, "  PEERMARK_N: 5", None);
        check(workflow, "  PEERMARK_O: 5", Some("PEERMARK_O"));
        check(workflow, "  PEERMARK_N_: 5", Some("PEERMARK_N_"));
        check(workflow, "  PEERMRAK_N: 5", Some("PEERMRAK_N"));
        check(workflow, "- run: PERMARK_N=5 cargo test", Some("PERMARK_N"));
        check(workflow, "  RUSTDOCFLAGS: -D warnings", None);
        check(workflow, "  runs-on: ubuntu-latest", None);
        check(".ci/run", "run env DEBIAN_FRONTEND=noninteractive apt-get", None);
        check("docs/a.md", "`PEERMARK_M` and `PEERMARK_MORE`", Some("PEERMARK_MORE"));
        check("docs/a.md", "`PEERMARK_*`, PEERMARKS, and X=5", None);
    }

    #[test]
    fn another_way_to_read_is_found() {
        let source = format!("{READER} std::env::var(\"PEERMARK_O\")");
        assert_eq!(
            findings(&source, "docs/a.md", ""),
            ["crates/a/tests/it/kill.rs:3: no `variable(\"PEERMARK_O\", ..)` reads it"]
        );
    }

    #[test]
    fn what_the_guide_does_not_tell_of_is_found() {
        let sources = [file("crates/a/src/lib.rs", READER)];
        let texts = [file(GUIDE, "PEERMARK_N=1 cargo test")];
        assert_eq!(
            check(&sources, &texts),
            ["CONTRIBUTING.md: does not say what PEERMARK_M is for"]
        );
    }

    #[test]
    fn a_filter_that_no_test_has_is_found() {
        let check = |command: &str, count: usize| {
            let findings = findings(READER, ".ci/run", command);
            assert_eq!(findings.len(), count, "{command}: {findings:?}");
        };
        check("cargo test -p a --test it kill::", 0);
        check("- run: \"cargo test -p a --test it kill::\"", 0);
        check("cargo test -p a --test it kills::", 1);
        check("cargo test -p a --test it ill::", 1);
        check("cargo test -p b --test it kill::", 1);
        check("cargo test -p a --test it", 0);
        check("see std::env::", 0);
    }
}
