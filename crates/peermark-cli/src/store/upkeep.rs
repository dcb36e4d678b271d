//! `peermark store sweep`, `check`, `stats` and `forget`: what an operator does now and then.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peermark::identity::PeerId;
use peermark::peer_record::Seq;
use peermark::peerstore::{Limits, PayloadDigest};
use serde::Serialize;

use super::database::Database;
use super::peer::peer_id;
use super::show::millis;
use crate::claims;
use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::Output;
use crate::progress::Progress;

/// Let go of what is over
///
/// What is over is not shown either way; this gives its room in the file back to what comes next.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: peermark store sweep")]
pub(super) struct Sweep {
    #[command(flatten)]
    common: Common,
}

/// Look at every byte and every signature
///
/// Takes as long as reading the file and verifying all of its records. The status is 1 when
/// something is not as it has to be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: peermark store check --db crawl.redb")]
pub(super) struct Check {
    #[command(flatten)]
    common: Common,
}

/// Say how much there is
///
/// Counts what is not swept yet.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: peermark store stats --json")]
pub(super) struct Stats {
    #[command(flatten)]
    common: Common,
}

/// Remove all of a peer, its floor included
///
/// From then on any record of it is the first, an old one too. This is also how a peer comes back
/// whose row was damaged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: peermark store forget 12D3KooW...")]
pub(super) struct Forget {
    /// The peer
    #[arg(value_name = "PEER", value_parser = peer_id)]
    peer: PeerId,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    database: Database,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Common {
    fn say(&self, object: &impl Serialize, lines: &[(&str, String)]) -> Result<(), Failure> {
        let mut out = Output::stdout();
        if self.json {
            json::line(&mut out, object)?;
        } else {
            for (label, fact) in lines {
                writeln!(out, "{label:9}  {fact}")?;
            }
        }
        Ok(out.flush()?)
    }
}

/// Runs the command.
pub(super) fn sweep(args: &Sweep) -> Result<Status, Failure> {
    #[derive(Serialize)]
    struct Object {
        peers: usize,
        records: usize,
        addresses: usize,
        floors: usize,
    }

    let book = args.common.database.existing()?;
    let swept = book.sweep(usize::MAX)?;
    let object = Object {
        peers: swept.peers,
        records: swept.records,
        addresses: swept.addresses,
        floors: swept.floors,
    };
    let Object { peers, records, addresses, floors } = object;
    let said = format!("{peers} peers, {records} records, {addresses} addresses, {floors} floors");
    args.common.say(&object, &[("swept", said)])?;
    Ok(Status::Good)
}

/// Runs the command.
pub(super) fn check(args: &Check) -> Result<Status, Failure> {
    #[derive(Serialize)]
    struct Object<'a> {
        ok: bool,
        peers: usize,
        records: usize,
        floors: usize,
        blocks: u64,
        damaged_blocks: &'a [u64],
        /// Damaged too, and not in use.
        torn_blocks: &'a [u64],
        format: u16,
        quarantined: u64,
        defect: Option<String>,
        clock_behind_ms: u64,
    }

    let book = args.common.database.for_reading()?;
    let bar = Progress::new(Some(u64::try_from(book.usage().peers).unwrap_or(0)), false);
    let shown = AtomicU64::new(0);
    let report = book.examine(|done, _| {
        let more = done.saturating_sub(shown.swap(done, Ordering::Relaxed));
        bar.advance(more, true, format_args!("{done} rows"));
    })?;
    bar.finish();
    let (ok, usage) = (report.is_good(), book.usage());
    let behind = book.clock_behind();
    let defect = report.defect.as_ref().map(ToString::to_string);
    let object = Object {
        ok,
        peers: usage.peers,
        records: usage.records,
        floors: usage.floors,
        blocks: report.blocks,
        damaged_blocks: &report.damaged_blocks,
        torn_blocks: &report.torn_blocks,
        format: report.format,
        quarantined: report.quarantined,
        defect: defect.clone(),
        clock_behind_ms: millis(behind),
    };
    let verdict = if ok { "good" } else { "damaged" };
    let mut lines = vec![
        ("store", verdict.to_owned()),
        (
            "checked",
            format!("{} peers, {} records, {} floors", usage.peers, usage.records, usage.floors),
        ),
        ("blocks", format!("{}, {} damaged", report.blocks, report.damaged_blocks.len())),
        (
            "aside",
            format!("{} damaged rows; forget their peers to accept them again", report.quarantined),
        ),
    ];
    if report.quarantined == 0 {
        lines.pop();
    }
    lines.insert(2, ("format", report.format.to_string()));
    match report.torn_blocks.len() {
        0 => {}
        1 => lines.push(("torn", "1 unused block torn, harmless".to_owned())),
        many => lines.push(("torn", format!("{many} unused blocks torn, harmless"))),
    }
    lines.extend(defect.map(|defect| ("defect", defect)));
    if behind >= BEHIND {
        let behind = claims::time(behind);
        lines.push(("clock", format!("{behind} behind the latest that the store was shown")));
    }
    args.common.say(&object, &lines)?;
    Ok(if ok { Status::Good } else { Status::Refused })
}

/// A clock that is so far behind was set back, or was wrong once.
const BEHIND: Duration = Duration::from_secs(60);

/// Runs the command.
pub(super) fn stats(args: &Stats) -> Result<Status, Failure> {
    #[derive(Serialize)]
    struct Object {
        peers: usize,
        records: usize,
        floors: usize,
        bytes: u64,
        file_bytes: u64,
        next_expiry_ms: Option<u64>,
        /// How much more there is than a program with the default limits would take in.
        above_default_limits: AboveObject,
        /// What of the store itself cannot be read.
        unreadable: Vec<&'static str>,
    }

    #[derive(Serialize)]
    struct AboveObject {
        peers: u64,
        records: u64,
        bytes: u64,
        floors: u64,
        groups: u64,
    }

    let database = &args.common.database;
    let (path, book) = (database.path()?, database.for_reading()?);
    let file = path.metadata().map_err(|error| Failure::file("look at", &path, error))?;
    let (usage, next) = (book.usage(), book.until_next_expiry());
    let (above, opened) = (book.above(&Limits::default()), book.opened());
    let object = Object {
        above_default_limits: AboveObject {
            peers: above.peers,
            records: above.records,
            bytes: above.bytes,
            floors: above.floors,
            groups: above.groups,
        },
        unreadable: opened.unreadable.clone(),
        peers: usage.peers,
        records: usage.records,
        floors: usage.floors,
        bytes: usage.bytes,
        file_bytes: file.len(),
        next_expiry_ms: next.map(millis),
    };
    let next = match next {
        Some(left) if left.is_zero() => "now; sweep to let go of what is over".to_owned(),
        Some(left) => format!("in {}", claims::time(left)),
        None => "never".to_owned(),
    };
    let mut lines = vec![
        ("peers", usage.peers.to_string()),
        ("records", usage.records.to_string()),
        ("floors", format!("{} of peers of which nothing else is known", usage.floors)),
        ("bytes", format!("{} by the store's own reckoning", usage.bytes)),
        ("file", format!("{} bytes", file.len())),
        ("expiry", next),
    ];
    if !above.is_nothing() {
        let said = format!(
            "the default limits by {} peers, {} records, {} bytes, {} floors; {} groups above their share",
            above.peers, above.records, above.bytes, above.floors, above.groups
        );
        lines.push(("above", said));
    }
    if !opened.unreadable.is_empty() {
        lines.push((
            "damaged",
            format!("{}: what is said here may be incomplete", opened.unreadable.join(", ")),
        ));
    }
    args.common.say(&object, &lines)?;
    Ok(if opened.unreadable.is_empty() { Status::Good } else { Status::Refused })
}

/// Runs the command.
pub(super) fn forget(args: &Forget) -> Result<Status, Failure> {
    #[derive(Serialize)]
    struct Object {
        peer_id: Text<PeerId>,
        forgotten: bool,
        floor: Option<Floor>,
    }

    #[derive(Serialize)]
    struct Floor {
        seq: Text<Seq>,
        payload: Text<PayloadDigest>,
    }

    let book = args.common.database.existing()?;
    // Of a damaged row nothing can be read; it is there all the same.
    let known = book.view(&args.peer, |view| view.is_some()).unwrap_or(true);
    let floor = book.forget(&args.peer)?;
    let forgotten = known || floor.is_some();
    let said = match (floor, forgotten) {
        (Some((seq, _)), _) => format!("{}, whose floor was seq {seq}", args.peer),
        (None, true) => format!("{}, which had no floor", args.peer),
        (None, false) => format!("nothing: {} was not known", args.peer),
    };
    let floor = floor.map(|(seq, digest)| Floor { seq: Text(seq), payload: Text(digest) });
    let object = Object { peer_id: Text(args.peer), forgotten, floor };
    args.common.say(&object, &[("forgot", said)])?;
    Ok(Status::Good)
}
