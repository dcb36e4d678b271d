//! `peermark store`: what is kept in a file between runs.

mod copies;
mod export;
mod import;
mod kill;
mod look;
mod recover;
mod trouble;

use std::ffi::OsString;
use std::path::PathBuf;

use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord};
use peermark::peerstore_redb::{OpenError, Redb};
use peermark::{PeerBook, SystemClock};

use crate::support::{Folder, Run, hex, peermark};

pub(crate) fn keypair(seed: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[seed; 32])
}

pub(crate) fn peer(seed: u8) -> String {
    keypair(seed).peer_id().to_string()
}

/// A record of the peer with this seed, with one address of its own.
pub(crate) fn record_of(seed: u8, seq: u64) -> CertifiedRecord {
    let key = keypair(seed);
    let address = address_of(seed, seq).parse().unwrap();
    let record = PeerRecord::new(key.peer_id(), seq.into(), [address]);
    record.certify(&key, Dialect::PeerRecord).unwrap()
}

pub(crate) fn address_of(seed: u8, seq: u64) -> String {
    format!("/ip4/1.2.3.{seed}/tcp/{seq}")
}

/// Records as lines.
pub(crate) fn lines(records: &[(u8, u64)]) -> Vec<u8> {
    let line = |(seed, seq): &(u8, u64)| hex(record_of(*seed, *seq).as_bytes()) + "\n";
    records.iter().map(line).collect::<String>().into_bytes()
}

/// A store in a folder of its own.
pub(crate) struct Store {
    pub(crate) folder: Folder,
    pub(crate) db: PathBuf,
}

impl Store {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let db = folder.path("peers.redb");
        Self { folder, db }
    }

    /// With these records in it, heard from a table.
    pub(crate) fn of(records: &[(u8, u64)]) -> Self {
        let store = Self::new();
        store.run("import", &["--source", "dht"], &lines(records)).expect(0);
        store
    }

    pub(crate) fn args(&self, command: &str, args: &[&str]) -> Vec<OsString> {
        let mut all: Vec<OsString> = ["store", command].map(OsString::from).to_vec();
        all.extend(args.iter().map(OsString::from));
        all.extend([OsString::from("--db"), self.db.clone().into()]);
        all
    }

    #[track_caller]
    pub(crate) fn run(&self, command: &str, args: &[&str], stdin: &[u8]) -> Run {
        peermark(self.args(command, args), stdin)
    }

    /// As programs open it.
    pub(crate) fn book(&self) -> PeerBook<Redb, SystemClock> {
        // A process that another test starts holds what is open here for a moment, locks included.
        for _ in 0..1_000_000 {
            match PeerBook::builder().open(&self.db) {
                Err(OpenError::InUse { .. }) => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
        PeerBook::builder().open(&self.db).unwrap()
    }

    /// The list as JSON, in the order of its lines.
    pub(crate) fn list(&self) -> Vec<String> {
        let run = self.run("list", &["--json", "--limit", "0"], b"").expect(0);
        let mut lines: Vec<_> = run.text().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}
