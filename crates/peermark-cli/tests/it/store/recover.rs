//! A store that was damaged, end to end: looked at, recovered, opened by a program.

use std::fs;

use peermark::PeerBook;

use super::{Store, peer};

/// A store of 200 peers, closed.
fn store() -> Store {
    let records: Vec<_> = (0..200).map(|seed| (seed, 1)).collect();
    Store::of(&records)
}

/// Everything that reads.
fn readers(peer: &str) -> [(&str, Vec<&str>); 6] {
    [
        ("stats", vec!["--json"]),
        ("list", vec!["--json", "--limit", "0"]),
        ("show", vec![peer]),
        ("records", vec![peer]),
        ("check", vec!["--json"]),
        ("export", vec![]),
    ]
}

fn look(store: &Store, place: &str) {
    let before = fs::read(&store.db).unwrap();
    let known = peer(150);
    for (name, args) in readers(&known) {
        let first = store.run(name, &args, b"");
        let again = store.run(name, &args, b"");
        // Of a listing the times may differ.
        assert_eq!(first.status, again.status, "{place}: {name}: {first:?} {again:?}");
        assert_eq!(first.stdout.is_empty(), again.stdout.is_empty(), "{place}: {name}");
        assert_eq!(fs::read(&store.db).unwrap(), before, "{place}: {name} changed the file");
    }
    let plan = crate::args!["plan", "--db", &store.db, &known];
    let _ = crate::support::peermark(&plan, b"");
    assert_eq!(fs::read(&store.db).unwrap(), before, "{place}: plan changed the file");
}

#[test]
fn f2_damage_never_spreads_and_what_is_left_is_recovered() {
    let sound = store();
    let bytes = fs::read(&sound.db).unwrap();
    // Anywhere: by the golden ratio, which comes everywhere.
    for n in 1..=8_usize {
        let at = 4096 + n.wrapping_mul(0x9e37_79b9) % (bytes.len() - 4096 - 64);
        let place = format!("damage at {at} of {}", bytes.len());
        let store = Store::new();
        let mut damaged = bytes.clone();
        damaged[at..at + 64].iter_mut().for_each(|byte| *byte = !*byte);
        fs::write(&store.db, &damaged).unwrap();
        look(&store, &place);
        let out = store.folder.path("recovered.redb");
        let args = crate::args!["store", "recover", &store.db, "--out", &out, "--json"];
        let run = crate::support::peermark(&args, b"");
        assert!(run.status <= 1, "{place}: {run:?}");
        let report = run.objects().remove(0);
        assert_eq!(fs::read(&store.db).unwrap(), damaged, "{place}: recover changed the source");
        // As a program opens it, with the default limits.
        let book = PeerBook::builder().open(&out).unwrap();
        let held = book.usage().peers;
        let lost = usize::try_from(report["lost"].as_u64().unwrap()).unwrap();
        assert!(held + lost >= 200 && lost <= 2, "{place}: {held} held, {report}");
        drop(book);
        let again = crate::support::peermark(&args, b"");
        again.expect_error(2, &["cannot create", "recovered.redb"]);
    }
}

#[test]
#[cfg(unix)]
fn f2_a_store_that_nobody_may_write_to_is_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let store = store();
    fs::set_permissions(&store.db, fs::Permissions::from_mode(0o444)).unwrap();
    look(&store, "mode 0444");
    for (name, args) in readers(&peer(150)) {
        store.run(name, &args, b"").expect(0);
    }
    // Several at once, and a writer beside none of them.
    let read = || PeerBook::builder().open_read_only(&store.db).unwrap();
    let (one, two) = (read(), read());
    assert_eq!((one.usage(), one.peers().count()), (two.usage(), 200));
    fs::set_permissions(&store.db, fs::Permissions::from_mode(0o600)).unwrap();
    store.run("sweep", &[], b"").expect_error(2, &["is in use"]);
    drop((one, two));
    store.run("sweep", &[], b"").expect(0);
}

#[test]
fn f2_an_export_goes_on_behind_damage_and_says_what_is_missing() {
    let store = store();
    let mut bytes = fs::read(&store.db).unwrap();
    let envelope = super::record_of(150, 1).into_bytes();
    let at = bytes.windows(64).rposition(|window| *window == envelope[..64]);
    let at = at.expect("records are stored as they are");
    bytes[at..at + 64].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(&store.db, &bytes).unwrap();
    let run = store.run("export", &[], b"");
    let lines = run.text().lines().count() - 1;
    let run = run.expect_error(1, &["cannot be read", "peermark store recover"]);
    assert!(run.stderr.contains(&format!("{} peer", 200 - lines)), "{run:?}");
    assert!(lines >= 180, "{lines}");
    let out = store.folder.path("peers.jsonl");
    let args = ["--json", "--output", out.to_str().unwrap()];
    let summary = store.run("export", &args, b"").expect(1).objects().remove(0);
    assert_eq!(summary["missing"], 200 - lines);
    assert_eq!(store.run("list", &["--limit", "0"], b"").expect(1).text().lines().count(), lines);
}
