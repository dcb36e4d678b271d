//! `peermark store import --export`: an export back into a store.
//!
//! A line is one peer, and joined as one: all of it, or nothing. What can be proven is not believed:
//! records are verified again, and meet what the store holds by the same rules as any other.

use std::io::Write as _;
use std::num::NonZeroU32;

use peermark::peerstore::{Join, Joined, Outcome, PeerState, StateError};
use peermark::peerstore_redb::{Durability, Error, Options};
use peermark::provenance::Source;
use serde::Serialize;

use super::database::{Book, Database};
use super::portable::{Header, MAX_LINE, Row, RowV1, VERSION};
use crate::chunks::Chunks;
use crate::complaint::{cut, escape};
use crate::failure::{Failure, Status};
use crate::input;
use crate::json;
use crate::output::{self, Output};
use crate::progress::Progress;

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
    /// Claims that the store has now and had not before, or that live longer.
    claims: u64,
    /// Claims that cannot be stored, or for which the peer has no room.
    left_out: u64,
    floors: u64,
    refused: u64,
}

/// How many refused lines are shown; the summary counts the others.
const SHOWN: u64 = 20;

impl Restore<'_> {
    /// Reads the export.
    pub(super) fn run(&self, source: &input::Source) -> Result<Status, Failure> {
        let mut chunks = Chunks::of_lines_up_to(MAX_LINE, source.open()?);
        let mut options = Options::default();
        // Each change is a transaction of its own; they become durable together.
        options.durability = Durability::Batched { every: NonZeroU32::MAX };
        let progress = Progress::new(source.len(), self.quiet);
        let mut out = Output::stdout();
        let (mut restored, mut number, mut waiting) = (Restored::default(), 0u64, 0u32);
        let mut opened: Option<(Book, u32)> = None;
        while let Some(run) = chunks.next_run().map_err(|error| source.unreadable(error))? {
            let overlong = run.overlong.map(|_| None);
            for line in run.lines().map(Some).chain(overlong) {
                number = number.saturating_add(1);
                let line = line.filter(|line| line.len() <= MAX_LINE);
                let Some((book, version)) = &opened else {
                    // The store is made when it is known that there is something for it.
                    let version = check_header(source, line)?;
                    opened = Some((self.database.or_new(options.clone())?, version));
                    continue;
                };
                restored.read = restored.read.saturating_add(1);
                match self.line(book, *version, line, &mut restored)? {
                    Ok(()) => restored.peers = restored.peers.saturating_add(1),
                    Err(defect) => {
                        restored.refused = restored.refused.saturating_add(1);
                        if restored.refused <= SHOWN {
                            let message = format_args!("line {number}: {defect}");
                            progress.suspend(|| output::error(message));
                        }
                    }
                }
                waiting = waiting.saturating_add(1);
                if waiting >= self.batch {
                    waiting = 0;
                    self.acknowledge(book, &restored, &mut out)?;
                }
            }
            let said = format_args!("{} read, {} refused", restored.read, restored.refused);
            progress.advance(run.consumed, true, said);
        }
        let Some((book, _)) = opened else {
            return check_header(source, None).map(|_| Status::Good);
        };
        if waiting > 0 {
            self.acknowledge(&book, &restored, &mut out)?;
        }
        progress.finish();
        self.tell(&restored, &mut out)?;
        Ok(if restored.refused > 0 { Status::Refused } else { Status::Good })
    }

    fn acknowledge(
        &self,
        book: &Book,
        restored: &Restored,
        out: &mut Output,
    ) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Acknowledged {
            acknowledged: u64,
        }

        book.store().engine().flush()?;
        if self.as_json {
            json::line(out, &Acknowledged { acknowledged: restored.read })?;
            out.flush()?;
        }
        Ok(())
    }

    fn tell(&self, restored: &Restored, out: &mut Output) -> Result<(), Failure> {
        if self.as_json {
            json::line(out, restored)?;
            out.flush()?;
        }
        if !self.quiet {
            let Restored { read, peers, records, claims, left_out, floors, refused } = restored;
            let hidden = refused.saturating_sub(SHOWN);
            if hidden > 0 {
                output::note(format_args!("... and {hidden} more lines were refused"));
            }
            output::note(format_args!(
                "{read} peers read, {peers} restored: {records} records, {claims} claims, {floors} \
                 floors; {left_out} claims left out, {refused} peers refused"
            ));
        }
        Ok(())
    }

    /// Restores a peer. Beside a failure of the store, why the line was refused.
    fn line(
        &self,
        book: &Book,
        version: u32,
        line: Option<&[u8]>,
        restored: &mut Restored,
    ) -> Result<Result<(), String>, Failure> {
        let read = line.ok_or_else(|| format!("more than {MAX_LINE} bytes"));
        let (state, join) = match read.and_then(|line| self.parse(version, line)) {
            Ok(parsed) => parsed,
            Err(defect) => return Ok(Err(defect)),
        };
        match book.store().join(&join, &Source::MANUAL, book.now()) {
            Ok(joined) => Ok(restored.count(&state, &joined)),
            // A damaged row is its peer's trouble alone.
            Err(error @ Error::Quarantined { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(&self, version: u32, line: &[u8]) -> Result<(PeerState, Join), String> {
        // What serde says repeats what it read.
        let told = |error: serde_json::Error| escape(&cut(&error.to_string()));
        let state = if version == VERSION {
            serde_json::from_slice::<Row>(line).map_err(told)?.state()?
        } else {
            serde_json::from_slice::<RowV1>(line).map_err(told)?.state()?
        };
        let join = state.clone().verify().map_err(|error| match error {
            StateError::Invalid(error) => format!("invalid record: {error}"),
            error => error.to_string(),
        })?;
        let join = join.keeping_sources();
        Ok((state, if self.trust_times { join.trusting_times() } else { join }))
    }
}

impl Restored {
    /// Counts what became of a peer; an error says why it was refused.
    fn count(&mut self, state: &PeerState, joined: &Joined) -> Result<(), String> {
        if let Some(refusal) = joined.refusal {
            return Err(refusal.to_string());
        }
        let envelope = state.accepted.as_ref().and_then(|accepted| accepted.envelope.as_ref());
        match joined.record.map(|applied| applied.outcome) {
            Some(Outcome::Refused { reason }) => return Err(format!("record refused: {reason}")),
            Some(outcome) if outcome.is_held() => self.records = self.records.saturating_add(1),
            _ => {}
        }
        let is_floor = state.accepted.is_some() && envelope.is_none() || state.outside.is_some();
        self.floors = self.floors.saturating_add(u64::from(is_floor));
        let add = |count: &mut u64, more: usize| {
            *count = count.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        };
        add(&mut self.claims, joined.added);
        add(&mut self.claims, joined.updated);
        add(&mut self.left_out, joined.refused);
        Ok(())
    }
}

/// Returns the version of the export.
fn check_header(source: &input::Source, line: Option<&[u8]>) -> Result<u32, Failure> {
    let name = source.name();
    match line.map(serde_json::from_slice::<Header>) {
        Some(Ok(Header { version: version @ 1..=VERSION })) => Ok(version),
        Some(Ok(Header { version })) => Err(Failure::Refused(format!(
            "{name} is an export of version {version}; this reads versions 1 to {VERSION}"
        ))),
        Some(Err(_)) | None => Err(Failure::Refused(format!(
            "{name} is not an export: its first line is not {{\"peermark-export\":{VERSION}}}"
        ))),
    }
}
