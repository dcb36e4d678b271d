//! Two writers: the highest sequence number wins, whatever the order of steps (S1, S2, S3).

use std::sync::Arc;

use peermark_peer_record::CertifiedRecord;
use peermark_peerstore_shuttle::{Outcome, PayloadDigest};
use shuttle::thread;

use crate::schedules::{HOUR, NOW, SOURCE, record, store, under_all_schedules};

#[test]
fn s1_of_two_records_at_once_the_newer_one_stays() {
    let (old, new) = (record(1, 1, 1), record(1, 2, 2));
    under_all_schedules(move || {
        let store = store(|_| ());
        let threads = [&old, &new].map(|record| {
            let (store, record) = (Arc::clone(&store), record.clone());
            thread::spawn(move || store.apply(&record, SOURCE, HOUR, NOW).unwrap().outcome)
        });
        let outcomes = threads.map(|thread| thread.join().unwrap());
        let held = store.signed_record(&new.peer_id(), NOW).unwrap().unwrap();
        assert_eq!(held, new.as_bytes());
        let either = [
            [Outcome::Inserted, Outcome::Replaced { from: 1.into() }],
            [Outcome::Stale { held: 2.into() }, Outcome::Inserted],
        ];
        assert!(either.contains(&outcomes), "{outcomes:?}");
        store.check().unwrap();
    });
}

#[test]
fn s2_of_two_contradictions_at_once_the_same_is_held_and_both_are_known() {
    let (one, other) = (record(1, 1, 1), record(1, 1, 2));
    // As many addresses: the smaller digest.
    let digest = |record: &CertifiedRecord| PayloadDigest::of(record.payload());
    let first = if digest(&one) < digest(&other) { one.clone() } else { other.clone() };
    under_all_schedules(move || {
        let store = store(|_| ());
        let threads = [&one, &other].map(|record| {
            let (store, record) = (Arc::clone(&store), record.clone());
            thread::spawn(move || store.apply(&record, SOURCE, HOUR, NOW).unwrap().outcome)
        });
        let outcomes = threads.map(|thread| thread.join().unwrap());
        let inserted = outcomes.iter().filter(|outcome| **outcome == Outcome::Inserted).count();
        assert_eq!(inserted, 1, "{outcomes:?}");
        let held = store.signed_record(&one.peer_id(), NOW).unwrap();
        assert_eq!(held.as_deref(), Some(first.as_bytes()));
        let proof = store.equivocation(&one.peer_id()).unwrap().unwrap();
        let mut envelopes =
            [proof.held_envelope, proof.got_envelope].map(|envelope| envelope.unwrap().to_vec());
        envelopes.sort();
        let mut expected = [one.as_bytes().to_vec(), other.as_bytes().to_vec()];
        expected.sort();
        assert_eq!(envelopes, expected);
        store.check().unwrap();
    });
}

#[test]
fn s3_no_floor_is_lost_while_a_peer_is_cleared() {
    let (old, new) = (record(1, 1, 1), record(1, 2, 2));
    under_all_schedules(move || {
        let store = store(|_| ());
        let peer = new.peer_id();
        let writer = {
            let (store, new) = (Arc::clone(&store), new.clone());
            thread::spawn(move || store.apply(&new, SOURCE, HOUR, NOW).unwrap())
        };
        let clearer = {
            let store = Arc::clone(&store);
            thread::spawn(move || store.clear(&peer, NOW).unwrap())
        };
        let _ = writer.join().unwrap();
        clearer.join().unwrap();
        let replay = store.apply(&old, SOURCE, HOUR, NOW).unwrap();
        assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
        store.check().unwrap();
    });
}
