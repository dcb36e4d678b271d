//! Many at once, and what moves between books.

use std::sync::Arc;
use std::time::Duration;

use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{CertifiedRecord, Dialect, Dialects, PeerRecord};
use peermark::peerstore::{Counters, Delivery, Outcome, Report, SampleKind};
use peermark::provenance::{Source, SourceKind, TrustClass};
use peermark::{Multiaddr, PeerBook};

use crate::support::HandClock;

const HOUR: Duration = Duration::from_secs(3600);

fn key(n: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[n; 32])
}

fn address(port: u16) -> Multiaddr {
    format!("/ip4/192.0.2.1/tcp/{port}").parse().unwrap()
}

fn record(n: u8, seq: u64, dialect: Dialect) -> CertifiedRecord {
    let key = key(n);
    PeerRecord::new(key.peer_id(), seq.into(), [address(n.into())]).certify(&key, dialect).unwrap()
}

#[test]
fn s8_many_at_once_are_answered_as_one_by_one() {
    let clock = HandClock::new();
    let make = || PeerBook::builder().clock(&clock).in_memory();
    let (together, single) = (make(), make());
    let mut envelopes: Vec<Vec<u8>> = Vec::new();
    for n in 1..40 {
        envelopes.push(record(n, 2, Dialect::PeerRecord).as_bytes().to_vec());
    }
    // One that is known, one twice, an older and a newer one, another dialect, and two that are junk.
    for known in [1, 2, 3] {
        let known = record(known, 2, Dialect::PeerRecord);
        for book in [&together, &single] {
            let _ = book.apply(&known, &Source::DHT).unwrap();
        }
    }
    envelopes.push(envelopes[10].clone());
    envelopes.push(record(12, 1, Dialect::PeerRecord).as_bytes().to_vec());
    envelopes.push(record(12, 3, Dialect::RoutingState).as_bytes().to_vec());
    envelopes.push(b"junk".to_vec());
    envelopes.push(Vec::new());
    let mut tampered = envelopes[4].clone();
    *tampered.last_mut().unwrap() ^= 1;
    envelopes.push(tampered);

    let delivery = together.delivery(Source::PUBSUB);
    let answers = together.consume_each(envelopes.iter().map(|it| (&it[..], delivery)));
    assert_eq!(answers.len(), envelopes.len());
    for (answer, envelope) in answers.iter().zip(&envelopes) {
        let alone = single.consume(envelope, &Source::PUBSUB);
        match (answer, alone) {
            (Ok(one), Ok(other)) => assert_eq!(one.outcome, other.outcome),
            (Err(one), Err(other)) => assert_eq!(*one, other),
            (one, other) => panic!("{one:?} beside {other:?}"),
        }
    }
    assert_eq!(together.usage(), single.usage());
    let peers: Vec<PeerId> = (1..40).map(|n| key(n).peer_id()).collect();
    assert_eq!(together.signed_records(&peers).unwrap(), single.signed_records(&peers).unwrap());
    assert!(together.consume_each([]).is_empty());
}

#[test]
fn s8_each_delivery_has_its_own_source_and_life() {
    let clock = HandClock::new();
    let book = PeerBook::builder().clock(&clock).in_memory();
    let (short, long) = (record(1, 1, Dialect::PeerRecord), record(2, 1, Dialect::PeerRecord));
    let deliveries = [
        (short.as_bytes(), Delivery::new(Source::DHT, HOUR)),
        (long.as_bytes(), Delivery::new(Source::PUBSUB, 3 * HOUR)),
    ];
    assert!(book.consume_each(deliveries).iter().all(Result::is_ok));
    let reports = [(3, HOUR), (4, 3 * HOUR)].map(|(n, ttl)| (key(n).peer_id(), [address(9)], ttl));
    let reports = reports.iter().map(|(peer, addresses, ttl)| {
        let (source, age) = (Source::MDNS, None);
        Report { peer: *peer, addresses, source, ttl: *ttl, age }
    });
    assert!(book.report_each(reports).iter().all(|it| it.as_ref().unwrap().added == 1));
    assert_eq!(book.peers().count(), 4);
    clock.advance(2 * HOUR);
    let mut left: Vec<_> = book.peers().map(Result::unwrap).collect();
    left.sort_unstable();
    let mut expected = [2, 4].map(|n| key(n).peer_id());
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[test]
fn a_dialect_that_is_not_asked_for_does_not_verify() {
    let book = PeerBook::in_memory();
    let delivery = book.delivery(Source::DHT);
    let record = record(1, 1, Dialect::RoutingState);
    let only = |dialect| book.consume_as(record.as_bytes(), Dialects::Only(dialect), delivery);
    assert!(only(Dialect::PeerRecord).is_err());
    assert_eq!(only(Dialect::RoutingState).unwrap().outcome, Outcome::Inserted);
}

#[test]
fn what_one_book_knows_another_joins() {
    let clock = HandClock::new();
    let [one, other] = [(); 2].map(|()| PeerBook::builder().clock(&clock).in_memory());
    let peer = key(1).peer_id();
    let _ = one.apply(&record(1, 5, Dialect::PeerRecord), &Source::DHT).unwrap();
    let _ = one.report(&peer, &[address(77)], &Source::MDNS).unwrap();
    let join = one.state(&peer).unwrap().unwrap().verify().unwrap();
    let joined = other.join_each([&join], &Source::PEER_EXCHANGE);
    assert_eq!(joined[0].as_ref().unwrap().refusal, None);
    assert_eq!(other.floor(&peer).unwrap().unwrap().0, 5.into());
    assert_eq!(other.signed_record(&peer).unwrap(), one.signed_record(&peer).unwrap());
    assert_eq!(other.addresses(&peer).unwrap().len(), 2);
    assert_eq!(other.state(&key(2).peer_id()).unwrap(), None);

    assert_eq!(other.remove(&peer, &[address(1)]).unwrap(), 1);
    assert_eq!(other.signed_record(&peer).unwrap(), None);
    assert_eq!(one.set_ttl(&peer, SourceKind::Mdns, 9 * HOUR).unwrap(), 1);
    clock.advance(8 * HOUR);
    let classes: Vec<_> = one.addresses(&peer).unwrap().iter().map(|it| it.class).collect();
    assert_eq!(classes, [TrustClass::Certified, TrustClass::ThirdParty]);
    assert_eq!(one.view(&peer, |view| view.unwrap().addresses().count()).unwrap(), 2);
    one.check().unwrap();
    other.check().unwrap();
}

#[test]
fn counters_and_gauges_are_listed() {
    let counters = Arc::new(Counters::default());
    let book = PeerBook::builder().metrics(Arc::clone(&counters) as _).in_memory();
    assert!(counters.samples().is_empty());
    let _ = book.apply(&record(1, 5, Dialect::PeerRecord), &Source::DHT).unwrap();
    let _ = book.apply(&record(1, 4, Dialect::PeerRecord), &Source::DHT).unwrap();
    assert!(book.consume(b"junk", &Source::PUBSUB).is_err());
    let _ = book.report(&key(1).peer_id(), &[address(7)], &Source::application(3)).unwrap();
    let samples = counters.samples();
    let said: Vec<_> = samples
        .iter()
        .map(|it| {
            let labels: Vec<_> = it.labels.iter().map(|(_, text)| text.as_str()).collect();
            (it.name, labels.join(" "), it.value)
        })
        .collect();
    assert_eq!(
        said,
        [
            ("records_applied_total", "dht inserted".to_owned(), 1),
            ("records_applied_total", "dht stale".to_owned(), 1),
            ("records_invalid_total", "pubsub".to_owned(), 1),
            ("addresses_reported_total", "application".to_owned(), 1),
        ]
    );
    assert!(samples.iter().all(|it| it.kind == SampleKind::Counter));
    let gauges: Vec<_> = book.usage().samples().iter().map(|it| (it.name, it.value)).collect();
    assert_eq!(gauges[..2], [("peers", 1), ("records", 1)]);
}
