//! What the book fills in: the time and the times to live.

use std::time::Duration;

use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark::peerstore::{Config, Memory, Outcome, Peerstore, RoutingRecord};
use peermark::provenance::{DialOutcome, Source, SourceKind, TrustClass};
use peermark::{Multiaddr, PeerBook};

use crate::support::HandClock;

const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A book, the clock that it lives by, and somebody to write in it.
fn open(clock: &HandClock) -> (PeerBook<Memory, &HandClock>, Keypair) {
    let book = PeerBook::new(Peerstore::in_memory(Config::default()), clock);
    (book, Keypair::ed25519_from_seed(&[1; 32]))
}

fn record(key: &Keypair, seq: u64) -> CertifiedRecord {
    let record = PeerRecord::new(key.peer_id(), seq.into(), [address(seq)]);
    record.certify(key, Dialect::PeerRecord).unwrap()
}

fn address(port: u64) -> Multiaddr {
    format!("/ip4/192.0.2.1/tcp/{port}").parse().unwrap()
}

fn classes(book: &PeerBook<Memory, &HandClock>, peer: &PeerId) -> Vec<TrustClass> {
    book.addresses(peer).unwrap().iter().map(|known| known.class).collect()
}

#[test]
fn each_source_has_its_time_to_live() {
    for kind in SourceKind::ALL {
        let clock = HandClock::new();
        let (book, key) = open(&clock);
        let peer = key.peer_id();
        let source = match kind {
            SourceKind::Identify => Source::identify(peer),
            kind => Source::of(kind),
        };
        assert_eq!(book.report(&peer, &[address(1)], &source).unwrap().added, 1, "{kind}");
        let lifetime = book.lifetimes().of(kind);
        if lifetime == Duration::MAX {
            clock.advance(99 * YEAR);
            assert_eq!(classes(&book, &peer), [TrustClass::User], "{kind}");
        } else {
            assert_eq!(book.until_next_expiry(), Some(lifetime), "{kind}");
            clock.advance(lifetime - Duration::from_nanos(1));
            assert_eq!(classes(&book, &peer).len(), 1, "{kind}");
            clock.advance(Duration::from_nanos(1));
            assert_eq!(classes(&book, &peer).len(), 0, "{kind}");
            assert_eq!(book.sweep(100).unwrap().peers, 1, "{kind}");
        }
        book.check().unwrap();
    }
}

#[test]
fn s14_setting_the_clock_back_revives_nothing_and_stops_nothing() {
    let clock = HandClock::new();
    let (book, key) = open(&clock);
    let peer = key.peer_id();
    let _ = book.apply(&record(&key, 1), &Source::DHT).unwrap();
    clock.advance(book.lifetimes().record);
    assert!(classes(&book, &peer).is_empty());
    clock.set_back(YEAR);
    assert!(classes(&book, &peer).is_empty());

    // What is said under the wrong clock lives as long as it should.
    let _ = book.report(&peer, &[address(7)], &Source::DHT).unwrap();
    clock.advance(HOUR - Duration::from_nanos(1));
    assert_eq!(classes(&book, &peer), [TrustClass::ThirdParty]);
    clock.advance(Duration::from_nanos(1));
    assert!(classes(&book, &peer).is_empty());
}

#[test]
fn s14_setting_the_clock_forward_reopens_no_replay() {
    let clock = HandClock::new();
    let (book, key) = open(&clock);
    let _ = book.apply(&record(&key, 2), &Source::DHT).unwrap();
    clock.advance(20 * YEAR);
    assert!(classes(&book, &key.peer_id()).is_empty());
    book.sweep(100).unwrap();
    let replay = book.consume(record(&key, 1).as_bytes(), &Source::DHT).unwrap();
    assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
    // Records age by an hour in such a step, as floors do: the same one is taken again.
    let again = book.consume(record(&key, 2).as_bytes(), &Source::DHT).unwrap();
    assert_eq!(again.outcome, Outcome::Refreshed { extended: true });
}

#[test]
fn s7_a_connection_holds_what_it_taught() {
    let clock = HandClock::new();
    let (book, key) = open(&clock);
    let peer = key.peer_id();
    assert!(book.connected(&peer).unwrap());
    assert!(book.dialed(&peer, &address(1), DialOutcome::Success).unwrap());
    clock.advance(YEAR);
    assert_eq!(classes(&book, &peer), [TrustClass::Dialed]);
    book.disconnected(&peer).unwrap();
    clock.advance(book.lifetimes().dialed);
    assert!(classes(&book, &peer).is_empty());
}

#[test]
fn reads_go_to_the_store() {
    let clock = HandClock::new();
    let (book, key) = open(&clock);
    let (peer, other) = (key.peer_id(), Keypair::ed25519_from_seed(&[2; 32]).peer_id());
    let bytes = record(&key, 5).into_bytes();
    let _ = book.consume(&bytes, &Source::PUBSUB).unwrap();
    let _ = book.report(&other, &[address(9)], &Source::MDNS).unwrap();

    assert_eq!(book.certified_addresses(&peer).unwrap(), [address(5)]);
    assert!(book.is_certified(&peer, &address(5)).unwrap());
    assert!(!book.is_certified(&other, &address(9)).unwrap());
    assert_eq!(book.signed_records(&[other, peer]).unwrap(), [None, Some(bytes.clone())]);
    let routing = book.routing_records(&[other, peer]).unwrap();
    let expected = [RoutingRecord::Plain(vec![address(9)]), RoutingRecord::Signed(bytes)];
    assert_eq!(routing, expected);
    assert_eq!(book.peers().count(), 2);
    assert_eq!(book.floor(&peer).unwrap().unwrap().0, 5.into());

    let (snapshot, mut stream) = book.subscribe(&peer).unwrap();
    assert_eq!(snapshot.len(), 1);
    assert_eq!(book.retract(&other, SourceKind::Mdns).unwrap(), 1);
    assert_eq!(stream.try_next(), None);
    assert!(book.clear(&peer).unwrap());
    assert!(stream.try_next().is_some());
    assert!(book.forget(&peer).unwrap().is_some());
    assert_eq!(book.floor(&peer).unwrap(), None);
}
