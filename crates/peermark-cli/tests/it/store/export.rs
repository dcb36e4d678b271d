//! `store export` and `store restore`: a store by way of text.

use peermark::identity::PeerId;
use peermark::provenance::{DialOutcome, Source};
use serde_json::{Value, json};

use super::{Store, address_of, lines, peer, record_of};
use crate::support::{Folder, alice};

fn id(seed: u8) -> PeerId {
    peer(seed).parse().unwrap()
}

/// A store with something of each kind.
fn full() -> Store {
    let store = Store::of(&[(1, 5), (2, 6), (3, 7)]);
    store.run("import", &["--source", "manual"], &lines(&[(2, 6)])).expect(0);
    let book = store.book();
    let address = "/ip4/5.6.7.8/tcp/1".parse().unwrap();
    let _ = book.report(&id(4), &[address], &Source::DHT.reported_by(id(1))).unwrap();
    let name = "/dns/%25a%20b/tcp/1";
    let name = peermark::peer_record::parse_address(name).unwrap();
    let _ = book.report(&id(4), &[name], &Source::MANUAL).unwrap();
    let own = Source::identify(id(5));
    let _ = book.report(&id(5), &["/ip4/5.6.7.9/tcp/1".parse().unwrap()], &own).unwrap();
    assert!(book.dialed(&id(1), &address_of(1, 5).parse().unwrap(), DialOutcome::Success).unwrap());
    let _ = book.clear(&id(3)).unwrap();
    store
}

#[test]
fn what_is_exported_comes_back() {
    let store = full();
    let file = store.folder.path("export");
    let run = store.run("export", &["--output", file.to_str().unwrap()], b"").expect(0);
    assert_eq!(run.stderr, "5 peers exported\n");
    let copy = Store::new();
    let run = copy.run("restore", &[file.to_str().unwrap(), "--json"], b"").expect(0);
    let expected = json!({
        "read": 5, "peers": 5, "records": 2, "ended": 0, "claims": 4,
        "left_out": 0, "floors": 1, "refused": 0,
    });
    assert_eq!(run.objects(), [json!({ "acknowledged": 5 }), expected]);
    assert_eq!(copy.list(), store.list());
    let shown = |store: &Store, seed| {
        let run = store.run("show", &[&peer(seed), "--json"], b"").expect(0);
        let mut object = run.objects().remove(0);
        forget_time(&mut object);
        object
    };
    for seed in 1..=5 {
        assert_eq!(shown(&copy, seed), shown(&store, seed), "{seed}");
    }
    // The floor without a record came along.
    let run = copy.run("import", &["--source", "dht", "--json"], &lines(&[(3, 6)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);
    copy.run("check", &[], b"").expect(0);

    // Once more changes nothing, and standard output is as good as a file.
    let text = store.run("export", &[], b"").expect(0).stdout;
    copy.run("restore", &["-"], &text).expect(0);
    assert_eq!(copy.list(), store.list());
}

fn forget_time(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // Without --trust-times contacts and first acceptances are claims.
            for time in ["ttl_ms", "accepted_ms_ago", "contact_ms_ago"] {
                map.remove(time);
            }
            map.values_mut().for_each(forget_time);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_time),
        _ => {}
    }
}

#[test]
fn what_does_not_parse_or_verify_is_refused_by_its_line() {
    let text = full().run("export", &[], b"").expect(0).text().to_owned();
    let row = text.lines().find(|line| line.contains("\"envelope\"")).unwrap();
    let mut forged: Value = serde_json::from_str(row).unwrap();
    let other = data_encoding::BASE64.encode(record_of(9, 1).as_bytes());
    forged["accepted"]["envelope"] = json!(other);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(row).unwrap();
        change(&mut value);
        value.to_string()
    };
    let peer = peer(9);
    let claim = |claim: &str| {
        format!(
            "{{\"peer\":\"{peer}\",\"addresses\":[{{\"address\":\"/ip4/1.2.3.4/tcp/1\",\"claims\":[{claim}]}}]}}"
        )
    };
    let times = "\"first_ms\":1,\"last_ms\":1,\"left_ms\":1,\"ttl_ms\":1";
    let by = |source: &str| claim(&format!("{{{source},{times}}}"));
    let rows: Vec<(String, &str)> = vec![
        (forged.to_string(), "record of another peer"),
        (with(&|row| row["accepted"]["envelope"] = json!("AAAA")), "invalid record: "),
        (with(&|row| row["accepted"]["envelope"] = json!("*")), "invalid base64"),
        (with(&|row| row["accepted"]["delivered_by"] = json!([])), "without a source"),
        (with(&|row| row["accepted"]["left_ms"] = json!(-1)), "invalid value"),
        (with(&|row| row["peer"] = json!("\u{1b}[2J")), "invalid peer id"),
        (with(&|row| row["more"] = json!(1)), "unknown field `more`"),
        (with(&|row| row["\u{1b}[2J"] = json!(1)), "unknown field `\\u{1b}[2J`"),
        (with(&|row| row["accepted"]["payload"] = json!("00")), "32 bytes"),
        (with(&|row| row["accepted"]["seq"] = json!("x")), "sequence number"),
        (with(&|row| row["accepted"]["seq"] = json!("4")), "sequence number"),
        (by("\"source\":\"certified\""), "unknown source"),
        (by("\"source\":\"identify\""), "identify cannot report another peer"),
        (by("\"source\":\"dialed\",\"reporter\":\"x\""), "a handshake with a reporter"),
        (by("\"source\":\"dht\",\"reporter\":\"x\""), "invalid reporter"),
        (format!("{{\"peer\":\"{peer}\",\"addresses\":[{{\"claims\":[]}}]}}"), "text or bytes"),
        ("[".repeat(100_000), "invalid type"),
        (String::new(), "EOF"),
        ("\u{0}".to_owned(), "expected value"),
        ("x".repeat(5 << 20), "more than 4194304 bytes"),
    ];
    let store = Store::new();
    let mut input = "{\"peermark-export\":2}\n".to_owned();
    rows.iter().for_each(|(row, _)| input += &format!("{row}\n"));
    input += row;
    let run = store.run("restore", &["-", "--json"], input.as_bytes()).expect(1);
    let mut objects = run.objects();
    let summary = objects.pop().unwrap();
    objects.retain(|object| object["refused"].is_string());
    assert_eq!(objects.len(), rows.len(), "{objects:?}");
    for (nth, ((_, words), object)) in rows.iter().zip(&objects).enumerate() {
        let at = (object["file"].as_str(), object["line"].as_u64());
        assert_eq!(at, (Some("-"), Some(nth as u64 + 2)), "{words}");
        assert!(object["error"].as_str().unwrap().contains(words), "{words}: {object}");
    }
    assert_eq!((&summary["peers"], &summary["refused"]), (&json!(1), &json!(rows.len())));
    store.run("check", &[], b"").expect(0);
}

/// In words the first of them are named, and how many there are more.
#[test]
fn refused_lines_are_named_by_file_and_line() {
    let store = Store::new();
    let mut text = "{\"peermark-export\":2}\n".to_owned();
    text += &"nonsense\n".repeat(25);
    let file = store.folder.file("a.jsonl", text.as_bytes());
    let run = store.run("restore", &[file.to_str().unwrap()], b"").expect(1);
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 20, "{}", run.stderr);
    let name = file.display();
    assert!(errors[0].starts_with(&format!("error: {name}:2: ")), "{}", errors[0]);
    assert!(errors[19].starts_with(&format!("error: {name}:21: ")), "{}", errors[19]);
    assert!(run.stderr.contains("... and 5 more lines were refused\n"), "{}", run.stderr);
}

/// A record that is too old by what the export says of it leaves its floor.
#[test]
fn s3_a_record_that_is_over_leaves_its_floor() {
    let text = Store::of(&[(1, 5)]).run("export", &[], b"").expect(0).text().to_owned();
    let mut lines_of = text.lines();
    let mut input = format!("{}\n", lines_of.next().unwrap());
    let mut row: Value = serde_json::from_str(lines_of.next().unwrap()).unwrap();
    row["accepted"]["first_ms"] = json!(8 * 86_400_000u64);
    input += &format!("{row}\n");
    let store = Store::new();
    let run = store.run("restore", &["-", "--json"], input.as_bytes()).expect(0);
    let expected = json!({
        "read": 1, "peers": 1, "records": 0, "ended": 1, "claims": 0,
        "left_out": 0, "floors": 1, "refused": 0,
    });
    assert_eq!(run.objects().pop().unwrap(), expected);
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(1, 4)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);
}

/// An export of a store of the owner's: ages are ages.
#[test]
fn s4_trusted_times_come_back_as_they_were() {
    let store = full();
    let text = store.run("export", &[], b"").expect(0).stdout;
    let copy = Store::new();
    copy.run("restore", &["-", "--trust-times"], &text).expect(0);
    let again = copy.run("export", &[], b"").expect(0).stdout;
    let rows = |text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap();
        let mut rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // A floor without its record is one from outside there, and ends after a day.
        rows.retain(|row| row["peer"] != json!(peer(3)));
        rows.sort_by_key(|row| row["peer"].to_string());
        rows
    };
    fn round(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    if name.ends_with("_ms") {
                        // To ten minutes, which is more than the test takes.
                        *value = json!((value.as_u64().unwrap() + 300_000) / 600_000);
                    }
                    round(value);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(round),
            _ => {}
        }
    }
    let rounded = |text: &[u8]| {
        let mut rows = rows(text);
        rows.iter_mut().for_each(round);
        rows
    };
    assert_eq!(rounded(&again), rounded(&text));
}

#[test]
fn an_export_of_version_1_is_read() {
    let store = Store::new();
    let envelope = data_encoding::BASE64.encode(record_of(1, 5).as_bytes());
    let floor = format!("{{\"seq\":\"9\",\"digest\":\"{}\",\"life_ms\":600000}}", "ab".repeat(32));
    let text = format!(
        "{{\"peermark-export\":1}}\n\
         {{\"peer\":\"{}\",\"record\":{{\"envelope\":\"{envelope}\",\"delivered_by\":[\"dht\"],\"ttl_ms\":60000}},\
         \"addresses\":[{{\"address\":\"/ip4/5.6.7.8/tcp/1\",\"claims\":[{{\"source\":\"manual\",\"ttl_ms\":60000}}]}}]}}\n\
         {{\"peer\":\"{}\",\"floor\":{floor}}}\n",
        peer(1),
        peer(2),
    );
    let run = store.run("restore", &["-", "--json"], text.as_bytes()).expect(0);
    let expected = json!({
        "read": 2, "peers": 2, "records": 1, "ended": 0, "claims": 1,
        "left_out": 0, "floors": 1, "refused": 0,
    });
    assert_eq!(run.objects().pop().unwrap(), expected);
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(2, 8)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);
}

#[test]
fn what_is_no_export_makes_no_store() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let store = Store::new();
    for (input, words) in [
        (&b""[..], "is not an export"),
        (b"\n", "is not an export"),
        (b"{}\n", "is not an export"),
        (b"{\"peermark-export\":3}\n", "version 3; this reads versions 1 to 2"),
        (b"\xff\xfe\x00", "is not an export"),
    ] {
        store.run("restore", &["-"], input).expect_error(1, &[words]);
    }
    let key = key.to_str().unwrap();
    store.run("restore", &[key], b"").expect_error(1, &["is not an export"]);
    store.run("restore", &["/no/such"], b"").expect_error(2, &["cannot open"]);
    // The older name of the same.
    store.run("import", &["--export", "-"], b"{}\n").expect_error(1, &["is not an export"]);
    let both = ["--export", "-", "--source", "dht"];
    store.run("import", &both, b"").expect_error(2, &["cannot be used with"]);
    assert!(!store.db.exists());
}

#[test]
fn an_export_is_not_written_over_the_store_or_a_key() {
    let store = full();
    let key = store.folder.file("key", &alice().encode());
    let before = store.list();
    let db = store.db.to_str().unwrap();
    store.run("export", &["--output", db], b"").expect_error(2, &["is the store"]);
    store
        .run("export", &["--output", key.to_str().unwrap()], b"")
        .expect_error(2, &["private key"]);
    store.run("export", &["--output", "/no/such/x"], b"").expect_error(2, &["cannot write"]);
    assert_eq!(store.list(), before);
}
