//! `store show`, `list`, `records`, `sweep`, `stats`, `check`, `forget`, and `plan --db`.

use std::time::Duration;

use peermark::identity::PeerId;
use peermark::provenance::{DialOutcome, Source};
use serde_json::json;

use super::{Store, address_of, lines, peer, record_of};
use crate::support::{Folder, command, finish, hex, peermark};
use data_encoding::BASE64;

const HOUR: Duration = Duration::from_secs(3600);

fn id(seed: u8) -> PeerId {
    peer(seed).parse().unwrap()
}

#[test]
fn show_has_everything_that_is_known() {
    let store = Store::of(&[(1, 9)]);
    let book = store.book();
    let reporter = Source::DHT.reported_by(id(7));
    let _ = book.report(&id(1), &["/ip4/5.6.7.8/tcp/1".parse().unwrap()], &reporter).unwrap();
    assert!(book.dialed(&id(1), &address_of(1, 9).parse().unwrap(), DialOutcome::Success).unwrap());
    drop(book);

    let text = store.run("show", &[&peer(1)], b"").expect(0);
    for part in [
        peer(1).as_str(),
        "class      dialed",
        "record     seq 9, ",
        "floor      seq 9, payload ",
        "/ip4/1.2.3.1/tcp/9  dialed       record 9, dialed  48 h",
        "/ip4/5.6.7.8/tcp/1  third-party  dht                1 h",
    ] {
        assert!(text.text().contains(part), "no {part:?} in\n{}", text.text());
    }
    let object = store.run("show", &[&peer(1), "--json"], b"").expect(0).objects().remove(0);
    assert_eq!(object["peer_id"], peer(1));
    assert_eq!(object["class"], "dialed");
    assert_eq!(object["record"]["seq"], "9");
    assert_eq!(object["floor"]["seq"], "9");
    assert_eq!(object["floor"]["payload"].as_str().unwrap().len(), 64);
    let sources = |nth: usize| {
        let claims = object["addresses"][nth]["claims"].as_array().unwrap();
        claims.iter().map(|claim| claim["source"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sources(0), ["record", "dialed"]);
    assert_eq!(sources(1), ["dht"]);
    assert_eq!(object["addresses"][1]["claims"][0]["reporter"], peer(7));

    let unknown = store.run("show", &[&peer(2)], b"");
    unknown.expect_error(1, &["nothing is known of", &peer(2)]);
    store.run("show", &["\u{1b}[2J"], b"").expect_error(2, &["is no peer id"]);
}

#[test]
fn list_has_classes_and_a_limit() {
    let store = Store::of(&[(1, 1), (2, 2), (3, 3)]);
    let book = store.book();
    let _ = book.report(&id(9), &["/ip4/5.6.7.8/tcp/1".parse().unwrap()], &Source::DHT).unwrap();
    drop(book);
    assert_eq!(store.list().len(), 4);
    let run = store.run("list", &["--class", "third-party", "--json"], b"").expect(0);
    let expected =
        json!({ "peer_id": peer(9), "class": "third-party", "addresses": 1, "seq": null });
    assert_eq!(run.objects(), [expected]);
    let run = store.run("list", &["--class", "certified", "--limit", "2"], b"").expect(0);
    assert_eq!(run.text().lines().count(), 2);
    assert!(run.text().contains("  certified     1 address    seq "), "{}", run.text());
    assert_eq!(run.stderr, "there are more than 2: --limit 0 lists all\n");
    let run = store.run("list", &["--class", "certified", "--limit", "3"], b"").expect(0);
    assert_eq!(run.stderr, "", "these are all");
    store.run("list", &["--class", "user"], b"").expect(0);
    store.run("list", &["--class", "mine"], b"").expect_error(2, &["third-party"]);
    store.run("list", &["--limit", "-1"], b"").expect_error(2, &["--limit"]);
}

#[test]
fn records_are_what_was_signed() {
    let store = Store::of(&[(1, 1), (2, 2)]);
    let (one, two) = (record_of(1, 1), record_of(2, 2));
    let run = store.run("records", &[&peer(2), &peer(1)], b"").expect(0);
    assert_eq!(run.text(), format!("{}\n{}\n", hex(two.as_bytes()), hex(one.as_bytes())));
    let run = store.run("records", &[&peer(1), "--format", "base64"], b"").expect(0);
    assert_eq!(run.text(), BASE64.encode(one.as_bytes()) + "\n");
    let run = store.run("records", &[&peer(1), "--format", "raw"], b"").expect(0);
    assert_eq!(run.stdout, one.as_bytes());
    let run = store.run("records", &[&peer(3), &peer(1), "--json"], b"");
    let run = run.expect_error(1, &["there is no record of", &peer(3)]);
    let expected = [
        json!({ "peer_id": peer(3), "envelope": null }),
        json!({ "peer_id": peer(1), "envelope": hex(one.as_bytes()) }),
    ];
    assert_eq!(run.objects(), expected);
    let both = [&peer(1), &peer(2), "--format", "raw"].map(|arg: &str| arg.to_owned());
    let both: Vec<_> = both.iter().map(String::as_str).collect();
    store.run("records", &both, b"").expect_error(2, &["told apart"]);
    store.run("records", &[], b"").expect_error(2, &["PEER"]);
}

#[test]
fn what_is_over_is_swept_and_its_floor_stays() {
    let store = Store::new();
    store.run("import", &["--source", "dht", "--ttl", "1s"], &lines(&[(1, 5)])).expect(0);
    let stats = store.run("stats", &["--json"], b"").expect(0).objects().remove(0);
    assert_eq!(
        (&stats["peers"], &stats["records"], &stats["floors"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(stats["next_expiry_ms"].as_u64().unwrap() <= 1000, "{stats}");
    // Until its second is over, however long a run takes.
    let left = || store.run("stats", &["--json"], b"").expect(0).objects().remove(0);
    assert!((0..10_000).any(|_| left()["next_expiry_ms"] == json!(0)), "it ends");
    assert!(store.list().is_empty());
    let text = store.run("stats", &[], b"").expect(0);
    assert!(text.text().contains("expiry     now; sweep"), "{}", text.text());
    let swept = store.run("sweep", &["--json"], b"").expect(0).objects();
    assert_eq!(swept, [json!({ "peers": 1, "records": 1, "addresses": 1, "floors": 0 })]);
    let run = store.run("sweep", &[], b"").expect(0);
    assert_eq!(run.text(), "swept      0 peers, 0 records, 0 addresses, 0 floors\n");
    let stats = store.run("stats", &["--json"], b"").expect(0).objects().remove(0);
    assert_eq!((&stats["peers"], &stats["floors"]), (&json!(0), &json!(1)));
    assert_eq!(stats["next_expiry_ms"], json!(null));
    let shown = store.run("show", &[&peer(1)], b"").expect(0);
    assert!(shown.text().contains("class      none"), "{}", shown.text());
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(1, 4)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);
    // The same one is taken again, for as long as its age allows.
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(1, 5)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["refreshed"], json!(1));
}

#[test]
fn forget_lets_the_old_back_in() {
    let store = Store::of(&[(1, 5)]);
    let run = store.run("forget", &[&peer(1)], b"").expect(0);
    assert!(run.text().contains("whose floor was seq 5"), "{}", run.text());
    assert!(store.list().is_empty());
    let run = store.run("forget", &[&peer(1), "--json"], b"").expect(0);
    assert_eq!(run.objects(), [json!({ "peer_id": peer(1), "forgotten": false, "floor": null })]);
    let run = store.run("import", &["--source", "dht", "--json"], &lines(&[(1, 4)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["inserted"], 1);
}

#[test]
fn check_says_that_all_is_good() {
    let store = Store::of(&[(1, 1), (2, 2)]);
    let run = store.run("check", &[], b"").expect(0);
    assert!(run.text().starts_with("store      good\nchecked    2 peers, 2 records"), "{run:?}");
    let object = store.run("check", &["--json"], b"").expect(0).objects().remove(0);
    assert_eq!(object["ok"], json!(true));
    assert_eq!(object["damaged_blocks"], json!([]));
}

#[test]
fn a_plan_takes_what_the_store_knows_and_changes_nothing_there() {
    let store = Store::of(&[(1, 5)]);
    let before = store.list();
    let db = store.db.to_str().unwrap().to_owned();
    let plan = |args: &[&str], stdin: &[u8]| {
        let peer = peer(1);
        let fixed = ["plan", &peer, "--db", &db, "--json"];
        peermark(fixed.into_iter().chain(args.iter().copied()), stdin)
    };
    let dials = |args: &[&str], stdin: &[u8]| {
        let object = plan(args, stdin).expect(0).objects().remove(0);
        let dials = object["stages"][0]["dials"].as_array().unwrap().clone();
        dials.iter().map(|dial| dial["address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(dials(&[], b""), [address_of(1, 5)]);
    let user = "/ip4/5.6.7.8/tcp/1";
    assert_eq!(dials(&["--user", user], b"").len(), 2);
    // What is older than what the store knows is not planned with; what is newer is.
    assert_eq!(dials(&["--records", "-"], &lines(&[(1, 4)])), [address_of(1, 5)]);
    assert_eq!(dials(&["--records", "-"], &lines(&[(1, 6)])), [address_of(1, 6)]);
    assert_eq!(store.list(), before);

    // A floor counts as well.
    let book = store.book();
    let _ = book.clear(&id(1)).unwrap();
    drop(book);
    let run = plan(&["--records", "-"], &lines(&[(1, 4)])).expect(1);
    assert_eq!(run.objects()[0]["stages"], json!([]));

    let gone = Folder::new().path("gone");
    let peer = peer(1);
    let run = peermark(["plan", &peer, "--db", gone.to_str().unwrap()], b"");
    run.expect_error(2, &["no store at", "import records first"]);
}

#[test]
fn a_reader_that_leaves_is_no_news() {
    let store = Store::of(&[(1, 1), (2, 2)]);
    let peer = peer(1);
    for (name, args) in [
        ("list", &["--json"][..]),
        ("list", &[]),
        ("show", &[&peer]),
        ("records", &[&peer]),
        ("export", &[]),
        ("stats", &[]),
        ("check", &[]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = command(store.args(name, args)).stdout(writer).spawn().unwrap();
        // Whether all is good is what a check is asked for.
        let status = if name == "check" { 2 } else { 0 };
        assert_eq!(finish(child, b"").expect(status).stderr, "", "{name}");
    }
}

#[test]
fn s14_a_clock_that_was_ahead_and_is_right_again_is_told() {
    let store = Store::of(&[(1, 1)]);
    let check = || store.run("check", &[], b"").expect(0).text().to_owned();
    assert!(!check().contains("clock"), "{}", check());
    // Somebody's clock was two days ahead: what ended stays ended.
    let book = store.book();
    let ahead = book.now().saturating_add(49 * HOUR);
    let _ = book.store().sweep(ahead, 100).unwrap();
    drop(book);
    assert!(store.list().is_empty());
    assert!(check().contains("clock      49 h behind"), "{}", check());
    // A claim that is made now lives as long as it says.
    let args = ["--source", "manual", "--ttl", "1h", "--json"];
    store.run("import", &args, &lines(&[(2, 1)])).expect(0);
    let shown = store.run("show", &[&peer(2), "--json"], b"").expect(0).objects().remove(0);
    let left = shown["record"]["ttl_ms"].as_u64().unwrap();
    assert!((3_590_000..=3_600_000).contains(&left), "{shown}");
}
