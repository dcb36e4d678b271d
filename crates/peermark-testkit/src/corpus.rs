//! Where the fuzz targets start, and every input that ever broke one.
//!
//! Seeds are made from the vectors and are not kept: whoever fuzzes writes them out first. What a
//! fuzzer finds goes into `corpus/<target>/<name>.hex`, in hexadecimal digits with a line that says
//! what it is (`xxd -p` writes the digits), and is replayed by the tests.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use data_encoding::HEXLOWER_PERMISSIVE;
use peermark_peerstore::{Config, Engine as _, PayloadDigest, PeerEntry, Peerstore};
use peermark_provenance::{DialOutcome, Source, SourceKind, Timestamp};

use crate::peerstore::fixtures::{numbers, peer, record};
use crate::peerstore::ops::{OP_LEN, Profile};
use crate::rng::Rng;
use crate::{keys, model, vectors};

/// An input that a fuzz target starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart everywhere")]
pub struct Seed {
    /// The fuzz target.
    pub target: &'static str,
    /// A name for a file, unique within the target.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

/// The seeds of all targets.
pub fn seeds() -> impl Iterator<Item = Seed> {
    TARGETS.iter().flat_map(|target| of_target(target))
}

/// The fuzz targets, each with a property of the same name.
pub const TARGETS: [&str; 12] = [
    "wire",
    "public_key",
    "envelope_open",
    "envelope_fixpoint",
    "peer_record",
    "certified_flow",
    "oracle_diff",
    "store_ops",
    "store_consume",
    "store_row",
    "dial_plan",
    "dialer_events",
];

fn of_target(target: &'static str) -> Vec<Seed> {
    let material = match target {
        "public_key" => public_keys(),
        "envelope_open" | "envelope_fixpoint" => [envelopes(), sizes()].concat(),
        "peer_record" => payloads(),
        "certified_flow" => [payloads(), scripts()].concat(),
        "store_ops" => programs(),
        "dial_plan" => dials(),
        "dialer_events" => events(),
        "store_consume" => [envelopes(), payloads()].concat(),
        "store_row" => rows(),
        _ => [envelopes(), payloads(), public_keys()].concat(),
    };
    let made = material.into_iter().map(|(name, bytes)| Seed { target, name, bytes });
    made.chain(crashes_of(target)).collect()
}

fn envelopes() -> Vec<(String, Vec<u8>)> {
    let of_purpose = |file: &vectors::File| file.envelopes.clone();
    let others = vectors::files().iter().flat_map(of_purpose).enumerate().collect::<Vec<_>>();
    let others = others.into_iter().map(|(n, other)| (format!("other-{n}"), other.envelope));
    let vectors = vectors::all().into_iter();
    vectors
        .map(|vector| {
            (file_name(&["envelope", vector.source.name(), &vector.name]), vector.envelope)
        })
        .chain(others)
        .collect()
}

/// Envelopes around the limits of 8 and 64 KiB: by an unknown field, which is dropped and counts as
/// received, and by a payload of the same key that stays (W1).
fn sizes() -> Vec<(String, Vec<u8>)> {
    let key = keys::signer().public_key().encode();
    let mut all = Vec::new();
    for limit in [8 * 1024, 64 * 1024] {
        for (what, number) in [("unknown-field", 9), ("payload", 3)] {
            let padded = |len: usize| {
                let values =
                    [(1, key.clone()), (2, vec![3, 1]), (5, vec![7; 64]), (number, vec![0; len])];
                model::message(&values.map(|(number, value)| model::bytes(number, value)))
            };
            let around = padded(limit).len() - limit;
            for (name, len) in [("limit", limit - around), ("above", limit - around + 1)] {
                all.push((format!("{what}-{limit}-{name}"), padded(len)));
            }
        }
    }
    all
}

fn payloads() -> Vec<(String, Vec<u8>)> {
    let payload = |vector: vectors::Vector| {
        let name = file_name(&["payload", vector.source.name(), &vector.name]);
        vector.expected.map(|expected| (name, expected.payload))
    };
    vectors::all().into_iter().filter_map(payload).collect()
}

fn public_keys() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for key in vectors::keys() {
        let name = |what| file_name(&[what, key.source.name(), &key.name]);
        all.push((name("peer-id"), key.peer_id_bytes));
        all.push((name("peer-id-text"), key.peer_id.into_bytes()));
        if let vectors::PrivateKey::Protobuf(bytes) = key.private {
            all.push((name("private-key"), bytes));
        }
        if let Some(bytes) = key.envelope_public_key {
            all.push((name("envelope-key"), bytes));
        }
        all.push((name("public-key"), key.public_key));
    }
    for key_type in keys::TYPES {
        let key = keys::keypair(key_type, 0);
        all.push((format!("seeded-{key_type}"), key.public_key().encode()));
    }
    all
}

/// Instructions for `certified_flow`: each kind alone, and a few together.
fn scripts() -> Vec<(String, Vec<u8>)> {
    let alone = (0..16u8).map(|n| (format!("script-{n}"), vec![n, 3, 4, 5, 6]));
    let together = (0..32u8).flat_map(|n| [n, n.wrapping_mul(7)]).collect();
    let many = vec![0, 0, 14, 255, 14, 255];
    alone.chain([("script-all".to_owned(), together), ("script-many".to_owned(), many)]).collect()
}

/// Programs of `store_ops`: for each profile each operation alone, between a few others, and some
/// random ones.
fn programs() -> Vec<(String, Vec<u8>)> {
    const SOME: [[u8; OP_LEN]; 4] =
        [[0, 0, 2, 0, 0, 0], [58, 0, 0, 0, 0, 0], [14, 0, 1, 1, 5, 0], [48, 0, 6, 0, 0, 0]];
    let mut all = Vec::new();
    for (profile, _) in (0u8..).zip(Profile::ALL) {
        for op in 0..64 {
            let middle = [[op, 0, 2, 0, 0, 0], [op, 0, 3, 1, 5, 11]];
            let ops = [&SOME[..], &middle, &SOME].concat().concat();
            all.push((format!("program-{profile}-{op}"), [vec![profile], ops].concat()));
        }
        for seed in 0..8u8 {
            let bytes = Rng::new(seed.into()).bytes(OP_LEN * (8 << (seed % 4)));
            all.push((format!("program-{profile}-random-{seed}"), [vec![profile], bytes].concat()));
        }
    }
    all
}

/// Entries of every shape: with a record, with claims of all kinds, dialed, connected, with a floor.
fn rows() -> Vec<(String, Vec<u8>)> {
    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const HOUR: Duration = Duration::from_secs(3600);
    let store = Peerstore::in_memory(Config::default());
    let sources = SourceKind::ALL.map(Source::of);
    let reporter = Source::PUBSUB.reported_by(peer(99));
    for index in 0..16u64 {
        let (peer, some) = (peer(index), numbers(0..3));
        if index & 1 != 0 {
            let addresses = numbers(0..if index & 2 == 0 { 2 } else { 20 });
            let _ = store.apply(&record(index, 5, &addresses), &Source::DHT, HOUR, NOW);
        }
        if index & 4 != 0 {
            for source in sources.iter().chain([&reporter]) {
                let _ = store.report(&peer, &some, source, HOUR, NOW);
            }
            let _ = store.dialed(&peer, &some[0], DialOutcome::Success, HOUR, NOW);
            let _ = store.dialed(&peer, &some[1], DialOutcome::Failure, HOUR, NOW);
        }
        if index & 8 != 0 {
            let _ = store.connected(&peer, NOW);
        }
    }
    let mut all = Vec::new();
    let mut add = |entry: &PeerEntry| {
        let mut row = Vec::new();
        entry.encode(&mut row);
        all.push((format!("row-{}", all.len()), row));
    };
    for region in 0..store.engine().regions() {
        let Ok(()) = store.engine().read_region(region, |entries| entries.for_each(&mut add));
    }
    // What is left of peers: a floor, one of a contradiction, one from outside.
    for index in 1..4 {
        let peer = peer(index);
        if index == 2 {
            let _ = store.apply(&record(2, 5, &numbers(0..3)), &Source::DHT, HOUR, NOW);
            let _ = store.apply(&record(2, 5, &numbers(0..2)), &Source::DHT, HOUR, NOW);
        }
        let _ = store.clear(&peer, NOW);
        let to = (9.into(), PayloadDigest::of(b"another"));
        let _ = store.raise_floor(&peer, to, HOUR, &Source::DHT, NOW);
        let Ok(rest) = store.engine().remnant(&peer);
        add(&PeerEntry::new(peer, rest));
    }
    all
}

/// Programs of `dialer_events`: for each set of limits a request with one event and some time behind
/// it, and random ones.
fn events() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for limits in 0..16u8 {
        for event in 0..10u8 {
            let some = [[0, 0, 4, 254], [0, 12, 4, 255], [event, 0, 7, 3], [9, 0, 0, 0]];
            let more = [[3, 0, 1, 0], [event, 1, 13, 1], [9, 1, 200, 4], [3, 0, 0, 0]];
            let bytes = [vec![limits], some.concat(), more.concat()].concat();
            all.push((format!("events-{limits}-{event}"), bytes));
        }
        for seed in 0..4u8 {
            let bytes = Rng::new((limits * 4 + seed).into()).bytes(4 * (16 << seed));
            all.push((format!("events-{limits}-random-{seed}"), [vec![limits], bytes].concat()));
        }
    }
    all
}

/// Programs of `dial_plan`: each policy and ranker over a few candidates, over random ones, and over
/// addresses as bytes.
fn dials() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for policy in 0..8u8 {
        for ranker in 0..4u8 {
            let head = [policy | 192, ranker, 255, 18];
            // Each host, transport and end under some claims; one of them twice.
            let some = (0..24u8)
                .flat_map(|n| [n.wrapping_mul(11), n.wrapping_mul(37), 0, n.wrapping_mul(16)]);
            let bytes = head.into_iter().chain(some).chain([11, 4, 0, 16]).collect();
            all.push((format!("dial-{policy}-{ranker}"), bytes));
            let seed = u64::from(policy) * 4 + u64::from(ranker);
            let mut random = Rng::new(seed).bytes(4 + 4 * 40);
            random[..2].copy_from_slice(&head[..2]);
            all.push((format!("dial-{policy}-{ranker}-random"), random));
        }
    }
    // Relays without a host, of IPv6 and of IPv4: equal in rank are the first two.
    let relays = [[0x11, 1, 0, 0x80], [0x12, 1, 0, 0x80], [0x10, 1, 0, 0x80]].concat();
    all.push(("dial-relays".to_owned(), [vec![197, 0, 255, 0], relays].concat()));
    for policy in 0..8u8 {
        let addresses = ["/ip4/1.2.3.4/tcp/1", "/dns/example.com/udp/1/quic-v1", "/memory/7"];
        let mut bytes = vec![policy | 192, 0, 255, 0];
        for (claims, address) in (1u8..).zip(addresses) {
            let address: multiaddr::Multiaddr = address.parse().expect("an address");
            let length = u8::try_from(address.len()).expect("a short address");
            bytes.extend([255, claims, 0, length]);
            bytes.extend(address.to_vec());
        }
        all.push((format!("dial-{policy}-bytes"), bytes));
    }
    all
}

fn file_name(parts: &[&str]) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let mut name: String = parts.join("-").chars().map(keep).collect();
    name.truncate(80);
    name
}

/// Inputs that broke a target once, or that somebody thought might: what is in `corpus/`.
///
/// # Panics
///
/// When the folder cannot be read or a file in it is not what it must be.
#[must_use]
pub fn crashes() -> Vec<Seed> {
    TARGETS.into_iter().flat_map(crashes_of).collect()
}

fn crashes_of(target: &'static str) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => panic!("{}: {error}", folder.display()),
    };
    let mut seeds: Vec<Seed> = entries
        .map(|entry| {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a text");
            match from_hex(&text) {
                Some(bytes) => Seed { target, name, bytes },
                None => panic!("{}: neither a comment nor digits", path.display()),
            }
        })
        .collect();
    seeds.sort_by(|a, b| a.name.cmp(&b.name));
    seeds
}

/// Bytes as hexadecimal digits over any number of lines. A line that starts with `#` says what
/// they are.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    HEXLOWER_PERMISSIVE.decode(digits.trim().as_bytes()).ok()
}
