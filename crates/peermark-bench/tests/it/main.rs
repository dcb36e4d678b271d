//! The program as one runs it: one tiny round, in which every contender is also checked.

mod dial;

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
fn store_prints_every_case_for_each_number_of_peers() {
    let text = stdout(run(&["store", "--peers", "300", "--rounds", "1", "--json"]));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cases: Vec<_> = lines.iter().map(|line| line["case"].as_str().unwrap()).collect();
    assert_eq!(cases, STORE_CASES);
    for line in &lines {
        assert_eq!(line["bench"], "store-300", "{line}");
        assert!(line["median"].as_f64().unwrap() > 0.0, "{line}");
    }
}

#[test]
fn commands_run_as_one_runs_them() {
    let text = stdout(run(&["commands", "--peers", "300", "--turns", "1", "--json"]));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cases: Vec<_> = lines.iter().map(|line| line["case"].as_str().unwrap()).collect();
    let commands = ["verify", "import", "reimport", "export", "restore"];
    let expected = commands.map(|name| format!("{name}/peermark"));
    assert_eq!(cases[..5], expected);
    assert_eq!(cases[5..], ["open/ours"]);
    assert!(lines.iter().all(|line| line["median"].as_f64().unwrap() > 0.0), "{text}");
}

#[test]
fn store_draws_what_it_measured() {
    let file = std::env::temp_dir().join(format!("peermark-bench-{}.svg", std::process::id()));
    let arguments = ["store", "--peers", "100", "--rounds", "1", "--filter", "bytes", "--svg"];
    stdout(run(&[&arguments[..], &[file.to_str().unwrap()]].concat()));
    let svg = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(svg.matches("<rect ").count(), 4, "{svg}");
    assert!(svg.contains(">100 peers</text>"), "{svg}");
}

#[test]
fn a_flood_pushes_nobody_out() {
    let text = stdout(run(&["flood", "--records", "200"]));
    assert!(text.contains("pinned and dialed: 110 of 110 are there\n"), "{text}");
    assert!(text.contains("certified, of 16 networks: 1000 of 1000 are there\n"), "{text}");
    assert!(text.contains("of the flood's 200: 200, its share is "), "{text}");
}

#[test]
fn once_runs_what_instructions_are_counted_of() {
    for operation in ["repeat", "lookup", "insert-and-forget"] {
        assert_eq!(stdout(run(&["once", operation, "3"])), "");
    }
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

const STORE_CASES: &[&str] = &[
    "bytes-per-peer/ours",
    "bytes-per-peer/libp2p-peer-store",
    "hostile-bytes-short-lived/ours",
    "hostile-bytes-short-lived/charged",
    "hostile-bytes-short-lived-claims/ours",
    "hostile-bytes-short-lived-claims/charged",
    "hostile-bytes-long-addresses/ours",
    "hostile-bytes-long-addresses/charged",
    "hostile-bytes-removed/ours",
    "hostile-bytes-removed/charged",
    "hostile-bytes-contradictions/ours",
    "hostile-bytes-contradictions/charged",
    "hostile-bytes-few-of-many/ours",
    "hostile-bytes-few-of-many/charged",
    "insert/ours",
    "insert/libp2p-peer-store",
    "worst-insert/ours",
    "worst-insert/libp2p-peer-store",
    "lookup/ours",
    "lookup/libp2p-peer-store",
    "two-loads/array",
    "repeat/ours",
    "repeat-hot/ours",
    "update/ours",
    "update-with-a-subscriber/ours",
    "update/libp2p-peer-store",
    "batch-get-20/ours",
    "batch-get-20/one-by-one",
    "sweep-idle/ours",
    "sweep-1-percent/ours",
    "clear-1-percent/ours",
    "sweep-move/ours",
    "consume-one-thread/ours",
    "consume-two-threads/ours",
];
