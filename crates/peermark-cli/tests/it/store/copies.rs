//! `store merge`, `compact` and `backup`: other files with the same in them.

use serde_json::{Value, json};

use super::{Store, lines, peer, record_of};
use crate::support::peermark;

/// What an export says, to ten minutes, in the order of its lines.
fn exported(db: &std::path::Path) -> Vec<String> {
    let args = crate::args!["store", "export", "--db", db];
    let mut rows: Vec<Value> = peermark(args, b"").expect(0).objects();
    fn round(value: &mut Value) {
        match value {
            Value::Object(map) => map.iter_mut().for_each(|(name, value)| {
                if name.ends_with("_ms") {
                    *value = json!((value.as_u64().unwrap() + 300_000) / 600_000);
                }
                round(value);
            }),
            Value::Array(values) => values.iter_mut().for_each(round),
            _ => {}
        }
    }
    rows.iter_mut().for_each(round);
    let mut rows: Vec<_> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

#[test]
fn g2_two_stores_make_the_same_third_in_either_order() {
    let one = Store::of(&[(1, 5), (2, 6), (3, 1), (5, 5)]);
    let other = Store::of(&[(1, 6), (2, 5), (4, 1)]);
    // A contradiction, of which each has one half; and a floor alone.
    let half = {
        use peermark::peer_record::{Dialect, PeerRecord};
        let key = super::keypair(3);
        let address = "/ip4/9.9.9.9/tcp/9".parse().unwrap();
        let record = PeerRecord::new(key.peer_id(), 1.into(), [address]);
        crate::support::hex(record.certify(&key, Dialect::PeerRecord).unwrap().as_bytes())
    };
    other.run("import", &["--source", "pubsub"], half.as_bytes()).expect(0);
    assert!(one.book().clear(&peer(5).parse().unwrap()).unwrap());
    let before = [&one, &other].map(Store::list);
    let [c, d] = ["c", "d"].map(|name| one.folder.path(name));
    for (a, b, out) in [(&one, &other, &c), (&other, &one, &d)] {
        let args = crate::args!["store", "merge", &a.db, &b.db, "--out", out, "--json"];
        let run = peermark(args, b"").expect(0);
        let expected = json!({ "joined": 8, "peers": 4, "records": 4, "floors": 1 });
        assert_eq!(run.objects(), [expected]);
        peermark(crate::args!["store", "check", "--db", out], b"").expect(0);
    }
    assert_eq!(exported(&c), exported(&d));
    assert_eq!([&one, &other].map(Store::list), before);

    // The newer record, whichever it came from; and what was cleared stays refused.
    let rows = exported(&c).join("\n");
    for (seed, seq) in [(1, 6), (2, 6), (4, 1)] {
        let envelope = data_encoding::BASE64.encode(record_of(seed, seq).as_bytes());
        assert!(rows.contains(&envelope), "{seed}");
    }
    let args = crate::args!["store", "import", "--source", "dht", "--json", "--db", &c];
    let run = peermark(args, &lines(&[(5, 4)])).expect(0);
    assert_eq!(run.objects().pop().unwrap()["stale"], 1);

    // Nothing is written over, and nothing is left behind.
    let args = crate::args!["store", "merge", &one.db, &other.db, "--out", &c];
    peermark(args, b"").expect_error(2, &["is there already"]);
    let args = crate::args!["store", "merge", &one.db, "/no/such", "--out", one.folder.path("e")];
    peermark(args, b"").expect_error(2, &["no store at"]);
    let left = std::fs::read_dir(c.parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_compacted_store_is_smaller_and_holds_the_same() {
    let store = Store::new();
    let records: Vec<_> = (0..=255u8).map(|seed| (seed, 1)).collect();
    store.run("import", &["--source", "dht", "-q"], &lines(&records)).expect(0);
    for seed in 50..=255u8 {
        assert!(store.book().forget(&peer(seed).parse().unwrap()).unwrap().is_some());
    }
    let before = store.list();
    let args = crate::args!["store", "compact", &store.db, "--json"];
    let object = peermark(args, b"").expect(0).objects().remove(0);
    let [was, is] = ["bytes_before", "bytes_after"].map(|name| object[name].as_u64().unwrap());
    assert!(is < was, "{object}");
    assert_eq!(store.db.metadata().unwrap().len(), is);
    assert_eq!((before.len(), store.list()), (50, before));
    store.run("check", &[], b"").expect(0);
    let gone = crate::args!["store", "compact", "/no/such"];
    peermark(gone, b"").expect_error(2, &["no store at"]);
}

#[test]
fn a_backup_is_the_store_again() {
    let store = Store::of(&[(1, 5), (2, 6)]);
    assert!(store.book().clear(&peer(2).parse().unwrap()).unwrap());
    let copy = store.folder.path("copy");
    let args = crate::args!["store", "backup", &store.db, "--out", &copy, "--json"];
    let object = peermark(&args, b"").expect(0).objects().remove(0);
    let bytes = copy.metadata().unwrap().len();
    assert_eq!(object, json!({ "peers": 1, "floors": 1, "bytes": bytes }));
    assert_eq!(exported(&copy), exported(&store.db));
    peermark(crate::args!["store", "check", "--db", &copy], b"").expect(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    peermark(&args, b"").expect_error(2, &["cannot create"]);
    assert_eq!(copy.metadata().unwrap().len(), bytes);
}
