//! `peermark verify` on single envelopes: formats, dialects, limits, what is printed.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use peermark::peer_record::Dialect;
use serde_json::json;

use crate::args;
use crate::support::{ADDRESSES, Folder, alice, hex, peermark, record, record_in, tampered};

#[test]
fn json_of_a_record_is_exactly_this() {
    let record = record(42);
    let run = peermark(["verify", "--json"], record.as_bytes()).expect(0);
    let expected = format!(
        "{{\"ok\":true,\"file\":\"-\",\"peer_id\":\"{}\",\"key_type\":\"Ed25519\",\"dialect\":\"peer-record\",\
         \"seq\":\"42\",\"addresses\":[\"{}\",\"{}\"],\"skipped_addresses\":0,\
         \"envelope\":\"{}\"}}\n",
        alice().peer_id(),
        ADDRESSES[0],
        ADDRESSES[1],
        hex(record.as_bytes())
    );
    assert_eq!(run.text(), expected);
    assert_eq!(run.stderr, "", "one record needs no summary");
}

#[test]
fn json_of_a_refusal_is_exactly_this() {
    let run = peermark(["verify", "--json"], &tampered(42)).expect(1);
    let error = "bad signature: forged, or made over other bytes or for another domain, which \
                 cannot be told apart";
    assert_eq!(
        run.objects(),
        [json!({ "ok": false, "file": "-", "stage": "signature", "error": error })]
    );
}

#[test]
fn every_format_is_read_and_auto_finds_it() {
    let record = record(1);
    let bytes = record.as_bytes();
    let base64 = BASE64.encode(bytes);
    let wrapped = |text: &str, width| {
        let lines =
            text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned());
        lines.collect::<Vec<_>>().join("\r\n").into_bytes()
    };
    let spaced = bytes.iter().map(|byte| format!("{byte:02X} ")).collect::<String>();
    for (format, content) in [
        ("raw", bytes.to_vec()),
        ("hex", hex(bytes).into_bytes()),
        ("hex", format!("  {}\n\n", hex(bytes)).into_bytes()),
        ("hex", format!("\u{feff}{}", hex(bytes)).into_bytes()),
        ("hex", spaced.into_bytes()),
        ("hex", wrapped(&hex(bytes), 60)),
        ("base64", base64.clone().into_bytes()),
        ("base64", base64.trim_end_matches('=').as_bytes().to_vec()),
        ("base64", BASE64URL_NOPAD.encode(bytes).into_bytes()),
        ("base64", wrapped(&base64, 76)),
    ] {
        for format in [format, "auto"] {
            let run = peermark(["verify", "--json", "--format", format], &content).expect(0);
            let objects = run.objects();
            assert_eq!(objects.len(), 1, "{format}: {content:?}");
            assert_eq!(objects[0]["envelope"], hex(bytes));
        }
    }
}

#[test]
fn auto_reads_several_envelopes_as_lines() {
    let good = record(7);
    let text = format!("{}\n\n{}\n", hex(good.as_bytes()), BASE64.encode(good.as_bytes()));
    let run = peermark(["verify", "--json"], text.as_bytes()).expect(1);
    let oks: Vec<_> = run.objects().iter().map(|object| object["ok"].clone()).collect();
    assert_eq!(oks, [json!(true), json!(false), json!(true)]);
    assert!(run.stderr.starts_with("2 verified, 1 refused (envelope 1); "), "{}", run.stderr);

    let run = peermark(["verify", "--json"], b"xx\nyy\n").expect(1);
    assert_eq!(run.objects().len(), 2, "whatever the lines hold");
}

#[test]
fn auto_streams_text_that_is_longer_than_any_envelope() {
    let line = format!("{}\n", hex(record(7).as_bytes()));
    let count = 1_000;
    let run = peermark(["verify", "--json"], line.repeat(count).as_bytes()).expect(0);
    assert_eq!(run.objects().len(), count);
}

#[test]
fn a_dialect_is_any_unless_it_is_asked_for() {
    for (dialect, name, other) in [
        (Dialect::PeerRecord, "peer-record", "routing-state"),
        (Dialect::RoutingState, "routing-state", "peer-record"),
    ] {
        let record = record_in(dialect, 1);
        for args in [
            vec!["verify", "--json"],
            vec!["verify", "--json", "--dialect", "any"],
            vec!["verify", "--json", "--dialect", name],
        ] {
            let run = peermark(args, record.as_bytes()).expect(0);
            assert_eq!(run.objects()[0]["dialect"], name);
        }
        let run = peermark(["verify", "--json", "--dialect", other], record.as_bytes()).expect(1);
        assert_eq!(run.objects()[0]["stage"], "payload-type");
    }
}

#[test]
fn w1_max_size_is_the_limit_of_the_envelope() {
    let record = record(1);
    let bytes = record.as_bytes();
    let verify =
        |size: usize| peermark(["verify", "--json", "--max-size", &size.to_string()], bytes);
    verify(bytes.len()).expect(0);
    verify(65536).expect(0);
    let run = verify(bytes.len() - 1).expect(1);
    assert_eq!(run.objects()[0]["stage"], "size");
    verify(65537).expect_error(2, &["--max-size", "65536"]);
}

#[test]
fn an_input_longer_than_any_envelope_is_refused_by_its_size() {
    let large = vec![0xff; 300 * 1024];
    for format in ["auto", "raw", "hex", "base64"] {
        let run = peermark(["verify", "--json", "--format", format], &large).expect(1);
        assert_eq!(run.objects()[0]["stage"], "size", "{format}");
    }
}

#[test]
fn a_person_gets_a_verdict_with_reasons() {
    let record = record(42);
    let run = peermark(["verify"], record.as_bytes()).expect(0);
    let text = run.text();
    assert!(text.starts_with(&format!("verified: {}\n", alice().peer_id())), "{text}");
    for part in ["Ed25519", "peer-record", "42", ADDRESSES[0], ADDRESSES[1]] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let run = peermark(["verify"], &tampered(42)).expect(1);
    assert!(run.text().starts_with("refused at stage signature: bad signature"));
}

#[test]
fn several_files_are_taken_in_order_and_trouble_does_not_stop_the_others() {
    let folder = Folder::new();
    let one = folder.file("one", record(1).as_bytes());
    let two = folder.file("two", hex(record(2).as_bytes()).as_bytes());
    let gone = folder.path("gone");
    let run = peermark(args!["verify", "--json", &one, "-", &two], record(3).as_bytes()).expect(0);
    let seqs: Vec<_> = run.objects().iter().map(|object| object["seq"].clone()).collect();
    assert_eq!(seqs, ["1", "3", "2"]);
    assert!(run.stderr.starts_with("3 verified, 0 refused; "));

    let run = peermark(args!["verify", "--json", &one, &gone, &two], b"").expect(2);
    assert_eq!(run.objects().len(), 2);
    assert!(run.stderr.contains("cannot open"), "{}", run.stderr);

    let run = peermark(args!["verify", &one, &two], b"").expect(0);
    assert!(run.text().contains("one\"\nverified: "), "each verdict has its name: {}", run.text());
}

#[test]
fn quiet_leaves_out_the_summary() {
    let line = format!("{}\n", hex(record(1).as_bytes()));
    let run = peermark(["verify", "--format", "lines", "-q"], line.as_bytes()).expect(0);
    assert_eq!(run.stderr, "");
    let run = peermark(["verify", "--format", "lines"], line.as_bytes()).expect(0);
    assert!(run.stderr.starts_with("1 verified, 0 refused; "), "{}", run.stderr);
    assert!(run.stderr.ends_with(" records/s\n"), "{}", run.stderr);
}

#[test]
fn colours_are_for_terminals() {
    let run = peermark(["verify"], record(1).as_bytes()).expect(0);
    assert!(!run.text().contains('\x1b'));
}

#[test]
fn names_of_hosts_do_nothing_to_a_terminal() {
    use peermark::peer_record::{PeerRecord, Seq};
    let mut address = b"\x35\x0a\x1b[2J\n\"\xc3\xa9".to_vec();
    address[1] = u8::try_from(address.len() - 2).unwrap();
    let address = peermark::Multiaddr::try_from(address).unwrap();
    let record = PeerRecord::new(alice().peer_id(), Seq::new(1), [address]);
    let record = record.certify(&alice(), Dialect::PeerRecord).unwrap();
    for args in [&["verify"][..], &["verify", "--json"], &["inspect"], &["inspect", "--json"]] {
        let run = peermark(args, record.as_bytes()).expect(0);
        let text = run.text();
        assert!(text.contains("/dns/%1B[2J%0A"), "{text}");
        assert!(!text.contains('\x1b'), "{text:?}");
    }
}
