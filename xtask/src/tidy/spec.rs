//! `docs/spec.md`: every rule has a place in the code and a test that pins it, and both exist.
//!
//! A row is `| rule | code | tests |`. In the code and test cells, what stands in backticks or as
//! the target of a link is checked: something with a `/` is a path from the root (a link's path
//! counts from `docs/`), anything else in the test cell is the name of a function.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;

use crate::workspace;

/// What `docs/spec.md` says that is not so, and the rules it does not mention.
pub(super) fn findings() -> Result<Vec<String>> {
    let root = workspace::root();
    // That the file exists is checked with the other files of the root.
    let spec = fs::read_to_string(root.join("docs/spec.md")).unwrap_or_default();
    let functions: BTreeSet<String> = workspace::files(&["crates", "fuzz", "xtask"], &["rs"])?
        .iter()
        .flat_map(|file| functions(&file.text))
        .collect();
    Ok(check(&spec, |path| root.join(path).exists(), |name| functions.contains(name)))
}

fn check(
    spec: &str,
    exists: impl Fn(&str) -> bool,
    is_function: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for row in spec.lines().filter_map(Row::parse) {
        let rule = row.rule;
        seen.insert(rule.clone());
        if citations(row.code).is_empty() {
            findings.push(format!("docs/spec.md: {rule} names no code"));
        }
        if citations(row.tests).is_empty() {
            findings.push(format!("docs/spec.md: {rule} names no test"));
        }
        for cited in citations(row.code) {
            if cited.contains('/') && !exists(&cited) {
                findings.push(format!("docs/spec.md: {rule} cites `{cited}`, no such file"));
            }
        }
        for cited in citations(row.tests) {
            if cited.contains('/') {
                if !exists(&cited) {
                    findings.push(format!("docs/spec.md: {rule} cites `{cited}`, no such file"));
                }
            } else {
                let name = cited.rsplit("::").next().unwrap_or(&cited);
                if !is_function(name.trim_end_matches("()")) {
                    findings.push(format!("docs/spec.md: {rule} cites `{cited}`, no such test"));
                }
            }
        }
    }
    for (letter, last) in RULES {
        for number in 1..=*last {
            let rule = format!("{letter}{number}");
            if !seen.contains(&rule) {
                findings.push(format!("docs/spec.md: no row for {rule}"));
            }
        }
    }
    findings
}

#[derive(Debug)]
struct Row<'a> {
    rule: String,
    code: &'a str,
    tests: &'a str,
}

impl<'a> Row<'a> {
    /// A table row whose first cell starts with the name of a rule.
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim().strip_prefix('|')?;
        let mut cells = line.strip_suffix('|').unwrap_or(line).split('|');
        let rule: String = cells
            .next()?
            .trim_matches(|c: char| !c.is_ascii_alphanumeric())
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let (letter, number) = rule.split_at_checked(1)?;
        let is_rule = letter.chars().all(|c| c.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit());
        if !is_rule {
            return None;
        }
        let cells: Vec<_> = cells.collect();
        let (tests, rest) = cells.split_last()?;
        let code = rest.last()?;
        Some(Self { rule, code, tests })
    }
}

/// What a cell cites: backticked words and the targets of links, without line numbers and anchors.
fn citations(cell: &str) -> Vec<String> {
    let (mut cited, mut rest) = (Vec::new(), cell);
    while let Some(start) = rest.find(['`', '(']) {
        let (open, after) = rest.split_at(start);
        let is_link = after.starts_with('(') && open.ends_with(']');
        let close = if after.starts_with('`') { '`' } else { ')' };
        let inner = after.get(1..).unwrap_or_default();
        if close == ')' && !is_link {
            rest = inner;
            continue;
        }
        let Some((text, after)) = inner.split_once(close) else {
            break;
        };
        let text = text.split(['#', ' ']).next().unwrap_or_default();
        let text = text.rsplit_once(':').map_or(text, |(head, tail)| {
            let is_line = !tail.is_empty() && tail.chars().all(|c| c.is_ascii_digit());
            if is_line { head } else { text }
        });
        let text = match text.strip_prefix("../") {
            Some(from_root) if is_link => from_root.to_owned(),
            _ if is_link => format!("docs/{text}"),
            _ => text.to_owned(),
        };
        if !text.is_empty() {
            cited.push(text);
        }
        rest = after;
    }
    cited
}

/// The names after `fn` in a source file.
fn functions(text: &str) -> impl Iterator<Item = String> {
    let words = text.split("fn ").skip(1);
    words.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}

/// The families of rules and how many each has.
const RULES: &[(char, u32)] = &[('W', 7), ('K', 5), ('E', 6), ('R', 6)];

#[cfg(test)]
mod tests {
    use super::{check, citations, functions};

    #[test]
    fn citations_are_backticks_and_links() {
        let check = |cell: &str, cited: &[&str]| assert_eq!(citations(cell), cited, "{cell}");
        check("", &[]);
        check("plain (words) only", &[]);
        check(" `crates/x/src/a.rs` and `b` ", &["crates/x/src/a.rs", "b"]);
        check("`crates/x/src/a.rs:12`", &["crates/x/src/a.rs"]);
        check("[`a`](../crates/x/src/a.rs#L1)", &["a", "crates/x/src/a.rs"]);
        check("[design](design.md)", &["docs/design.md"]);
        check("`w3::overlong_varint()`", &["w3::overlong_varint()"]);
        check("`unclosed", &[]);
    }

    #[test]
    fn rows_are_held_to_the_tree() {
        let findings = |row: &str| {
            let of_w1 = |finding: &String| finding.contains("W1 ");
            let exists = |path: &str| path == "crates/a.rs";
            let is_function = |name: &str| name == "w1_cap";
            let all = check(row, exists, is_function);
            all.into_iter().filter(of_w1).count()
        };
        assert_eq!(findings("| W1 | `crates/a.rs` | `w1_cap` |"), 0);
        assert_eq!(findings("| **W1** size | `crates/a.rs` | `it::w1_cap` |"), 0);
        assert_eq!(findings("| W1 | `crates/b.rs` | `w1_cap` |"), 1);
        assert_eq!(findings("| W1 | `crates/a.rs` | `w1_gone` |"), 1);
        assert_eq!(findings("| W1 | | |"), 2);
        assert_eq!(findings("| W1 | `crates/a.rs` | `tests/gone.rs` |"), 1);
    }

    #[test]
    fn a_rule_without_a_row_is_found() {
        let findings = check("", |_| true, |_| true);
        assert_eq!(findings.len(), 7 + 5 + 6 + 6);
    }

    #[test]
    fn functions_are_found_whatever_precedes_them() {
        let text = "pub(crate) const fn one() {}\n    fn two_2<T>() {}";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["one", "two_2"]);
    }
}
