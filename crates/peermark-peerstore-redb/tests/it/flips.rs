//! Single bits that change on the disk (F2): each is harmless, or it is reported. No answer is
//! silently another one, and no panic gets out.

use std::num::NonZero;
use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{Dialect, PeerRecord};
use peermark_peerstore::{Config, Peerstore, Secret};
use peermark_peerstore_redb::{Options, Redb};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

use super::disk::Disk;
use super::work::ALL;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn config() -> Config {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([5; 16]);
    let limits = &mut config.limits;
    (limits.share, limits.kind_share, limits.kinds_share) = (ALL, ALL, ALL);
    config
}

fn open(bytes: Vec<u8>) -> Result<Peerstore<Redb>, peermark_peerstore_redb::OpenError> {
    let mut options = Options::default();
    // Nothing twice out of memory.
    (options.page_cache, options.hot_peers) = (1 << 22, 1);
    Redb::open_on(Disk::of(bytes), config(), &options).map(Peerstore::new)
}

/// A store of about a megabyte, closed in order: certified peers, hearsay, floors.
fn store() -> (Vec<u8>, Vec<PeerId>) {
    let disk = Disk::default();
    let store = Redb::open_on(disk.clone(), config(), &Options::default());
    let store = Peerstore::new(store.unwrap());
    let keys: Vec<_> = (0..3_000u64).map(|n| Keypair::ed25519_from_seed(&seed(n))).collect();
    let addresses = ["/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.1/udp/4001/quic-v1"]
        .map(|address| address.parse().unwrap());
    let mut records = Vec::new();
    for key in &keys[..600] {
        let record = PeerRecord::new(key.peer_id(), 1.into(), addresses.clone());
        records.push(record.certify(key, Dialect::PeerRecord).unwrap());
    }
    for applied in store.apply_many(&records, &Source::DHT, DAY, NOW) {
        assert!(applied.unwrap().outcome.is_held());
    }
    for key in &keys[300..600] {
        assert!(store.clear(&key.peer_id(), NOW).unwrap());
    }
    for key in &keys[600..] {
        let _ = store.report(&key.peer_id(), &addresses, &Source::PUBSUB, DAY, NOW).unwrap();
    }
    store.check().unwrap();
    drop(store);
    (disk.bytes(), keys.iter().map(Keypair::peer_id).collect())
}

fn seed(n: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&n.to_le_bytes());
    seed
}

type Look = Vec<Result<String, String>>;

fn look(store: &Peerstore<Redb>, peers: &[PeerId]) -> Look {
    let of = |peer: &PeerId| {
        let of = || {
            let addresses = store.addresses(peer, NOW)?;
            let records = store.signed_records(&[*peer], NOW)?;
            Ok(format!("{addresses:?} {records:?} {:?}", store.floor(peer, NOW)?))
        };
        of().map_err(|error: peermark_peerstore_redb::Error| error.to_string())
    };
    peers.iter().map(of).collect()
}

/// Opens the store with a bit changed. Answers whether it was noticed.
fn flip(bytes: &[u8], bit: usize, peers: &[PeerId], honest: &Look) -> bool {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    let Ok(store) = open(changed) else { return true };
    let mut noticed = false;
    for (n, (found, honest)) in look(&store, peers).iter().zip(honest).enumerate() {
        match found {
            Ok(_) => assert_eq!(found, honest, "bit {bit}, peer {n}: silently another answer"),
            Err(_) => noticed = true,
        }
    }
    // What nothing led to is found by who looks at all of it. Of one of the two copies of what is
    // said about the file, the other was used.
    noticed || store.engine().examine().map_or(true, |report| !report.is_good())
}

/// How many bits are tried, besides those of the first blocks; more by `PEERMARK_BIT_FLIPS`.
fn flips() -> usize {
    variable("PEERMARK_BIT_FLIPS", 300)
}

#[test]
fn f2_a_changed_bit_is_harmless_or_reported() {
    let (bytes, peers) = store();
    assert!(bytes.len() > 700_000, "{} bytes", bytes.len());
    let honest = look(&open(bytes.clone()).unwrap(), &peers);
    assert!(honest.iter().all(Result::is_ok));
    let seed = 0x0b17;
    let mut rng = Rng::new(seed);
    let mut bits: Vec<_> = (0..flips()).map(|_| rng.below(bytes.len() * 8)).collect();
    // What is said about the file, and the header of the database: a bit of each sixteenth byte.
    bits.extend((0..8192 + 400).step_by(16).map(|byte| byte * 8 + rng.below(8)));
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let work =
        |part: &[usize]| part.iter().filter(|bit| flip(&bytes, **bit, &peers, &honest)).count();
    let noticed: usize = std::thread::scope(|scope| {
        let parts = bits.chunks(bits.len().div_ceil(threads));
        let running: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
        running.into_iter().map(|part| part.join().expect("no panic gets out")).sum()
    });
    println!("seed {seed:#x}: {noticed} of {} changed bits were noticed", bits.len());
    assert!(noticed * 10 > bits.len() * 3, "{noticed} of {}", bits.len());
}
