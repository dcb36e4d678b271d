//! Who may depend on whom: the layers of ARCHITECTURE.md, from `cargo metadata`.
//!
//! A layer sees the layers below it. The facade composes them and nobody below knows it. Protobuf,
//! the crypto crates and libp2p's crates each have one home.

use anyhow::Result;
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::workspace;

/// Every edge that the layers forbid, every member that they do not know, and every default member
/// that should not be one: their features would be those of the binaries.
pub(super) fn findings() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .cargo_path(workspace::cargo())
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let mut findings: Vec<_> = metadata.packages.iter().flat_map(of_package).collect();
    let default = metadata.workspace_default_packages();
    for package in &metadata.packages {
        let published = package.publish.is_none();
        if published != default.contains(&package) {
            findings.push(format!(
                "{}: what is published, and nothing else, is a default member of the workspace",
                package.name
            ));
        }
    }
    Ok(findings)
}

fn of_package(package: &Package) -> Vec<String> {
    let edges = package.dependencies.iter().map(|dependency| Edge {
        to: &dependency.name,
        dev: dependency.kind == DependencyKind::Development,
        local: dependency.path.is_some(),
    });
    of_edges(package.name.as_str(), edges)
}

#[derive(Clone, Copy, Debug)]
struct Edge<'a> {
    to: &'a str,
    dev: bool,
    local: bool,
}

fn of_edges<'a>(from: &str, edges: impl IntoIterator<Item = Edge<'a>>) -> Vec<String> {
    let Some((_, below)) = MEMBERS.iter().find(|(name, _)| *name == from) else {
        return vec![format!(
            "{from}: not in the graph of layers: say in xtask/src/tidy/graph.rs what it may see"
        )];
    };
    let mut findings = Vec::new();
    for edge in edges {
        let in_tests = edge.dev && (edge.to == "peermark-testkit" || edge.to == from);
        let known = !edge.local || below.contains(&edge.to) || in_tests;
        if !known {
            findings.push(format!("{from}: may not depend on {}", edge.to));
        }
        for (prefix, homes) in HOMES {
            let named = edge.to == *prefix || edge.to.starts_with(&format!("{prefix}-"));
            if named && !edge.local && !homes.contains(&from) {
                let homes = homes.join(", ");
                findings.push(format!("{from}: may not name {}, only {homes} may", edge.to));
            }
        }
    }
    findings
}

/// Each member and the members it may depend on. Beside these, tests may use the testkit,
/// and their own crate, to ask for a feature of it.
const MEMBERS: &[(&str, &[&str])] = &[
    ("peermark-wire", &[]),
    ("peermark-identity", &["peermark-wire"]),
    ("peermark-envelope", &["peermark-identity", "peermark-wire"]),
    ("peermark-scope", &[]),
    ("peermark-dial-policy", &["peermark-provenance", "peermark-scope"]),
    ("peermark-dialer", &["peermark-dial-policy", "peermark-provenance", "peermark-scope"]),
    (
        "peermark-peer-record",
        &[
            "peermark-envelope",
            "peermark-identity",
            "peermark-provenance",
            "peermark-scope",
            "peermark-wire",
        ],
    ),
    // To count the steps of reading addresses, for tests.
    ("peermark-provenance", &["peermark-wire"]),
    ("peermark-peerstore", STORE),
    (
        "peermark-peerstore-redb",
        // Records are for its tests.
        &[
            "peermark-identity",
            "peermark-peer-record",
            "peermark-peerstore",
            "peermark-provenance",
            "redb-checked",
        ],
    ),
    // For anybody's redb: it knows nothing of peers.
    ("redb-checked", &[]),
    // The same sources once more, over the locks of a tester of schedules.
    ("peermark-peerstore-shuttle", STORE),
    ("peermark", LAYERS),
    ("peermark-cli", FACADE_AND_LAYERS),
    ("peermark-testkit", FACADE_AND_LAYERS),
    (
        "peermark-bench",
        &[
            "peermark",
            // For the rates of its commands.
            "peermark-cli",
            "peermark-envelope",
            "peermark-identity",
            "peermark-peer-record",
            "peermark-peerstore",
            "peermark-peerstore-redb",
            "peermark-provenance",
            "peermark-testkit",
            "peermark-wire",
        ],
    ),
    (
        "xtask",
        // The last for the seeds of its fuzz targets.
        &[
            "peermark-cli",
            "peermark-dial-policy",
            "peermark-provenance",
            "peermark-testkit",
            "redb-checked",
        ],
    ),
];

const STORE: &[&str] =
    &["peermark-envelope", "peermark-identity", "peermark-peer-record", "peermark-provenance"];

const FACADE_AND_LAYERS: &[&str] = &[
    "peermark",
    "peermark-dial-policy",
    "peermark-dialer",
    "peermark-envelope",
    "peermark-identity",
    "peermark-peer-record",
    "peermark-peerstore",
    "peermark-peerstore-redb",
    "peermark-provenance",
    "peermark-scope",
    "peermark-wire",
];

const LAYERS: &[&str] = match FACADE_AND_LAYERS {
    [_facade, layers @ ..] => layers,
    [] => &[],
};

/// Crates that only some members may name, alone or as the first part of a longer name. The
/// testkit compares ours with generated code, the benchmarks with everybody's.
const HOMES: &[(&str, &[&str])] = &[
    ("quick-protobuf", &["peermark-wire", "peermark-testkit", "peermark-bench"]),
    ("prost", &["peermark-testkit", "peermark-bench"]),
    ("pb-rs", &["xtask"]),
    ("ring", CRYPTO),
    ("ed25519-dalek", CRYPTO),
    ("curve25519-dalek", CRYPTO),
    ("secp256k1", CRYPTO),
    ("p256", CRYPTO),
    ("k256", CRYPTO),
    ("rsa", CRYPTO),
    ("sha2", CRYPTO),
    ("libp2p", &["peermark-identity", "peermark-bench"]),
];

const CRYPTO: &[&str] = &["peermark-identity", "peermark-bench"];

#[cfg(test)]
mod tests {
    use super::{Edge, of_edges};

    #[test]
    fn forbidden_edges_are_found() {
        let check = |from: &str, to: &str, dev: bool, local: bool, count: usize| {
            let findings = of_edges(from, [Edge { to, dev, local }]);
            assert_eq!(findings.len(), count, "{from} to {to}: {findings:?}");
        };
        check("peermark-envelope", "peermark-wire", false, true, 0);
        check("peermark-wire", "peermark-envelope", false, true, 1);
        check("peermark-wire", "peermark-wire", true, true, 0);
        check("peermark-wire", "peermark-wire", false, true, 1);
        check("peermark-envelope", "peermark", false, true, 1);
        check("peermark-envelope", "peermark", true, true, 1);
        check("peermark-envelope", "peermark-testkit", true, true, 0);
        check("peermark-envelope", "peermark-testkit", false, true, 1);
        check("peermark-wire", "quick-protobuf", false, false, 0);
        check("peermark-envelope", "quick-protobuf", false, false, 1);
        check("peermark-cli", "ring", true, false, 1);
        check("peermark-identity", "secp256k1", false, false, 0);
        check("peermark-testkit", "secp256k1-sys", false, false, 1);
        check("peermark-testkit", "prost-build", false, false, 0);
        check("redb-checked", "peermark-testkit", false, true, 1);
        check("redb-checked", "peermark-peerstore", false, true, 1);
        check("peermark-peerstore-redb", "redb-checked", false, true, 0);
        check("peermark-peerstore", "redb-checked", false, true, 1);
        check("peermark-unheard-of", "bytes", false, false, 1);
    }
}
