//! Suite `flood`: one network sends records of peers that it made up, as fast as it can.
//!
//! A store with the default limits holds peers that the user gave, peers that were dialed and
//! peers of 16 networks, each with a record. Then comes the flood, every record of another key and
//! all of one network. What was there has to stay, and the flood to keep within its share. Records
//! are signed on one thread and applied on another; only applying is timed.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use peermark::Multiaddr;
use peermark::identity::PeerId;
use peermark::peer_record::CertifiedRecord;
use peermark_peerstore::{Config, Peerstore};
use peermark_provenance::{DialOutcome, Source, Timestamp};

use crate::harness::cpu_time_of;
use crate::nodes::addresses;
use crate::store::{NOW, SEQ, record};

/// What the command line says about this suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Records of the flood.
    #[arg(long, default_value = "1000000", value_name = "N")]
    records: usize,
}

const PINNED: usize = 10;
const DIALED: usize = 100;
const CERTIFIED: usize = 1_000;
const GROUPS: usize = 16;
/// What was there before.
const BEFORE: usize = PINNED + DIALED + CERTIFIED;

/// Records that cross from thread to thread at once.
const CHUNK: usize = 256;

const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs the flood and prints what it left.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let store = Peerstore::in_memory(Config::default());
    let before = settle(&store)?;
    let (took, latest) = flood(&store, arguments.records)?;

    let present =
        |peers: &[PeerId]| peers.iter().filter(|peer| is_there(&store, peer, latest)).count();
    let (trusted, certified) = before.split_at(PINNED + DIALED);
    let (trusted, certified) = (present(trusted), present(certified));
    let usage = store.usage();
    let of_flood = usage.peers - trusted - certified;
    let limits = store.limits();
    let share = limits.share.of(limits.peers as u64) as usize;
    let rate = arguments.records as f64 / took.as_secs_f64();

    let mut out = std::io::stdout().lock();
    writeln!(out, "pinned and dialed: {trusted} of {} are there", PINNED + DIALED)?;
    writeln!(out, "certified, of {GROUPS} networks: {certified} of {CERTIFIED} are there")?;
    writeln!(out, "of the flood's {}: {of_flood}, its share is {share}", arguments.records)?;
    writeln!(out, "applied: {rate:.0} records a second of CPU time")?;
    writeln!(out, "held: {} bytes, {} floors", usage.bytes, usage.floors)?;
    ensure!(trusted == PINNED + DIALED, "the flood pushed out what the user wants");
    ensure!(certified * 100 >= CERTIFIED * 95, "the flood pushed out what others proved");
    ensure!(of_flood <= share, "the flood holds more than its share");
    Ok(())
}

/// Fills the store with what has to stay, and answers who that is.
fn settle(store: &Peerstore) -> Result<Vec<PeerId>> {
    let mut peers = Vec::with_capacity(BEFORE);
    for n in 0..BEFORE {
        let record = record(n, SEQ)?;
        let peer = record.peer_id();
        let addresses: Vec<Multiaddr> = addresses(n);
        if n < PINNED {
            let Ok(_) = store.report(&peer, &addresses, &Source::MANUAL, TTL, NOW);
        } else if n < PINNED + DIALED {
            let Ok(_) = store.report(&peer, &addresses, &Source::DHT, TTL, NOW);
            let address = addresses.first().context("an address")?;
            let Ok(known) = store.dialed(&peer, address, DialOutcome::Success, TTL, NOW);
            ensure!(known, "a dialed address that is not there");
        } else {
            apply(store, &record, network(n % GROUPS), NOW)?;
        }
        peers.push(peer);
    }
    ensure!(peers.iter().all(|peer| is_there(store, peer, NOW)), "not all were stored");
    Ok(peers)
}

/// Applies this many records of one network, and answers how long that took and when it ended.
fn flood(store: &Peerstore, records: usize) -> Result<(Duration, Timestamp)> {
    let (mut took, mut now) = (Duration::ZERO, NOW);
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::scope(|scope| {
        scope.spawn(move || {
            for first in (0..records).step_by(CHUNK) {
                let numbers = BEFORE + first..BEFORE + records.min(first + CHUNK);
                let chunk: Result<Vec<_>> = numbers.map(|n| record(n, SEQ)).collect();
                if sender.send(chunk).is_err() {
                    return;
                }
            }
        });
        for chunk in receiver {
            let chunk = chunk?;
            let mut result = Ok(());
            now = now.saturating_add(Duration::from_millis(1));
            took += cpu_time_of(|| {
                result =
                    chunk.iter().try_for_each(|record| apply(store, record, network(GROUPS), now));
            });
            result?;
        }
        Ok((took, now))
    })
}

fn apply(store: &Peerstore, record: &CertifiedRecord, from: IpAddr, now: Timestamp) -> Result<()> {
    let Ok(applied) = store.apply(record, &Source::DHT.heard_from(from), TTL, now);
    if !applied.outcome.is_held() {
        bail!("a record was not stored: {:?}", applied.outcome);
    }
    Ok(())
}

/// An address in the network with this number.
fn network(n: usize) -> IpAddr {
    let [.., number] = n.to_be_bytes();
    Ipv4Addr::new(198, number, 0, 1).into()
}

fn is_there(store: &Peerstore, peer: &PeerId, now: Timestamp) -> bool {
    let Ok(there) = store.view(peer, now, |view| view.is_some_and(|view| !view.is_empty()));
    there
}
