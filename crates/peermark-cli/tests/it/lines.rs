//! `peermark verify --format lines`: a stream, in order, of any length.

use std::io::{BufRead, BufReader, Read, Write};
use std::thread;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use serde_json::Value;

use crate::support::{Run, command, hex, peermark, record, tampered};

fn lines(input: &[u8]) -> Run {
    peermark(["verify", "--format", "lines", "--json"], input)
}

/// What is expected of one line.
#[derive(Clone, Copy)]
enum Expected {
    Seq(u64),
    Stage(&'static str),
}

#[track_caller]
fn check(number: usize, object: &Value, expected: Expected) {
    match expected {
        Expected::Seq(seq) => assert_eq!(object["seq"], seq.to_string(), "line {number}: {object}"),
        Expected::Stage(stage) => assert_eq!(object["stage"], stage, "line {number}: {object}"),
    }
}

#[test]
fn thousands_of_lines_come_out_in_the_order_of_the_input() {
    use Expected::{Seq, Stage};
    let mut input = String::new();
    let mut expected = Vec::new();
    for seq in 0..5_000u64 {
        let (line, outcome) = match seq % 10 {
            0..=3 => (hex(record(seq).as_bytes()), Seq(seq)),
            4 => (hex(record(seq).as_bytes()).to_uppercase(), Seq(seq)),
            5 => (BASE64.encode(record(seq).as_bytes()), Seq(seq)),
            6 => (BASE64URL_NOPAD.encode(record(seq).as_bytes()), Seq(seq)),
            7 => (hex(&tampered(seq)), Stage("signature")),
            8 => (String::new(), Stage("envelope")),
            _ => (format!("line {seq}"), Stage("envelope")),
        };
        input += &line;
        input += if seq % 3 == 0 { "\r\n" } else { "\n" };
        expected.push(outcome);
    }
    let run = lines(input.as_bytes()).expect(1);
    let objects = run.objects();
    assert_eq!(objects.len(), expected.len(), "one line out for each line in");
    for (number, (object, expected)) in objects.iter().zip(expected).enumerate() {
        check(number, object, expected);
    }
    let summary = "3500 verified, 1500 refused (envelope 1000, signature 500); ";
    assert!(run.stderr.starts_with(summary), "{}", run.stderr);
}

#[test]
fn every_line_has_a_verdict_whatever_it_is() {
    use Expected::{Seq, Stage};
    let good = record(9);
    let text = hex(good.as_bytes());
    let table: [(Vec<u8>, Expected); 14] = [
        (text.clone().into_bytes(), Seq(9)),
        (format!(" \t{text}  ").into_bytes(), Seq(9)),
        (BASE64URL.encode(good.as_bytes()).into_bytes(), Seq(9)),
        (b"".to_vec(), Stage("envelope")),
        (b"   ".to_vec(), Stage("envelope")),
        (b"\0".to_vec(), Stage("envelope")),
        (b"\xff\xfe".to_vec(), Stage("envelope")),
        (text.as_bytes()[1..].to_vec(), Stage("envelope")),
        (text.as_bytes()[..40].to_vec(), Stage("envelope")),
        (format!("{text} {text}").into_bytes(), Stage("envelope")),
        ("00".repeat(8 * 1024 + 1).into_bytes(), Stage("size")),
        (vec![b'a'; 300 * 1024], Stage("size")),
        (vec![b' '; 3 * 1024 * 1024], Stage("size")),
        (hex(&tampered(9)).into_bytes(), Stage("signature")),
    ];
    let input = table.iter().map(|(line, _)| &line[..]).collect::<Vec<_>>().join(&b'\n');
    for input in [input.clone(), [input, b"\n".to_vec()].concat()] {
        let objects = lines(&input).expect(1).objects();
        assert_eq!(objects.len(), table.len(), "with and without an end of the last line");
        for (number, (object, (_, expected))) in objects.iter().zip(&table).enumerate() {
            check(number, object, *expected);
        }
    }
}

#[test]
fn a_line_that_is_too_long_says_how_long_it_is() {
    let run = lines(&vec![b'a'; 1_000_000]).expect(1);
    let object = &run.objects()[0];
    assert_eq!(object["error"], "line of 1000000 bytes exceeds the limit of 262144");
}

#[test]
fn a_person_gets_one_line_for_each() {
    let input = format!("{}\n\n", hex(record(3).as_bytes()));
    let run = peermark(["verify", "--format", "lines"], input.as_bytes()).expect(1);
    let lines: Vec<_> = run.text().lines().collect();
    assert!(lines[0].starts_with("ok       12D3KooW"), "{lines:?}");
    assert!(lines[0].ends_with("  seq 3  2 addresses"), "{lines:?}");
    assert!(lines[1].starts_with("refused  standard input:2  envelope  "), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn no_lines_are_no_trouble() {
    let run = lines(b"").expect(0);
    assert_eq!(run.text(), "");
    assert!(run.stderr.starts_with("0 verified, 0 refused; "), "{}", run.stderr);
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let mut child = command(["verify", "--format", "lines", "--json"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for seq in [1, 2, 3] {
        writeln!(input, "{}", hex(record(seq).as_bytes())).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["seq"], seq.to_string());
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_leaves_ends_the_program_without_a_word() {
    let mut child = command(["verify", "--format", "lines", "--json"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let line = format!("{}\n", hex(record(1).as_bytes()));
    // Feeds until nobody reads, and keeps the pipe open until the program has ended by itself.
    let feeder = thread::spawn(move || while input.write_all(line.as_bytes()).is_ok() {});
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(output);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
    feeder.join().unwrap();
}
