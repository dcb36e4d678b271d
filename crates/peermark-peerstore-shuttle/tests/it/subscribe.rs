//! A snapshot and what follows it have no gap, whatever the order of steps (S10).

use std::collections::BTreeSet;
use std::sync::Arc;

use multiaddr::Multiaddr;
use peermark_peerstore_shuttle::{Event, Subscription};
use shuttle::thread;

use crate::schedules::{HOUR, NOW, SOURCE, record, store, under_all_schedules};

/// The addresses after all that was told.
fn replay(
    addresses: impl IntoIterator<Item = Multiaddr>,
    stream: &mut Subscription,
) -> Vec<String> {
    let mut known: BTreeSet<String> =
        addresses.into_iter().map(|address| address.to_string()).collect();
    while let Some(event) = stream.try_next() {
        match event {
            Event::Added { address, .. } => {
                assert!(known.insert(address.to_string()), "told twice: {address}");
            }
            Event::Removed { address, .. } => {
                assert!(known.remove(&address.to_string()), "was not there: {address}");
            }
            other => assert!(matches!(other, Event::Changed { .. }), "{other:?}"),
        }
    }
    known.into_iter().collect()
}

#[test]
fn s10_nothing_is_missed_between_snapshot_and_stream_of_one_peer() {
    let (old, new) = (record(1, 1, 1), record(1, 2, 2));
    under_all_schedules(move || {
        let store = store(|_| ());
        let _ = store.apply(&old, SOURCE, HOUR, NOW).unwrap();
        let writer = {
            let (store, new) = (Arc::clone(&store), new.clone());
            thread::spawn(move || store.apply(&new, SOURCE, HOUR, NOW).unwrap())
        };
        let (snapshot, mut stream) = store.subscribe(&new.peer_id(), NOW).unwrap();
        let _ = writer.join().unwrap();
        let told = replay(snapshot.into_iter().map(|known| known.address), &mut stream);
        assert_eq!(told, ["/ip4/192.0.2.1/tcp/2"]);
    });
}

#[test]
fn s10_nothing_is_missed_between_snapshot_and_stream_of_all() {
    let records = [record(1, 1, 1), record(2, 1, 2), record(1, 2, 3)];
    under_all_schedules(move || {
        // Several shards, so that the snapshot is taken in several steps.
        let store = store(|config| config.limits.peers = 1 << 16);
        let writers = [0..1, 1..3].map(|range: std::ops::Range<usize>| {
            let (store, records) = (Arc::clone(&store), records[range].to_vec());
            thread::spawn(move || {
                for record in &records {
                    let _ = store.apply(record, SOURCE, HOUR, NOW).unwrap();
                }
            })
        });
        let mut addresses = Vec::new();
        let mut stream = store
            .subscribe_all(NOW, |peer| {
                addresses.extend(peer.addresses.into_iter().map(|known| known.address));
            })
            .unwrap();
        for writer in writers {
            writer.join().unwrap();
        }
        let told = replay(addresses, &mut stream);
        assert_eq!(told, ["/ip4/192.0.2.1/tcp/3", "/ip4/192.0.2.2/tcp/2"]);
    });
}

#[test]
fn s10_leaving_while_somebody_writes_ends_it() {
    let new = record(1, 1, 1);
    under_all_schedules(move || {
        let store = store(|config| config.limits.subscribers = 1);
        let (_, stream) = store.subscribe(&new.peer_id(), NOW).unwrap();
        let writer = {
            let (store, new) = (Arc::clone(&store), new.clone());
            thread::spawn(move || store.apply(&new, SOURCE, HOUR, NOW).unwrap())
        };
        drop(stream);
        let _ = writer.join().unwrap();
        // Its place is free again.
        assert!(store.subscribe(&new.peer_id(), NOW).is_ok());
    });
}
