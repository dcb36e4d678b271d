//! `peermark store import`: records into the store, verified on all cores and stored in batches.
//!
//! The pipeline of `peermark verify` reads and verifies; this thread stores what comes out of it.
//! While a batch is being written, the next ones are verified, as many as the pipeline holds.

mod judge;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use peermark::peer_record::CertifiedRecord;
use peermark::peerstore::{Delivery, Limits};
use peermark::peerstore_redb::Options;
use peermark::provenance::{Source, SourceKind};
use serde::Serialize;

use super::database::{Book, Database};
use super::duration::Ttl;
use super::outcomes::{self, Outcomes};
use super::refusals::{Place, Refusals, Said};
use super::restore::Restore;
use crate::failure::{Failure, Status};
use crate::input;
use crate::json;
use crate::max_size::MaxSize;
use crate::output::{self, Output};
use crate::pipeline::{self, Depth, Input, Item};
use crate::progress::Progress;
use crate::records::Judge;
use crate::verify::{DialectArg, Format};
use judge::{Bad, Judged, Judging};

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
    /// The same as `peermark store restore FILE`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "source", "ttl", "dialect", "format"])]
    export: Option<PathBuf>,
    /// The export is of a store of your own: its ages are taken as they are, and not as claims
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
    /// A file for the lines that are refused, as they came, and for the records that the store refuses
    /// or that contradict another, in hex; what is there is replaced
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    rejects: Option<PathBuf>,
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

A batch is stored when it is full, when the input pauses for a second, and at the end. Records that
are older than what is there are counted as stale and are no trouble; the status is 1 when a record
is invalid, contradicts the one that is there, or is refused for another reason.

Each line that is refused is named as file:line: in words on standard error, the first 20 of them, or
with --json all of them, as objects on standard output. No store is made where nothing is to be stored.

An export of a store is read by `peermark store restore`.

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
pub(super) const IN_FLIGHT: usize = 192;

/// How many bytes of records are stored at once at most.
pub(super) const MAX_BATCH: usize = 64 << 20;

/// How long the input may pause before what came is stored.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Runs the command.
pub(super) fn run(args: Args) -> Result<Status, Failure> {
    if let Some(path) = &args.export {
        let (database, batch, trust_times) = (&args.database, args.batch, args.trust_times);
        let (as_json, quiet) = (args.json, args.quiet);
        let restore = Restore { database, batch, trust_times, as_json, quiet };
        return restore.run(&input::Source::from_arg(path));
    }
    let limits = args.max_size.limits()?;
    let Some(source) = args.source else {
        return Err(Failure::Usage("--source: say who delivers the records".to_owned()));
    };
    let mut sources: Vec<_> = args.files.iter().map(|path| input::Source::from_arg(path)).collect();
    if sources.is_empty() {
        sources.push(input::Source::Stdin);
    }
    let total = sources.iter().try_fold(0u64, |sum, source| sum.checked_add(source.len()?));
    if !args.quiet {
        warn_of_cuts(source, args.ttl);
    }
    let db = args.database.path()?;
    let others = args.files.iter().map(PathBuf::as_path).chain([db.as_path()]);
    let refusals = Refusals::new(args.json).keeping(args.rejects.as_deref(), others)?;
    let judging = Arc::new(Judging {
        judge: Judge { dialects: args.dialect.into(), limits },
        keeps_lines: refusals.keeps(),
    });
    // One that is there is opened before anything is read, to say at once what is wrong with it.
    args.database.check_folder()?;
    let book = if db.exists() { Some(args.database.or_new(Options::default())?) } else { None };
    let input = Input::Envelopes(sources, args.format.whole());
    let items = pipeline::start(input, Depth::Jobs(IN_FLIGHT), &judging)?;
    let progress = Progress::new(total, args.quiet);
    let mut store = Store::new(book, source, &args, refusals, &progress);
    let mut worst = Status::Good;
    loop {
        match items.recv_timeout(PAUSE) {
            Ok(Item::Pending(done)) => {
                let done = done.wait()?;
                let (consumed, is_of_lines) = (done.consumed, done.is_of_lines());
                store.take(done)?;
                let outcomes = &store.outcomes;
                let said = format_args!("{} read, {} stored", outcomes.total(), outcomes.held());
                progress.advance(consumed, is_of_lines, said);
            }
            Ok(Item::Trouble(failure)) => {
                worst = worst.max(failure.status());
                progress.suspend(|| output::error(&failure));
            }
            Err(RecvTimeoutError::Timeout) => store.write()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    store.write()?;
    progress.finish();
    let outcomes = store.finish(args.quiet)?;
    if !args.quiet {
        output::note(outcomes.summary());
    }
    Ok(if outcomes.bad() > 0 { worst.max(Status::Refused) } else { worst })
}

/// Says what the time to live is cut to (S4, S12).
fn warn_of_cuts(source: SourceKind, ttl: Ttl) {
    let limits = Limits::default();
    if ttl.0 > limits.record_age && !source.is_user() {
        output::warning(format_args!(
            "--ttl {ttl} is cut to {}: without contact no source but you keeps a record longer",
            Ttl(limits.record_age)
        ));
    } else if ttl.0 > limits.ttl {
        output::warning(format_args!("--ttl {ttl} is cut to {}", Ttl(limits.ttl)));
    }
}

/// Collects records and stores them.
struct Store<'a> {
    /// Made when there is something for it.
    book: Option<Book>,
    database: &'a Database,
    source: Source,
    ttl: Duration,
    batch: usize,
    records: Vec<CertifiedRecord>,
    places: Vec<Place>,
    /// How many were read since the last batch, and the bytes of those that are to be stored.
    waiting: usize,
    bytes: usize,
    outcomes: Outcomes,
    refusals: Refusals,
    progress: &'a Progress,
    out: Output,
    as_json: bool,
}

#[derive(Serialize)]
struct Acknowledged {
    acknowledged: u64,
}

impl<'a> Store<'a> {
    fn new(
        book: Option<Book>,
        source: SourceKind,
        args: &'a Args,
        refusals: Refusals,
        progress: &'a Progress,
    ) -> Self {
        Self {
            book,
            database: &args.database,
            source: Source::of(source),
            ttl: args.ttl.0,
            batch: usize::try_from(args.batch).unwrap_or(usize::MAX),
            records: Vec::new(),
            places: Vec::new(),
            waiting: 0,
            bytes: 0,
            outcomes: Outcomes::start(),
            refusals,
            progress,
            out: Output::stdout(),
            as_json: args.json,
        }
    }

    fn take(&mut self, judged: Judged) -> Result<(), Failure> {
        let Judged { source, verdicts, .. } = judged;
        for (line, verdict) in verdicts {
            self.outcomes.read();
            self.waiting = self.waiting.saturating_add(1);
            let place = Place { source: Arc::clone(&source), line };
            match verdict {
                Ok(record) => {
                    self.bytes = self.bytes.saturating_add(record.as_bytes().len());
                    self.records.push(record);
                    self.places.push(place);
                }
                Err(Bad { refusal, line }) => {
                    let stage = refusal.stage();
                    self.outcomes.invalid(stage);
                    let (refused, error) = (stage.to_string(), format!("{stage}: {refusal}"));
                    let said = Said { refused, error, ..Said::default() };
                    self.refusals.say(&place, &said, &mut self.out, self.progress)?;
                    line.map_or(Ok(()), |line| self.refusals.keep(&line))?;
                }
            }
            if self.waiting >= self.batch || self.bytes >= MAX_BATCH {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Stores what waits, in one transaction. When this returns it is durable.
    fn write(&mut self) -> Result<(), Failure> {
        if self.waiting == 0 {
            return Ok(());
        }
        if !self.records.is_empty() {
            let book = match self.book.take() {
                Some(book) => book,
                None => self.database.or_new(Options::default())?,
            };
            let book = self.book.insert(book);
            let records = std::mem::take(&mut self.records);
            let delivery = Delivery::new(self.source, self.ttl);
            let answers = book.apply_each(records.iter().map(|record| (record, delivery)));
            let places = std::mem::take(&mut self.places);
            for ((record, place), answer) in records.iter().zip(&places).zip(answers) {
                if let Some(said) = outcomes::refusal(record, &answer) {
                    self.refusals.say(place, &said, &mut self.out, self.progress)?;
                    self.refusals.keep_envelope(record.as_bytes())?;
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

    fn finish(mut self, quiet: bool) -> Result<Outcomes, Failure> {
        if self.as_json {
            json::line(&mut self.out, &self.outcomes)?;
            self.out.flush()?;
        }
        self.refusals.finish(quiet)?;
        Ok(self.outcomes)
    }
}
