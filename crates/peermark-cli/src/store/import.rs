//! `peermark store import`: records into the store, verified on all cores and stored in batches.
//!
//! The pipeline of `peermark verify` reads and verifies; this thread stores what comes out of it.
//! While a batch is being written, the next ones are verified, as many as the pipeline holds.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use peermark::peer_record::{CertifiedRecord, Stage};
use peermark::peerstore::{Applied, Outcome};
use peermark::peerstore_redb::Options;
use peermark::provenance::{Source, SourceKind};
use serde::Serialize;

use super::database::{Book, Database};
use super::duration::Ttl;
use super::outcomes::Outcomes;
use super::restore::Restore;
use crate::chunks::MAX_LINE;
use crate::failure::{Failure, Status};
use crate::input;
use crate::json;
use crate::max_size::MaxSize;
use crate::output::{self, Output};
use crate::pipeline::{self, Depth, Item, Job, Work};
use crate::progress::Progress;
use crate::records::Judge;
use crate::refusal::Refusal;
use crate::verify::{DialectArg, Format};

/// Import signed records
///
/// Each record is verified, on all cores, and stored if it is newer than what is there. A batch is
/// durable when it is acknowledged, whatever happens then.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Files to import, in this order, as `peermark verify` reads them; `-` is standard input, and
    /// so is no file at all
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An export to import, with everything that is in it; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "source", "ttl", "dialect", "format"])]
    export: Option<PathBuf>,
    /// The export is of a store of your own: its ages count as ages, and not as what somebody claims
    #[arg(long, requires = "export")]
    trust_times: bool,
    #[command(flatten)]
    database: Database,
    /// Who delivers the records: manual, bootstrap, dht, pubsub, rendezvous, mdns, peer-exchange,
    /// observed or application-N
    #[arg(long, value_parser = source, required_unless_present = "export")]
    source: Option<SourceKind>,
    /// How long the records live after this delivery, as in 90s, 15m, 1h or 7d. Those of other sources
    /// than you yourself end seven days after the last contact with their peer at the latest
    #[arg(long, default_value_t = Ttl(peermark::Lifetimes::default().record))]
    ttl: Ttl,
    /// How many records are made durable at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 25_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        allow_negative_numbers = true
    )]
    batch: u32,
    /// Which dialect to accept
    #[arg(long, value_enum, default_value_t = DialectArg::Any)]
    dialect: DialectArg,
    /// How the envelopes are written
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    #[command(flatten)]
    max_size: MaxSize,
    /// Print {"acknowledged":N} when the first N records of the input are durable, the refused ones
    /// counted, and the summary as an object
    #[arg(long)]
    json: bool,
    /// No summary and no progress bar
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store import records.txt --source dht
  crawler | peermark store import --source peer-exchange --ttl 1h --json
  peermark store import --export peers.jsonl --trust-times --db copy.redb

A batch is stored when it is full, when the input pauses for a second, and at the end. Records that
are older than what is there are counted as stale and are no trouble; the status is 1 when a record
is invalid, contradicts the one that is there, or is refused for another reason.

An export is imported by the same rules: its records are verified again, a newer record that is
there stays, and a peer that does not parse or verify is refused with its line number. Each peer is
joined as one, all of it or nothing. Its ages are what somebody claims, unless --trust-times says that
the store is your own; see `peermark store export --help` for what is not carried over.

Limits: a store that is made and filled here holds as much as the disk does. The caps and the shares
of sources that keep strangers from filling the store of a node do not apply to its owner.";

/// What speaks for the records. The peer itself does so only where it is connected.
fn source(text: &str) -> Result<SourceKind, String> {
    match text.parse() {
        Ok(SourceKind::Identify) => {
            Err("identify is what a peer says of itself over a connection; \
                                         an imported record came from somewhere else"
                .to_owned())
        }
        Ok(kind) => Ok(kind),
        Err(_) => Err("the sources are manual, bootstrap, dht, pubsub, rendezvous, mdns, \
                       peer-exchange, observed and application-N"
            .to_owned()),
    }
}

/// How many jobs may wait to be stored: more than all cores verify while a batch is written. Each is
/// a part of the input of 128 KiB, or one long line.
const IN_FLIGHT: usize = 192;

/// How many bytes of records are stored at once at most.
const MAX_BATCH: usize = 64 << 20;

/// How long the input may pause before what came is stored.
const PAUSE: Duration = Duration::from_secs(1);

/// The verdicts of a job.
pub(crate) struct Judged {
    verdicts: Vec<Result<CertifiedRecord, Stage>>,
    is_of_lines: bool,
    consumed: u64,
}

impl Work for Judge {
    type Done = Judged;

    fn work(&self, job: Job, buffer: &mut Vec<u8>) -> Judged {
        let mut verdicts = Vec::new();
        let mut judged =
            |verdict: Result<_, Refusal>| verdicts.push(verdict.map_err(|refusal| refusal.stage()));
        match job {
            Job::Lines { run, .. } => {
                run.lines().for_each(|line| judged(self.line(line, buffer)));
                if let Some(got) = run.overlong {
                    judged(Err(Refusal::LineTooLong { limit: MAX_LINE, got }));
                }
                Judged { verdicts, is_of_lines: true, consumed: run.consumed }
            }
            Job::Whole { bytes, consumed, .. } => {
                judged(bytes.and_then(|bytes| self.bytes(&bytes)));
                Judged { verdicts, is_of_lines: false, consumed }
            }
        }
    }
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<Status, Failure> {
    let limits = args.max_size.limits()?;
    if let Some(path) = &args.export {
        let (database, batch, trust_times) = (&args.database, args.batch, args.trust_times);
        let (as_json, quiet) = (args.json, args.quiet);
        let restore = Restore { database, batch, trust_times, as_json, quiet };
        return restore.run(&input::Source::from_arg(path));
    }
    let Some(source) = args.source else {
        return Err(Failure::Usage("--source: say who delivers the records".to_owned()));
    };
    let mut sources: Vec<_> = args.files.iter().map(|path| input::Source::from_arg(path)).collect();
    if sources.is_empty() {
        sources.push(input::Source::Stdin);
    }
    let total = sources.iter().try_fold(0u64, |sum, source| sum.checked_add(source.len()?));
    let age = peermark::peerstore::Limits::default().record_age;
    if args.ttl.0 > age && !source.is_user() && !args.quiet {
        output::warning(format_args!(
            "--ttl {} is cut to {}: without contact no source but you keeps a record longer",
            args.ttl,
            Ttl(age)
        ));
    }
    let book = args.database.or_new(Options::default())?;
    let judge = Arc::new(Judge { dialects: args.dialect.into(), limits });
    let depth = Depth::Jobs(IN_FLIGHT);
    let items = pipeline::start(sources, args.format.whole(), depth, &judge)?;
    let progress = Progress::new(total, args.quiet);
    let mut store = Store::new(&book, source, &args);
    let mut trouble = false;
    loop {
        match items.recv_timeout(PAUSE) {
            Ok(Item::Pending(done)) => {
                let done = done.recv().map_err(|_| Failure::System("a worker has gone"))?;
                for verdict in done.verdicts {
                    store.take(verdict)?;
                }
                let outcomes = &store.outcomes;
                let said = format_args!("{} read, {} stored", outcomes.total(), outcomes.held());
                progress.advance(done.consumed, done.is_of_lines, said);
            }
            Ok(Item::Trouble(failure)) => {
                trouble = true;
                progress.suspend(|| output::error(&failure));
            }
            Err(RecvTimeoutError::Timeout) => store.write()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    store.write()?;
    progress.finish();
    let outcomes = store.finish()?;
    if !args.quiet {
        output::note(outcomes.summary());
    }
    Ok(match trouble {
        true => Status::Trouble,
        false if outcomes.bad() > 0 => Status::Refused,
        false => Status::Good,
    })
}

/// Collects records and stores them.
struct Store<'a> {
    book: &'a Book,
    source: Source,
    ttl: Duration,
    batch: usize,
    records: Vec<CertifiedRecord>,
    /// How many were read since the last batch, and the bytes of those that are to be stored.
    waiting: usize,
    bytes: usize,
    outcomes: Outcomes,
    out: Output,
    as_json: bool,
}

#[derive(Serialize)]
struct Acknowledged {
    acknowledged: u64,
}

impl<'a> Store<'a> {
    fn new(book: &'a Book, source: SourceKind, args: &Args) -> Self {
        Self {
            book,
            source: Source::of(source),
            ttl: args.ttl.0,
            batch: usize::try_from(args.batch).unwrap_or(usize::MAX),
            records: Vec::new(),
            waiting: 0,
            bytes: 0,
            outcomes: Outcomes::start(),
            out: Output::stdout(),
            as_json: args.json,
        }
    }

    fn take(&mut self, verdict: Result<CertifiedRecord, Stage>) -> Result<(), Failure> {
        self.outcomes.read();
        self.waiting = self.waiting.saturating_add(1);
        match verdict {
            Ok(record) => {
                self.bytes = self.bytes.saturating_add(record.as_bytes().len());
                self.records.push(record);
            }
            Err(stage) => self.outcomes.invalid(stage),
        }
        if self.waiting >= self.batch || self.bytes >= MAX_BATCH { self.write() } else { Ok(()) }
    }

    /// Stores what waits, in one transaction. When this returns it is durable.
    fn write(&mut self) -> Result<(), Failure> {
        if self.waiting == 0 {
            return Ok(());
        }
        if !self.records.is_empty() {
            let now = self.book.now();
            let store = self.book.store();
            let answers = store.apply_many(&self.records, &self.source, self.ttl, now);
            self.records.clear();
            for answer in answers {
                if let Ok(Applied {
                    peer,
                    seq,
                    outcome: Outcome::Contradiction { held, got, .. },
                    ..
                }) = &answer
                {
                    output::warning(format_args!(
                        "{peer} signed two records with seq {seq}: payloads {held} and {got}"
                    ));
                }
                self.outcomes.applied(answer)?;
            }
        }
        (self.waiting, self.bytes) = (0, 0);
        if self.as_json {
            json::line(&mut self.out, &Acknowledged { acknowledged: self.outcomes.total() })?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Outcomes, Failure> {
        if self.as_json {
            json::line(&mut self.out, &self.outcomes)?;
            self.out.flush()?;
        }
        Ok(self.outcomes)
    }
}
