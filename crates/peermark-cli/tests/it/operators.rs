//! What operators asked for: filters, dates, `diff`, `key export`, `sign --renew`, errors as JSON.

use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialect, Dialects, PeerRecord};
use peermark::provenance::Source;
use peermark::wire::Writer;
use serde_json::json;

use crate::store::{Store, keypair, lines, peer, record_of};
use crate::support::{Folder, command, finish, hex, peermark};

#[test]
fn a_list_is_filtered_by_its_addresses() {
    let store = Store::of(&[(1, 1), (2, 2), (3, 3)]);
    let book = store.book();
    let report = |seed: u8, address: &str, source: Source| {
        let _ =
            book.report(&keypair(seed).peer_id(), &[address.parse().unwrap()], &source).unwrap();
    };
    report(2, "/ip6/2001:db8::7/udp/1/quic-v1", Source::PUBSUB);
    report(3, "/dns/example.com/tcp/443/tls/ws", Source::MDNS);
    report(4, "/ip4/10.1.2.3/tcp/1", Source::MANUAL);
    drop(book);
    let ids = |args: &[&str]| {
        let run = store.run("list", &[&["--ids"], args].concat(), b"").expect(0);
        let mut ids: Vec<_> = run.text().lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    let of = |seeds: &[u8]| {
        let mut ids: Vec<_> = seeds.iter().map(|seed| peer(*seed)).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&[]), of(&[1, 2, 3, 4]));
    assert_eq!(ids(&["--transport", "quic-v1"]), of(&[2]));
    assert_eq!(ids(&["--transport", "wss"]), of(&[3]));
    assert_eq!(ids(&["--transport", "tcp"]), of(&[1, 2, 3, 4]));
    assert_eq!(ids(&["--address", "1.2.3.0/24"]), of(&[1, 2, 3]));
    assert_eq!(ids(&["--address", "1.2.3.2"]), of(&[2]));
    assert_eq!(ids(&["--address", "2001:db8::/32"]), of(&[2]));
    assert_eq!(ids(&["--source", "pubsub"]), of(&[2]));
    assert_eq!(ids(&["--source", "dht"]), of(&[1, 2, 3]));
    assert_eq!(ids(&["--class", "user"]), of(&[4]));
    assert_eq!(ids(&["--expires-within", "11m"]), of(&[3]));
    // One address has to satisfy all of it.
    assert_eq!(ids(&["--source", "pubsub", "--address", "1.2.3.2"]), of(&[]));
    for (args, words) in [
        (&["--address", "example.com"][..], &["not an IP address or a network"][..]),
        (&["--source", "nobody"], &["--source"]),
        (&["--expires-within", "1w"], &["--expires-within"]),
        (&["--ids", "--json"], &["--ids", "--json"]),
    ] {
        store.run("list", args, b"").expect_error(2, words);
    }
}

#[test]
fn the_store_is_named_by_the_environment() {
    let store = Store::of(&[(1, 1)]);
    let run = |args: &[&str]| {
        let mut command = command(args);
        command.env("PEERMARK_DB", &store.db);
        finish(command.spawn().unwrap(), b"")
    };
    assert!(run(&["store", "list"]).expect(0).text().starts_with(&peer(1)));
    // What is said on the command line counts more.
    run(&["store", "list", "--db", "/nonexistent/x.redb"]).expect_error(2, &["no store at"]);
}

#[test]
fn dates_are_shown_to_people() {
    let store = Store::new();
    let key = keypair(1);
    let addresses = ["/ip4/1.2.3.4/tcp/1".parse().unwrap()];
    let record = PeerRecord::new(key.peer_id(), 1_796_072_760.into(), addresses);
    let record = record.certify(&key, Dialect::PeerRecord).unwrap();
    store.run("import", &["--source", "dht"], hex(record.as_bytes()).as_bytes()).expect(0);
    let text = store.run("show", &[&peer(1)], b"").expect(0);
    for part in
        ["\u{2248} 2026-11-30 21:06 UTC, if it is a clock", "accepted   0 s ago (20", " UTC)\n"]
    {
        assert!(text.text().contains(part), "no {part:?} in\n{}", text.text());
    }
    let record = record_of(2, 7);
    let text = peermark(["verify"], hex(record.as_bytes()).as_bytes()).expect(0);
    assert!(!text.text().contains("clock"), "{}", text.text());
}

#[test]
fn events_are_shown_on_request() {
    let store = Store::of(&[(1, 9)]);
    let stale = lines(&[(1, 8)]);
    let run = |more: &[&str]| store.run("import", &[&["--source", "dht"], more].concat(), &stale);
    assert!(!run(&[]).stderr.contains("DEBUG"));
    let told = run(&["-v"]).expect(0);
    assert!(told.stderr.contains("DEBUG") && told.stderr.contains("stale"), "{}", told.stderr);
}

#[test]
fn errors_are_objects_where_results_are() {
    let of = |args: &[&str]| {
        let run = peermark(args, b"");
        let line = run.stderr.lines().next().unwrap_or_default();
        (run.status, serde_json::from_str::<serde_json::Value>(line).expect(&run.stderr))
    };
    let (status, error) = of(&["store", "list", "--json", "--db", "/nonexistent/x.redb"]);
    assert_eq!(status, 2);
    assert!(error["error"].as_str().unwrap().starts_with("no store at"), "{error}");
    let (status, error) = of(&["key", "show", "--json", "/nonexistent/\u{1b}[2J.key"]);
    assert_eq!(status, 2);
    assert!(!error["error"].as_str().unwrap().contains('\u{1b}'), "{error}");
    let (status, error) = of(&["store", "list", "--json", "--limit", "x"]);
    assert_eq!(status, 2);
    assert!(error["error"].as_str().unwrap().contains("invalid value 'x'"), "{error}");
}

#[test]
fn diff_tells_what_changed_and_which_is_newer() {
    let folder = Folder::new();
    let write = |name: &str, seed: u8, seq: &str, addresses: &[&str]| {
        let (key, out) = (folder.path(&format!("{seed}.key")), folder.path(name));
        if !key.exists() {
            std::fs::write(&key, &*keypair(seed).encode()).unwrap();
        }
        let mut args: Vec<std::ffi::OsString> = vec!["sign".into(), "--key".into(), key.into()];
        args.extend([
            "--seq".into(),
            seq.into(),
            "--out".into(),
            out.clone().into(),
            "--addr".into(),
        ]);
        args.extend(addresses.iter().map(Into::into));
        peermark(args, b"").expect(0);
        out
    };
    let (one, two, three) = ("/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/tcp/2", "/ip4/1.2.3.4/tcp/3");
    let a = write("a", 1, "5", &[one, two]);
    let b = write("b", 1, "6", &[two, three]);
    let diff = |one: &std::path::Path, other: &std::path::Path, json: bool| {
        let mut args: Vec<std::ffi::OsString> = vec!["diff".into(), one.into(), other.into()];
        args.extend(json.then(|| "--json".into()));
        peermark(args, b"")
    };
    let text = diff(&a, &b, false).expect(1);
    for part in [format!("-  {one}\n"), format!("+  {three}\n"), format!("   {two}\n")] {
        assert!(text.text().contains(&part), "{}", text.text());
    }
    assert!(text.text().ends_with("B is newer\n"));
    let object = diff(&b, &a, true).expect(1).objects().remove(0);
    assert_eq!(object["newer"], "A");
    assert_eq!((&object["added"], &object["removed"]), (&json!([one]), &json!([three])));
    assert_eq!(object["one"]["seq"], "6");
    diff(&a, &a, false).expect(0);
    let same_seq = write("c", 1, "5", &[three]);
    assert!(diff(&a, &same_seq, false).expect(1).text().contains("a contradiction"));
    let other_peer = write("d", 2, "9", &[one, two]);
    assert!(diff(&a, &other_peer, false).expect(0).text().contains("two peers"));
    std::fs::write(folder.path("junk"), "junk").unwrap();
    diff(&a, &folder.path("junk"), false).expect_error(1, &["junk"]);
}

#[test]
fn r7_renewing_keeps_the_addresses_and_the_dialect() {
    let folder = Folder::new();
    let (key, out) = (folder.path("a.key"), folder.path("a.record"));
    std::fs::write(&key, &*keypair(1).encode()).unwrap();
    let sign = |args: &[&str]| {
        let mut all = crate::args!["sign", "--key", &key, "--out", &out].to_vec();
        all.extend(args.iter().map(std::ffi::OsString::from));
        peermark(all, b"")
    };
    // A clock that was ahead when it was signed.
    let ahead = u64::MAX - 1;
    let address = "/ip4/1.2.3.4/tcp/1";
    let seq = ahead.to_string();
    sign(&["--addr", address, "--seq", &seq, "--dialect", "routing-state"]).expect(0);
    let before = CertifiedRecord::verify(&std::fs::read(&out).unwrap(), Dialects::Any).unwrap();
    let path = out.to_str().unwrap();
    sign(&["--renew", path]).expect(0);
    let after = CertifiedRecord::verify(&std::fs::read(&out).unwrap(), Dialects::Any).unwrap();
    assert_eq!(after.seq().value(), ahead + 1);
    assert_eq!(after.dialect(), before.dialect());
    assert!(after.addresses().eq(before.addresses()));
    // There is no higher number.
    sign(&["--renew", path]).expect_error(2, &["sequence number"]);
    sign(&["--renew", path, "--addr", address]).expect_error(2, &["--renew", "--addr"]);
    std::fs::remove_file(&key).unwrap();
    std::fs::write(&key, &*keypair(2).encode()).unwrap();
    sign(&["--renew", path, "--seq", "1"]).expect_error(1, &["not the key of the record"]);
}

#[test]
fn keys_are_exported_and_bare_secrets_imported() {
    let folder = Folder::new();
    let key = keypair(7);
    let seed = [7; 32];
    for (name, content, kind, expected) in [
        ("raw", seed.to_vec(), "ed25519", key.peer_id()),
        ("hex", hex(&seed).into_bytes(), "ed25519", key.peer_id()),
        ("0x", format!("0x{}\n", hex(&seed)).into_bytes(), "ed25519", key.peer_id()),
        (
            "k1",
            seed.to_vec(),
            "secp256k1",
            Keypair::secp256k1_from_secret(&seed).unwrap().peer_id(),
        ),
        ("message", key.encode().to_vec(), "ed25519", key.peer_id()),
    ] {
        let (from, to) = (folder.path(name), folder.path(&format!("{name}.key")));
        std::fs::write(&from, content).unwrap();
        let run = peermark(crate::args!["key", "import", &from, "--type", kind, "--out", &to], b"");
        assert_eq!(run.expect(0).text().trim(), expected.to_string(), "{name}");
        let shown =
            peermark(crate::args!["key", "export", &to, "--public", "--format", "hex"], b"");
        assert_eq!(shown.expect(0).text().trim().len() % 2, 0);
    }
    let (message, out) = (folder.path("message.key"), folder.path("exported"));
    let import = |kind: &str, from: &std::path::Path| {
        let to = folder.path("never");
        peermark(crate::args!["key", "import", from, "--type", kind, "--out", &to], b"")
    };
    import("secp256k1", &message).expect_error(1, &["Ed25519"]);
    std::fs::write(folder.path("zero"), [0; 32]).unwrap();
    import("secp256k1", &folder.path("zero")).expect_error(1, &["no private key"]);
    assert!(!folder.path("never").exists());

    let export = |args: &[&str]| {
        let mut all = crate::args!["key", "export", &message].to_vec();
        all.extend(args.iter().map(std::ffi::OsString::from));
        peermark(all, b"")
    };
    export(&[]).expect_error(2, &["--out"]);
    export(&["--out", "-"]).expect_error(2, &["not to a pipe"]);
    export(&["--out", out.to_str().unwrap()]).expect(0);
    let text = std::fs::read(&out).unwrap();
    assert_eq!(data_encoding::BASE64.decode(text.trim_ascii()).unwrap(), &*key.encode());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(out.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    export(&["--out", out.to_str().unwrap()]).expect_error(2, &["exists"]);
    let public = export(&["--public", "--format", "hex"]).expect(0);
    assert_eq!(public.text().trim(), hex(&key.public_key().encode()));
}

#[test]
fn d2_an_identify_message_is_recognised() {
    let record = record_of(1, 4);
    let mut message = Vec::new();
    let mut writer = Writer::new(&mut message);
    writer.bytes(5, b"ipfs/0.1.0");
    writer.bytes(1, &keypair(1).public_key().encode());
    writer.bytes(2, &[4, 1, 2, 3, 4, 6, 0, 1]);
    writer.bytes(8, record.as_bytes());
    writer.bytes(3, b"/ipfs/id/1.0.0");
    for args in [&["verify"][..], &["inspect"], &["verify", "--json"]] {
        let run = peermark(args, &message).expect(0);
        assert!(run.text().contains(&peer(1)), "{}", run.text());
        assert!(run.stderr.contains("identify message"), "{}", run.stderr);
    }
    // A line of a list is read as well.
    let two = format!("{}\n{}\n", hex(&message), hex(record.as_bytes()));
    let run = peermark(["verify", "--format", "lines"], two.as_bytes()).expect(0);
    assert_eq!(run.text().lines().count(), 2);
    // A record that was tampered with is refused in there as well.
    let mut broken = record.as_bytes().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let mut message = Vec::new();
    Writer::new(&mut message).bytes(8, &broken);
    peermark(["verify"], &message).expect(1);
}
