//! `peermark store show`: everything that the store knows of a peer.

use std::io::Write as _;
use std::time::Duration;

use peermark::identity::PeerId;
use peermark::peer_record::{Seq, address_text};
use peermark::peerstore::{PayloadDigest, PeerAddress};
use peermark::provenance::{ClaimKind, Expiry, Timestamp, TrustClass};
use serde::Serialize;

use super::database::{Book, Database};
use super::peer::peer_id;
use crate::claims;
use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::Output;

/// Show what is known of a peer
///
/// Its record, its addresses with who says so and for how long, and its floor: the sequence number
/// below which no record comes back.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The peer
    #[arg(value_name = "PEER", value_parser = peer_id)]
    peer: PeerId,
    #[command(flatten)]
    database: Database,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store show 12D3KooW...
  peermark store show 12D3KooW... --db crawl.redb --json

The status is 1 when nothing is known of the peer.";

/// What is known.
struct Known {
    peer: PeerId,
    now: Timestamp,
    record: Option<Record>,
    floor: Option<(Seq, PayloadDigest)>,
    addresses: Vec<PeerAddress>,
}

struct Record {
    seq: Seq,
    len: usize,
    left: Duration,
}

impl Known {
    fn of(book: &Book, peer: PeerId) -> Result<Self, Failure> {
        let now = book.now();
        let record = book.store().view(&peer, now, |view| {
            let record = view?.record()?;
            let left = record.expires().saturating_since(now);
            Some(Record { seq: record.seq(), len: record.as_bytes().len(), left })
        })?;
        let floor = book.store().floor(&peer, now)?;
        let addresses = book.store().addresses(&peer, now)?;
        Ok(Self { peer, now, record, floor, addresses })
    }

    fn class(&self) -> Option<TrustClass> {
        self.addresses.iter().map(|address| address.class).max()
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let book = args.database.existing()?;
    let known = Known::of(&book, args.peer)?;
    if known.floor.is_none() && known.addresses.is_empty() {
        return Err(Failure::Refused(format!("nothing is known of {}", args.peer)));
    }
    let mut out = Output::stdout();
    if args.json {
        json::line(&mut out, &Object::of(&known))?;
    } else {
        write(&mut out, &known)?;
    }
    out.flush()?;
    Ok(Status::Good)
}

fn write(out: &mut Output, known: &Known) -> Result<(), Failure> {
    let strong = out.paint().strong();
    writeln!(out, "{strong}{}{strong:#}", known.peer)?;
    match known.class() {
        Some(class) => writeln!(out, "  class      {class}")?,
        None => writeln!(out, "  class      none: no address is known")?,
    }
    if let Some(Record { seq, len, left }) = &known.record {
        writeln!(out, "  record     seq {seq}, {len} bytes, for {}", claims::time(*left))?;
    }
    if let Some((seq, digest)) = known.floor {
        writeln!(out, "  floor      seq {seq}, payload {digest}")?;
    }
    if !known.addresses.is_empty() {
        claims::write(out, &known.addresses, known.now)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Object {
    peer_id: Text<PeerId>,
    class: Option<Text<TrustClass>>,
    record: Option<RecordObject>,
    floor: Option<FloorObject>,
    addresses: Vec<AddressObject>,
}

#[derive(Serialize)]
struct RecordObject {
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Text<Seq>,
    len: usize,
    ttl_ms: u64,
}

#[derive(Serialize)]
struct FloorObject {
    seq: Text<Seq>,
    payload: Text<PayloadDigest>,
}

#[derive(Serialize)]
struct AddressObject {
    address: String,
    class: Text<TrustClass>,
    claims: Vec<ClaimObject>,
    failed_dials: u32,
}

#[derive(Serialize)]
struct ClaimObject {
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    delivered_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporter: Option<String>,
    ttl_ms: u64,
}

impl Object {
    fn of(known: &Known) -> Self {
        let address = |known: &PeerAddress, now| AddressObject {
            address: address_text(&known.address),
            class: Text(known.class),
            claims: known
                .provenance
                .claims()
                .iter()
                .map(|claim| claim_object(claim, now))
                .collect(),
            failed_dials: known.provenance.dials().failures,
        };
        Self {
            peer_id: Text(known.peer),
            class: known.class().map(Text),
            record: known.record.as_ref().map(|record| RecordObject {
                seq: Text(record.seq),
                len: record.len,
                ttl_ms: millis(record.left),
            }),
            floor: known
                .floor
                .map(|(seq, digest)| FloorObject { seq: Text(seq), payload: Text(digest) }),
            addresses: known
                .addresses
                .iter()
                .map(|known_of| address(known_of, known.now))
                .collect(),
        }
    }
}

fn claim_object(claim: &peermark::provenance::Claim, now: Timestamp) -> ClaimObject {
    let left = match claim.expiry() {
        Expiry::At(at) => at.saturating_since(now),
        Expiry::AfterDisconnect(after) => after,
    };
    let (source, delivered_by, reporter) = match claim.kind() {
        ClaimKind::Certified(certification) => {
            let kinds = certification.delivered_by().iter().map(|kind| kind.to_string());
            ("record".to_owned(), kinds.collect(), None)
        }
        ClaimKind::Dialed => ("dialed".to_owned(), Vec::new(), None),
        ClaimKind::Reported(source) => {
            let reporter = source.reporter().map(ToString::to_string);
            (source.kind().to_string(), Vec::new(), reporter)
        }
    };
    ClaimObject { source, delivered_by, reporter, ttl_ms: millis(left) }
}

/// Milliseconds, rounded up: what is not over is more than nothing.
pub(super) fn millis(left: Duration) -> u64 {
    u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
