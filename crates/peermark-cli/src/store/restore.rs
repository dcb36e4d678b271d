//! `peermark store import --export`: an export back into a store.
//!
//! Nothing in the file is believed that can be proven: records are verified again, and go through
//! the same rules as any other.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::time::Duration;

use peermark::Multiaddr;
use peermark::envelope::Limits;
use peermark::identity::PeerId;
use peermark::peer_record::{CertifiedRecord, Dialects, Seq};
use peermark::peerstore::{Outcome, PayloadDigest};
use peermark::peerstore_redb::{Durability, Error, Options};
use peermark::provenance::{DialOutcome, Source};
use serde::Serialize;

use super::database::{Book, Database};
use super::portable::{By, Header, MAX_LINE, Row, VERSION};
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
    pub(super) limits: Limits,
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
    claims: u64,
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
        let mut book = None;
        while let Some(run) = chunks.next_run().map_err(|error| source.unreadable(error))? {
            let overlong = run.overlong.map(|_| None);
            for line in run.lines().map(Some).chain(overlong) {
                number = number.saturating_add(1);
                let line = line.filter(|line| line.len() <= MAX_LINE);
                let Some(book) = &book else {
                    // The store is made when it is known that there is something for it.
                    check_header(source, line)?;
                    book = Some(self.database.or_new(options.clone())?);
                    continue;
                };
                restored.read = restored.read.saturating_add(1);
                match self.line(book, line, &mut restored)? {
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
        let Some(book) = book else { return check_header(source, None).map(|()| Status::Good) };
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
            let Restored { read, peers, records, claims, floors, refused } = restored;
            let hidden = refused.saturating_sub(SHOWN);
            if hidden > 0 {
                output::note(format_args!("... and {hidden} more lines were refused"));
            }
            output::note(format_args!(
                "{read} peers read, {peers} restored: {records} records, {claims} claims, {floors} \
                 floors; {refused} refused"
            ));
        }
        Ok(())
    }

    /// Restores a peer; all of what is in the line is read before any of it counts. Beside a
    /// failure of the store, why the line was refused.
    fn line(
        &self,
        book: &Book,
        line: Option<&[u8]>,
        restored: &mut Restored,
    ) -> Result<Result<(), String>, Failure> {
        let read = line.ok_or_else(|| format!("more than {MAX_LINE} bytes"));
        match read.and_then(|line| self.parse(line)) {
            Ok(parsed) => match apply(book, &parsed, restored) {
                Ok(()) => Ok(Ok(())),
                Err(Refused::Row(defect)) => Ok(Err(defect)),
                Err(Refused::Store(failure)) => Err(failure),
            },
            Err(defect) => Ok(Err(defect)),
        }
    }

    fn parse(&self, line: &[u8]) -> Result<Parsed, String> {
        // What serde says repeats what it read.
        let row: Row =
            serde_json::from_slice(line).map_err(|error| escape(&cut(&error.to_string())))?;
        let peer = row.peer()?;
        let record = match &row.record {
            None => None,
            Some(record) => {
                let certified =
                    CertifiedRecord::verify_with(&record.bytes()?, Dialects::Any, self.limits);
                let certified =
                    certified.map_err(|error| format!("its record is refused: {error}"))?;
                if certified.peer_id() != peer {
                    return Err(format!("its record is of {}", certified.peer_id()));
                }
                Some((certified, record.sources(peer)?, record.ttl()?))
            }
        };
        let mut claims = Vec::new();
        for address in &row.addresses {
            let multiaddr = address.multiaddr()?;
            for claim in &address.claims {
                claims.push((multiaddr.clone(), claim.by()?, claim.ttl()?));
            }
        }
        let floor =
            row.floor.as_ref().map(|floor| Ok::<_, String>((floor.record()?, floor.life())));
        let floor = floor.transpose()?;
        Ok(Parsed { peer, record, claims, floor })
    }
}

/// What a line says.
struct Parsed {
    peer: PeerId,
    record: Option<(CertifiedRecord, Vec<Source>, Duration)>,
    claims: Vec<(Multiaddr, By, Duration)>,
    floor: Option<((Seq, PayloadDigest), Duration)>,
}

/// Why a line was refused.
enum Refused {
    Row(String),
    /// The store failed, which is the end of it all.
    Store(Failure),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            // A damaged row is its peer's trouble alone.
            Error::Quarantined { .. } => Self::Row(error.to_string()),
            error => Self::Store(error.into()),
        }
    }
}

fn apply(book: &Book, parsed: &Parsed, restored: &mut Restored) -> Result<(), Refused> {
    let (store, now, peer) = (book.store(), book.now(), &parsed.peer);
    if let Some((record, sources, ttl)) = &parsed.record {
        let mut is_held = false;
        for source in sources {
            match store.apply(record, source, *ttl, now)?.outcome {
                outcome if outcome.is_held() => is_held = true,
                // The store knows a newer one.
                Outcome::Stale { .. } => {}
                Outcome::Refused { reason } => {
                    return Err(Refused::Row(format!("its record: {reason}")));
                }
                outcome => return Err(Refused::Row(format!("its record: {}", outcome.kind()))),
            }
        }
        restored.records = restored.records.saturating_add(u64::from(is_held));
    }
    for (address, by, ttl) in &parsed.claims {
        let why = match by {
            By::Handshake => {
                let known = store.dialed(peer, address, DialOutcome::Success, *ttl, now)?;
                (!known).then(|| "there is no room for it, or it is of another peer".to_owned())
            }
            By::Source(source) => {
                let address = std::slice::from_ref(address);
                let reported = store.report(peer, address, source, *ttl, now)?;
                let refusal = reported.refusal.map(|refusal| refusal.to_string());
                refusal.or_else(|| reported.defect.map(|defect| defect.to_string()))
            }
        };
        if let Some(why) = why {
            return Err(Refused::Row(format!("an address: {why}")));
        }
        restored.claims = restored.claims.saturating_add(1);
    }
    if let Some((floor, life)) = parsed.floor {
        let raised = store.raise_floor(peer, floor, life, &Source::MANUAL, now)?;
        restored.floors = restored.floors.saturating_add(u64::from(raised));
    }
    Ok(())
}

fn check_header(source: &input::Source, line: Option<&[u8]>) -> Result<(), Failure> {
    let name = source.name();
    match line.map(serde_json::from_slice::<Header>) {
        Some(Ok(Header { version: VERSION })) => Ok(()),
        Some(Ok(Header { version })) => Err(Failure::Refused(format!(
            "{name} is an export of version {version}; this reads version {VERSION}"
        ))),
        Some(Err(_)) | None => Err(Failure::Refused(format!(
            "{name} is no export: its first line is not {{\"peermark-export\":{VERSION}}}"
        ))),
    }
}
