//! What the builder passes on, and what a book in a file brings back.

use std::time::Duration;

use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark::peerstore::{Config, Limits, Outcome};
use peermark::peerstore_redb::{OpenError, Redb};
use peermark::provenance::Source;
use peermark::{Lifetimes, PeerBook};

use crate::support::HandClock;

const HOUR: Duration = Duration::from_secs(3600);

fn alice() -> Keypair {
    Keypair::ed25519_from_seed(&[0xa; 32])
}

fn record(seq: u64) -> CertifiedRecord {
    let address = format!("/ip4/192.0.2.1/tcp/{seq}").parse().unwrap();
    let record = PeerRecord::new(alice().peer_id(), seq.into(), [address]);
    record.certify(&alice(), Dialect::PeerRecord).unwrap()
}

#[test]
fn what_is_said_is_what_the_book_has() {
    let mut limits = Limits::default();
    limits.peers = 7;
    let mut lifetimes = Lifetimes::default();
    lifetimes.record = HOUR;
    let clock = HandClock::new();
    let builder = PeerBook::builder().limits(limits).lifetimes(lifetimes).clock(&clock);
    let book = builder.clone().in_memory();
    assert_eq!(book.limits().peers, 7);
    assert_eq!(book.lifetimes().record, HOUR);
    let _ = book.apply(&record(1), &Source::DHT).unwrap();
    assert_eq!(book.until_next_expiry(), Some(HOUR));

    let other = builder.config(Config::default()).in_memory();
    assert_eq!(other.limits(), &Limits::default());
    assert_eq!(other.lifetimes().record, HOUR);
}

fn open<'a>(path: &std::path::Path, clock: &'a HandClock) -> PeerBook<Redb, &'a HandClock> {
    PeerBook::builder().clock(clock).open(path).unwrap()
}

#[test]
fn a_book_in_a_file_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("book"), HandClock::new());
    let peer = alice().peer_id();
    let book = open(&path, &clock);
    let _ = book.apply(&record(2), &Source::DHT).unwrap();
    assert!(matches!(PeerBook::builder().open(&path), Err(OpenError::InUse { .. })));
    drop(book);

    clock.advance(HOUR);
    let book = open(&path, &clock);
    let bytes = record(2).into_bytes();
    assert_eq!(book.signed_records(&[peer]).unwrap(), [Some(bytes)]);
    let replay = book.consume(record(1).as_bytes(), &Source::DHT).unwrap();
    assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
    assert_eq!(book.until_next_expiry(), Some(book.lifetimes().record - HOUR));
}

#[test]
fn s14_a_clock_that_was_set_back_meanwhile_revives_nothing_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("book"), HandClock::new());
    let peer = alice().peer_id();
    let book = open(&path, &clock);
    let _ = book.apply(&record(2), &Source::DHT).unwrap();
    drop(book);

    // The store sees the clock that was set back, and what it moves on from there.
    clock.set_back(60 * HOUR);
    let book = open(&path, &clock);
    assert_eq!(book.addresses(&peer).unwrap().len(), 1);
    clock.advance(book.lifetimes().record - Duration::from_nanos(1));
    assert_eq!(book.addresses(&peer).unwrap().len(), 1);
    clock.advance(Duration::from_nanos(1));
    assert!(book.addresses(&peer).unwrap().is_empty());
    drop(book);

    clock.set_back(48 * HOUR);
    let book = open(&path, &clock);
    assert!(book.addresses(&peer).unwrap().is_empty());
}
