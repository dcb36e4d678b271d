//! `peermark plan`: what is dialed when, and what is not and why.

use std::fs;

use peermark::identity::Keypair;
use peermark::peer_record::{Dialect, PeerRecord, parse_address};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::peermark;

/// A file of records, one on each line, of peers by the bytes of their seeds.
fn records(folder: &TempDir, records: &[(u8, u64, &[&str])]) -> String {
    let lines = records.iter().map(|(seed, seq, addresses)| {
        let key = keypair(*seed);
        let addresses = addresses.iter().map(|text| parse_address(text).unwrap());
        let record = PeerRecord::new(key.peer_id(), (*seq).into(), addresses);
        let record = record.certify(&key, Dialect::PeerRecord).unwrap();
        data_encoding::HEXLOWER.encode(record.as_bytes())
    });
    let path = folder.path().join("records.txt");
    fs::write(&path, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    path.to_str().unwrap().to_owned()
}

fn keypair(seed: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[seed; 32])
}

fn peer(seed: u8) -> String {
    keypair(seed).peer_id().to_string()
}

const CERTIFIED: &str = "/ip4/1.2.3.4/udp/4001/quic-v1";
const HEARSAY: &str = "/ip4/5.6.7.8/tcp/4001";
const USER: &str = "/dns/alice.example.com/tcp/443/tls/ws";

/// The plan as JSON, under a policy.
fn plan(policy: &str, status: i32) -> Value {
    let folder = TempDir::new().unwrap();
    let file =
        records(&folder, &[(1, 1, &["/ip4/9.9.9.9/tcp/1"]), (1, 2, &[CERTIFIED]), (2, 9, &[])]);
    let peer = peer(1);
    let args = [
        "plan",
        "--records",
        &file,
        "--hearsay",
        HEARSAY,
        "--user",
        USER,
        &peer,
        "--policy",
        policy,
        "--json",
    ];
    peermark(args, b"").expect(status).objects().remove(0)
}

fn dial(address: &str, delay_ms: u64, class: &str) -> Value {
    json!({ "address": address, "delay_ms": delay_ms, "class": class })
}

#[test]
fn d1_each_policy_has_its_plan() {
    let head = |policy: &str| json!({ "peer_id": peer(1), "policy": policy });
    let check = |policy: &str, stages: Value, refused: Value| {
        let mut expected = head(policy);
        expected["stages"] = stages;
        expected["refused"] = refused;
        assert_eq!(plan(policy, 0), expected, "{policy}");
    };
    let refused = |address: &str, reason: &str| json!({ "address": address, "reason": reason });
    check(
        "certified-only",
        json!([{ "start": "now", "dials": [dial(CERTIFIED, 0, "certified")] }]),
        json!([
            refused(HEARSAY, "the policy does not admit third-party addresses"),
            refused(USER, "the policy does not admit user addresses"),
        ]),
    );
    check(
        "certified-first",
        json!([
            { "start": "now", "dials": [dial(CERTIFIED, 0, "certified")] },
            { "start": "after-failure",
              "dials": [dial(USER, 0, "user"), dial(HEARSAY, 250, "third-party")] },
        ]),
        json!([]),
    );
    check(
        "user-certified",
        json!([
            { "start": "now", "dials": [dial(CERTIFIED, 0, "certified"), dial(USER, 250, "user")] },
        ]),
        json!([refused(HEARSAY, "better addresses are known")]),
    );
    let any = plan("any", 0);
    assert_eq!(any["stages"][0]["dials"].as_array().unwrap().len(), 3, "{any}");
}

#[test]
fn d3_nothing_known_and_everything_refused_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let file = records(&folder, &[(2, 1, &[CERTIFIED])]);
    let text = |args: &[&str]| {
        let peer = peer(1);
        let all = ["plan", "--records", &file].into_iter().chain(args.iter().copied());
        let run = peermark(all.chain([peer.as_str()]), b"").expect(1);
        run.text().to_owned()
    };
    assert!(text(&[]).contains("no address is known"));
    let refused = text(&["--policy", "certified-only", "--hearsay", HEARSAY]);
    assert!(refused.contains("every known address is refused"), "{refused}");
    // Only strangers know something: then they are asked.
    let run = peermark(["plan", "--json", "--hearsay", HEARSAY, HEARSAY, &peer(1)], b"").expect(0);
    let plan = run.objects().remove(0);
    assert_eq!(plan["stages"][0]["start"], "if-none", "{plan}");
}

#[test]
fn d7_a_contradicted_record_is_dialed() {
    let folder = TempDir::new().unwrap();
    let file = records(&folder, &[(1, 7, &[CERTIFIED]), (1, 7, &[HEARSAY])]);
    let args = ["plan", "--records", &file, "--policy", "certified-only", &peer(1)];
    let run = peermark(args, b"").expect(0);
    assert!(run.stderr.contains("a second record with seq 7"), "{}", run.stderr);
    let planned = [CERTIFIED, HEARSAY].map(|address| run.text().contains(address));
    assert!(planned[0] != planned[1], "one of the two is held: {}", run.text());
}

#[test]
fn the_timeline_is_for_people() {
    let folder = TempDir::new().unwrap();
    let file = records(&folder, &[(1, 2, &[CERTIFIED])]);
    let args = ["plan", "--records", &file, "--hearsay", HEARSAY, "--policy", "certified-first"];
    let peer = peer(1);
    let run = peermark(args.into_iter().chain([peer.as_str()]), b"").expect(0);
    for part in [&peer, "certified-first", "now", "after-failure", CERTIFIED, HEARSAY, "0 ms"] {
        assert!(run.text().contains(part), "no {part} in\n{}", run.text());
    }
}

#[test]
fn what_is_wrong_is_said() {
    let peer = peer(1);
    let check = |args: &[&str], status: i32, words: &[&str]| {
        let all = std::iter::once("plan").chain(args.iter().copied());
        let _ = peermark(all, b"0a0b\n0c0d\n").expect_error(status, words);
    };
    check(&[], 2, &["no peer id"]);
    check(&["nobody"], 2, &["nobody", "no peer id"]);
    check(&[&peer, "--hearsay", "/nosuch/1"], 2, &["--hearsay", "protocol"]);
    let foreign = format!("/ip4/1.2.3.4/tcp/1/p2p/{}", self::peer(2));
    check(&[&peer, "--user", &foreign], 2, &["--user", "another peer"]);
    check(&["--hearsay", HEARSAY, "--user", &peer, &peer], 2, &["needed"]);
    check(&[&peer, "--records", "/no/such/file"], 2, &["cannot open"]);
    check(&[&peer, "--records", "-", "--user", USER], 1, &["envelope 1: refused at envelope"]);
    check(&[&peer, "--policy", "mine"], 2, &["certified-only"]);
}

#[test]
fn d4_scopes_say_where_addresses_may_lead() {
    let here = "/ip4/127.0.0.1/tcp/4001";
    let near = "/ip4/192.168.1.7/tcp/4001";
    let check = |scopes: &[&str], option: &str, address: &str, status: i32| {
        let peer = peer(1);
        let args = ["plan", "--json", "--policy", "any", option, address, &peer];
        let run = peermark(args.iter().chain(scopes).copied(), b"").expect(status);
        let plan = run.objects().remove(0);
        let refused = plan["refused"].as_array().unwrap().len();
        assert_eq!(refused, usize::from(status == 1), "{plan}");
    };
    check(&[], "--hearsay", here, 1);
    check(&[], "--user", here, 0);
    check(&[], "--hearsay", near, 1);
    check(&[], "--user", near, 0);
    check(&["--scopes", "default"], "--hearsay", here, 1);
    check(&["--scopes", "loopback"], "--hearsay", here, 0);
    check(&["--scopes", "loopback"], "--hearsay", near, 1);
    check(&["--scopes", "public"], "--user", here, 1);
    check(&["--scopes", "public"], "--hearsay", HEARSAY, 0);
}

#[test]
fn c5_what_is_planned_can_be_dialed_as_printed() {
    let (peer, relay) = (peer(1), peer(2));
    let circuit = format!("/ip4/1.2.3.4/tcp/1/p2p/{relay}/p2p-circuit");
    let args = ["plan", "--json", "--user", &circuit, "/dnsaddr/example.com", &peer];
    let plan = peermark(args, b"").expect(0).objects().remove(0);
    let dials = plan["stages"][0]["dials"].as_array().unwrap();
    let addresses: Vec<_> = dials.iter().map(|dial| dial["address"].as_str().unwrap()).collect();
    assert!(addresses.contains(&format!("{circuit}/p2p/{peer}").as_str()), "{plan}");
    assert!(addresses.contains(&format!("/dnsaddr/example.com/p2p/{peer}").as_str()), "{plan}");
}

#[test]
fn c6_a_value_that_is_no_address_is_named() {
    let peer = peer(1);
    let check = |value: &str, words: &[&str]| {
        let _ = peermark(["plan", "--user", value, &peer], b"").expect_error(2, words);
    };
    check("1.2.3.4", &["--user", "1.2.3.4", "/ip4/1.2.3.4/tcp/PORT"]);
    check("192.0.2.1:4001", &["--user", "/ip4/192.0.2.1/tcp/4001"]);
    check("/ip4/192.0.2.1/tcp", &["/tcp", "/ip4/192.0.2.1/tcp/PORT"]);
}

#[test]
fn a_plan_is_drawn_to_a_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("plan.svg");
    let peer = peer(1);
    let evil = "/dns/a%3Cscript%3E&.com/tcp/1";
    let args = ["plan", "--svg", file.to_str().unwrap(), "--user", evil, HEARSAY, &peer];
    let _ = peermark(args, b"").expect(0);
    let svg = fs::read_to_string(file).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains(HEARSAY) && svg.contains("user-certified"), "{svg}");
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&amp;"), "{svg}");
}
