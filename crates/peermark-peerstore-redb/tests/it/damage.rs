//! Damage that was done to a file while nobody looked (F2): reading it changes nothing, everything
//! that is not damaged is read, and what is not read is counted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore::{Config, Engine as _, Peerstore};
use peermark_peerstore_redb::{
    Error, MetaFrom, OpenError, Options, Recovered, Redb, Visited, recover_on,
};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;
use redb_checked::testing::hide_contained_panics;

use super::disk::Disk;
use super::work::ALL;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where blocks begin in the file, and how far they are apart.
pub(crate) const HEAD: usize = 4096;
pub(crate) const STRIDE: usize = 4112;

pub(crate) fn config() -> Config {
    let mut config = Config::default();
    let limits = &mut config.limits;
    (limits.share, limits.kind_share, limits.kinds_share) = (ALL, ALL, ALL);
    config
}

/// What a listing says of each peer.
type Listing = BTreeMap<PeerId, String>;

/// A store with so many peers, written in batches, closed or killed; its bytes, and what it holds.
pub(crate) fn store(peers: u64, is_closed: bool) -> (Vec<u8>, Listing) {
    hide_contained_panics();
    let disk = Disk::default();
    let store = Redb::open_on(disk.clone(), config(), &Options::default()).unwrap();
    let store = Peerstore::new(store);
    let record = |n: u64, seq: u64| {
        let mut seed = [0x0d; 32];
        seed[..8].copy_from_slice(&n.to_le_bytes());
        let key = Keypair::ed25519_from_seed(&seed);
        let addresses = [
            format!("/ip4/192.0.2.{}/tcp/{seq}", n % 256).parse().unwrap(),
            format!("/ip4/192.0.2.{}/udp/{seq}/quic-v1", n % 256).parse().unwrap(),
        ];
        PeerRecord::new(key.peer_id(), seq.into(), addresses)
            .certify(&key, Dialect::PeerRecord)
            .unwrap()
    };
    let numbers: Vec<u64> = (0..peers).collect();
    let mut ids = Vec::new();
    for part in numbers.chunks(500) {
        let records: Vec<_> = part.iter().map(|n| record(*n, 1)).collect();
        ids.extend(records.iter().map(CertifiedRecord::peer_id));
        for applied in store.apply_many(&records, &Source::DHT, DAY, NOW) {
            assert!(applied.unwrap().outcome.is_held());
        }
    }
    // Some are replaced, some are only a floor, some are forgotten.
    let again: Vec<_> = (0..peers).step_by(10).map(|n| record(n, 2)).collect();
    for applied in store.apply_many(&again, &Source::DHT, DAY, NOW) {
        assert!(applied.unwrap().outcome.is_held());
    }
    for peer in ids.iter().skip(1).step_by(50) {
        assert!(store.clear(peer, NOW).unwrap());
    }
    for peer in ids.iter().skip(2).step_by(50) {
        assert!(store.forget(peer, NOW).unwrap().is_some());
    }
    let (listing, visited) = list(store.engine());
    assert!(visited.is_complete());
    let killed = disk.bytes();
    store.into_engine().close().unwrap();
    (if is_closed { disk.bytes() } else { killed }, listing)
}

fn list(store: &Redb) -> (Listing, Visited) {
    let mut listing = Listing::new();
    let at = store.shared().advance(NOW);
    let cx = store.shared().context(at);
    let visited = store.visit(|entry| {
        let state = entry.state(&cx);
        assert!(listing.insert(state.peer, format!("{state:?}")).is_none(), "shown twice");
        ControlFlow::Continue(())
    });
    (listing, visited.unwrap())
}

/// Inverts 64 bytes.
pub(crate) fn invert(bytes: &mut [u8], at: usize) {
    bytes.iter_mut().skip(at).take(64).for_each(|byte| *byte = !*byte);
}

fn view(disk: &Disk) -> Result<Redb, OpenError> {
    Redb::view_on(disk.clone(), config(), &Options::default())
}

/// Looks at a store by everything that reads. Returns how many peers are missing in its list, or none
/// if it cannot be read at all.
fn look(disk: &Disk, honest: &Listing, place: &str) -> Option<u64> {
    let store = match view(disk) {
        Ok(store) => Peerstore::new(store),
        Err(OpenError::Damaged { .. } | OpenError::NotAStore) => return None,
        Err(error) => panic!("{place}: {error}"),
    };
    let (listing, visited) = list(store.engine());
    for (peer, state) in &listing {
        assert_eq!(honest.get(peer), Some(state), "{place}: silently another answer");
    }
    let gone = honest.len() - listing.len();
    let missing = usize::try_from(visited.missing).unwrap();
    if visited.at_least {
        assert!(missing <= gone, "{place}: {missing} said to be missing of {gone}");
    } else {
        assert_eq!(missing, gone, "{place}");
    }
    // Each peer alone: what is listed is shown, and of the others an error is the least.
    for peer in honest.keys().step_by(1 + honest.len() / 8) {
        match store.state(peer, NOW) {
            Ok(state) => {
                assert_eq!(state.map(|state| format!("{state:?}")).as_ref(), honest.get(peer));
            }
            Err(error) => assert!(!listing.contains_key(peer), "{place}: {peer}: {error}"),
        }
    }
    let _ = (store.usage(), store.next_expiry(), store.engine().opened());
    let refused = store.clear(honest.keys().next().unwrap(), NOW);
    assert!(matches!(refused, Err(Error::ReadOnly { .. } | Error::Damaged { .. })), "{refused:?}");
    Some(visited.missing)
}

/// How many blocks are damaged in turn; all of them by `PEERMARK_BLOCKS`.
fn blocks() -> usize {
    variable("PEERMARK_BLOCKS", 60)
}

#[test]
fn f2_every_block_damaged_in_turn_costs_what_is_on_it() {
    for is_closed in [true, false] {
        let (bytes, honest) = store(1_000, is_closed);
        let count = (bytes.len() - HEAD) / STRIDE;
        let (mut unreadable, mut costs) = (0, Vec::new());
        // The superblocks, the header, and blocks all over the file.
        let step = (count / blocks()).max(1);
        let places =
            [0, 2048].into_iter().chain((0..count).step_by(step).map(|n| HEAD + n * STRIDE));
        for at in places {
            let place = format!("{at} of {}, closed: {is_closed}", bytes.len());
            let mut damaged = bytes.clone();
            invert(&mut damaged, at + 200);
            let disk = Disk::of(damaged.clone());
            let first = look(&disk, &honest, &place);
            assert_eq!(look(&disk, &honest, &place), first, "{place}: looked at twice");
            assert_eq!(disk.bytes(), damaged, "{place}: changed by looking");
            unreadable += usize::from(first.is_none());
            costs.extend(first);
        }
        // A page of rows has those that are not hit themselves. What leads to many pages is not much.
        costs.sort_unstable();
        let cost = costs[costs.len() * 9 / 10];
        assert!(cost <= 3, "{cost} peers missing by one place; all: {costs:?}");
        // The page that leads to all tables, and nothing else.
        assert!(unreadable <= 2, "{unreadable} places made the store unreadable");
    }
}

#[test]
fn f2_a_writer_refuses_what_was_not_closed_and_is_damaged() {
    let (bytes, _) = store(300, false);
    let count = (bytes.len() - HEAD) / STRIDE;
    let mut refused = 0;
    for n in (1..count).step_by(7) {
        let mut damaged = bytes.clone();
        invert(&mut damaged, HEAD + n * STRIDE + 100);
        let disk = Disk::of(damaged.clone());
        match Redb::open_on(disk.clone(), config(), &Options::default()) {
            Ok(store) => store.check().unwrap(),
            Err(error) => {
                assert!(error.to_string().contains("peermark store recover"), "{error}");
                assert_eq!(disk.bytes(), damaged, "refused before the first write");
                refused += 1;
            }
        }
    }
    assert!(refused * 2 > count / 7, "{refused} of {}", count / 7);
}

#[test]
fn f2_a_closed_store_that_cannot_be_opened_is_left_as_it_is() {
    for (peers, is_connected) in [(3, false), (60, false), (60, true)] {
        let (mut closed, listing) = store(peers, true);
        if is_connected {
            // The opening has peers to disconnect, and reads their rows.
            let disk = Disk::of(closed);
            let store = Redb::open_on(disk.clone(), config(), &Options::default()).unwrap();
            let store = Peerstore::new(store);
            assert!(listing.keys().take(9).all(|peer| store.connected(peer, NOW).unwrap()));
            store.into_engine().close().unwrap();
            closed = disk.bytes();
        }
        let (mut refused, mut opened) = (0, 0);
        for at in (0..closed.len()).step_by(STRIDE).chain([100, 2048, HEAD + 100]) {
            let mut bytes = closed.clone();
            invert(&mut bytes, at);
            let disk = Disk::of(bytes.clone());
            match Redb::open_on(disk.clone(), config(), &Options::default()) {
                Ok(store) => {
                    opened += 1;
                    let _ = store.close();
                }
                Err(error) => {
                    refused += 1;
                    assert_eq!(disk.bytes(), bytes, "the refusal changed the file: {at}: {error}");
                }
            }
        }
        assert!(refused > 2 && opened > 2, "{refused} refused, {opened} opened");
    }
}

fn recover(disk: &Disk, loose: bool) -> (Recovered, Disk) {
    let out = Disk::default();
    (recover_on(|| Ok(disk.clone()), out.clone(), loose, NOW).unwrap(), out)
}

/// That a recovered store is whole, and holds nothing that is wrong. Returns how many peers it holds.
fn proven(recovered: &Recovered, out: &Disk, honest: &Listing) -> usize {
    let store = Redb::open_on(out.clone(), config(), &Options::default()).unwrap();
    let report = store.examine().unwrap();
    assert!(report.is_good(), "{report:?}");
    let (listing, _) = list(&store);
    let mut right = 0;
    for (peer, state) in &listing {
        if honest.get(peer) == Some(state) {
            right += 1;
        } else {
            assert!(recovered.loose.binary_search(peer).is_ok(), "{peer} is wrong: {state}");
        }
    }
    right
}

#[test]
fn f2_a_sound_store_is_recovered_as_it_is() {
    for is_closed in [true, false] {
        let (bytes, honest) = store(700, is_closed);
        let disk = Disk::of(bytes.clone());
        let (recovered, out) = recover(&disk, true);
        assert!(recovered.is_whole(), "{recovered:?}");
        assert_eq!(recovered.live, u64::try_from(honest.len()).unwrap());
        assert_eq!(proven(&recovered, &out, &honest), honest.len());
        assert_eq!(disk.bytes(), bytes);
    }
}

/// How many stores are damaged and recovered; more by `PEERMARK_RECOVERIES`.
fn recoveries() -> u64 {
    variable("PEERMARK_RECOVERIES", 1)
}

#[test]
fn f2_forty_places_cost_less_than_one_peer_in_two_hundred() {
    let peers = 20_000;
    let (bytes, honest) = store(peers, true);
    for seed in 0..recoveries() {
        let mut rng = Rng::new(seed);
        let mut damaged = bytes.clone();
        for _ in 0..40 {
            let at = rng.below(bytes.len() - 64);
            invert(&mut damaged, at);
        }
        let disk = Disk::of(damaged.clone());
        let _ = look(&disk, &honest, &format!("seed {seed}"));
        let (recovered, out) = recover(&disk, true);
        assert_eq!(disk.bytes(), damaged, "seed {seed}: the source is changed");
        let right = proven(&recovered, &out, &honest);
        let loose = recovered.loose.len();
        let held = list(&view(&out).unwrap()).0.len();
        println!(
            "seed {seed}: {right} of {} right, {loose} loose, {} older, {} lost",
            honest.len(),
            held - right,
            recovered.lost
        );
        // The list of peers and the order of rows tell what is older, unless they are damaged too.
        // Without them, what was forgotten or replaced comes as well, and is told to be in doubt.
        let older = if recovered.at_least { honest.len() / 30 } else { honest.len() / 500 };
        assert!(held - right <= older, "seed {seed}: {}", held - right);
        assert!(right * 1000 >= honest.len() * 995, "seed {seed}: {right} of {}", honest.len());
        // Without what is loose, nothing is in doubt.
        let (strict, out) = recover(&disk, false);
        assert!(strict.loose.is_empty() && strict.live == recovered.live);
        assert_eq!(proven(&strict, &out, &honest), usize::try_from(strict.live).unwrap());
    }
}

#[test]
fn f2_a_store_without_its_root_is_found_by_scanning() {
    let (bytes, honest) = store(700, true);
    let mut damaged = bytes;
    // Both superblocks, the kind included, and the header of the database.
    for at in [0, 2048, HEAD, HEAD + 64, HEAD + 128, HEAD + 192, HEAD + 256] {
        invert(&mut damaged, at);
    }
    let disk = Disk::of(damaged.clone());
    assert!(matches!(view(&disk), Err(OpenError::NotAStore | OpenError::Damaged { .. })));
    let (recovered, out) = recover(&disk, true);
    assert_eq!((recovered.live, recovered.meta), (0, MetaFrom::Scan), "{recovered:?}");
    assert!(!recovered.is_whole() && recovered.at_least);
    let right = proven(&recovered, &out, &honest);
    assert!(right * 10 >= honest.len() * 9, "{right} of {}", honest.len());
    assert_eq!(disk.bytes(), damaged);
    // And there is nothing in what is no store at all.
    let (nothing, _) = recover(&Disk::of(vec![7; 100_000]), true);
    assert!(nothing.is_nothing(), "{nothing:?}");
}
