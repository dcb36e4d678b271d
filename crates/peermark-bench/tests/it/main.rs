//! The program as one runs it: one tiny round, in which every contender is also checked.

use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peermark-bench")).args(arguments).output().unwrap()
}

fn stdout(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn record_prints_one_json_object_for_every_case_and_ours_allocates_at_most_twice() {
    let text = stdout(run(&["record", "--rounds", "1", "--json"]));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cases: Vec<_> = lines.iter().map(|line| line["case"].as_str().unwrap()).collect();
    assert_eq!(cases, CASES);
    for line in &lines {
        let mut keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["bench", "case", "median", "min", "unit"], "{line}");
        assert_eq!(line["bench"], "record", "{line}");
        let unit = match line["case"].as_str().unwrap().split_once('/').unwrap().0 {
            "allocations" => "count",
            "allocated-bytes" => "bytes",
            _ => "ns",
        };
        assert_eq!(line["unit"], unit, "{line}");
        let (median, min) = (line["median"].as_f64().unwrap(), line["min"].as_f64().unwrap());
        assert!(0.0 < min && min <= median, "{line}");
    }
    // Allocations do not depend on the machine: this goal can be a test.
    let allocations = lines.iter().find(|line| line["case"] == "allocations/ours").unwrap();
    assert!(allocations["median"].as_u64().unwrap() <= 2, "{allocations}");
}

#[test]
fn the_markdown_has_the_cases_and_the_goals() {
    let text = stdout(run(&["record", "--rounds", "1", "--markdown", "--filter", "alloc"]));
    assert!(text.contains("\n| allocations/ours "), "{text}");
    assert!(text.contains("\n- met: allocations/ours = "), "{text}");
}

#[test]
fn a_filter_that_selects_nothing_is_an_error() {
    let output = run(&["record", "--filter", "no-such-case"]);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: no case has `no-such-case` in its name\n");
}

const CASES: &[&str] = &[
    "ed25519/ours",
    "ed25519/libp2p-core",
    "ed25519/bare-strict",
    "ed25519/verify-only-ours",
    "ed25519-routing-state/ours",
    "ed25519-routing-state/libp2p-core",
    "secp256k1/ours",
    "secp256k1/libp2p-core",
    "secp256k1/bare",
    "ecdsa/ours",
    "ecdsa/libp2p-core",
    "ecdsa/bare",
    "rsa2048/ours",
    "rsa2048/libp2p-core",
    "rsa2048/bare",
    "decode/ours",
    "decode/prost",
    "decode/quick-protobuf",
    "decode-envelope/ours",
    "seal-ed25519/ours",
    "seal-ed25519/libp2p-core",
    "seal-and-check-ed25519/ours",
    "allocations/ours",
    "allocations/libp2p-core",
    "allocated-bytes/ours",
    "allocated-bytes/libp2p-core",
];
