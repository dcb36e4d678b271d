//! Killing a command in the middle, as often as it takes (F3): what is found afterwards is what was
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

/// Peers, and a record of each as lines.
fn records() -> (Vec<PeerId>, String) {
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
    (peers, lines)
}

/// SplitMix64's first step, for a moment that differs from kill to kill.
fn moments() -> impl Iterator<Item = usize> {
    (1..=kills()).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)
}

#[test]
fn f3_a_killed_import_holds_what_it_acknowledged() {
    let (peers, lines) = records();
    let inputs = Folder::new();
    let input = inputs.file("records.txt", lines.as_bytes());
    let args = ["--source", "dht", "--json", "--format", "lines", "--batch", &BATCH.to_string()];
    kill_and_look("import", &args, &input, &peers);
}

#[test]
fn f3_a_killed_restore_holds_what_it_acknowledged() {
    let (peers, lines) = records();
    let inputs = Folder::new();
    let store = Store::new();
    store.run("import", &["--source", "dht", "-q"], lines.as_bytes()).expect(0);
    let text = store.run("export", &[], b"").expect(0).stdout;
    let input = inputs.file("export.jsonl", &text);
    // In the order of the export.
    let text = String::from_utf8(text).unwrap();
    let rows = text.lines().skip(1).map(serde_json::from_str::<serde_json::Value>);
    let ordered: Vec<PeerId> =
        rows.map(|row| row.unwrap()["peer"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ordered.len(), peers.len());
    let args = ["--json", "--batch", &BATCH.to_string()];
    kill_and_look("restore", &args, &input, &ordered);
}

/// Kills a command that fills a store, again and again.
fn kill_and_look(command: &str, args: &[&str], input: &std::path::Path, peers: &[PeerId]) {
    let mut store = Store::new();
    let (mut before, mut in_the_middle) = (0, 0);
    for moment in moments() {
        let acknowledged = start_and_kill(&store, command, args, input, moment);
        let found = found(&store, peers);
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

/// A store as it is to be found again: its export, sorted and without times.
fn content(store: &Store) -> Vec<String> {
    let book = store.book();
    book.check().unwrap();
    drop(book);
    let run = store.run("list", &["--json", "--limit", "0"], b"").expect(0);
    let mut peers: Vec<_> =
        run.objects().iter().map(|row| row["peer_id"].as_str().unwrap().to_owned()).collect();
    peers.sort();
    peers
}

/// Kills a command after as many steps as the moment says.
fn kill_after(args: &[std::ffi::OsString], moment: usize) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_peermark"))
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let steps = moment % 60_000_000;
    for n in 0..steps {
        std::hint::black_box(n);
    }
    let is_early = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    is_early
}

#[test]
fn f3_a_killed_compaction_loses_nothing() {
    let (peers, lines) = records();
    let store = Store::new();
    store.run("import", &["--source", "dht", "-q"], lines.as_bytes()).expect(0);
    let (rest, gone) = peers.split_at(RECORDS / 2);
    let book = store.book();
    for peer in gone {
        assert!(book.forget(peer).unwrap().is_some());
    }
    drop(book);
    let expected = content(&store);
    assert_eq!(expected.len(), rest.len());
    let args = [crate::args!["store", "compact"].to_vec(), vec![store.db.clone().into()]].concat();
    let mut early = 0;
    for moment in moments() {
        early += usize::from(kill_after(&args, moment));
        assert_eq!(content(&store), expected, "moment {moment}");
    }
    assert!(early > 0, "each was done before it was killed");
    crate::support::peermark(&args, b"").expect(0);
    assert_eq!(content(&store), expected);
}

#[test]
fn f3_a_killed_merge_leaves_no_half_of_a_store() {
    let (_, lines) = records();
    let (one, other) = (Store::new(), Store::new());
    let middle = lines.match_indices('\n').nth(RECORDS / 2).unwrap().0 + 1;
    for (store, part) in [(&one, &lines[..middle]), (&other, &lines[middle..])] {
        store.run("import", &["--source", "dht", "-q"], part.as_bytes()).expect(0);
    }
    let before = [&one, &other].map(content);
    let (mut early, mut new) = (0, Store::new());
    for moment in moments() {
        let args = crate::args!["store", "merge", &one.db, &other.db, "--out", &new.db];
        early += usize::from(kill_after(&args, moment));
        if new.db.exists() {
            assert_eq!(content(&new).len(), RECORDS, "moment {moment}");
            new = Store::new();
        }
        assert_eq!([&one, &other].map(content), before, "moment {moment}");
    }
    assert!(early > 0, "each was done before it was killed");
}

/// Starts a command and kills it some time after an acknowledgement. Returns the last one that was
/// printed.
fn start_and_kill(
    store: &Store,
    command: &str,
    args: &[&str],
    input: &std::path::Path,
    moment: usize,
) -> usize {
    let mut child = Command::new(env!("CARGO_BIN_EXE_peermark"))
        .args(store.args(command, args))
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
    book.check().unwrap();
    let held = book.signed_records(peers).unwrap();
    let found = held.iter().take_while(|record| record.is_some()).count();
    assert!(held[found..].iter().all(Option::is_none), "a hole behind {found}");
    assert_eq!(book.usage().peers, found);
    found
}
