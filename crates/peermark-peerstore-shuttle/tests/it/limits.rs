//! Caps hold when two add at once (S11).

use std::sync::Arc;

use shuttle::thread;

use crate::schedules::{HOUR, NOW, SOURCE, record, store, under_all_schedules};

#[test]
fn s11_two_newcomers_do_not_exceed_a_cap_together() {
    let records = [record(1, 1, 1), record(2, 1, 1), record(3, 1, 1)];
    under_all_schedules(move || {
        // Two shards: the cap is one for both of them.
        let store = store(|config| {
            config.limits.peers = (1 << 14) + 1;
            config.limits.records = 2;
        });
        let writers = records.clone().map(|record| {
            let store = Arc::clone(&store);
            thread::spawn(move || store.apply(&record, SOURCE, HOUR, NOW).unwrap())
        });
        let applied = writers.map(|writer| writer.join().unwrap());
        let held = store.usage().records;
        assert!((1..=2).contains(&held), "{held} records: {applied:?}");
        store.check().unwrap();
    });
}
