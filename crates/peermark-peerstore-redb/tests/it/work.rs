//! Work for a store, and what it holds afterwards.

use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore::{Config, Peerstore, Secret, Share};
use peermark_peerstore_redb::{Error, OpenError, Options, Redb};
use peermark_provenance::{Source, Timestamp};
use redb::StorageBackend;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// No share is smaller than all of it.
pub(crate) const ALL: Share = Share::new(1, 1);

/// When step `n` happens.
pub(crate) fn moment(n: usize) -> Timestamp {
    START.saturating_add(MINUTE * u32::try_from(n).unwrap())
}

pub(crate) type Store = Peerstore<Redb>;

/// Small limits, so that evictions of peers and of floors take part.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([9; 16]);
    config.limits.peers = 24;
    config.limits.floors = 20;
    let limits = &mut config.limits;
    (limits.share, limits.kind_share, limits.kinds_share) = (ALL, ALL, ALL);
    config
}

pub(crate) fn open(disk: impl StorageBackend) -> Result<Store, OpenError> {
    let mut options = Options::default();
    options.page_cache = 1 << 20;
    options.hot_peers = 8;
    Redb::open_on(disk, config(), &options).map(Peerstore::new)
}

/// The peers that take part, and a record of each with each sequence number.
pub(crate) struct Cast {
    keys: Vec<Keypair>,
    records: Vec<Vec<CertifiedRecord>>,
}

impl Cast {
    pub(crate) fn new(peers: u8, seqs: u64) -> Self {
        let keys: Vec<_> = (0..peers).map(|n| Keypair::ed25519_from_seed(&[n; 32])).collect();
        let record = |key: &Keypair, seq: u64| {
            let address = format!("/ip4/192.0.2.{seq}/tcp/4001").parse().unwrap();
            PeerRecord::new(key.peer_id(), seq.into(), [address])
                .certify(key, Dialect::PeerRecord)
                .unwrap()
        };
        let all = |key| (1..=seqs).map(|seq| record(key, seq)).collect();
        let records = keys.iter().map(all).collect();
        Self { keys, records }
    }

    pub(crate) fn peers(&self) -> Vec<PeerId> {
        self.keys.iter().map(Keypair::peer_id).collect()
    }

    pub(crate) fn record(&self, peer: usize, seq: usize) -> &CertifiedRecord {
        let records = &self.records[peer % self.records.len()];
        &records[seq % records.len()]
    }

    /// Step `n` of a long run: mostly records, one by one and many at once, and everything else
    /// now and then. Answers when it happened.
    pub(crate) fn step(&self, store: &Store, n: usize) -> Result<Timestamp, Error> {
        let now = moment(n);
        let peers = self.peers();
        let peer = peers[n * 7 % peers.len()];
        match n % 8 {
            0 => {
                let many: Vec<_> =
                    (0..6).map(|at| self.record(n * 5 + at, n / 8).clone()).collect();
                for applied in store.apply_many(&many, &Source::DHT, MINUTE * 30, now) {
                    let _ = applied?;
                }
            }
            1 => {
                let address = "/ip4/198.51.100.1/tcp/4001".parse().unwrap();
                let _ = store.report(&peer, &[address], &Source::PUBSUB, MINUTE * 9, now)?;
            }
            2 => drop(store.sweep(now, 3)?),
            3 if n.is_multiple_of(3) => drop(store.forget(&peer, now)?),
            3 => drop(store.connected(&peer, now)?),
            4 => drop(store.clear(&peer, now)?),
            _ => {
                let record = self.record(n * 11, n / 9);
                let _ = store.apply(record, &Source::DHT, MINUTE * 20, now)?;
            }
        }
        Ok(now)
    }

    /// All that a store holds of these peers at a moment: records, addresses, floors.
    pub(crate) fn look(&self, store: &Store, now: Timestamp) -> Result<Vec<String>, Error> {
        let of = |peer: &PeerId| {
            let addresses = store.addresses(peer, now)?;
            let records = store.signed_records(&[*peer], now)?;
            Ok(format!("{addresses:?} {records:?} {:?}", store.floor(peer, now)?))
        };
        self.peers().iter().map(of).collect()
    }
}
