//! Files of format 1: they open, and what their rows say goes on.

use std::time::Duration;

use peermark_identity::{Keypair, PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore::{Config, Outcome, Peerstore, Secret, UnverifiedEntry};
use peermark_provenance::{Source, Timestamp, TrustClass};
use redb_checked::Checked;
use redb_checked::testing::TestDisk;

use crate::open::KIND;
use crate::tables::{Tables, meta};
use crate::{Options, Redb};

/// Rows as the last build of that format wrote them: what a store held of five peers at `CLOSED`.
const ROWS: &str = include_str!("../tests/format-1/rows.txt");
const CLOSED: Timestamp = Timestamp::from_secs(1_800_003_600);
const FLOOR_TIME: u64 = 7_200_000_000_000;
const SECRET: Secret = Secret::from_bytes([7; 16]);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn rows() -> Vec<Vec<u8>> {
    let lines = ROWS.lines().filter(|line| !line.starts_with('#'));
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    lines.map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

fn keys() -> Vec<Keypair> {
    (1..=5).map(|n| Keypair::ed25519_from_seed(&[n; 32])).collect()
}

fn after(time: Duration) -> Timestamp {
    CLOSED.saturating_add(time)
}

fn open(disk: &TestDisk) -> Peerstore<Redb> {
    let mut config = Config::default();
    config.secret = SECRET;
    Peerstore::new(Redb::open_on(disk.clone(), config, &Options::default()).unwrap())
}

/// A file of format 1 with those rows, and one that is in quarantine.
fn file() -> TestDisk {
    let disk = TestDisk::default();
    drop(open(&disk));
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    let database = redb::Builder::new().create_with_backend(blocks).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut tables = Tables::open(&transaction).unwrap();
    for (id, (key, entry)) in (1u64..).zip(keys().iter().zip(rows())) {
        let hash = SECRET.hash(&key.peer_id().multihash_bytes());
        let mut row = [&[1][..], &[9; 8], &[0; 8], &entry].concat();
        let sum = crate::row::checksum(id, 17, &row);
        row[9..17].copy_from_slice(&sum.to_le_bytes());
        // The third is a floor.
        let table = if id == 3 { &mut tables.floors } else { &mut tables.entries };
        table.insert(id, &*row).unwrap();
        tables.peers.insert(hash, &id.to_le_bytes()[..]).unwrap();
    }
    let blocked =
        [&SECRET.hash(&blocked().multihash_bytes()).to_le_bytes()[..], &9999u32.to_le_bytes()];
    tables.quarantine.insert(6, &*blocked.concat()).unwrap();
    tables.due.insert((0, 5, 5), ()).unwrap();
    tables.groups.insert(3, &[1; 144][..]).unwrap();
    for name in [meta::FORMAT, meta::COMPATIBLE] {
        tables.meta.insert(name, &1u16.to_le_bytes()[..]).unwrap();
    }
    let moment = [CLOSED.as_nanos(), FLOOR_TIME].map(u64::to_le_bytes).concat();
    tables.meta.insert(meta::MOMENT, &*moment).unwrap();
    tables.meta.insert(meta::NEXT_ID, &7u64.to_le_bytes()[..]).unwrap();
    tables.meta.insert(meta::RECKONING, &[1; 32][..]).unwrap();
    drop(tables);
    transaction.commit().unwrap();
    database.close().unwrap();
    disk
}

fn blocked() -> PeerId {
    Keypair::ed25519_from_seed(&[99; 32]).peer_id()
}

fn record(key: &Keypair, addresses: &[&str]) -> CertifiedRecord {
    let addresses = addresses.iter().map(|address| address.parse().unwrap());
    PeerRecord::new(key.peer_id(), 7.into(), addresses).certify(key, Dialect::PeerRecord).unwrap()
}

#[test]
fn f5_a_file_of_format_1_opens_and_is_one_of_this_format_then() {
    let (disk, keys) = (file(), keys());
    let store = open(&disk);
    store.check().unwrap();
    let (usage, id) = (store.usage(), |n: usize| keys[n].peer_id());
    assert_eq!((usage.peers, usage.records, usage.floors), (4, 4, 1));
    let count = |n: usize, at| store.addresses(&id(n), at).unwrap().len();
    for (n, addresses) in [2, 1, 0, 2, 3].into_iter().enumerate() {
        assert_eq!(count(n, CLOSED), addresses, "{n}");
        assert_eq!(store.floor(&id(n), CLOSED).unwrap().unwrap().0, 7.into());
    }
    assert_eq!(store.addresses(&id(3), CLOSED).unwrap()[0].class, TrustClass::User);
    // The time of each goes on. Who was connected is not any more: its record has what it was given.
    assert!(store.view(&id(1), CLOSED, |view| !view.unwrap().is_connected()).unwrap());
    assert_eq!((count(0, after(HOUR * 4)), count(4, after(HOUR * 4))), (0, 0));
    assert_eq!((count(1, after(HOUR * 4)), count(1, after(HOUR * 5))), (1, 0));
    // That format kept what the user said for a week at most.
    assert_eq!((count(3, after(DAY * 6)), count(3, after(DAY * 7))), (1, 0));
    drop(store);
    // And nothing of it is left in that format.
    let store = open(&disk);
    store.check().unwrap();
    assert_eq!(store.usage(), usage);
}

#[test]
fn f5_floors_and_blocks_of_format_1_go_on() {
    let (disk, keys) = (file(), keys());
    let store = open(&disk);
    let peer = keys[2].peer_id();
    let old = PeerRecord::new(peer, 6.into(), []).certify(&keys[2], Dialect::PeerRecord).unwrap();
    let replay = store.apply(&old, &Source::DHT, HOUR, CLOSED).unwrap();
    assert_eq!(replay.outcome, Outcome::Stale { held: 7.into() });
    // The record that was cleared comes back from its peer. It contradicts nothing.
    let held = record(&keys[2], &["/ip4/192.0.2.3/tcp/4001"]);
    let back = store.apply(&held, &Source::identify(peer), HOUR, CLOSED).unwrap();
    assert_eq!(back.outcome, Outcome::Refreshed { extended: true });
    assert_eq!(store.equivocation(&peer).unwrap(), None);
    let blocked = store.addresses(&blocked(), CLOSED);
    assert!(matches!(blocked, Err(crate::Error::Quarantined { .. })));
    store.check().unwrap();
}

#[test]
fn f5_what_is_no_row_of_format_1_is_refused() {
    let store = open(&file());
    let at = store.engine().now();
    for row in rows() {
        assert!(UnverifiedEntry::decode_v1(&row, at).unwrap().verify().is_ok());
        for len in 0..row.len() {
            assert!(UnverifiedEntry::decode_v1(&row[..len], at).is_err());
        }
        assert!(UnverifiedEntry::decode(&row).is_err());
        assert!(UnverifiedEntry::decode_v1(&[&row[..], &[0]].concat(), at).is_err());
    }
}
