//! Asking for many at once, and what is read (S8, S9, G1).

use peermark_envelope::{Envelope, Purpose};
use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, PEER_RECORD};
use peermark_peerstore::{Delivery, Engine, Outcome, OutcomeKind, RoutingRecord};
use peermark_provenance::Source;

use super::trial::{HOUR, MINUTE, ok};
use super::{Make, Trial};
use crate::model;
use crate::peerstore::fixtures::{key, numbers, peer, record, signed};

/// The records of many peers come in the order that was asked for, with a place for each (S8).
pub fn s8_signed_records_keep_the_order<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let records: Vec<_> = (0..4).map(|index| record(index, 1, &numbers(0..2))).collect();
    for (record, ttl) in records.iter().zip([HOUR, MINUTE, HOUR, HOUR]) {
        let _ = trial.apply(record, &Source::DHT, ttl);
    }
    let _ = trial.report(&peer(5), &numbers(0..1), &Source::DHT, HOUR);
    trial.clock.pass(MINUTE);
    let asked = [3, 9, 1, 0, 5, 3].map(peer);
    let signed = ok(trial.store.signed_records(&asked, trial.clock.now()));
    let signed: Vec<_> = signed.iter().map(|bytes| bytes.as_deref()).collect();
    let of = |index: usize| Some(records[index].as_bytes());
    assert_eq!(signed, [of(3), None, None, of(0), None, of(3)]);
    assert_eq!(ok(trial.store.signed_records(&[], trial.clock.now())).len(), 0);
    trial.check();
}

/// What a routing table answers: the record, else plain addresses, else nothing (S8).
pub fn s8_routing_records_fall_back_to_addresses<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let both = record(1, 1, &numbers(0..2));
    let _ = trial.apply(&both, &Source::DHT, MINUTE);
    for index in [1, 2] {
        let _ = trial.report(&peer(index), &numbers(1..4), &Source::DHT, HOUR);
    }
    assert!(trial.connect(&peer(3)));
    let asked = [2, 3, 1, 4].map(peer);
    let routing = |trial: &Trial<E>| ok(trial.store.routing_records(&asked, trial.clock.now()));
    let plain = || RoutingRecord::Plain(numbers(1..4));
    let signed = RoutingRecord::Signed(both.into_bytes());
    let unknown = || RoutingRecord::Unknown;
    assert_eq!(routing(&trial), [plain(), unknown(), signed, unknown()]);
    trial.clock.pass(MINUTE);
    assert_eq!(routing(&trial), [plain(), unknown(), plain(), unknown()]);
    trial.check();
}

/// What was received is read back in its canonical form, byte for byte, with what the signed
/// payload has beside the fields that we know (S9, W5, W7).
pub fn s9_a_record_is_read_back_canonical<E: Engine>(make: Make<'_, E>) {
    // A payload with a field from the future, in an envelope with another, out of order.
    let mut payload = record(1, 7, &numbers(0..2)).payload().to_vec();
    payload.extend(model::message(&[model::bytes(9, *b"from the future")]));
    let sealed = Envelope::seal(PEER_RECORD, &payload, &key(1)).expect("it is sealed");
    let canonical = sealed.as_bytes().to_vec();
    let mut fields = model::fields(&canonical).expect("an envelope");
    fields.reverse();
    fields.push(model::bytes(8, *b"and one outside"));
    let received = model::message(&fields);
    assert_ne!(received, canonical);
    let trial = Trial::new(make);
    for (outcome, bytes) in
        [(OutcomeKind::Inserted, &received), (OutcomeKind::Refreshed, &received)]
            .into_iter()
            .chain([(OutcomeKind::Refreshed, &canonical)])
    {
        let applied = ok(trial.consume(bytes, &Source::DHT, HOUR));
        assert_eq!((applied.outcome.kind(), applied.dropped), (outcome, 0));
        assert_eq!(trial.signed(&peer(1)), Some(canonical.clone()));
    }
    let again = CertifiedRecord::verify(&trial.signed(&peer(1)).expect("held"), Dialects::Any);
    assert_eq!(again.map(|record| record.payload().to_vec()), Ok(payload));
    trial.check();
}

/// Only the dialect that is asked for is read, held already or not (S9, R6).
pub fn s9_one_dialect_alone_can_be_asked_for<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let record = signed(&key(1), Dialect::RoutingState, 1, &numbers(0..2));
    let consume = |dialects| {
        let now = trial.clock.now();
        let delivery = Delivery::new(Source::DHT, HOUR);
        trial.store.consume_as(record.as_bytes(), dialects, delivery, now).is_ok()
    };
    assert!(!consume(Dialects::Only(Dialect::PeerRecord)));
    assert_eq!(trial.peers(), []);
    assert!(consume(Dialects::Only(Dialect::RoutingState)));
    assert!(!consume(Dialects::Only(Dialect::PeerRecord)), "though it is held");
    assert!(consume(Dialects::Any));
    assert_eq!(trial.peers(), [peer(1)]);
    trial.check();
}

/// Listing the peers holds no lock: the store may be changed by whoever iterates (S9).
pub fn s9_listing_holds_no_lock<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    for index in 0..50 {
        let _ = trial.report(&peer(index), &numbers(0..1), &Source::DHT, HOUR);
    }
    let mut seen = 0;
    for peer in trial.store.peers(trial.clock.now()) {
        let peer = ok(peer);
        seen += 1;
        assert!(trial.clear(&peer));
        let _ = trial.report(&self::peer(1000 + seen), &numbers(0..1), &Source::DHT, HOUR);
        trial.sweep_all();
    }
    assert!(seen >= 50, "who was there all the time is listed");
    assert!((0..50).all(|index| trial.addresses(&peer(index)).is_empty()));
    trial.check();
}

/// Whether an address is certified is told by peer, and of the current record (S9).
pub fn s9_certified_is_of_the_current_record<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let certified = |index: u64, at: u32| {
        let address = &numbers(at..at + 1)[0];
        ok(trial.store.is_certified(&peer(index), address, trial.clock.now()))
    };
    let _ = trial.apply(&record(1, 1, &numbers(0..2)), &Source::DHT, HOUR);
    let _ = trial.report(&peer(2), &numbers(0..2), &Source::MANUAL, HOUR);
    assert!(certified(1, 0) && certified(1, 1));
    assert!(!certified(2, 0) && !certified(1, 2) && !certified(3, 0));
    let _ = trial.apply(&record(1, 2, &numbers(1..3)), &Source::DHT, HOUR);
    assert_eq!([0, 1, 2].map(|at| certified(1, at)), [false, true, true]);
    assert_eq!(trial.remove(&peer(1), &numbers(1..2)), 1);
    assert_eq!([0, 1, 2].map(|at| certified(1, at)), [false, false, true]);
    trial.clock.pass(HOUR);
    assert!(!certified(1, 2));
    trial.check();
}

/// What is counted is what is there: peers that have an address, records, and no byte when nothing
/// is (S9).
pub fn s9_counts_are_right<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let counts = || {
        let usage = trial.store.usage();
        let peers = ok(trial.store.count_peers(trial.clock.now()));
        (peers, usage.peers, usage.records, usage.floors)
    };
    assert_eq!((counts(), trial.store.usage().bytes), ((0, 0, 0, 0), 0));
    for index in 0..3 {
        let _ = trial.apply(&record(index, 1, &numbers(0..2)), &Source::DHT, MINUTE);
    }
    let _ = trial.report(&peer(0), &numbers(0..2), &Source::DHT, HOUR);
    let _ = trial.report(&peer(9), &numbers(0..2), &Source::DHT, HOUR);
    assert!(trial.connect(&peer(8)));
    assert_eq!(counts(), (4, 5, 3, 0));
    trial.clock.pass(MINUTE);
    assert_eq!(counts().0, 2);
    trial.sweep_all();
    assert_eq!(counts(), (2, 3, 0, 2));
    trial.disconnect(&peer(8));
    assert!(trial.clear(&peer(0)) && trial.clear(&peer(9)));
    assert_eq!((counts(), trial.store.usage().bytes), ((0, 0, 0, 3), 0));
    trial.check();
}

/// Many records at once are applied in their order, each with an answer of its own (G1).
pub fn g1_many_are_answered_one_by_one<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let records = [
        record(1, 2, &numbers(0..2)),
        record(2, 1, &numbers(0..1)),
        record(1, 1, &numbers(0..2)),
        record(1, 2, &numbers(0..2)),
        record(1, 2, &numbers(0..3)),
        record(1, 3, &numbers(0..3)),
        record(3, 1, &[]),
    ];
    let now = trial.clock.now();
    let answers = trial.store.apply_many(&records, &Source::DHT, HOUR, now);
    let kinds: Vec<_> = answers
        .into_iter()
        .zip(&records)
        .map(|(answer, record)| {
            let applied = ok(answer);
            assert_eq!((applied.peer, applied.seq), (record.peer_id(), record.seq()));
            applied.outcome.kind()
        })
        .collect();
    use OutcomeKind::{Contradiction, Inserted, Refreshed, Replaced, Stale};
    let expected = [Inserted, Inserted, Stale, Refreshed, Contradiction, Replaced, Inserted];
    assert_eq!(kinds, expected);
    assert_eq!(trial.proof(&peer(1)), None, "a higher number ended it");
    assert_eq!(trial.tally.applied_of(Source::DHT.kind(), Inserted), 3);
    assert_eq!(trial.store.apply_many(&[], &Source::DHT, HOUR, now).len(), 0);
    assert_eq!(trial.peers().len(), 2);
    trial.check();
}

/// A signature for another purpose is none for a record (S9, E3).
pub fn s9_other_purposes_are_no_records<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let payload = record(1, 7, &numbers(0..2)).payload().to_vec();
    let voucher = Purpose::new("libp2p-relay-rsvp", b"\x03\x02").expect("a purpose");
    let sealed = Envelope::seal(voucher, &payload, &key(1)).expect("it is sealed");
    assert!(trial.consume(sealed.as_bytes(), &Source::DHT, HOUR).is_err());
    assert_eq!(trial.peers(), []);
    let good = record(1, 7, &numbers(0..2));
    assert_eq!(trial.outcome(&good, &Source::DHT, HOUR), Outcome::Inserted);
    trial.check();
}
