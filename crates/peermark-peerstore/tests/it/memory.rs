//! What memory the store holds, and that it gives it back.

use std::time::Duration;

use allocation_counter::measure;
use peermark_peer_record::CertifiedRecord;
use peermark_peerstore::{Config, Engine as _, Peerstore, Secret, Share};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::peerstore::fixtures::{numbers, peer, record};

const NOW: Timestamp = Timestamp::from_secs(1_000);
const HOUR: Duration = Duration::from_secs(3_600);
const PEERS: u64 = 8_000;

/// What a floor may take: the row, its places in slab, index and wheel, and the room that these
/// grow by; and the numbers and digests of what was accepted.
const FLOOR: i64 = 320;

/// No group has less than all, so that only the limits bound what is held.
pub(super) fn config() -> Config {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([3; 16]);
    let all = Share::new(1, 1);
    (config.limits.share, config.limits.kind_share) = (all, all);
    config.limits.kinds_share = all;
    config
}

fn store() -> Peerstore {
    Peerstore::in_memory(config())
}

fn records() -> Vec<CertifiedRecord> {
    (0..PEERS).map(|n| record(n, 1, &numbers(0..4))).collect()
}

/// Sweeps to the end, and returns how many calls that took.
pub(super) fn sweep(store: &Peerstore, now: Timestamp) -> usize {
    let mut calls = 1;
    while store.sweep(now, 500).unwrap().more {
        calls += 1;
    }
    calls
}

#[test]
fn s5_when_everything_is_over_the_floors_are_left_and_then_nothing() {
    let (store, records) = (store(), records());
    let over = NOW.saturating_add(HOUR);
    let floors = measure(|| {
        for record in &records {
            let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            let _ = store.report(&record.peer_id(), &numbers(9..11), &Source::MDNS, HOUR, NOW);
        }
        assert!(sweep(&store, over) >= 4, "a sweep keeps to its budget");
    });
    let usage = store.usage();
    assert_eq!((usage.peers, usage.records, usage.bytes), (0, 0, 0));
    let count = i64::try_from(usage.floors).unwrap();
    assert_eq!(count, i64::try_from(PEERS).unwrap());
    let (bytes, per_floor) = (floors.bytes_current, floors.bytes_current / count);
    assert!((1..FLOOR).contains(&per_floor), "{bytes} bytes for {count} floors");
    store.check().unwrap();

    // Floor time goes in steps: as many as there are hours in a week, and one more.
    let nothing = measure(|| {
        for hours in 1..=7 * 24 + 1 {
            sweep(&store, over.saturating_add(HOUR.saturating_mul(hours)));
        }
    });
    assert_eq!(store.usage().floors, 0);
    let left = floors.bytes_current + nothing.bytes_current;
    assert!(left.unsigned_abs() < 4096, "{left} bytes are not given back");
    store.check().unwrap();
}

#[test]
fn s11_a_refused_or_stale_record_takes_no_memory() {
    let store = store();
    let (old, new) = (record(1, 1, &numbers(0..4)), record(1, 2, &numbers(0..4)));
    let _ = store.apply(&new, &Source::DHT, HOUR, NOW).unwrap();
    let stale = measure(|| {
        for _ in 0..100 {
            let _ = store.apply(&old, &Source::DHT, HOUR, NOW).unwrap();
            let _ = store.apply(&new, &Source::DHT, Duration::ZERO, NOW).unwrap();
            assert!(store.consume(&old.as_bytes()[1..], &Source::DHT, HOUR, NOW).is_err());
        }
    });
    assert_eq!(stale.bytes_current, 0);
}

#[test]
fn s1_a_repeat_allocates_nothing() {
    let store = store();
    let signed = record(1, 1, &numbers(0..4));
    let _ = store.consume(signed.as_bytes(), &Source::DHT, HOUR, NOW).unwrap();
    let repeat = measure(|| {
        let _ = store.consume(signed.as_bytes(), &Source::DHT, HOUR, NOW).unwrap();
    });
    assert_eq!(repeat.count_total, 0);
    assert_eq!(store.signed_record(&peer(1), NOW).unwrap().as_deref(), Some(signed.as_bytes()));
}

/// An entry is charged to who filled it: taking a claim back, or failing to make one, does not move it.
#[test]
fn s11_what_stores_nothing_moves_no_entry_to_another_group() {
    let store = Peerstore::in_memory(Config::default());
    let (id, mine) = (peer(1), numbers(0..1));
    let _ = store.report(&id, &mine, &Source::MANUAL, HOUR, NOW).unwrap();
    let held = || {
        let Ok(entry) = store.engine().view(&id, |entry| entry.cloned());
        let mut bytes = Vec::new();
        entry.unwrap().encode(&mut bytes);
        bytes
    };
    let before = held();
    let of_another = format!("/ip4/192.0.2.1/tcp/1/p2p/{}", peer(2)).parse().unwrap();
    for (address, ttl) in [(mine[0].clone(), Duration::ZERO), (of_another, HOUR)] {
        let reported = store.report(&id, &[address], &Source::DHT, ttl, NOW).unwrap();
        assert_eq!((reported.added, reported.updated), (0, 0));
        assert_eq!(held(), before);
    }
    let _ = store.report(&id, &numbers(1..2), &Source::DHT, HOUR, NOW).unwrap();
    assert_ne!(held(), before);
}
