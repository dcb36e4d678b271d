//! `peermark sign`: what it signs is what `verify` reads.

use std::fs;

use data_encoding::{BASE64, HEXLOWER};
use peermark::peer_record::{CertifiedRecord, Dialect, Dialects};
use serde_json::json;

use crate::args;
use crate::support::{ADDRESSES, Folder, alice, data, peermark};

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

    let out = folder.file("out", b"the record before");
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
    let other = peermark::identity::Keypair::ed25519_from_seed(&[1; 32]).peer_id();
    let long = format!("/dns/{}/tcp/1", "a".repeat(300));
    for (address, words) in [
        ("nonsense", &["no multiaddr"][..]),
        ("/ip4/300.0.0.1", &["no multiaddr"]),
        ("", &["no multiaddr"]),
        (&format!("/ip4/192.0.2.1/tcp/1/p2p/{other}"), &["another peer"]),
        (&format!("/p2p/{}", alice().peer_id()), &["empty"]),
        (&long, &["256 bytes"]),
    ] {
        peermark(args!["sign", "--key", &key, "--addr", address], b"").expect_error(2, words);
    }
    let many = (0..257).map(|port| format!("/tcp/{port}").into());
    let args = args!["sign", "--key", &key, "--addr"].into_iter().chain(many);
    peermark(args, b"").expect_error(2, &["257", "256"]);
}

#[test]
fn the_key_is_not_overwritten_by_the_record() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &key];
    peermark(args, b"").expect_error(2, &["the file of the key"]);
    assert_eq!(fs::read(&key).unwrap(), *alice().encode());
}
