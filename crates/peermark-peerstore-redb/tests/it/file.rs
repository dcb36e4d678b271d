//! The file itself: who may read it, who may open it, what it says about itself (F2, F5, S14).

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use peermark_peerstore::{Config, Outcome, Peerstore, Secret};
use peermark_peerstore_redb::{Durability, OpenError, Options, Redb};
use peermark_provenance::{Expiry, Source, Timestamp};

use super::disk::Disk;
use super::work::{ALL, Cast, MINUTE, START};

fn open(path: &Path) -> Result<Peerstore<Redb>, OpenError> {
    Redb::open(path, Config::default(), &Options::default()).map(Peerstore::new)
}

#[cfg(unix)]
#[test]
fn f5_a_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.redb");
    drop(open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing else is left in the folder.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // Somebody's empty file becomes a store as well.
    let empty = folder.path().join("empty");
    fs::write(&empty, b"").unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&empty).unwrap());
    assert_eq!(fs::metadata(&empty).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn f5_one_process_has_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.redb");
    let store = open(&path).unwrap();
    let second = open(&path).unwrap_err();
    assert!(matches!(&second, OpenError::InUse { path: of } if *of == path), "{second}");
    drop(store);
    drop(open(&path).unwrap());
}

#[test]
fn f5_another_file_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.redb");
    for content in [b"short".to_vec(), vec![7; 100_000]] {
        fs::write(&path, &content).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotAStore), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    let missing = folder.path().join("no/such/folder/peers.redb");
    assert!(matches!(open(&missing), Err(OpenError::File { action: "create", .. })));
}

#[test]
fn f1_expiry_floors_and_secret_survive() {
    let disk = Disk::default();
    let cast = Cast::new(2, 3);
    let (record, peer) = (cast.record(0, 1), cast.peers()[0]);
    let half = Duration::from_millis(1_500);
    let store = Peerstore::new(
        Redb::open_on(disk.clone(), Config::default(), &Options::default()).unwrap(),
    );
    let secret = *peermark_peerstore::Engine::shared(store.engine()).secret();
    let _ = store.apply(record, &Source::DHT, half, START).unwrap();
    drop(store);

    let mut other = Config::default();
    other.secret = Secret::from_bytes([1; 16]);
    let store = Peerstore::new(Redb::open_on(disk.clone(), other, &Options::default()).unwrap());
    assert!(*peermark_peerstore::Engine::shared(store.engine()).secret() == secret);
    // To the nanosecond, and not to the second.
    let ends = START.saturating_add(half);
    let before = Timestamp::from_nanos(ends.as_nanos() - 1);
    assert_eq!(store.next_expiry(), Some(ends));
    assert_eq!(store.addresses(&peer, before).unwrap().len(), 1);
    assert_eq!(store.addresses(&peer, ends).unwrap().len(), 0);
    let swept = store.sweep(ends, 10).unwrap();
    assert_eq!((swept.records, swept.peers), (1, 1));
    drop(store);

    // A dead record is not written back, and an older one does not replay.
    let store =
        Peerstore::new(Redb::open_on(disk, Config::default(), &Options::default()).unwrap());
    assert_eq!(store.signed_records(&[peer], START).unwrap(), [None]);
    let replay = store.apply(cast.record(0, 0), &Source::DHT, MINUTE, ends).unwrap();
    assert_eq!(replay.outcome, Outcome::Stale { held: 2.into() });
    store.check().unwrap();
}

/// A store that is opened with lower limits than it was filled with keeps all of it. What comes then
/// evicts what it needs itself, and no more.
#[test]
fn s11_lower_limits_remove_nothing_at_the_opening() {
    let (disk, cast) = (Disk::default(), Cast::new(40, 1));
    let open = |peers: usize, floors: usize| {
        let mut config = Config::default();
        let limits = &mut config.limits;
        (limits.peers, limits.floors) = (peers, floors);
        (limits.share, limits.kind_share, limits.kinds_share) = (ALL, ALL, ALL);
        Peerstore::new(Redb::open_on(disk.clone(), config, &Options::default()).unwrap())
    };
    let store = open(100, 100);
    for n in 0..30 {
        let _ = store.apply(cast.record(n, 0), &Source::DHT, MINUTE, START).unwrap();
    }
    for peer in &cast.peers()[20..30] {
        assert!(store.clear(peer, START).unwrap());
    }
    drop(store);
    let store = open(10, 5);
    let above = store.engine().opened().above;
    assert_eq!((above.peers, above.floors), (10, 5), "{above:?}");
    let count = || (store.usage().peers, store.usage().floors);
    assert_eq!(count(), (20, 10));
    store.check().unwrap();
    let applied = store.apply(cast.record(31, 0), &Source::DHT, MINUTE, START).unwrap();
    assert_eq!(applied.outcome, Outcome::Inserted);
    // The one that went leaves its floor in the place of another.
    assert_eq!(count(), (20, 10));
    store.check().unwrap();
}

/// What ends earlier under other limits is looked at earlier, too.
#[test]
fn s4_a_shorter_age_of_records_holds_from_the_opening_on() {
    let (disk, cast) = (Disk::default(), Cast::new(1, 1));
    let open = |age| {
        let mut config = Config::default();
        config.limits.record_age = age;
        Peerstore::new(Redb::open_on(disk.clone(), config, &Options::default()).unwrap())
    };
    let (day, hour) = (MINUTE * 60 * 24, MINUTE * 60);
    let store = open(day * 7);
    let _ = store.apply(cast.record(0, 0), &Source::DHT, day * 5, START).unwrap();
    assert_eq!(store.next_expiry(), Some(START.saturating_add(day * 5)));
    drop(store);
    let store = open(hour);
    store.check().unwrap();
    let ends = START.saturating_add(hour);
    assert_eq!(store.next_expiry(), Some(ends));
    assert_eq!(store.sweep(ends, 10).unwrap().records, 1);
    drop(store);
    open(day * 7).check().unwrap();
}

/// Repeats that move little are not written one by one, and are not lost by closing.
#[test]
fn f1_repeats_that_move_little_wait() {
    let (disk, cast) = (Disk::default(), Cast::new(2, 1));
    let open = || {
        Peerstore::new(Redb::open_on(disk.clone(), Config::default(), &Options::default()).unwrap())
    };
    let (record, peer, hour) = (cast.record(0, 0), cast.peers()[0], MINUTE * 60);
    let at = |secs| START.saturating_add(Duration::from_secs(secs));
    let store = open();
    let apply = |store: &Peerstore<Redb>, n: usize, now| {
        store.consume(cast.record(n, 0).as_bytes(), &Source::DHT, hour, now).unwrap()
    };
    assert_eq!(apply(&store, 0, START).outcome, Outcome::Inserted);
    let ends = |store: &Peerstore<Redb>, now| {
        let certified = store.addresses(&peer, now).unwrap().remove(0).provenance.expiry();
        let Some(Expiry::At(ends)) = certified else { panic!("{certified:?}") };
        ends
    };
    disk.record();
    for secs in 1..=100 {
        let repeated = apply(&store, 0, at(secs));
        assert_eq!(repeated.outcome, Outcome::Refreshed { extended: true });
        assert_eq!(ends(&store, at(secs)), at(secs).saturating_add(hour));
    }
    assert!(disk.calls().is_empty(), "nothing is written");
    store.check().unwrap();
    // A twentieth of the time to live is.
    let _ = apply(&store, 0, at(180));
    let after_death = |bytes: Vec<u8>, now| {
        let store = Redb::open_on(Disk::of(bytes), Config::default(), &Options::default());
        ends(&Peerstore::new(store.unwrap()), now)
    };
    assert_eq!(after_death(disk.bytes(), at(180)), at(180).saturating_add(hour));
    // A crash loses less than that; closing, and changing the peer, lose nothing.
    let _ = apply(&store, 0, at(200));
    assert_eq!(after_death(disk.bytes(), at(200)), at(180).saturating_add(hour));
    let one = ["/ip4/192.0.2.9/tcp/1".parse().unwrap()];
    let _ = store.report(&peer, &one, &Source::DHT, MINUTE, at(200)).unwrap();
    assert_eq!(after_death(disk.bytes(), at(200)), at(200).saturating_add(hour));
    let _ = apply(&store, 0, at(220));
    drop(store);
    let store = open();
    assert_eq!(ends(&store, at(220)), at(220).saturating_add(hour));
    assert_eq!(record.peer_id(), peer);
    store.check().unwrap();
}

#[test]
fn s14_a_clock_that_was_set_back_between_two_lives_revives_nothing() {
    let disk = Disk::default();
    let cast = Cast::new(1, 1);
    let peer = cast.peers()[0];
    let open = || {
        Peerstore::new(Redb::open_on(disk.clone(), Config::default(), &Options::default()).unwrap())
    };
    let store = open();
    let _ = store.apply(cast.record(0, 0), &Source::DHT, MINUTE, START).unwrap();
    let later = START.saturating_add(MINUTE);
    assert!(store.addresses(&peer, later).unwrap().is_empty());
    drop(store);
    assert!(open().addresses(&peer, START).unwrap().is_empty());
}

#[test]
fn s7_nobody_is_connected_to_a_new_process() {
    let disk = Disk::default();
    let cast = Cast::new(1, 1);
    let (peer, address) = (cast.peers()[0], "/ip4/192.0.2.9/tcp/1".parse().unwrap());
    let open = || {
        Peerstore::new(Redb::open_on(disk.clone(), Config::default(), &Options::default()).unwrap())
    };
    let store = open();
    let identify = Source::identify(peer);
    let _ = store.report(&peer, &[address], &identify, MINUTE, START).unwrap();
    assert!(store.connected(&peer, START).unwrap());
    let later = START.saturating_add(MINUTE * 60);
    assert_eq!(store.addresses(&peer, later).unwrap().len(), 1);
    // It dies; the store is found as it was.
    let store = Peerstore::new(
        Redb::open_on(Disk::of(disk.bytes()), Config::default(), &Options::default()).unwrap(),
    );
    store.check().unwrap();
    assert!(store.view(&peer, START, |view| !view.unwrap().is_connected()).unwrap());
    let ends = START.saturating_add(MINUTE);
    assert_eq!(store.next_expiry(), Some(ends));
    assert!(store.addresses(&peer, ends).unwrap().is_empty());
}

#[test]
fn f3_a_batch_is_acknowledged_by_its_flush() {
    let disk = Disk::default();
    let cast = Cast::new(9, 1);
    let mut options = Options::default();
    options.durability = Durability::Batched { every: NonZeroU32::new(5).unwrap() };
    let store = Peerstore::new(Redb::open_on(disk.clone(), Config::default(), &options).unwrap());
    let there = || {
        let store = Peerstore::new(
            Redb::open_on(Disk::of(disk.bytes()), Config::default(), &Options::default()).unwrap(),
        );
        store.usage().peers
    };
    let apply = |n: usize| {
        let _ = store.apply(cast.record(n, 0), &Source::DHT, MINUTE, START).unwrap();
        // It is seen at once.
        assert_eq!(store.addresses(&cast.peers()[n], START).unwrap().len(), 1);
    };
    (0..3).for_each(apply);
    assert_eq!(there(), 0);
    assert_eq!(store.engine().flush().unwrap(), 3);
    assert_eq!(there(), 3);
    (3..8).for_each(apply);
    assert_eq!(there(), 8, "five of them at the latest");
    apply(8);
    assert_eq!(there(), 8);
    store.into_engine().close().unwrap();
    assert_eq!(there(), 9, "closing loses nothing");
}
