//! What strangers make a store hold takes no more memory than it is charged for, by half (S11).

use std::net::Ipv4Addr;
use std::time::Duration;

use allocation_counter::measure;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peerstore::Peerstore;
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::peerstore::fixtures::{numbers, peer, record};
use peermark_testkit::rng::Rng;

use super::memory::{config, sweep};

const NOW: Timestamp = Timestamp::from_secs(1_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What one floor of which nothing else is held may take; the limit counts them, not their bytes.
const FLOOR: u64 = 320;

fn store() -> Peerstore {
    let mut config = config();
    // So few that they are in one region: rooms that nobody is in yet are the same for every store.
    config.limits.peers = 16_000;
    config.limits.floor_life = DAY;
    config.limits.record_age = DAY.saturating_mul(2);
    Peerstore::in_memory(config)
}

/// Fills a store, and holds what that allocated against what is charged. What an empty one takes is
/// the same for every store.
fn check(what: &str, fill: impl FnOnce(&Peerstore)) {
    let store = store();
    let held = measure(|| fill(&store));
    let usage = store.usage();
    let floors = u64::try_from(usage.floors).unwrap() * FLOOR;
    let charged = usage.bytes + floors;
    let live = u64::try_from(held.bytes_current).unwrap();
    assert!(live * 2 <= charged * 3, "{what}: {live} bytes where {charged} are charged");
    store.check().unwrap();
}

fn peers(count: u64) -> Vec<PeerId> {
    (0..count).map(peer).collect()
}

fn report(
    store: &Peerstore,
    peer: &PeerId,
    addresses: &[Multiaddr],
    source: &Source,
    ttl: Duration,
) {
    let reported = store.report(peer, addresses, source, ttl, NOW).unwrap();
    assert_eq!(reported.added, addresses.len());
}

/// The shortest address there is that stands for one host.
fn short(number: u32) -> Multiaddr {
    let ip = Ipv4Addr::from_bits(0x0b00_0000 | number);
    format!("/ip4/{ip}").parse().unwrap()
}

#[test]
fn s11_addresses_that_ended_give_their_memory_back() {
    let peers = peers(1_000);
    check("63 that ended and one", |store| {
        for peer in &peers {
            report(store, peer, &numbers(0..63), &Source::DHT, MINUTE);
            report(store, peer, &numbers(63..64), &Source::DHT, HOUR);
        }
        sweep(store, NOW.saturating_add(MINUTE));
        assert_eq!(store.usage().peers, peers.len());
    });
}

#[test]
fn s11_peers_of_hearsay_are_charged_for_what_they_take() {
    let peers = peers(2_000);
    for count in [1, 2, 5, 64] {
        check(&format!("{count} of hearsay"), |store| {
            for peer in peers.iter().take(4_000 / usize::try_from(count).unwrap()) {
                report(store, peer, &numbers(0..count), &Source::DHT, HOUR);
            }
        });
    }
    check("one that is short", |store| {
        for peer in &peers {
            report(store, peer, &[short(1)], &Source::DHT, HOUR);
        }
    });
    check("one after the other", |store| {
        for peer in peers.iter().take(500) {
            for n in 0..33 {
                report(store, peer, &[short(n)], &Source::DHT, HOUR);
            }
        }
    });
}

#[test]
fn s11_claims_with_reporters_are_charged_for_what_they_take() {
    let (peers, reporters) = (peers(500), (1_000..1_008).map(peer).collect::<Vec<_>>());
    for count in [1, 8] {
        check(&format!("{count} reporters"), |store| {
            for peer in &peers {
                for reporter in reporters.iter().take(count) {
                    let source = Source::PEER_EXCHANGE.reported_by(*reporter);
                    let _ = store.report(peer, &numbers(0..4), &source, HOUR, NOW).unwrap();
                }
            }
        });
    }
    check("a claim each that ended", |store| {
        for peer in &peers {
            for reporter in &reporters {
                let source = Source::PEER_EXCHANGE.reported_by(*reporter);
                let ttl = if *reporter == reporters[0] { HOUR } else { MINUTE };
                let _ = store.report(peer, &numbers(0..4), &source, ttl, NOW).unwrap();
            }
        }
        sweep(store, NOW.saturating_add(MINUTE));
    });
}

#[test]
fn s11_records_are_charged_for_what_they_take() {
    for (count, addresses) in [(2_000, 0..1), (2_000, 0..4), (1_000, 0..9), (300, 0..64)] {
        let what = format!("records of {}", addresses.end);
        let records: Vec<_> =
            (0..count).map(|n| record(n, 1, &numbers(addresses.clone()))).collect();
        check(&what, |store| {
            for record in &records {
                let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            }
        });
        check(&format!("{what} and hearsay"), |store| {
            for record in &records {
                let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
                let peer = record.peer_id();
                let _ = store.report(&peer, &numbers(70..71), &Source::DHT, HOUR, NOW).unwrap();
            }
        });
    }
}

#[test]
fn s11_what_is_left_when_nine_of_ten_ended_gives_the_memory_of_the_others_back() {
    // Which of them stay is said by their ids: at random.
    let stays = |peer: &PeerId| peer.to_bytes().iter().fold(0u8, |sum, byte| sum ^ byte) % 10 == 0;
    let records: Vec<_> = (0..8_000).map(|n| record(n, 1, &numbers(0..4))).collect();
    let fill = |store: &Peerstore| {
        for record in &records {
            let ttl = if stays(&record.peer_id()) { DAY.saturating_mul(2) } else { MINUTE };
            let _ = store.apply(record, &Source::DHT, ttl, NOW).unwrap();
        }
        sweep(store, NOW.saturating_add(MINUTE));
    };
    check("9 of 10 are floors", fill);
    check("9 of 10 are gone", |store| {
        fill(store);
        // Floors age by an hour at a time.
        let over = NOW.saturating_add(MINUTE);
        for hour in 1..=25 {
            sweep(store, over.saturating_add(HOUR.saturating_mul(hour)));
        }
        let left = records.iter().filter(|record| stays(&record.peer_id())).count();
        assert_eq!((store.usage().peers, store.usage().floors), (left, 0));
    });
}

#[test]
fn s11_floors_and_what_proves_contradictions_are_charged_for_what_they_take() {
    let records: Vec<_> = (0..4_000).map(|n| record(n, 1, &numbers(0..4))).collect();
    check("floors", |store| {
        for record in &records {
            let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            assert!(store.clear(&record.peer_id(), NOW).unwrap());
        }
    });
    let others: Vec<_> = (0..1_000).map(|n| record(n, 1, &numbers(4..9))).collect();
    check("contradictions", |store| {
        for (record, other) in records.iter().zip(&others) {
            let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            let _ = store.apply(other, &Source::DHT, HOUR, NOW).unwrap();
        }
        assert_eq!(store.usage().evidence, others.len());
    });
}

#[test]
fn s11_rows_that_move_together_are_found_and_end_when_they_should() {
    const PEERS: usize = 3_000;
    let (store, mut rng) = (store(), Rng::new(11));
    let records: Vec<_> = (0..3_000).map(|n| record(n, 1, &numbers(0..4))).collect();
    let mut ends = vec![None; PEERS];
    let mut now = NOW;
    // Up to nearly all of them, down to a few, and so on: what is there goes up and down between.
    for (round, target) in [PEERS, 40, PEERS / 2, 7, 900, 0].into_iter().enumerate() {
        for step in 0..12_000 {
            let n = rng.below(PEERS);
            let held = ends.iter().flatten().count();
            let peer = records[n].peer_id();
            if held < target || rng.one_in(4) {
                let ttl = Duration::from_secs(rng.below(7_200) as u64 + 1);
                let _ = store.forget(&peer, now).unwrap();
                let applied = store.apply(&records[n], &Source::DHT, ttl, now).unwrap();
                assert!(applied.outcome.is_held());
                ends[n] = Some(now.saturating_add(ttl));
            } else {
                assert_eq!(store.clear(&peer, now).unwrap(), ends[n].take().is_some());
                let _ = store.forget(&peer, now).unwrap();
            }
            if rng.one_in(16) {
                now = now.saturating_add(Duration::from_secs(1));
                ends.iter_mut().for_each(|end| *end = end.filter(|end| *end > now));
                let budget = rng.below(40) + 1;
                let _ = store.sweep(now, budget).unwrap();
            }
            if step % 3_000 == 0 {
                store.check().unwrap();
            }
        }
        store.check().unwrap();
        sweep(&store, now);
        store.check().unwrap();
        let ids: Vec<_> = records.iter().map(|record| record.peer_id()).collect();
        let found = store.signed_records(&ids, now).unwrap();
        for (n, found) in found.iter().enumerate() {
            assert_eq!(found.is_some(), ends[n].is_some(), "peer {n} in round {round}");
        }
        assert_eq!(store.usage().peers, ends.iter().flatten().count());
    }
}

#[test]
fn s11_what_was_replaced_or_taken_back_takes_no_memory() {
    let peers = peers(1_000);
    let ours = |n: u64, seq, count| record(n, seq, &numbers(0..count));
    let all = 0..u64::try_from(peers.len()).unwrap();
    let long: Vec<_> = all.clone().map(|n| ours(n, 1, 64)).collect();
    let other: Vec<_> = all.clone().map(|n| ours(n, 1, 60)).collect();
    let short: Vec<_> = all.map(|n| ours(n, 2, 1)).collect();
    check("records of 64 addresses that were replaced", |store| {
        for records in [&long, &other, &short] {
            for record in records {
                let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            }
        }
    });
    check("claims that were taken back", |store| {
        for (peer, record) in peers.iter().zip(&short) {
            let _ = store.apply(record, &Source::DHT, HOUR, NOW).unwrap();
            report(store, peer, &numbers(1..64), &Source::PUBSUB, HOUR);
            let _ = store.report(peer, &numbers(1..63), &Source::PUBSUB, Duration::ZERO, NOW);
        }
    });
    let reporters: Vec<_> = (1_000..1_008).map(peer).collect();
    check("claims of eight that one is left of", |store| {
        for peer in &peers {
            for reporter in &reporters {
                let source = Source::PEER_EXCHANGE.reported_by(*reporter);
                let _ = store.report(peer, &numbers(0..4), &source, HOUR, NOW).unwrap();
            }
            report(store, peer, &numbers(9..10), &Source::DHT, HOUR);
            let kind = peermark_provenance::SourceKind::PeerExchange;
            assert_eq!(store.retract(peer, kind, NOW), Ok(32));
        }
    });
}
