//! What a dialer of one's own gets with the crates that it may take alone: their whole trees.
//!
//! The graph of layers looks at edges between members. A crate from outside can bring in what no
//! edge names, a signature library by a feature of a peer id crate for instance, so here the trees
//! are looked at, each resolved by itself: in the workspace as a whole, features are those that any
//! member asks for.

use anyhow::{Result, bail};

use crate::process;

/// What stands in the tree of a crate that is to be had alone, and must not.
pub(super) fn findings() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for name in ALONE {
        let args = ["tree", "--offline", "--all-features", "-e", "normal", "--prefix", "none"];
        let tree = process::cargo(&args).args(["--format", "{p}", "-p", name]).output()?;
        if !tree.status.success() {
            bail!("no tree of {name}: {}", String::from_utf8_lossy(&tree.stderr).trim());
        }
        findings.extend(of_tree(name, &String::from_utf8_lossy(&tree.stdout)));
    }
    Ok(findings)
}

/// `tree` has a package in each line: its name, its version, and more.
fn of_tree(name: &str, tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut foreign: Vec<_> = names.filter(|found| is_foreign(found)).collect();
    foreign.sort_unstable();
    foreign.dedup();
    foreign.iter().map(|found| format!("{name}: {found} is in its tree")).collect()
}

fn is_foreign(name: &str) -> bool {
    let ours = name == "peermark" || name.starts_with("peermark-");
    let stranger = |family: &&str| name == *family || name.starts_with(&format!("{family}-"));
    (ours && !KNOWN.contains(&name)) || FOREIGN.iter().any(stranger)
}

const ALONE: &[&str] = &["peermark-dial-policy", "peermark-dialer"];

/// The members that may be in their trees.
const KNOWN: &[&str] =
    &["peermark-dial-policy", "peermark-dialer", "peermark-provenance", "peermark-scope"];

/// Signatures, protobuf and runtimes, alone or as the first part of a longer name. A hash is in
/// every tree with a peer id in it.
const FOREIGN: &[&str] = &[
    "curve25519-dalek",
    "ed25519-dalek",
    "k256",
    "p256",
    "prost",
    "quick-protobuf",
    "ring",
    "rsa",
    "secp256k1",
    "tokio",
];

#[cfg(test)]
mod tests {
    use super::of_tree;

    #[test]
    fn what_is_foreign_in_a_tree_is_found() {
        let check = |tree: &str, foreign: &[&str]| {
            let expected: Vec<_> =
                foreign.iter().map(|name| format!("a: {name} is in its tree")).collect();
            assert_eq!(of_tree("a", tree), expected, "{tree}");
        };
        check("", &[]);
        check("peermark-dial-policy v0.1.0 (/a)\nmultiaddr v1.0.0\nsha2 v1.0.0 (*)\n", &[]);
        check("a v1\nring v0.17.14\nring v0.17.14 (*)\n", &["ring"]);
        check("quick-protobuf v0.8.1\ned25519-dalek v3.0.0", &["ed25519-dalek", "quick-protobuf"]);
        check("secp256k1-sys v0.1.0\nstring v1\nringbuf v1\n", &["secp256k1-sys"]);
        for ours in ["peermark-peerstore", "peermark-identity", "peermark-wire", "peermark"] {
            check(&format!("{ours} v0.1.0 (/a)\n"), &[ours]);
        }
    }

    #[test]
    fn what_is_to_be_had_alone_comes_alone() {
        let findings = super::findings().unwrap();
        assert!(findings.is_empty(), "\n  {}", findings.join("\n  "));
    }
}
