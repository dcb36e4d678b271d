//! `peermark inspect`: everything that can be read, and what a verifier says.

use peermark::identity::PeerIdExt as _;
use serde_json::{Value, json};

use crate::support::{ADDRESSES, Run, alice, hex, peermark, record, tampered};

fn inspect(input: &[u8]) -> (Run, Value) {
    let person = peermark(["inspect"], input);
    let run = peermark(["inspect", "--json"], input).expect(person.status);
    let object = run.objects().remove(0);
    (person, object)
}

#[track_caller]
fn check_contains(run: &Run, parts: &[&str]) {
    for part in parts {
        assert!(run.text().contains(part), "no {part:?} in\n{}", run.text());
    }
}

#[test]
fn a_record_is_shown_field_by_field() {
    let record = record(42);
    let (run, object) = inspect(record.as_bytes());
    let run = run.expect(0);
    check_contains(
        &run,
        &[
            "public_key (1)",
            "    type (1)",
            "  38  payload_type (2)",
            "multiaddr (1)",
            ADDRESSES[0],
            "canonical  yes",
            "signature     passed",
            "as routing-state: refused",
            "verified: the key of",
        ],
    );
    assert_eq!(object["verified"], true);
    assert_eq!(object["len"], record.as_bytes().len());
    assert_eq!(object["stopped"], json!([]));
    assert_eq!(object["key"]["peer_id"], alice().peer_id().to_string());
    assert_eq!(object["record"]["seq"], "42");
    let payload_at = record.opened().payload_range().start;
    let fields = object["fields"].as_array().unwrap();
    let field = |path: &str| fields.iter().find(|field| field["path"] == path).unwrap();
    assert_eq!(field("payload")["value_offset"], payload_at);
    assert_eq!(field("payload")["value"]["bytes"], hex(record.payload()));
    assert_eq!(field("payload.peer_id")["offset"], payload_at);
    assert_eq!(field("payload.seq")["value"]["varint"], "42");
    assert_eq!(field("payload.addresses[1].multiaddr")["meaning"], ADDRESSES[1]);
    let verdicts: Vec<_> = object["verdicts"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&verdicts[0]["dialect"], &verdicts[0]["ok"]),
        (&json!("peer-record"), &json!(true))
    );
    assert_eq!(verdicts[1]["stage"], "payload-type");
}

#[test]
fn what_is_unverified_is_said_to_be() {
    let (run, object) = inspect(&tampered(42));
    let run = run.expect(1);
    check_contains(
        &run,
        &[
            "fields (as received, all unverified)",
            "record (unverified",
            "signature     refused",
            "record        not reached",
            "not verified: everything above",
        ],
    );
    assert_eq!(object["verified"], false);
    assert_eq!(object["verdicts"][0]["stages"][4]["state"], "refused");
    assert_eq!(object["verdicts"][0]["stages"][5]["state"], "not-reached");
}

#[test]
fn a_stage_that_was_not_looked_at_did_not_pass() {
    // Without a signature nobody looks further, whatever the payload type and the key are.
    let record = record(42);
    let unsigned = &record.as_bytes()[..record.as_bytes().len() - 66];
    let other_type = [&unsigned[..40], &[0x03, 0x02], &unsigned[42..]].concat();
    for (bytes, payload_type) in [(unsigned, "passed"), (&other_type, "not-reached")] {
        let (run, object) = inspect(bytes);
        run.expect(1);
        let stages = object["verdicts"][0]["stages"].as_array().unwrap();
        let states: Vec<_> = stages.iter().map(|stage| stage["state"].as_str().unwrap()).collect();
        assert_eq!(states[3..], [payload_type, "refused", "not-reached", "not-reached"]);
    }
    // A key of low order under another payload type.
    let mut no_key = other_type;
    no_key[6..38].fill(0);
    no_key.extend_from_slice(&[0x2a, 0x01, 0xff]);
    let (run, object) = inspect(&no_key);
    run.expect(1);
    assert_eq!(object["verdicts"][0]["stages"][2]["state"], "not-reached");
    assert_eq!(object["verdicts"][0]["stage"], "payload-type");
    assert!(object["key"]["error"].as_str().unwrap().contains("low order"), "{object}");
}

#[test]
fn every_truncation_is_inspected_as_far_as_it_goes() {
    let record = record(42);
    for len in 0..record.as_bytes().len() {
        let run = peermark(["inspect", "--json", "--format", "raw"], &record.as_bytes()[..len]);
        let object = run.expect(1).objects().remove(0);
        assert_eq!(object["len"], len);
        assert_eq!(object["verified"], false);
    }
    let (run, object) = inspect(&record.as_bytes()[..record.as_bytes().len() - 1]);
    check_contains(&run, &["reading stopped", "length 64 exceeds the 63 bytes", "[40]"]);
    assert_eq!(object["stopped"].as_array().unwrap().len(), 1);
}

#[test]
fn what_canonicalising_changes_is_told() {
    let record = record(42);
    let bytes = record.as_bytes();
    let unknown = [bytes, &[0x7a, 0x01, 0xff]].concat();
    let (run, object) = inspect(&unknown);
    check_contains(
        &run.expect(0),
        &[
            "fields (as received)\n",
            "unknown (15)",
            "not signed; dropped from the canonical form",
            "drops unknown fields: 15",
            "signed the payload, as peer-record\nnot verified: unknown fields of the envelope, \
             which anybody may have put there: 15\n",
        ],
    );
    let fields = object["fields"].as_array().unwrap();
    assert_eq!(fields.last().unwrap()["meaning"], "not signed; dropped from the canonical form");
    assert_eq!(object["canonical"]["len"], bytes.len());
    assert_eq!(object["canonical"]["same"], false);

    // The key, field 1, behind everything else.
    let (key, rest) = bytes.split_at(38);
    let (run, _) = inspect(&[rest, key].concat());
    check_contains(&run.expect(0), &["puts the fields in order"]);

    // The length of the key in two bytes.
    let long = [&[0x0a, 0xa4, 0x00], &bytes[2..]].concat();
    let (run, _) = inspect(&long);
    check_contains(&run.expect(0), &["shortens varints"]);
}

#[test]
fn each_address_has_its_fate() {
    use peermark::envelope::Envelope;
    use peermark::peer_record::PEER_RECORD;
    use peermark::wire::PeerRecordMessage;
    let alice = alice();
    let own = [&b"\x06\x0f\xa1\xa5\x03\x26"[..], &alice.peer_id().multihash_bytes()].concat();
    let addresses: [&[u8]; 5] = [b"\x06\x0f\xa1", &own, b"", b"\xff\xff\xff\x7f", b"\x06\x0f"];
    let mut payload = Vec::new();
    PeerRecordMessage::encode(&alice.peer_id().multihash_bytes(), 1, addresses, &mut payload);
    let envelope = Envelope::seal(PEER_RECORD, &payload, &alice).unwrap();
    let (run, object) = inspect(envelope.as_bytes());
    check_contains(
        &run.expect(0),
        &[
            "/tcp/4001  kept",
            "left out, a duplicate",
            "skipped: address is empty",
            "skipped: address has an unknown protocol",
            "skipped: address is no well-formed multiaddr",
        ],
    );
    let fates: Vec<_> =
        object["record"]["addresses"].as_array().unwrap().iter().map(|a| &a["fate"]).collect();
    assert_eq!(fates[..2], [&json!("kept"), &json!("duplicate")]);
    let run = peermark(["verify", "--json"], envelope.as_bytes()).expect(0);
    assert_eq!(run.objects()[0]["skipped_addresses"], 3, "the same as the library says");
    assert_eq!(run.objects()[0]["addresses"], json!(["/tcp/4001"]));
}

#[test]
fn broken_text_is_inspected_up_to_the_break() {
    let text = hex(record(42).as_bytes());
    for (broken, readable) in [
        (format!("{}?{}", &text[..100], &text[100..]), 50),
        (text[..101].to_owned(), 50),
        ("CiQIARIg?".to_owned(), 6),
        ("hello!".to_owned(), 3),
        ("!".to_owned(), 0),
        ("+_+_".to_owned(), 0),
    ] {
        let (run, object) = inspect(broken.as_bytes());
        check_contains(&run.expect(1), &["the input is no envelope"]);
        assert_eq!(object["len"], readable, "{broken}");
        assert_eq!(object["verdicts"][0]["stage"], "envelope");
    }
}

#[test]
fn another_purpose_is_not_read_as_a_record() {
    use peermark::envelope::{Envelope, Purpose, purpose};
    const OTHER: Purpose = purpose!("example", b"\x1b[2Jtype");
    let envelope = Envelope::seal(OTHER, b"\x0a\x01\x01", &alice()).unwrap();
    let (run, object) = inspect(envelope.as_bytes());
    let run = run.expect(1);
    check_contains(&run, &["no peer record", "\\x1b[2Jtype", "payload-type  refused"]);
    assert!(!run.text().contains('\x1b'));
    assert_eq!(object["record"], Value::Null);
}

#[test]
fn full_shows_every_byte() {
    let record = record(42);
    let run = peermark(["inspect", "--full"], record.as_bytes()).expect(0);
    let shown: String = run.text().split_whitespace().collect();
    let signature = &record.as_bytes()[record.as_bytes().len() - 64..];
    assert!(shown.contains(&hex(signature)));
    let run = peermark(["inspect"], record.as_bytes()).expect(0);
    assert!(run.text().lines().all(|line| line.len() <= 120), "{}", run.text());
}
