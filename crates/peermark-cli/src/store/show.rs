//! `peermark store show`: everything that the store knows of a peer.

use std::io::Write as _;
use std::time::Duration;

use peermark::identity::PeerId;
use peermark::peer_record::{Seq, address_text};
use peermark::peerstore::{Equivocation, PayloadDigest, PeerAddress};
use peermark::provenance::{ClaimKind, Expiry, Timestamp, TrustClass};
use serde::Serialize;

use super::database::{Book, Database};
use super::peer::peer_id;
use crate::claims;
use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::Output;
use crate::when;

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
    contradiction: Option<Equivocation>,
    addresses: Vec<PeerAddress>,
}

struct Record {
    seq: Seq,
    len: usize,
    left: Duration,
    accepted: Timestamp,
    contact: Option<Timestamp>,
}

impl Known {
    fn of(book: &Book, peer: PeerId) -> Result<Self, Failure> {
        let now = book.now();
        let record = book.view(&peer, |view| {
            let record = view?.record()?;
            Some(Record {
                seq: record.seq(),
                len: record.as_bytes().len(),
                left: left(record.expiry(), now),
                accepted: record.accepted(),
                contact: record.contact(),
            })
        })?;
        let contradiction = book.equivocation(&peer)?;
        let floor = book.floor(&peer)?;
        let addresses = book.addresses(&peer)?;
        Ok(Self { peer, now, record, floor, contradiction, addresses })
    }

    fn class(&self) -> Option<TrustClass> {
        self.addresses.iter().map(|address| address.class).max()
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let book = args.database.for_reading()?;
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
    if let Some(Record { seq, len, left, accepted, contact }) = &known.record {
        writeln!(out, "  record     seq {seq}, {len} bytes")?;
        if let Some(date) = when::clock(*seq) {
            writeln!(out, "             {date}")?;
        }
        writeln!(out, "  expires    in {}", when::until(*left, known.now))?;
        writeln!(out, "  accepted   {}", when::ago(*accepted, known.now))?;
        match contact {
            Some(contact) => writeln!(out, "  contact    {}", when::ago(*contact, known.now))?,
            None => writeln!(out, "  contact    never")?,
        }
    }
    if let Some(pair) = &known.contradiction {
        let Equivocation { seq, held, got, .. } = pair;
        writeln!(out, "  conflict   two records with seq {seq}: payload {held} is held,")?;
        writeln!(out, "             and payload {got} was signed too")?;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    contradiction: Option<ContradictionObject>,
    addresses: Vec<AddressObject>,
}

#[derive(Serialize)]
struct RecordObject {
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Text<Seq>,
    len: usize,
    ttl_ms: u64,
    accepted_ms_ago: u64,
    contact_ms_ago: Option<u64>,
}

#[derive(Serialize)]
struct ContradictionObject {
    seq: Text<Seq>,
    held: Text<PayloadDigest>,
    other: Text<PayloadDigest>,
    /// Base64 of the canonical envelopes, where they are kept.
    held_envelope: Option<String>,
    other_envelope: Option<String>,
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
                accepted_ms_ago: millis(known.now.saturating_since(record.accepted)),
                contact_ms_ago: record
                    .contact
                    .map(|contact| millis(known.now.saturating_since(contact))),
            }),
            contradiction: known.contradiction.as_ref().map(contradiction_object),
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

fn contradiction_object(pair: &Equivocation) -> ContradictionObject {
    ContradictionObject {
        seq: Text(pair.seq),
        held: Text(pair.held),
        other: Text(pair.got),
        held_envelope: base64(pair.held_envelope.as_deref()),
        other_envelope: base64(pair.got_envelope.as_deref()),
    }
}

fn base64(envelope: Option<&[u8]>) -> Option<String> {
    envelope.map(|envelope| data_encoding::BASE64.encode(envelope))
}

fn claim_object(claim: &peermark::provenance::Claim, now: Timestamp) -> ClaimObject {
    let left = left(claim.expiry(), now);
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

/// What is left of something: of what a connection holds, what is left after the disconnect.
fn left(expiry: Expiry, now: Timestamp) -> Duration {
    match expiry {
        Expiry::At(at) => at.saturating_since(now),
        Expiry::AfterDisconnect(after) => after,
    }
}

/// Milliseconds, rounded up: what has not ended is more than nothing.
pub(super) fn millis(left: Duration) -> u64 {
    u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
