//! Killing an import in the middle, as often as it takes (F3): what is found afterwards is what was
//! acknowledged, or that and the one batch that was under way.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{Dialect, PeerRecord};
use peermark_testkit::variable;

use super::Store;
use crate::support::{Folder, hex};

/// Records of the input, and how many are durable at once.
const RECORDS: usize = 1_500;
const BATCH: usize = 50;

/// How often it is killed; more by `PEERMARK_KILLS`.
fn kills() -> usize {
    variable("PEERMARK_KILLS", 20)
}

#[test]
fn f3_a_killed_import_holds_what_it_acknowledged() {
    let seed = |n: usize| {
        let mut seed = [0x6b; 32];
        seed[..8].copy_from_slice(&n.to_le_bytes());
        seed
    };
    let (mut peers, mut lines) = (Vec::new(), String::new());
    for n in 0..RECORDS {
        let key = Keypair::ed25519_from_seed(&seed(n));
        let record =
            PeerRecord::new(key.peer_id(), 1.into(), ["/ip4/1.2.3.4/tcp/1".parse().unwrap()]);
        let record = record.certify(&key, Dialect::PeerRecord).unwrap();
        peers.push(key.peer_id());
        lines += &(hex(record.as_bytes()) + "\n");
    }
    let (mut store, inputs) = (Store::new(), Folder::new());
    let input = inputs.file("records.txt", lines.as_bytes());
    let (mut before, mut in_the_middle) = (0, 0);
    // SplitMix64's first step, for a moment that differs from kill to kill.
    let moments = (1..=kills()).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40);
    for moment in moments {
        let acknowledged = import_and_kill(&store, &input, moment);
        let found = found(&store, &peers);
        let place = format!("moment {moment}: {before} before, {acknowledged} acknowledged");
        let least = before.max(acknowledged);
        assert!(found >= least && found <= least + BATCH, "{place}, {found} found");
        in_the_middle += usize::from(acknowledged < RECORDS);
        before = found;
        if found == RECORDS {
            (store, before) = (Store::new(), 0);
        }
    }
    assert!(in_the_middle * 2 > kills(), "killed too late: {in_the_middle} of {}", kills());
}

/// Starts an import and kills it some time after an acknowledgement. Answers the last one that was
/// printed.
fn import_and_kill(store: &Store, input: &std::path::Path, moment: usize) -> usize {
    let args = ["--source", "dht", "--json", "--format", "lines", "--batch", &BATCH.to_string()];
    let mut child = Command::new(env!("CARGO_BIN_EXE_peermark"))
        .args(store.args("import", &args))
        .arg(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    let mut take = |line: String| {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(n) = line["acknowledged"].as_u64() {
            acknowledged = usize::try_from(n).unwrap();
        }
    };
    for line in lines.by_ref().map_while(Result::ok).take(moment % 12) {
        take(line);
    }
    // Anywhere between two of them.
    for n in 0..moment % 400_000 {
        std::hint::black_box(n);
    }
    child.kill().unwrap();
    // What it had printed by then was promised.
    lines.map_while(Result::ok).for_each(take);
    child.wait().unwrap();
    acknowledged
}

/// How many of the first peers are there; none behind them is.
fn found(store: &Store, peers: &[PeerId]) -> usize {
    if !store.db.exists() {
        return 0;
    }
    let book = store.book();
    book.store().check().unwrap();
    let held = book.signed_records(peers).unwrap();
    let found = held.iter().take_while(|record| record.is_some()).count();
    assert!(held[found..].iter().all(Option::is_none), "a hole behind {found}");
    assert_eq!(book.store().usage().peers, found);
    found
}
