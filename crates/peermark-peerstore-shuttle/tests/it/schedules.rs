//! Running a body under many schedules, and what the bodies share.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use peermark_identity::Keypair;
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark_peerstore_shuttle::{Config, Peerstore, Secret, Share};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::variable;

/// Schedules of each kind, unless `PEERMARK_SCHEDULES` says another number.
const SCHEDULES: usize = 200;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const SOURCE: &Source = &Source::DHT;

/// Runs `body` under random schedules and under schedules by priority.
pub(crate) fn under_all_schedules(body: impl Fn() + Send + Sync + Clone + 'static) {
    let schedules = variable("PEERMARK_SCHEDULES", SCHEDULES);
    shuttle::check_random(body.clone(), schedules);
    shuttle::check_pct(body, schedules, 3);
}

/// A store with a secret that is the same each time.
pub(crate) fn store(change: impl FnOnce(&mut Config)) -> Arc<Peerstore> {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([7; 16]);
    config.limits.peers = 16;
    let all = Share::new(1, 1);
    (config.limits.share, config.limits.kind_share) = (all, all);
    config.limits.kinds_share = all;
    change(&mut config);
    Arc::new(Peerstore::in_memory(config))
}

pub(crate) fn keypair(n: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[n; 32])
}

/// The record of peer `n` with this sequence number and one address, whose port is `port`.
pub(crate) fn record(n: u8, seq: u64, port: u16) -> CertifiedRecord {
    /// Signed once: what is looked for is not in the signatures.
    type Signed = std::sync::Mutex<std::collections::HashMap<(u8, u64, u16), CertifiedRecord>>;
    static SIGNED: LazyLock<Signed> = LazyLock::new(Signed::default);
    let mut signed = SIGNED.lock().unwrap();
    let sign = || {
        let key = keypair(n);
        let address = format!("/ip4/192.0.2.{n}/tcp/{port}").parse().unwrap();
        let record = PeerRecord::new(key.peer_id(), seq.into(), [address]);
        record.certify(&key, Dialect::PeerRecord).unwrap()
    };
    signed.entry((n, seq, port)).or_insert_with(sign).clone()
}
