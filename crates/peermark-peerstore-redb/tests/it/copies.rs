//! Copies of a store that is in use, and the file in less room (F2, F3).

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore::{Config, Engine as _, Join, Peerstore};
use peermark_peerstore_redb::{Error, OpenError, Options, Redb};
use peermark_provenance::{Source, Timestamp};

use super::disk::Disk;

const DAY: Duration = Duration::from_secs(86_400);
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn keypair(n: u16) -> Keypair {
    let mut seed = [0x3c; 32];
    seed[..2].copy_from_slice(&n.to_le_bytes());
    Keypair::ed25519_from_seed(&seed)
}

fn record(n: u16, seq: u64) -> CertifiedRecord {
    let key = keypair(n);
    let address = format!("/ip4/1.2.3.4/tcp/{}", n + 1).parse().unwrap();
    let record = PeerRecord::new(key.peer_id(), seq.into(), [address]);
    record.certify(&key, Dialect::PeerRecord).unwrap()
}

fn fill(store: &Peerstore<Redb>, peers: u16) -> Vec<PeerId> {
    let records: Vec<_> = (0..peers).map(|n| record(n, 1)).collect();
    for applied in store.apply_many(&records, &Source::DHT, DAY, NOW) {
        assert!(applied.unwrap().outcome.is_held());
    }
    records.iter().map(CertifiedRecord::peer_id).collect()
}

fn open_on(disk: &Disk) -> Result<Redb, OpenError> {
    Redb::open_on(disk.clone(), Config::default(), &Options::default())
}

/// The sequence number of each peer that is held.
fn seqs(store: &Peerstore<Redb>, peers: &[PeerId]) -> Vec<Option<u64>> {
    let floor = |peer| store.floor(peer, NOW).unwrap().map(|(seq, _)| seq.value());
    peers.iter().map(floor).collect()
}

/// Both peers of a pair change in one call: no copy has one half of it.
#[test]
fn f3_a_backup_is_one_moment_of_a_store_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.redb");
    let store = Peerstore::new(Redb::open(&path, Config::default(), &Options::default()).unwrap());
    let peers = fill(&store, 200);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 2.. {
                let pair = [record(0, seq), record(199, seq)];
                for applied in store.apply_many(&pair, &Source::DHT, DAY, NOW) {
                    assert!(applied.unwrap().outcome.is_held());
                }
                if done.load(Ordering::Acquire) {
                    return;
                }
            }
        });
        let mut before = 0;
        for n in 0..8 {
            let copy = folder.path().join(format!("copy {n}"));
            let backup = store.engine().backup_to(&copy).unwrap();
            assert_eq!((backup.peers, backup.floors), (200, 0));
            assert_eq!(backup.bytes, copy.metadata().unwrap().len());
            let copy = Redb::open(&copy, Config::default(), &Options::default()).unwrap();
            let copy = Peerstore::new(copy);
            copy.check().unwrap();
            let seqs = seqs(&copy, &peers);
            assert_eq!(seqs[0], seqs[199], "one moment");
            assert!(seqs[0].unwrap() >= before, "no earlier one than the copy before");
            before = seqs[0].unwrap();
            assert!(seqs[1..199].iter().all(|seq| *seq == Some(1)));
        }
        done.store(true, Ordering::Release);
    });
    // A file that is there is left alone.
    let there = folder.path().join("there");
    std::fs::write(&there, b"mine").unwrap();
    let error = store.engine().backup_to(&there).unwrap_err();
    assert!(matches!(error, OpenError::File { action: "create", .. }), "{error}");
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");
    let nowhere = store.engine().backup_to(folder.path().join("no/such/folder"));
    assert!(matches!(nowhere, Err(OpenError::File { action: "create", .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 10, "nothing is left behind");
}

/// Removes most of the peers and compacts.
fn emptied(disk: &Disk) -> (Peerstore<Redb>, Vec<PeerId>) {
    let store = Peerstore::new(open_on(disk).unwrap());
    let peers = fill(&store, 600);
    for peer in &peers[60..] {
        assert!(store.forget(peer, NOW).unwrap().is_some());
    }
    (store, peers)
}

#[test]
fn a_compacted_file_is_smaller_and_holds_the_same() {
    let disk = Disk::default();
    let (store, peers) = emptied(&disk);
    let before = disk.bytes().len();
    let mut engine = store.into_engine();
    assert!(engine.compact().unwrap());
    engine.close().unwrap();
    assert!(disk.bytes().len() < before, "{} of {before}", disk.bytes().len());
    let store = Peerstore::new(open_on(&disk).unwrap());
    store.check().unwrap();
    let seqs = seqs(&store, &peers);
    assert!(seqs[..60].iter().all(|seq| *seq == Some(1)));
    assert!(seqs[60..].iter().all(Option::is_none));
}

/// As a disk that is full from some call on.
#[test]
fn f3_whichever_call_of_a_compaction_fails_nothing_is_lost() {
    let first = Disk::default();
    let (store, peers) = emptied(&first);
    store.into_engine().close().unwrap();
    let mut failed = 0;
    for call in 0.. {
        let disk = Disk::of(first.bytes());
        let mut engine = open_on(&disk).unwrap();
        disk.fail(disk.count() + call, true);
        let compacted = engine.compact();
        drop(engine);
        disk.heal();
        let store = Peerstore::new(open_on(&disk).unwrap());
        store.check().unwrap_or_else(|defect| panic!("call {call}: {defect}"));
        assert!(seqs(&store, &peers[..60]).iter().all(|seq| *seq == Some(1)), "call {call}");
        if compacted.is_ok() {
            break;
        }
        failed += 1;
    }
    assert!(failed > 40, "{failed}");
}

/// What cannot be read would be moved as something else: it is refused, by opening already or by
/// compacting, and stays as it is.
#[test]
fn f2_a_damaged_file_is_not_compacted() {
    let disk = Disk::default();
    let store = Peerstore::new(open_on(&disk).unwrap());
    let _ = fill(&store, 600);
    store.into_engine().close().unwrap();
    let sound = disk.bytes();
    let (mut refused, blocks) = (0, (sound.len() - 4096) / 4112);
    // Not the header, which closes and opens the file.
    for block in 1..blocks {
        let at = 4096 + block * 4112;
        let mut bytes = sound.clone();
        bytes[at + 100] ^= 0xff;
        let disk = Disk::of(bytes.clone());
        let compacted = open_on(&disk).and_then(|mut engine| {
            let _ = engine.compact()?;
            Ok(engine.close()?)
        });
        match compacted {
            // Nothing needs it.
            Ok(()) => {
                let store = Peerstore::new(open_on(&disk).unwrap());
                store.check().unwrap();
                assert_eq!(store.usage().records, 600, "block {block}");
            }
            Err(error) => {
                let is_told = matches!(
                    error,
                    OpenError::Damaged { .. } | OpenError::Store(Error::Damaged { .. })
                );
                assert!(is_told, "block {block}: {error}");
                assert_eq!(disk.bytes()[at..][..4112], bytes[at..][..4112], "block {block}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused} of {blocks}");
}

/// What is known of each peer goes over to another store.
#[test]
fn g2_states_are_all_that_is_known() {
    let [one, other] = [0, 1].map(|_| Peerstore::new(open_on(&Disk::default()).unwrap()));
    let peers = fill(&one, 30);
    assert!(one.clear(&peers[7], NOW).unwrap());
    let engine = one.engine();
    let (mut joins, at) = (Vec::<Join>::new(), engine.shared().advance(NOW));
    let unreadable = engine.states(at, |state| {
        joins.push(state.verify().unwrap().trusting_times().keeping_sources());
        ControlFlow::Continue(())
    });
    assert!(unreadable.unwrap().is_complete());
    assert_eq!(joins.len(), 30);
    for joined in other.join_many(&joins, &Source::MANUAL, NOW) {
        assert!(joined.unwrap().refusal.is_none());
    }
    other.check().unwrap();
    assert_eq!(seqs(&other, &peers), seqs(&one, &peers));
    assert_eq!(other.usage().records, 29);
}

/// A record that arrives again stands for the signature of the row, and for nothing else of it.
#[test]
fn f2_what_arrives_again_is_not_verified_twice_and_all_else_is() {
    let disk = Disk::default();
    let store = Peerstore::new(open_on(&disk).unwrap());
    let peers = fill(&store, 300);
    store.into_engine().close().unwrap();
    // Another session, and so many in one call that nothing of it is in memory.
    let store = Peerstore::new(open_on(&disk).unwrap());
    let again: Vec<_> = (0..300).map(|n| record(n, 1)).collect();
    for applied in store.apply_many(&again, &Source::PUBSUB, DAY, NOW) {
        assert!(applied.unwrap().outcome.is_held());
    }
    store.check().unwrap();
    assert!(seqs(&store, &peers).iter().all(|seq| *seq == Some(1)));
}
