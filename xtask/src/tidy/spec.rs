//! `docs/spec.md`: every rule has a place in the code and a test that pins it, and both exist. On every
//! other page of `docs`, the tests that are named exist: what stands in backticks and begins with a rule.
//!
//! A row is `| rule | code | tests |`; in the last table, the first cell is a sentence and no rule.
//! In the code and test cells, what stands in backticks or as the target of a link is checked:
//! something with a `/` is a path from the root (a link's path counts from `docs/`), anything else
//! in the test cell is the name of a function below `#[test]`, or of a case in the list of a
//! conformance suite.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;

use crate::workspace;

/// What `docs/spec.md` says that is not so, and the rules it does not mention.
pub(super) fn findings() -> Result<Vec<String>> {
    let root = workspace::root();
    // That the file exists is checked with the other files of the root.
    let spec = fs::read_to_string(root.join("docs/spec.md")).unwrap_or_default();
    let tests: BTreeSet<String> = workspace::files(&["crates", "xtask"], &["rs"])?
        .iter()
        .flat_map(|file| tests(&file.text).into_iter().chain(cases(&file.text)))
        .collect();
    let is_test = |name: &str| tests.contains(name);
    let mut findings = check(&spec, |path| root.join(path).exists(), is_test);
    for page in workspace::files(&["docs"], &["md"])? {
        if page.path != "docs/spec.md" {
            findings.extend(check_page(&page.path, &page.text, is_test));
        }
    }
    Ok(findings)
}

/// The tests that another page names and that there are not: those that begin with a rule.
fn check_page(path: &str, page: &str, is_test: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(page.lines()) {
        // Every second part is in backticks.
        for cited in line.split('`').skip(1).step_by(2) {
            let name = cited.rsplit("::").next().unwrap_or(cited).trim_end_matches("()");
            if begins_with_a_rule(name) && !is_test(name) {
                findings.push(format!("{path}:{number}: cites `{cited}`, no such test"));
            }
        }
    }
    findings
}

/// Whether it is a name like `s3_floors_end`: a letter, a number, and words.
fn begins_with_a_rule(name: &str) -> bool {
    let Some((rule, words)) = name.split_once('_') else { return false };
    let Some((letter, number)) = rule.split_at_checked(1) else { return false };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    letter.chars().all(|c| c.is_ascii_lowercase())
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
        && words.starts_with(|c: char| c.is_ascii_lowercase())
        && words.chars().all(is_word)
}

fn check(spec: &str, exists: impl Fn(&str) -> bool, is_test: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows(spec) {
        let rule = row.name();
        seen.extend(row.rule());
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
                if !is_test(name.trim_end_matches("()")) {
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
    first: &'a str,
    code: &'a str,
    tests: &'a str,
}

/// The rows of all tables, without their heads.
fn rows(spec: &str) -> impl Iterator<Item = Row<'_>> {
    let is_row = |line: &&str| line.trim_start().starts_with('|');
    let is_rule = |line: &str| line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let mut tables: Vec<&str> = spec.lines().filter(is_row).collect();
    while let Some(rule) = tables.iter().position(|line| is_rule(line)) {
        tables.drain(rule.saturating_sub(1)..=rule);
    }
    tables.into_iter().map(Row::parse)
}

impl<'a> Row<'a> {
    /// A row of a table: the first cell and the last two. Cells that are not there are empty.
    fn parse(line: &'a str) -> Self {
        let line = line.trim();
        let line = line.strip_prefix('|').unwrap_or(line);
        let mut cells = line.strip_suffix('|').unwrap_or(line).split('|');
        let first = cells.next().unwrap_or_default().trim();
        let tests = cells.next_back().unwrap_or_default();
        Self { first, code: cells.next_back().unwrap_or_default(), tests }
    }

    /// The name of the rule that the first cell starts with, if it does.
    fn rule(&self) -> Option<String> {
        let name: String = self
            .first
            .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let (letter, number) = name.split_at_checked(1)?;
        let is_rule = letter.chars().all(|c| c.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit());
        is_rule.then_some(name)
    }

    /// What a finding calls it.
    fn name(&self) -> String {
        self.rule().unwrap_or_else(|| format!("\"{}\"", self.first))
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

/// The functions with `#[test]` above them, among other attributes and comments.
fn tests(text: &str) -> Vec<String> {
    let (mut names, mut is_test, mut in_attribute) = (Vec::new(), false, false);
    for line in text.lines() {
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix("#[test]") {
            is_test = true;
            line = rest.trim_start();
        }
        if in_attribute || line.starts_with("#[") {
            in_attribute = !line.ends_with(']');
        } else if !line.is_empty() && !line.starts_with("//") {
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                names.push(rest.chars().take_while(is_name).collect());
            }
            is_test = false;
        }
    }
    names
}

/// The cases that a macro makes a test of each: what stands before a comma between the lines
/// `@cases` and `@end`.
fn cases(text: &str) -> Vec<String> {
    let mut is_list = false;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = text.lines().map(str::trim).filter_map(|line| {
        match line {
            "@cases" => is_list = true,
            "@end" => is_list = false,
            _ => return line.strip_suffix(',').filter(|name| is_list && name.chars().all(is_name)),
        }
        None
    });
    names.map(str::to_owned).collect()
}

/// The families of rules and how many each has.
const RULES: &[(char, u32)] =
    &[('W', 7), ('K', 5), ('E', 6), ('R', 6), ('P', 6), ('S', 17), ('D', 8), ('C', 6)];

#[cfg(test)]
mod tests {
    use super::{cases, check, check_page, citations, tests};

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
            let exists = |path: &str| path == "crates/a.rs";
            let is_test = |name: &str| name == "w1_cap";
            let all = check(row, exists, is_test);
            all.into_iter().filter(|finding| !finding.contains("no row for")).count()
        };
        assert_eq!(findings("| W1 | `crates/a.rs` | `w1_cap` |"), 0);
        assert_eq!(findings("| **W1** size | `crates/a.rs` | `it::w1_cap` |"), 0);
        assert_eq!(findings("| W1 | says | `crates/b.rs` | `w1_cap` |"), 1);
        assert_eq!(findings("| W1 | `crates/a.rs` | `w1_gone` |"), 1);
        assert_eq!(findings("| W1 | | |"), 2);
        assert_eq!(findings("| W1 |"), 2);
        assert_eq!(findings("| W1 | `crates/a.rs` | `tests/gone.rs` |"), 1);
    }

    #[test]
    fn rows_that_are_no_rules_are_held_to_the_tree_too() {
        let head = "# Title\n\n| property | code | tests |\n|---|:--|---|\n";
        let findings = |row: &str| {
            let all = check(&format!("{head}{row}\n\nText | text\n"), |_| true, |name| name == "t");
            all.into_iter().filter(|finding| !finding.contains("no row for")).collect::<Vec<_>>()
        };
        assert_eq!(findings(""), [""; 0]);
        assert_eq!(findings("| No bit is free. | `crates/a.rs` | `t` |"), [""; 0]);
        let cites = "docs/spec.md: \"No bit is free.\" cites `u`, no such test";
        assert_eq!(findings("| No bit is free. | `crates/a.rs` | `u` |"), [cites]);
        assert_eq!(findings("| W one | | `t` |"), ["docs/spec.md: \"W one\" names no code"]);
    }

    #[test]
    fn a_rule_without_a_row_is_found() {
        let findings = check("", |_| true, |_| true);
        assert_eq!(findings.len(), 7 + 5 + 6 + 6 + 6 + 17 + 8 + 6);
    }

    #[test]
    fn tests_that_pages_name_are_held_to_the_tree() {
        let findings = |page: &str| check_page("docs/a.md", page, |name| name == "s1_is");
        assert_eq!(
            findings("`s1_is`, `s1_is()`, `it::s1_is`, s1_gone, `sha2_x y`, `x86_64`"),
            [""; 0]
        );
        let all = findings("One.\n| row | `s1_is`, `s1_gone`, `it::f2_gone()` |");
        let cites = |cited| format!("docs/a.md:2: cites `{cited}`, no such test");
        assert_eq!(all, [cites("s1_gone"), cites("it::f2_gone()")]);
        assert_eq!(findings("`s1_`, `S1_gone`, `s_gone`, `s1`, `s1-gone_x`"), [""; 0]);
    }

    #[test]
    fn tests_are_functions_below_the_attribute() {
        let check = |text: &str, names: &[&str]| assert_eq!(tests(text), names, "{text}");
        check("fn no() {}", &[]);
        check("#[test]\nfn yes() {}", &["yes"]);
        check("    #[test] fn yes_1(n in 0..9) {}", &["yes_1"]);
        check("#[test]\n#[expect(x)]\n// Why.\n\npub(crate) fn yes() {}\nfn no() {}", &["yes"]);
        check(
            "#[cfg(unix)]\n#[test]\n#[expect(\n    x,\n    reason = \"fn no()\"\n)]\nfn yes() {}",
            &["yes"],
        );
        check("#[test]\nfn yes() {\n    fn no() {}\n}\n", &["yes"]);
        check("/// #[test]\nfn no() {}", &[]);
        check("#[cfg(test)]\nfn no() {}", &[]);
        check("#[test]\nconst NO: u8 = 0;\nfn no() {}", &[]);
    }

    #[test]
    fn cases_are_what_a_list_of_them_names() {
        let check = |text: &str, names: &[&str]| assert_eq!(cases(text), names, "{text}");
        check("@cases\nmodule {\n    s1_a,\n    s1_b,\n}\n@end", &["s1_a", "s1_b"]);
        check("s1_before,\n@cases\ns1_in,\n@end\ns1_behind,", &["s1_in"]);
        check("@cases\n// s1_no,\ns1_no\n$($case:ident,)*\ncall(s1_no),\n@end", &[]);
        check("(@test; @cases $($case:ident,)* @end) => {\n    s1_no,\n};", &[]);
    }
}
