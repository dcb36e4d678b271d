//! `store import`: what becomes of each record, and what is durable when.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use super::{Store, lines, peer, record_of};
use crate::support::{command, finish, hex, tampered};

#[test]
fn every_record_is_accounted_for() {
    let store = Store::of(&[(1, 5), (2, 5)]);
    let mut input = lines(&[(1, 5), (2, 6), (3, 1), (1, 4), (4, 1)]);
    let other = {
        use peermark::peer_record::{Dialect, PeerRecord};
        let key = super::keypair(2);
        let address = "/ip4/9.9.9.9/tcp/9".parse().unwrap();
        let record = PeerRecord::new(key.peer_id(), 6.into(), [address]);
        hex(record.certify(&key, Dialect::PeerRecord).unwrap().as_bytes())
    };
    input.extend(format!("{other}\n{}\n\nnonsense\n", hex(&tampered(1))).bytes());

    let run = store.run("import", &["--source", "dht", "--json", "--batch", "4"], &input).expect(1);
    let mut objects = run.objects();
    let mut summary = objects.pop().unwrap();
    let (said, mut objects): (Vec<_>, Vec<_>) =
        std::mem::take(&mut objects).into_iter().partition(|o| o["refused"].is_string());
    let lines_said: Vec<_> =
        said.iter().map(|o| (o["line"].as_u64().unwrap(), &o["refused"])).collect();
    let expected = [(7, "signature"), (8, "envelope"), (6, "contradiction"), (9, "envelope")];
    assert_eq!(
        lines_said,
        expected
            .map(|(n, why)| (n, json!(why)))
            .iter()
            .map(|(n, why)| (*n, why))
            .collect::<Vec<_>>()
    );
    assert!(said.iter().all(|o| o["file"] == "-"));
    let told = &said[2];
    assert_eq!(told["peer_id"], peer(2));
    assert_eq!(told["contradiction"]["seq"], "6");
    for digest in ["held", "got"] {
        assert_eq!(told["contradiction"][digest].as_str().unwrap().len(), 64, "{told}");
    }
    objects.retain(|object| object["acknowledged"].is_number());
    assert!(summary["seconds"].is_number());
    summary.as_object_mut().unwrap().remove("seconds");
    let expected = json!({
        "read": 9, "inserted": 2, "replaced": 1, "refreshed": 1, "stale": 1, "contradiction": 1,
        "not_extended": 0, "refused": {}, "invalid": { "signature": 1, "envelope": 2 },
    });
    assert_eq!(summary, expected);
    let acknowledged: Vec<_> = objects.iter().map(|object| &object["acknowledged"]).collect();
    assert_eq!(acknowledged, [4, 8, 9]);
    let said = "9 read, 2 inserted, 1 replaced, 1 refreshed, 1 stale, 1 contradiction, \
                3 invalid (envelope 2, signature 1); ";
    let summary = run.stderr.trim_end();
    assert!(summary.starts_with(said), "{summary}");

    let run = store.run("import", &["--source", "dht", "-q"], &lines(&[(1, 4)])).expect(0);
    assert_eq!((run.text(), &*run.stderr), ("", ""), "what is older is no trouble");
}

#[test]
fn refused_lines_are_named_and_kept() {
    let store = Store::of(&[(1, 5)]);
    let other = {
        use peermark::peer_record::{Dialect, PeerRecord};
        let key = super::keypair(1);
        let address = "/ip4/9.9.9.9/tcp/9".parse().unwrap();
        let record = PeerRecord::new(key.peer_id(), 5.into(), [address]);
        hex(record.certify(&key, Dialect::PeerRecord).unwrap().as_bytes())
    };
    let bad = hex(&tampered(1));
    let key = hex(&crate::support::alice().encode());
    let good = hex(record_of(2, 1).as_bytes());
    let input = format!("{good}\n  {bad}\n{key}\n{other}\n");
    let file = store.folder.file("records.txt", input.as_bytes());
    let rejects = store.folder.path("rejects");
    let args = [file.to_str().unwrap(), "--source", "dht", "--format", "lines", "--rejects"];
    let run =
        store.run("import", &[&args[..], &[rejects.to_str().unwrap()]].concat(), b"").expect(1);
    let name = file.display();
    let said: Vec<_> = run.stderr.lines().collect();
    assert!(said[0].starts_with(&format!("error: {name}:2: signature: ")), "{said:?}");
    assert!(said[1].starts_with(&format!("error: {name}:3: envelope: private key")), "{said:?}");
    let pair = format!("warning: {name}:4: {} signed two records with seq 5: payloads ", peer(1));
    assert!(said[2].starts_with(&pair), "{said:?}");
    // No key is copied anywhere.
    assert_eq!(std::fs::read_to_string(&rejects).unwrap(), format!("  {bad}\n{other}\n"));

    for over in [&file, &store.db] {
        let before = std::fs::read(over).unwrap();
        let args = [&args[..], &[over.to_str().unwrap()]].concat();
        store.run("import", &args, b"").expect_error(2, &["is the store, or is to be imported"]);
        assert_eq!(std::fs::read(over).unwrap(), before);
    }
}

#[test]
fn an_export_is_told_what_it_is_and_makes_no_store() {
    let text = Store::of(&[(1, 5)]).run("export", &[], b"").expect(0).stdout;
    let store = Store::new();
    let words = ["an export of a store", "peermark store restore"];
    for format in ["auto", "lines"] {
        let args = ["--source", "dht", "--format", format];
        store.run("import", &args, &text).expect_error(1, &words);
        store.run("import", &args, b"").expect(i32::from(format == "auto"));
    }
    assert!(!store.db.exists(), "there was nothing for it");
}

/// What a user gives is not cut at a week, and a delivery that changes nothing says so.
#[test]
fn s4_what_is_cut_or_not_extended_is_said() {
    let store = Store::new();
    let import = |args: &[&str]| store.run("import", args, &lines(&[(1, 1)])).expect(0).stderr;
    assert!(import(&["--source", "dht", "--ttl", "8d"]).contains("warning: --ttl 8d is cut to 7d"));
    assert!(!import(&["--source", "manual", "--ttl", "8d"]).contains("cut"));
    assert!(import(&["--source", "manual", "--ttl", "1d"]).contains("(1 not extended)"));
    assert!(
        import(&["--source", "manual", "--ttl", "100000d"])
            .contains("warning: --ttl 100000d is cut to ")
    );
}

#[test]
fn what_is_stored_is_there_in_the_next_run() {
    let store = Store::of(&[(1, 2)]);
    let run = store.run("records", &[&peer(1)], b"").expect(0);
    assert_eq!(run.text(), hex(record_of(1, 2).as_bytes()) + "\n");
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(1, 1)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);
}

#[test]
fn one_envelope_is_an_import_too() {
    let store = Store::new();
    let file = store.folder.file("alice.record", record_of(1, 1).as_bytes());
    let gone = store.folder.path("gone");
    let (file, gone) = (file.to_str().unwrap(), gone.to_str().unwrap());
    let run = store.run("import", &[file, gone, "--source", "manual"], b"");
    run.expect_error(2, &["cannot open", "gone", "1 read, 1 inserted"]);
    let run = store.run("list", &["--class", "user", "--json"], b"").expect(0);
    assert_eq!(run.objects()[0]["peer_id"], peer(1));
}

#[test]
fn records_live_as_long_as_they_are_given() {
    let store = Store::new();
    store.run("import", &["--source", "dht", "--ttl", "90s"], &lines(&[(1, 1)])).expect(0);
    let run = store.run("show", &[&peer(1), "--json"], b"").expect(0);
    let left = run.objects()[0]["record"]["ttl_ms"].as_u64().unwrap();
    assert!((1..=90_000).contains(&left), "{left}");
    store.run("import", &["--source", "dht"], &lines(&[(2, 1)])).expect(0);
    let run = store.run("show", &[&peer(2), "--json"], b"").expect(0);
    let left = run.objects()[0]["record"]["ttl_ms"].as_u64().unwrap();
    assert!(left > 47 * 3_600_000, "{left}");
}

#[test]
fn the_source_is_who_delivered_it() {
    let store = Store::new();
    for (source, class) in
        [("manual", "user"), ("bootstrap", "user"), ("pubsub", "user"), ("application-7", "user")]
    {
        store.run("import", &["--source", source], &lines(&[(1, 1)])).expect(0);
        let object = store.run("show", &[&peer(1), "--json"], b"").expect(0).objects().remove(0);
        assert_eq!(object["class"], class, "{source}");
    }
    let object = store.run("show", &[&peer(1), "--json"], b"").expect(0).objects().remove(0);
    let kinds = &object["addresses"][0]["claims"][0]["delivered_by"];
    assert_eq!(*kinds, json!(["manual", "bootstrap", "pubsub", "application-0"]));
}

#[test]
fn what_is_wrong_with_the_arguments_is_said() {
    let store = Store::new();
    let check = |args: &[&str], words: &[&str]| {
        let _ = store.run("import", args, b"").expect_error(2, words);
        assert!(!store.db.exists(), "{args:?}");
    };
    check(&[], &["--source"]);
    check(&["--source", "identify"], &["over a connection"]);
    check(&["--source", "certified"], &["peer-exchange"]);
    check(&["--source", "application"], &["application-N"]);
    check(&["--source", "application-70000"], &["application-N"]);
    check(&["--source", "dht", "--ttl", "0s"], &["zero"]);
    check(&["--source", "dht", "--ttl", "1"], &["90s"]);
    check(&["--source", "dht", "--ttl", "99999999999999999999d"], &["beyond all time"]);
    check(&["--source", "dht", "--batch", "0"], &["--batch"]);
    check(&["--source", "dht", "--batch", "-1"], &["--batch"]);
    check(&["--source", "\u{1b}[2J"], &["\\u{1b}[2J"]);
}

#[test]
fn a_batch_is_durable_when_it_is_acknowledged() {
    let store = Store::new();
    let args = ["--source", "dht", "--json", "--batch", "2", "--format", "lines"];
    let args = store.args("import", &args);
    let mut child = command(args).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    input.write_all(&lines(&[(1, 1), (2, 1)])).unwrap();
    assert_eq!(next(), json!({ "acknowledged": 2 }));
    // The input pauses: what came is stored without waiting for more.
    input.write_all(&lines(&[(3, 1)])).unwrap();
    assert_eq!(next(), json!({ "acknowledged": 3 }));
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    assert_eq!(store.list().len(), 3);
    store.run("check", &[], b"").expect(0);
}

#[test]
fn many_lines_are_all_there() {
    let store = Store::new();
    let records: Vec<_> = (0..=255u8).flat_map(|seed| [(seed, 1), (seed, 2), (seed, 3)]).collect();
    let run = store.run("import", &["--source", "dht", "--json", "--batch", "7"], &lines(&records));
    let objects = run.expect(0).objects();
    let acknowledged = objects.iter().filter_map(|object| object["acknowledged"].as_u64());
    let expected: Vec<_> = (1..=109).map(|nth| nth * 7).chain([768]).collect();
    assert_eq!(acknowledged.collect::<Vec<_>>(), expected);
    assert_eq!(objects.last().unwrap()["inserted"], 256);
    assert_eq!(objects.last().unwrap()["replaced"], 512);
    let list = store.list();
    assert_eq!(list.len(), 256);
    assert!(list.iter().all(|row| row.contains("\"seq\":\"3\"")));
}

#[test]
fn a_reader_that_leaves_ends_the_import_without_a_word() {
    let store = Store::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let args = store.args("import", &["--source", "dht", "--json", "--quiet"]);
    let run = finish(command(args).stdout(writer).spawn().unwrap(), &lines(&[(1, 1)]));
    assert_eq!(run.expect(2).stderr, "");
    assert_eq!(store.list().len(), 1, "what was not heard is stored all the same");
}
