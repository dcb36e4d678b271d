//! The peers: a certified record of each, every one with another key.

use std::thread;

use anyhow::{Result, anyhow, ensure};
use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq};

use crate::nodes::{addresses, secret};

/// Records of so many peers, and nothing else: the bytes of an envelope are in its record.
pub(crate) struct Peers(Vec<CertifiedRecord>);

impl Peers {
    /// Signs the records, on two threads.
    pub(crate) fn new(count: usize) -> Result<Self> {
        ensure!(count > 0, "no peers");
        let half = count / 2;
        let sign = |from: usize, to: usize| -> Result<Vec<_>> {
            (from..to).map(|n| record(n, SEQ)).collect()
        };
        thread::scope(|scope| {
            let upper = scope.spawn(|| sign(half, count));
            let mut records = sign(0, half)?;
            records.append(&mut upper.join().map_err(|_| anyhow!("signing panicked"))??);
            for record in &records {
                ensure!(record.as_bytes().len() == 239, "an envelope of another length");
                ensure!(record.addresses().len() == 4, "addresses were lost");
            }
            Ok(Self(records))
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn all(&self) -> &[CertifiedRecord] {
        &self.0
    }

    pub(crate) fn at(&self, n: usize) -> &CertifiedRecord {
        &self.0[n % self.0.len()]
    }

    pub(crate) fn id(&self, n: usize) -> PeerId {
        self.at(n).peer_id()
    }
}

/// The record of peer `n` with this sequence number.
pub(crate) fn record(n: usize, seq: u64) -> Result<CertifiedRecord> {
    let keypair = Keypair::ed25519_from_seed(&secret(n));
    let record = PeerRecord::new(keypair.peer_id(), Seq::new(seq), addresses(n));
    Ok(record.certify(&keypair, Dialect::PeerRecord)?)
}

/// Nanoseconds since 1970, as go-libp2p counts.
pub(crate) const SEQ: u64 = 1_795_000_000_000_000_000;
