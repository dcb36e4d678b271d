//! What is done to a file behind the back of the store, below the blocks that would notice: to rows,
//! and to what the store says about itself.

use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore::{Config, Outcome, Peerstore};
use peermark_provenance::{Source, Timestamp};
use redb::{ReadableTable as _, WriteTransaction};
use redb_checked::Checked;
use redb_checked::testing::TestDisk;

use crate::open::KIND;
use crate::tables::{Tables, meta};
use crate::{Error, OpenError, Options, Redb};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn open(disk: &TestDisk) -> Result<Peerstore<Redb>, OpenError> {
    Redb::open_on(disk.clone(), Config::default(), &Options::default()).map(Peerstore::new)
}

/// Changes tables as somebody would who knows the file.
fn forge(disk: &TestDisk, change: impl FnOnce(&mut Tables<'_>)) {
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    let database = redb::Builder::new().create_with_backend(blocks).unwrap();
    let transaction: WriteTransaction = database.begin_write().unwrap();
    change(&mut Tables::open(&transaction).unwrap());
    transaction.commit().unwrap();
    database.close().unwrap();
}

/// A store of three certified peers, closed, with a record of each by number.
fn three() -> (TestDisk, Vec<PeerId>, impl Fn(usize, u64) -> CertifiedRecord) {
    let keys: Vec<_> = (0..3).map(|n| Keypair::ed25519_from_seed(&[n; 32])).collect();
    let peers = keys.iter().map(Keypair::peer_id).collect();
    let record = move |n: usize, seq: u64| {
        let address = format!("/ip4/192.0.2.{seq}/tcp/4001").parse().unwrap();
        PeerRecord::new(keys[n].peer_id(), seq.into(), [address])
            .certify(&keys[n], Dialect::PeerRecord)
            .unwrap()
    };
    let disk = TestDisk::default();
    let store = open(&disk).unwrap();
    for n in 0..3 {
        let _ = store.apply(&record(n, 2), &Source::DHT, HOUR, NOW).unwrap();
    }
    (disk, peers, record)
}

/// The id of the second peer.
const SECOND: u64 = 2;

#[test]
fn f2_a_damaged_row_is_put_aside_and_its_peer_is_refused() {
    let (disk, peers, record) = three();
    forge(&disk, |tables| {
        let mut row = tables.entries.get(SECOND).unwrap().unwrap().value().to_vec();
        row[100] ^= 1;
        tables.entries.insert(SECOND, &*row).unwrap();
    });
    let store = open(&disk).unwrap();
    let refused = |store: &Peerstore<Redb>, seq| {
        let refused = store.apply(&record(1, seq), &Source::DHT, HOUR, NOW);
        assert!(matches!(refused, Err(Error::Quarantined { peer }) if peer == peers[1]));
    };
    let damaged = store.addresses(&peers[1], NOW).unwrap_err();
    assert!(matches!(damaged, Error::Damaged { .. }), "{damaged}");
    assert!(store.check().is_err());
    // The others are as they were, and the next update puts it aside.
    assert_eq!(store.addresses(&peers[0], NOW).unwrap().len(), 1);
    let _ = store.apply(&record(0, 3), &Source::DHT, HOUR, NOW).unwrap();
    let report = store.engine().examine().unwrap();
    assert_eq!((report.quarantined, report.defect), (1, None));
    assert_eq!(store.usage().peers, 2);
    let aside = store.addresses(&peers[1], NOW).unwrap_err();
    assert!(matches!(aside, Error::Quarantined { .. }), "{aside}");
    // Its floor is gone: whatever comes could be a replay. Also in another life.
    refused(&store, 1);
    refused(&store, 3);
    drop(store);
    let store = open(&disk).unwrap();
    refused(&store, 3);
    assert_eq!(store.forget(&peers[1], NOW).unwrap(), None);
    let applied = store.apply(&record(1, 1), &Source::DHT, HOUR, NOW).unwrap();
    assert_eq!(applied.outcome, Outcome::Inserted);
    assert!(store.engine().examine().unwrap().is_good());
}

/// A forged row with a checksum that fits does not certify an address: its signature is verified
/// before it is trusted.
#[test]
fn f2_a_forged_row_is_not_trusted() {
    let (disk, peers, record) = three();
    forge(&disk, |tables| {
        let row = tables.entries.get(SECOND).unwrap().unwrap().value().to_vec();
        let crate::row::Row { session, due, entry } = crate::row::decode(SECOND, &row).unwrap();
        // Of another peer's record, under this one's address.
        let mut body = Vec::new();
        entry.dangerous_assume_verified().encode(&mut body);
        let at = body.windows(4).position(|bytes| bytes == [192, 0, 2, 2]).unwrap();
        body[at..at + 4].copy_from_slice(&[203, 0, 113, 66]);
        let entry = peermark_peerstore::UnverifiedEntry::decode(&body).unwrap();
        let mut forged = Vec::new();
        let entry = entry.dangerous_assume_verified();
        crate::row::encode(SECOND, session, due, &entry, &mut forged);
        tables.entries.insert(SECOND, &*forged).unwrap();
    });
    let store = open(&disk).unwrap();
    assert!(matches!(store.addresses(&peers[1], NOW), Err(Error::Damaged { .. })));
    let refused = store.apply(&record(1, 3), &Source::DHT, HOUR, NOW);
    assert!(matches!(refused, Err(Error::Quarantined { .. })));
}

#[test]
fn f2_keys_and_books_that_are_wrong_are_noticed() {
    type Change = fn(&mut Tables<'_>);
    let changes: [Change; 4] = [
        |tables| tables.due.retain(|_, ()| false).unwrap(),
        |tables| tables.order.retain(|_, ()| false).unwrap(),
        |tables| tables.groups.retain(|_, _| false).unwrap(),
        |tables| drop(tables.peers.pop_first().unwrap()),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let (disk, ..) = three();
        forge(&disk, change);
        assert!(open(&disk).unwrap().check().is_err(), "change {n}");
        // After an end that was not in order, all of them are made anew.
        let store = open(&disk).unwrap();
        let dead = TestDisk::with(disk.bytes());
        drop(store);
        let store = open(&dead).unwrap();
        store.check().unwrap();
        assert_eq!(store.usage().peers, 3, "change {n}");
    }
}

#[test]
fn f5_tables_of_a_later_format_are_refused() {
    let (disk, ..) = three();
    forge(&disk, |tables| {
        for name in [meta::FORMAT, meta::COMPATIBLE] {
            tables.meta.insert(name, &9u16.to_le_bytes()[..]).unwrap();
        }
    });
    let refused = open(&disk);
    assert!(matches!(refused, Err(OpenError::Incompatible { found: 9, lowest: 9 })));
}

/// A build with entries of another size counts other bytes: all are counted again.
#[test]
fn f1_books_of_another_build_are_counted_again() {
    let (disk, ..) = three();
    let bytes = open(&disk).unwrap().usage().bytes;
    forge(&disk, |tables| {
        tables.meta.insert(meta::RECKONING, &[1; 32][..]).unwrap();
        let groups: Vec<_> =
            tables.groups.iter().unwrap().map(|row| row.unwrap().0.value()).collect();
        let mut wrong = crate::books::Held::default().to_bytes();
        wrong[16] = 9;
        for group in groups {
            tables.groups.insert(group, &*wrong).unwrap();
        }
    });
    let store = open(&disk).unwrap();
    assert_eq!(store.usage().bytes, bytes);
    store.check().unwrap();
}
