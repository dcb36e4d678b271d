//! Source files: headers, budgets, and words that have no place here.

use anyhow::Result;

use crate::workspace::{self, SourceFile};

/// What is wrong with the source files, generated ones aside.
pub(super) fn findings() -> Result<Vec<String>> {
    let folders = ["crates", "fuzz", "proto", "xtask"];
    Ok(workspace::files(&folders, &["proto", "rs", "toml"])?
        .iter()
        .filter(|file| !file.path.contains("/src/generated/"))
        .flat_map(of_file)
        .collect())
}

fn of_file(file: &SourceFile) -> Vec<String> {
    let SourceFile { path, text } = file;
    let mut findings = Vec::new();
    if path.ends_with(".rs") {
        if !text.starts_with("//!") {
            findings.push(format!("{path}: does not start with `//!`"));
        }
        let budget = BUDGETS
            .iter()
            .find(|(exception, ..)| exception == path)
            .map_or(BUDGET, |(_, budget, _)| *budget);
        let lines = text.lines().count();
        if lines > budget {
            findings.push(format!(
                "{path}: {lines} lines, its budget is {budget}: split it, or give a reason in \
                 xtask/src/tidy/sources.rs"
            ));
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (banned, instead) in BANNED {
            if line.contains(banned) {
                findings.push(format!("{path}:{number}: `{banned}`: {instead}"));
            }
        }
    }
    findings
}

/// Lines a file may have before somebody asks whether it is one thing.
const BUDGET: usize = 400;

/// Files that may have more: path, budget, reason.
const BUDGETS: &[(&str, usize, &str)] = &[];

/// What may not be written, and what to do instead. Split, so that this file is clean.
const BANNED: &[(&str, &str)] = &[
    (concat!("#[", "allow("), "use `expect` with a reason"),
    (concat!("#![", "allow("), "use `expect` with a reason"),
    (concat!("#[", "ignore"), "a test runs or does not exist"),
    (concat!("#[", "should_panic"), "assert on an error value"),
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "fix it, or open an issue"),
    (concat!("thread::", "sleep"), "time is an argument"),
];

#[cfg(test)]
mod tests {
    use super::{BANNED, BUDGET, of_file};
    use crate::workspace::SourceFile;

    #[test]
    fn each_defect_is_found_once() {
        let check = |text: String, count: usize| {
            let path = "crates/x/src/lib.rs".to_owned();
            let findings = of_file(&SourceFile { path, text });
            assert_eq!(findings.len(), count, "{findings:?}");
        };
        check("//! Fine.\n".to_owned(), 0);
        check("fn main() {}\n".to_owned(), 1);
        check(format!("//! {}", "\n".repeat(BUDGET)), 0);
        check(format!("//! {}", "\n".repeat(BUDGET + 1)), 1);
        for (banned, _) in BANNED {
            check(format!("//! x\n{banned}"), 1);
        }
    }
}
