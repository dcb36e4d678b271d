//! The second half of the story: what Bob keeps, and what he does not let back in.
//!
//! Bob's clock is set by hand, so that hours pass in no time. His book is a file, so that a restart
//! costs him nothing.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq, parse_address};
use peermark::peerstore::Outcome;
use peermark::peerstore_redb::Redb;
use peermark::provenance::Source;
use peermark::{Clock, Multiaddr, PeerBook};

use super::narrator::Narrator;
use super::{World, broken};
use crate::failure::Failure;

/// Bob's book.
pub(super) type Book = PeerBook<Redb, HandClock>;

/// A clock that shows what it is set to.
#[derive(Debug)]
pub(super) struct HandClock(Mutex<SystemTime>);

impl HandClock {
    fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(*now);
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the story begins.
pub(super) fn noon() -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(1_700_000_000)).unwrap_or(UNIX_EPOCH)
}

/// The book in this folder, made where there is none.
pub(super) fn open(folder: &Path, now: SystemTime) -> Result<Book, Failure> {
    let path = folder.join("bob.redb");
    let book = PeerBook::builder().clock(HandClock(Mutex::new(now))).open(&path);
    book.map_err(|source| Failure::Open { path, source })
}

pub(super) fn keeping(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Bob keeps it, beside what he hears from others")?;
    let alice = world.alice.peer_id();
    world.consume(&world.relayed, &Source::DHT, Outcome::Inserted, narrator)?;

    let reports = [
        ("/ip4/192.0.2.1/udp/4001/quic-v1", Source::identify(alice)),
        ("/ip4/198.51.100.7/tcp/4001", Source::DHT),
        ("/ip4/198.51.100.7/tcp/4001", Source::PUBSUB),
        ("/ip4/203.0.113.9/tcp/4001", Source::MANUAL),
    ];
    for (text, source) in reports {
        let address = parse_address(text).map_err(broken)?;
        let reported = world.book.report(&alice, &[address], &source)?;
        narrator.check(reported.refusal.is_none() && reported.dropped == 0)?;
    }
    table(world, narrator)
}

pub(super) fn replacing(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Alice moves: a newer record withdraws what it does not list")?;
    let moved = ["/ip4/192.0.2.44/udp/4001/quic-v1"];
    let newer = record(&world.alice, 2, &moved)?;
    let replaced = Outcome::Replaced { from: Seq::new(1) };
    world.consume(newer.as_bytes(), &Source::PUBSUB, replaced, narrator)?;
    table(world, narrator)
}

pub(super) fn contradicting(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Somebody has Alice's key, and signs another record with the same seq")?;
    let alice = world.alice.peer_id();
    // Alice said hers over a connection: it stays, in whatever order the two came.
    let said = world.book.signed_records(&[alice])?;
    let [Some(said)] = said.as_slice() else { return narrator.check(false) };
    let contact = world.book.consume(said, &Source::identify(alice)).map_err(broken)?;
    narrator.check(contact.outcome.is_held())?;
    let other = record(&world.alice, 2, &["/ip4/203.0.113.66/tcp/666"])?;
    let applied = world.book.consume(other.as_bytes(), &Source::DHT).map_err(broken)?;
    narrator.tell("outcome", applied.outcome.kind())?;
    let proof = world.book.equivocation(&alice)?;
    match (applied.outcome, proof) {
        (Outcome::Contradiction { held, got, replaced: false }, Some(proof)) => {
            narrator.tell("held", held)?;
            narrator.tell("not held", got)?;
            narrator.check(proof.held == held && proof.got == got && held != got)
        }
        _ => narrator.check(false),
    }
}

pub(super) fn restarting(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Bob restarts: his book is a file, and what he knew is there")?;
    let (alice, now) = (world.alice.peer_id(), world.book.clock().now());
    // A file is open once at a time: another book is in its place while this one is closed.
    let (folder, other) = (world.folder.path(), tempfile::tempdir_in(world.folder.path()));
    let other = other.map_err(|error| Failure::file("use", folder, error))?;
    world.book = open(other.path(), now)?;
    world.book = open(folder, now)?;
    let records = world.book.signed_records(&[alice])?;
    match records.as_slice() {
        [Some(record)] => {
            narrator.expect_verified(record)?;
        }
        _ => narrator.check(false)?,
    }
    let stale = Outcome::Stale { held: Seq::new(2) };
    world.consume(&world.relayed, &Source::DHT, stale, narrator)
}

pub(super) fn expiring(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Two days pass without a word from Alice")?;
    let alice = world.alice.peer_id();
    world.book.clock().advance(world.book.lifetimes().record);
    let swept = world.book.sweep(usize::MAX)?;
    let scrapped =
        format_args!("{} record scrapped, {} addresses gone", swept.records, swept.addresses);
    narrator.tell("swept", scrapped)?;
    table(world, narrator)?;
    let records = world.book.signed_records(&[alice])?;
    narrator.check(swept.records == 1 && records == [None])
}

pub(super) fn replaying(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Mallory replays Alice's first record, which lists where she no longer is")?;
    let stale = Outcome::Stale { held: Seq::new(2) };
    world.consume(&world.relayed, &Source::DHT, stale, narrator)?;
    let floor = world.book.floor(&world.alice.peer_id())?;
    match floor {
        Some((seq, _)) => {
            narrator.tell("floor", format_args!("seq {seq}, though the record is gone"))
        }
        None => narrator.check(false),
    }
}

impl World {
    /// Bytes arrive, and this is to become of them.
    fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
        expected: Outcome,
        narrator: &mut Narrator,
    ) -> Result<(), Failure> {
        let applied = self.book.consume(bytes, source).map_err(broken)?;
        let outcome = match applied.outcome {
            Outcome::Replaced { from } => format!("replaced seq {from}"),
            Outcome::Stale { held } => format!("stale: seq {} is below {held}", applied.seq),
            other => other.kind().to_string(),
        };
        let counts = match applied.outcome.is_held() {
            true => format!(": {} added, {} withdrawn", applied.added, applied.withdrawn),
            false => String::new(),
        };
        narrator.tell("outcome", format_args!("{outcome}{counts}"))?;
        narrator.check(applied.outcome == expected)
    }
}

/// What Bob has of Alice: address, class, who says so, how long.
fn table(world: &World, narrator: &mut Narrator) -> Result<(), Failure> {
    let addresses = world.book.addresses(&world.alice.peer_id())?;
    narrator.claims(&addresses, world.book.now())
}

pub(super) fn record(
    key: &Keypair,
    seq: u64,
    addresses: &[&str],
) -> Result<CertifiedRecord, Failure> {
    let mut parsed: Vec<Multiaddr> = Vec::new();
    for text in addresses {
        parsed.push(parse_address(text).map_err(broken)?);
    }
    let peer: PeerId = key.peer_id();
    let record = PeerRecord::new(peer, Seq::new(seq), parsed);
    record.certify(key, Dialect::PeerRecord).map_err(broken)
}
