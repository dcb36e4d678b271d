//! Manifests and root files: lints inherited, bans in place, the version in the changelog.

use std::path::Path;

use anyhow::Result;
use toml::{Table, Value};

use crate::workspace;

/// What the manifests and the files at the root lack.
pub(super) fn findings() -> Result<Vec<String>> {
    let root = workspace::root();
    let workspace_manifest: Table = workspace::read(&root.join("Cargo.toml"))?.parse()?;
    let mut findings = Vec::new();

    for file in workspace::files(&["crates", "xtask"], &["toml"])? {
        if file.path.ends_with("/Cargo.toml") {
            findings.extend(of_member(&file.path, &file.text.parse()?));
        }
    }
    findings.extend(missing_bans(&workspace::read(&root.join("clippy.toml"))?.parse()?));
    findings.extend(missing_files(&root));

    let version = lookup(&workspace_manifest, &["workspace", "package", "version"]);
    let version = version.and_then(Value::as_str).unwrap_or_default();
    let changelog = workspace::read(&root.join("CHANGELOG.md"))?;
    if !changelog.contains(&format!("## [{version}]")) {
        findings.push(format!("CHANGELOG.md: no section for version {version}"));
    }
    for file in ["README.md", ".ci/run"] {
        if !workspace::read(&root.join(file))?.contains(TEST_COMMAND) {
            findings.push(format!("{file}: does not have the command `{TEST_COMMAND}`"));
        }
    }
    Ok(findings)
}

/// The lowest version of Rust that redb compiles with.
const WITH_REDB: &str = "1.90";

fn of_member(path: &str, manifest: &Table) -> Vec<String> {
    let inherited = [
        ["lints", "workspace"].as_slice(),
        &["package", "version", "workspace"],
        &["package", "edition", "workspace"],
        &["package", "license", "workspace"],
    ];
    let mut findings: Vec<_> = inherited
        .iter()
        .filter(|keys| {
            keys[..] != ["package", "version", "workspace"] || !has_own_version(manifest)
        })
        .filter(|keys| lookup(manifest, keys) != Some(&Value::Boolean(true)))
        .map(|keys| format!("{path}: `{} = true` is missing", keys.join(".")))
        .collect();
    // A crate with redb in its tree needs a later compiler than the others, and says so.
    let needs = lookup(manifest, &["package", "rust-version"]).and_then(Value::as_str);
    let inherits = lookup(manifest, &["package", "rust-version", "workspace"]);
    if inherits != Some(&Value::Boolean(true)) && needs != Some(WITH_REDB) {
        findings.push(format!("{path}: neither the workspace's Rust nor {WITH_REDB}"));
    }
    if lookup(manifest, &["package", "description"]).is_none() {
        findings.push(format!("{path}: no description"));
    }
    findings
}

/// Whether it is a crate that is published by a version of its own.
fn has_own_version(manifest: &Table) -> bool {
    let name = lookup(manifest, &["package", "name"]).and_then(Value::as_str);
    let version = lookup(manifest, &["package", "version"]);
    name.is_some_and(|name| OWN_VERSION.contains(&name)) && version.is_some_and(Value::is_str)
}

fn missing_bans(clippy: &Table) -> Vec<String> {
    let banned: Vec<_> = lookup(clippy, &["disallowed-methods"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("path").and_then(Value::as_str))
        .collect();
    BANNED
        .iter()
        .filter(|path| !banned.contains(path))
        .map(|path| format!("clippy.toml: {path} is not banned"))
        .collect()
}

fn missing_files(root: &Path) -> Vec<String> {
    ROOT_FILES
        .iter()
        .filter(|file| !root.join(file).is_file())
        .map(|file| format!("{file}: does not exist"))
        .collect()
}

fn lookup<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

const TEST_COMMAND: &str = "cargo test --workspace";

/// Crates that are useful without the others, and change when something else does.
const OWN_VERSION: &[&str] = &["redb-checked"];

/// What clippy must refuse: nested readers that do not clamp, and clocks outside the edge.
const BANNED: &[&str] = &[
    "quick_protobuf::BytesReader::read_message",
    "quick_protobuf::BytesReader::read_message_by_len",
    "quick_protobuf::BytesReader::read_packed",
    "quick_protobuf::BytesReader::read_packed_fixed",
    "quick_protobuf::BytesReader::read_map",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
];

const ROOT_FILES: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "deny.toml",
    "docs/design.md",
    "docs/spec.md",
];

#[cfg(test)]
mod tests {
    use super::{missing_bans, of_member};

    #[test]
    fn members_must_inherit() {
        let check = |manifest: &str, count: usize| {
            let findings = of_member("Cargo.toml", &manifest.parse().unwrap());
            assert_eq!(findings.len(), count, "{findings:?}");
        };
        check("", 6);
        check("[lints]\nworkspace = true", 5);
        check("[lints.clippy]\ntodo = \"warn\"", 6);
        let package = "[package]\ndescription = \"d\"\nversion.workspace = true\n\
            edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n";
        check(package, 1);
        check(&format!("{package}[lints]\nworkspace = true"), 0);
        let own = package.replace("version.workspace = true", "version = \"0.1.0\"");
        let own = own.replace("rust-version = \"0.1.0\"", "rust-version.workspace = true");
        check(&format!("{own}name = \"peermark\"\n[lints]\nworkspace = true"), 1);
        check(&format!("{own}name = \"redb-checked\"\n[lints]\nworkspace = true"), 0);
    }

    #[test]
    fn a_ban_that_is_gone_is_found() {
        let clippy = "disallowed-methods = [{ path = \"std::time::Instant::now\" }]";
        let findings = missing_bans(&clippy.parse().unwrap());
        assert!(findings.iter().any(|finding| finding.contains("SystemTime")));
        assert!(!findings.iter().any(|finding| finding.contains("Instant")));
    }
}
