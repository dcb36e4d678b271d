//! `peermark store restore`: an export back into a store.
//!
//! A line is one peer, and joined as one: all of it, or nothing. What can be proven is not believed:
//! records are verified again, and meet what the store holds by the same rules as any other. Lines are
//! read and verified on all cores; this thread joins them in the order of the input, many in one
//! transaction.

mod line;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;

use peermark::peerstore::{Join, Joined, Outcome, Refusal};
use peermark::peerstore_redb::{Error, Options};
use peermark::provenance::Source;
use serde::Serialize;

use super::database::{Book, Database};
use super::import::{IN_FLIGHT, MAX_BATCH, PAUSE};
use super::portable::{Header, MAX_LINE, VERSION};
use super::refusals::{Place, Refusals, Said};
use crate::failure::{Failure, Status};
use crate::input;
use crate::json;
use crate::output::{self, Output};
use crate::pipeline::{self, Depth, Input, Item};
use crate::progress::Progress;
use line::{Parsed, Parsing, Peer};

/// Read an export back
///
/// Each peer of the export is joined with what the store knows of it: records and claims with their
/// ages, floors, what dialing taught. The newer record stays, and no claim ends earlier than before. The
/// store is made if it is not there.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The export; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The export is of a store of your own: its ages are taken as they are, and not as claims
    #[arg(long)]
    trust_times: bool,
    #[command(flatten)]
    database: Database,
    /// How many peers are made durable at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        allow_negative_numbers = true
    )]
    batch: u32,
    /// Print {"acknowledged":N} when the first N peers of the export are durable, the refused ones
    /// counted, each refused line as an object, and the summary as an object
    #[arg(long)]
    json: bool,
    /// No summary and no progress bar
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store restore peers.jsonl --trust-times --db copy.redb
  zcat peers.jsonl.gz | peermark store restore -

Records are verified again, on all cores. A peer that does not parse or verify is refused with its line
number, and nothing of it is stored; the status is 1 then. Without --trust-times the ages are claims
of others: a record ends seven days after the last contact that the export tells of, or now if
that is over, and its floor stays. See `peermark store export --help` for what is not carried over.

A restore that was interrupted is started again: what is there already stays as it is.";

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let Args { database, batch, trust_times, json, quiet, .. } = args;
    let (batch, trust_times, as_json, quiet) = (*batch, *trust_times, *json, *quiet);
    let restore = Restore { database, batch, trust_times, as_json, quiet };
    restore.run(&input::Source::from_arg(&args.file))
}

/// How it is to be done.
pub(super) struct Restore<'a> {
    pub(super) database: &'a Database,
    pub(super) batch: u32,
    /// Whether its ages are those of this operator's own store.
    pub(super) trust_times: bool,
    pub(super) as_json: bool,
    pub(super) quiet: bool,
}

/// What came back.
#[derive(Debug, Default, Serialize)]
struct Restored {
    /// Peers, those that were refused included.
    read: u64,
    peers: u64,
    records: u64,
    /// Records that are over by their age; their floors count as floors.
    ended: u64,
    /// Claims that the store has now and had not before, or that live longer.
    claims: u64,
    /// Claims that cannot be stored, or for which the peer has no room.
    left_out: u64,
    floors: u64,
    refused: u64,
}

impl Restore<'_> {
    /// Reads the export.
    pub(super) fn run(&self, source: &input::Source) -> Result<Status, Failure> {
        let mut opened = BufReader::new(source.open()?);
        let mut header = Vec::new();
        let limit = u64::try_from(MAX_HEADER).unwrap_or(u64::MAX);
        let read = opened.by_ref().take(limit).read_until(b'\n', &mut header);
        let consumed = read.map_err(|error| source.unreadable(error))?;
        let version = check_header(source, &header)?;
        // The store is made when it is known that there is something for it.
        let book = self.database.or_new(Options::default())?;
        let progress = Progress::new(source.len(), self.quiet);
        progress.advance(u64::try_from(consumed).unwrap_or(u64::MAX), false, "");
        let parsing = Arc::new(Parsing { version, trust_times: self.trust_times });
        let opened = Box::new(opened);
        let input = Input::Lines { source: source.clone(), opened, read: 1, max_line: MAX_LINE };
        let items = pipeline::start(input, Depth::Jobs(IN_FLIGHT), &parsing)?;
        let mut writer = Writer {
            book,
            batch: usize::try_from(self.batch).unwrap_or(usize::MAX),
            as_json: self.as_json,
            peers: Vec::new(),
            waiting: 0,
            bytes: 0,
            restored: Restored::default(),
            refusals: Refusals::new(self.as_json),
            progress: &progress,
            out: Output::stdout(),
        };
        let mut worst = Status::Good;
        loop {
            match items.recv_timeout(PAUSE) {
                Ok(Item::Pending(done)) => {
                    let parsed = done.wait()?;
                    let consumed = parsed.consumed;
                    writer.take(parsed)?;
                    let Restored { read, refused, .. } = writer.restored;
                    progress.advance(
                        consumed,
                        true,
                        format_args!("{read} read, {refused} refused"),
                    );
                }
                Ok(Item::Trouble(failure)) => {
                    worst = worst.max(failure.status());
                    progress.suspend(|| output::error(&failure));
                }
                Err(RecvTimeoutError::Timeout) => writer.write()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        writer.write()?;
        progress.finish();
        let refused = writer.finish(self.quiet)?;
        Ok(if refused > 0 { worst.max(Status::Refused) } else { worst })
    }
}

/// Collects peers and joins them.
struct Writer<'a> {
    book: Book,
    batch: usize,
    as_json: bool,
    peers: Vec<(Place, Peer)>,
    /// Lines since the last batch, and the bytes of those that are to be stored.
    waiting: usize,
    bytes: usize,
    restored: Restored,
    refusals: Refusals,
    progress: &'a Progress,
    out: Output,
}

impl Writer<'_> {
    fn take(&mut self, parsed: Parsed) -> Result<(), Failure> {
        let Parsed { source, lines, .. } = parsed;
        for (number, bytes, peer) in lines {
            let place = Place { source: Arc::clone(&source), line: Some(number) };
            self.restored.read = self.restored.read.saturating_add(1);
            self.waiting = self.waiting.saturating_add(1);
            match peer {
                Ok(peer) => {
                    self.bytes = self.bytes.saturating_add(bytes);
                    self.peers.push((place, peer));
                }
                Err(defect) => self.refuse(&place, "line", defect)?,
            }
            if self.waiting >= self.batch || self.bytes >= MAX_BATCH {
                self.write()?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, place: &Place, refused: &str, error: String) -> Result<(), Failure> {
        self.restored.refused = self.restored.refused.saturating_add(1);
        let said = Said { refused: refused.to_owned(), error, ..Said::default() };
        self.refusals.say(place, &said, &mut self.out, self.progress)
    }

    /// Joins what waits, in one transaction. When this returns it is durable.
    fn write(&mut self) -> Result<(), Failure> {
        if self.waiting == 0 {
            return Ok(());
        }
        let peers = std::mem::take(&mut self.peers);
        let joins = peers.iter().map(|(_, peer)| &peer.join);
        let answers = self.book.join_each(joins, &Source::MANUAL);
        for ((place, peer), answer) in peers.iter().zip(answers) {
            let told = match answer {
                Ok(joined) => self.restored.count(peer, &joined),
                // A damaged row is its peer's trouble alone.
                Err(error @ Error::Quarantined { .. }) => Err(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            if let Err(reason) = told {
                let peer: &Join = &peer.join;
                self.refuse(place, "store", format!("{}: {reason}", peer.peer_id()))?;
            }
        }
        (self.waiting, self.bytes) = (0, 0);
        if self.as_json {
            #[derive(Serialize)]
            struct Acknowledged {
                acknowledged: u64,
            }

            json::line(&mut self.out, &Acknowledged { acknowledged: self.restored.read })?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Returns how many peers were refused.
    fn finish(mut self, quiet: bool) -> Result<u64, Failure> {
        if self.as_json {
            json::line(&mut self.out, &self.restored)?;
            self.out.flush()?;
        }
        self.refusals.finish(quiet)?;
        let Restored { read, peers, records, ended, claims, left_out, floors, refused } =
            self.restored;
        if !quiet {
            output::note(format_args!(
                "{read} peers read, {peers} restored: {records} records, {claims} claims, {floors} \
                 floors; {ended} records were over, {left_out} claims left out, {refused} peers \
                 refused"
            ));
        }
        Ok(refused)
    }
}

impl Restored {
    /// Counts what was stored of a peer; an error says what was not.
    fn count(&mut self, peer: &Peer, joined: &Joined) -> Result<(), String> {
        if let Some(refusal) = joined.refusal {
            return Err(refusal.to_string());
        }
        let add = |count: &mut u64, more: usize| {
            *count = count.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        };
        add(&mut self.claims, joined.added);
        add(&mut self.claims, joined.updated);
        add(&mut self.left_out, joined.refused);
        let mut is_floor = peer.is_floor;
        match joined.record.as_ref().map(|applied| &applied.outcome) {
            Some(Outcome::Refused { reason: Refusal::Expired }) => {
                self.ended = self.ended.saturating_add(1);
                is_floor = true;
            }
            Some(Outcome::Refused { reason }) => {
                return Err(format!("its record is refused: {reason}; its claims are stored"));
            }
            Some(outcome) if outcome.is_held() => self.records = self.records.saturating_add(1),
            _ => {}
        }
        self.peers = self.peers.saturating_add(1);
        self.floors = self.floors.saturating_add(u64::from(is_floor));
        Ok(())
    }
}

/// The longest first line.
const MAX_HEADER: usize = 1 << 10;

/// Returns the version of the export.
fn check_header(source: &input::Source, line: &[u8]) -> Result<u32, Failure> {
    let name = source.name();
    match serde_json::from_slice::<Header>(line) {
        Ok(Header { version: version @ 1..=VERSION }) => Ok(version),
        Ok(Header { version }) => Err(Failure::Refused(format!(
            "{name} is an export of version {version}; this reads versions 1 to {VERSION}"
        ))),
        Err(_) => Err(Failure::Refused(format!(
            "{name} is not an export: its first line is not {{\"peermark-export\":{VERSION}}}"
        ))),
    }
}
