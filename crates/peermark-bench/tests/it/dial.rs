//! Suite `dial`: every case once, and the simulated dials.

use serde_json::Value;

use crate::{run, stdout};

fn lines(arguments: &[&str]) -> Vec<Value> {
    let text = stdout(run(&[&["dial", "--json", "--rounds", "1"], arguments].concat()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["case"].as_str().unwrap()).collect()
}

#[test]
fn dial_prints_every_case_and_a_plan_allocates_its_lists() {
    let lines = lines(&["--requests", "400", "--networks", "2"]);
    let (measured, simulated) = lines.split_at(CASES.len());
    assert_eq!(names(measured), CASES);
    for line in measured {
        assert_eq!(line["bench"], "dial", "{line}");
        let median = line["median"].as_f64().unwrap();
        assert!(median > 0.0, "{line}");
        let case = line["case"].as_str().unwrap();
        if case.starts_with("allocations-") && case.ends_with("/ours") {
            assert!(median <= 3.0, "{line}");
        }
    }
    let expected: Vec<_> = NETWORKS
        .iter()
        .flat_map(|network| STRATEGIES.map(|strategy| format!("{network}/{strategy}")))
        .collect();
    assert_eq!(names(simulated), expected);
}

#[test]
fn simulated_dials_are_the_same_in_every_run_and_go_where_the_policy_says() {
    let arguments = ["--requests", "400", "--networks", "40", "--filter", "certified-slow/"];
    let lines = lines(&arguments);
    assert_eq!(lines, self::lines(&arguments));
    let of = |strategy: &str, key: &str| {
        let case = format!("certified-slow/{strategy}");
        let line = lines.iter().find(|line| line["case"] == *case).unwrap();
        line[key].as_u64()
    };
    for strategy in ["all-at-once", "happy-eyeballs", "certified-first", "certified-first-1s"] {
        assert_eq!(of(strategy, "networks"), Some(40), "{strategy}");
        assert_eq!(of(strategy, "reached"), Some(40), "{strategy}");
        assert!(of(strategy, "uncertified") > Some(0), "{strategy}");
        assert!(of(strategy, "median") <= of(strategy, "p95"), "{strategy}");
    }
    assert_eq!(of("user-certified", "reached"), Some(0));
    assert_eq!(of("user-certified", "uncertified"), Some(0));
    assert_eq!(of("user-certified", "median"), None);
    // What they wait for: a timeout, or the head start.
    assert!(of("certified-first", "median") > Some(15_000));
    assert!(of("certified-first-1s", "median") > Some(1_000));
}

#[test]
fn a_table_of_what_is_simulated_alone() {
    let arguments =
        ["dial", "--requests", "400", "--networks", "3", "--filter", "mixed/", "--markdown"];
    let text = stdout(run(&arguments));
    assert!(text.contains("\n| mixed/user-certified "), "{text}");
    assert!(!text.contains("plan-"), "{text}");
}

#[test]
fn a_filter_that_selects_neither_is_an_error() {
    let output = run(&["dial", "--requests", "400", "--filter", "no-such-case"]);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: no case has `no-such-case` in its name\n");
}

const NETWORKS: [&str; 3] = ["certified-fast", "certified-slow", "mixed"];
const STRATEGIES: [&str; 5] =
    ["all-at-once", "happy-eyeballs", "certified-first", "certified-first-1s", "user-certified"];

const CASES: [&str; 41] = [
    "plan-4-certified-only/ours",
    "plan-4-certified-only/naive-sort",
    "plan-4-certified-first/ours",
    "plan-4-certified-first/naive-sort",
    "plan-4-any/ours",
    "plan-4-any/naive-sort",
    "plan-4-user-certified/ours",
    "plan-4-user-certified/naive-sort",
    "plan-16-certified-only/ours",
    "plan-16-certified-only/naive-sort",
    "plan-16-certified-first/ours",
    "plan-16-certified-first/naive-sort",
    "plan-16-any/ours",
    "plan-16-any/naive-sort",
    "plan-16-user-certified/ours",
    "plan-16-user-certified/naive-sort",
    "plan-64-certified-only/ours",
    "plan-64-certified-only/naive-sort",
    "plan-64-certified-first/ours",
    "plan-64-certified-first/naive-sort",
    "plan-64-any/ours",
    "plan-64-any/naive-sort",
    "plan-64-user-certified/ours",
    "plan-64-user-certified/naive-sort",
    "plan-64-hot-certified-only/ours",
    "plan-64-hot-certified-first/ours",
    "plan-64-hot-any/ours",
    "plan-64-hot-user-certified/ours",
    "allocations-64-certified-only/ours",
    "allocations-64-certified-only/naive-sort",
    "allocations-64-certified-first/ours",
    "allocations-64-certified-first/naive-sort",
    "allocations-64-any/ours",
    "allocations-64-any/naive-sort",
    "allocations-64-user-certified/ours",
    "allocations-64-user-certified/naive-sort",
    "candidate/ours",
    "dialer-event/ours",
    "dialer-request/ours",
    "dialer-request-joined/ours",
    "dialer-candidates/ours",
];
