//! Sweeping beside writing (S3, S6).

use std::sync::Arc;

use peermark_peerstore_shuttle::Outcome;
use shuttle::thread;

use crate::schedules::{HOUR, NOW, SOURCE, record, store, under_all_schedules};

#[test]
fn s6_a_record_that_comes_during_a_sweep_is_not_swept() {
    let (old, new) = (record(1, 1, 1), record(1, 2, 2));
    under_all_schedules(move || {
        let store = store(|_| ());
        let _ = store.apply(&old, SOURCE, HOUR, NOW).unwrap();
        let later = NOW.saturating_add(HOUR);
        let sweeper = {
            let store = Arc::clone(&store);
            thread::spawn(move || store.sweep(later, 100).unwrap())
        };
        let writer = {
            let (store, new) = (Arc::clone(&store), new.clone());
            thread::spawn(move || store.apply(&new, SOURCE, HOUR, later).unwrap().outcome)
        };
        sweeper.join().unwrap();
        // The old one is over, swept or not: it is not replaced.
        assert_eq!(writer.join().unwrap(), Outcome::Inserted);
        let held = store.signed_record(&new.peer_id(), later).unwrap();
        assert_eq!(held.as_deref(), Some(new.as_bytes()));
        store.check().unwrap();
    });
}

#[test]
fn s14_time_does_not_go_back_between_threads() {
    let (old, new) = (record(1, 1, 1), record(2, 1, 2));
    under_all_schedules(move || {
        let store = store(|_| ());
        let _ = store.apply(&old, SOURCE, HOUR, NOW).unwrap();
        let later = NOW.saturating_add(HOUR);
        let readers = [NOW, later].map(|now| {
            let (store, new) = (Arc::clone(&store), new.clone());
            thread::spawn(move || {
                let _ = store.apply(&new, SOURCE, HOUR, now).unwrap();
            })
        });
        for reader in readers {
            reader.join().unwrap();
        }
        // Whoever came last: an hour has passed.
        assert!(store.addresses(&old.peer_id(), NOW).unwrap().is_empty());
        store.check().unwrap();
    });
}
