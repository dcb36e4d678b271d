//! `peermark sign`: what it signs is what `verify` reads.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use peermark::identity::{Keypair, PeerIdExt as _};
use peermark::peer_record::{CertifiedRecord, Dialect, Dialects, PeerRecord, Seq};
use serde_json::json;

use crate::args;
use crate::support::{ADDRESSES, Folder, Run, alice, data, hex, peermark, record, tampered};

fn decode(bytes: &[u8]) -> CertifiedRecord {
    CertifiedRecord::verify(bytes, Dialects::Any).unwrap()
}

#[test]
fn what_is_signed_verifies_in_every_format() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let sign = |more: &[&str]| {
        let mut args = args!["sign", "--key", &key, "--seq", "5", "--addr"].to_vec();
        args.extend(ADDRESSES.iter().chain(more).map(Into::into));
        peermark(args, b"").expect(0).stdout
    };
    let raw = sign(&[]);
    let record = decode(&raw);
    assert_eq!(record.peer_id(), alice().peer_id());
    assert_eq!((record.seq().value(), record.dialect()), (5, Dialect::PeerRecord));
    assert!(record.addresses().map(|address| address.to_string()).eq(ADDRESSES));

    assert_eq!(sign(&["--format", "raw"]), raw);
    assert_eq!(sign(&["--format", "hex"]), format!("{}\n", HEXLOWER.encode(&raw)).as_bytes());
    assert_eq!(sign(&["--format", "base64"]), format!("{}\n", BASE64.encode(&raw)).as_bytes());
    let other = decode(&sign(&["--dialect", "routing-state"]));
    assert_eq!(other.dialect(), Dialect::RoutingState);

    let out = folder.file("out", crate::support::record(4).as_bytes());
    assert_eq!(sign(&["--out", out.to_str().unwrap()]), b"");
    assert_eq!(fs::read(out).unwrap(), raw);
    assert_eq!(sign(&["--out", "-"]), raw);
}

#[test]
fn every_type_of_key_signs() {
    for name in ["ed25519.pkcs8.pem", "rsa.pkcs1.pem", "ecdsa.sec1.pem", "secp256k1.sec1.pem"] {
        let args = args!["sign", "--key", data(name), "--addr", ADDRESSES[0], "--format", "hex"];
        let signed = peermark(args, b"").expect(0).stdout;
        let run = peermark(["verify", "--json"], &signed).expect(0);
        assert_eq!(run.objects()[0]["addresses"], json!([ADDRESSES[0]]), "{name}");
    }
}

#[test]
fn the_key_may_come_from_standard_input() {
    let args = ["sign", "--key", "-", "--addr", ADDRESSES[0]];
    let run = peermark(args, &alice().encode()).expect(0);
    assert_eq!(decode(&run.stdout).peer_id(), alice().peer_id());
}

#[test]
fn r4_without_a_seq_it_rises_with_the_clock() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let sign = || {
        let run = peermark(args!["sign", "--key", &key, "--addr", ADDRESSES[0]], b"").expect(0);
        decode(&run.stdout).seq()
    };
    let (first, second) = (sign(), sign());
    assert!(first < second, "{first} {second}");
    assert!(first.value() > 1_600_000_000_000_000_000, "nanoseconds: {first}");
}

#[test]
fn r3_withdrawing_everything_is_said_in_so_many_words() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let run = peermark(args!["sign", "--key", &key, "--withdraw-all"], b"").expect(0);
    assert_eq!(decode(&run.stdout).addresses().len(), 0);
    peermark(args!["sign", "--key", &key], b"").expect_error(2, &["--addr"]);
    let both = args!["sign", "--key", &key, "--withdraw-all", "--addr", ADDRESSES[0]];
    peermark(both, b"").expect_error(2, &["--withdraw-all"]);
}

#[test]
fn r5_addresses_that_are_not_public_are_left_out_on_request() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let args = args![
        "sign",
        "--key",
        &key,
        "--public-only",
        "--addr",
        "/ip4/10.0.0.1/tcp/1",
        "/ip4/1.1.1.1/tcp/1"
    ];
    let run = peermark(args, b"").expect(0);
    let record = decode(&run.stdout);
    assert!(record.addresses().map(|address| address.to_string()).eq(["/ip4/1.1.1.1/tcp/1"]));
    assert!(run.stderr.contains("/ip4/10.0.0.1/tcp/1"), "{}", run.stderr);

    let args = args!["sign", "--key", &key, "--public-only", "--addr", "/ip4/10.0.0.1/tcp/1"];
    peermark(args, b"").expect_error(2, &["--withdraw-all"]);
}

#[test]
fn text_in_an_address_is_percent_encoded_both_ways() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let path = "/unix/%2Ftmp%2Fx%20y";
    let run = peermark(args!["sign", "--key", &key, "--addr", path], b"").expect(0);
    let record = decode(&run.stdout);
    let address = record.addresses().next().unwrap();
    assert_eq!(address.as_bytes(), b"\x90\x03\x08/tmp/x y");
    let run = peermark(["verify", "--json"], record.as_bytes()).expect(0);
    assert_eq!(run.objects()[0]["addresses"], json!([path]));
}

#[test]
fn addresses_that_no_receiver_would_keep_are_refused() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let other = Keypair::ed25519_from_seed(&[1; 32]).peer_id();
    let long = format!("/dns/{}/tcp/1", "a".repeat(600));
    for (address, words) in [
        ("nonsense", &["no multiaddr"][..]),
        ("/ip4/300.0.0.1", &["no multiaddr"]),
        ("", &["no multiaddr"]),
        (&format!("/ip4/192.0.2.1/tcp/1/p2p/{other}"), &["another peer"]),
        (&format!("/p2p/{}", alice().peer_id()), &["empty"]),
        (&long, &["512 bytes"]),
        ("/dns//tcp/1", &["empty name"]),
        ("/ip4/192.0.2.1/tcp/1/http/http-path//p2p-circuit", &["empty name or path"]),
        ("/dns/a%2Fb/tcp/1", &["a name with a slash"]),
    ] {
        peermark(args!["sign", "--key", &key, "--addr", address], b"").expect_error(2, words);
    }
    let many = (0..257).map(|port| format!("/tcp/{port}").into());
    let args = args!["sign", "--key", &key, "--addr"].into_iter().chain(many);
    peermark(args, b"").expect_error(2, &["257", "256"]);
}

/// A key that the program has nothing to say about.
fn private_key(folder: &Folder) -> PathBuf {
    let key = folder.path("key");
    let args = args!["key", "import", "-", "--out", &key];
    peermark(args, &alice().encode()).expect(0);
    key
}

/// Signs one address with these further arguments, to the file.
fn sign_to(key: &Path, out: &Path, more: &[&str]) -> Run {
    let mut args = args!["sign", "--key", key, "--addr", ADDRESSES[0], "--out", out].to_vec();
    args.extend(more.iter().map(Into::into));
    peermark(args, b"")
}

#[test]
fn r7_a_record_is_not_replaced_by_a_lower_or_equal_seq_in_silence() {
    let folder = Folder::new();
    let key = private_key(&folder);
    // The clock was ahead when this one was signed.
    let ahead = record(u64::MAX - 9);
    for held in [ahead.as_bytes().to_vec(), format!("{}\n", hex(ahead.as_bytes())).into_bytes()] {
        let out = folder.file("out", &held);
        let run = sign_to(&key, &out, &[]).expect_error(1, &["18446744073709551606", "--seq"]);
        assert!(run.stderr.contains("the new one has 1"), "both numbers: {}", run.stderr);
        assert_eq!(fs::read(&out).unwrap(), held);
    }
    for (held, seq, warns) in [(9, "8", true), (9, "9", true), (9, "10", false)] {
        let out = folder.file("out", record(held).as_bytes());
        let run = sign_to(&key, &out, &["--seq", seq]).expect(0);
        assert_eq!(decode(&fs::read(&out).unwrap()).seq().to_string(), seq);
        assert_eq!(run.stderr.contains("warning: "), warns, "{held} by {seq}: {}", run.stderr);
        assert!(!warns || run.stderr.contains("had 9") && run.stderr.contains(seq));
        // The same once more is the same.
        assert_eq!(sign_to(&key, &out, &["--seq", seq]).expect(0).stderr, "");
    }
    // The clock alone is enough where the record before is older.
    let out = folder.file("out", record(1).as_bytes());
    assert_eq!(sign_to(&key, &out, &[]).expect(0).stderr, "");
    // Of another peer: another count.
    let other = Keypair::ed25519_from_seed(&[1; 32]);
    let foreign = PeerRecord::new(other.peer_id(), Seq::MAX, []);
    let foreign = foreign.certify(&other, Dialect::PeerRecord).unwrap();
    let out = folder.file("out", foreign.as_bytes());
    let run = sign_to(&key, &out, &[]).expect(0);
    assert!(run.stderr.contains(&other.peer_id().to_string()), "{}", run.stderr);
}

#[test]
fn r7_a_file_that_is_not_a_record_is_not_replaced_without_being_told() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let two = format!("{}\n{}\n", hex(record(1).as_bytes()), hex(record(2).as_bytes()));
    for content in [b"a store, say".to_vec(), vec![0; 4096], tampered(1), two.into_bytes()] {
        let out = folder.file("out", &content);
        sign_to(&key, &out, &[]).expect_error(1, &["error: not a record", "--replace"]);
        sign_to(&key, &out, &["--seq", "5"]).expect_error(1, &["--replace"]);
        assert_eq!(fs::read(&out).unwrap(), content);
        sign_to(&key, &out, &["--replace", "--seq", "5"]).expect(0);
        assert_eq!(decode(&fs::read(&out).unwrap()).seq().value(), 5);
    }
    // A store that the program itself made.
    let store = folder.path("store");
    let import = args!["store", "import", "--source", "dht", "--db", &store];
    peermark(import, record(1).as_bytes()).expect(0);
    let before = fs::read(&store).unwrap();
    sign_to(&key, &store, &[]).expect_error(1, &["not a record"]);
    assert_eq!(fs::read(&store).unwrap(), before);
    // An empty file has nothing to lose; a key is not replaced however it is told.
    let empty = folder.file("empty", b"");
    sign_to(&key, &empty, &[]).expect(0);
    let victim = folder.file("victim", &alice().encode());
    sign_to(&key, &victim, &["--replace"]).expect_error(2, &["private key"]);
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--replace"];
    peermark(args, b"").expect_error(2, &["--out"]);
}

#[test]
fn r2_addresses_that_cost_others_the_whole_record_are_warned_of() {
    let folder = Folder::new();
    let key = private_key(&folder);
    let sign = |addresses: &[&str]| {
        let mut args = args!["sign", "--key", &key, "--json", "--addr"].to_vec();
        args.extend(addresses.iter().map(Into::into));
        peermark(args, b"").expect(0)
    };
    let good = "/ip4/192.0.2.1/tcp/4001";
    for (address, component, words) in [
        ("/ip4/192.0.2.1/tcp/443/x-parity-ws/%2Fp", "x-parity-ws", "go-libp2p, nim-libp2p will"),
        ("/ip4/192.0.2.1/tcp/443/x-parity-wss/%2Fp", "x-parity-wss", "go-libp2p, nim-libp2p will"),
        ("/memory/1234", "memory", "nim-libp2p will"),
    ] {
        let run = sign(&[good, address]);
        for word in ["warning: ", "for js-libp2p,", component, address, words] {
            assert!(run.said().contains(word), "no {word:?} in {}", run.stderr);
        }
        let warnings = &run.objects()[0]["warnings"];
        assert_eq!(warnings.as_array().unwrap().len(), 1);
        assert_eq!(warnings[0]["address"], address);
        assert_eq!(warnings[0]["component"], component);
        assert_eq!(warnings[0]["refused_by"], json!(["js-libp2p"]));
    }
    let run = sign(&["/ip4/192.0.2.1/udp/1/quic-v1/webtransport"]);
    assert!(run.stderr.contains("unreadable for nim-libp2p"), "{}", run.stderr);
    let run = sign(&[good, "/ip4/192.0.2.1/udp/1/quic-v1/webtransport"]);
    assert_eq!((run.stderr.as_str(), &run.objects()[0]["warnings"]), ("", &json!([])));
    // The dialect of rust-libp2p, which reads them all.
    let args = ["sign", "--key", "-", "--dialect", "routing-state", "--addr", "/memory/1"];
    assert_eq!(peermark(args, &alice().encode()).expect(0).stderr, "");
}

#[test]
fn what_was_signed_is_described_in_json() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let out = folder.file("out", record(9).as_bytes());
    let args = args![
        "sign",
        "--key",
        &key,
        "--json",
        "--seq",
        "5",
        "--public-only",
        "--out",
        &out,
        "--format",
        "base64",
        "--addr",
        "/ip4/1.1.1.1/tcp/1",
        "/ip4/10.0.0.1/tcp/1"
    ];
    let run = peermark(args, b"").expect(0);
    let object = &run.objects()[0];
    assert_eq!(object["peer_id"], alice().peer_id().to_string());
    assert_eq!((&object["seq"], &object["dialect"]), (&json!("5"), &json!("peer-record")));
    assert_eq!(object["addresses"], json!(["/ip4/1.1.1.1/tcp/1"]));
    assert_eq!(object["left_out"], json!(["/ip4/10.0.0.1/tcp/1"]));
    assert_eq!(object["warnings"][0]["replaced_seq"], "9");
    let envelope = HEXLOWER.decode(object["envelope"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(decode(&envelope).seq().value(), 5);
    assert_eq!(fs::read(&out).unwrap(), format!("{}\n", BASE64.encode(&envelope)).as_bytes());
}

#[test]
fn r2_peer_ids_in_addresses_may_be_cids() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let relay = Keypair::ed25519_from_seed(&[1; 32]).peer_id();
    let given = format!("/ip4/192.0.2.1/tcp/1/p2p/{}/p2p-circuit/", relay.to_cid());
    let run = peermark(args!["sign", "--key", &key, "--addr", given], b"").expect(0);
    let expected = format!("/ip4/192.0.2.1/tcp/1/p2p/{relay}/p2p-circuit");
    assert_eq!(decode(&run.stdout).addresses().next().unwrap().to_string(), expected);
}

#[test]
fn the_key_is_not_overwritten_by_the_record() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &key];
    peermark(args, b"").expect_error(2, &["the file of the key"]);
    assert_eq!(fs::read(&key).unwrap(), *alice().encode());
}
