//! `peermark diff`: two records, compared.

use std::io::Write;
use std::path::{Path, PathBuf};

use peermark::envelope::Limits;
use peermark::identity::PeerId;
use peermark::peer_record::{CertifiedRecord, Dialect, Dialects};
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::json::{self, Text};
use crate::output::Output;
use crate::records::Judge;
use crate::when;

/// Compare two records
///
/// Both are verified first. The exit status is 0 if they list the same addresses, and 1 if not, or if
/// one does not verify.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The one record; `-` is standard input
    #[arg(value_name = "A")]
    one: PathBuf,
    /// The other
    #[arg(value_name = "B")]
    other: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Example:
  peermark diff monday.record tuesday.record

A line that begins with - is an address of A alone, one with + of B alone.";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Status, Failure> {
    let (one, other) = (read(&args.one)?, read(&args.other)?);
    let difference = Difference::of(&one, &other);
    let mut out = Output::stdout();
    if args.json {
        json::line(&mut out, &difference)?;
    } else {
        difference.write(&mut out, &one, &other)?;
    }
    out.flush()?;
    let is_same = difference.removed.is_empty() && difference.added.is_empty();
    Ok(if is_same { Status::Good } else { Status::Refused })
}

/// The only record of a file.
fn read(path: &Path) -> Result<CertifiedRecord, Failure> {
    let judge = Judge { dialects: Dialects::Any, limits: Limits::default() };
    judge.only(&Source::from_arg(path))
}

#[derive(Serialize)]
struct Difference {
    one: Side,
    other: Side,
    /// Whether both are of the same peer.
    same_peer: bool,
    /// Which of them a store keeps that is told of both.
    newer: &'static str,
    kept: Vec<String>,
    removed: Vec<String>,
    added: Vec<String>,
}

#[derive(Serialize)]
struct Side {
    peer_id: Text<PeerId>,
    dialect: Text<Dialect>,
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Text<u64>,
}

impl Side {
    fn of(record: &CertifiedRecord) -> Self {
        let (peer_id, dialect) = (Text(record.peer_id()), Text(record.dialect()));
        Self { peer_id, dialect, seq: Text(record.seq().value()) }
    }
}

impl Difference {
    fn of(one: &CertifiedRecord, other: &CertifiedRecord) -> Self {
        let addresses = |record: &CertifiedRecord| -> Vec<String> {
            record.addresses().map(|address| address.to_string()).collect()
        };
        let (before, after) = (addresses(one), addresses(other));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|address| !those.contains(address)).cloned().collect()
        };
        let same_peer = one.peer_id() == other.peer_id();
        let newer = match one.seq().cmp(&other.seq()) {
            _ if !same_peer => "neither",
            std::cmp::Ordering::Less => "B",
            std::cmp::Ordering::Greater => "A",
            std::cmp::Ordering::Equal => "neither",
        };
        Self {
            one: Side::of(one),
            other: Side::of(other),
            same_peer,
            newer,
            kept: after.iter().filter(|address| before.contains(address)).cloned().collect(),
            removed: only(&before, &after),
            added: only(&after, &before),
        }
    }

    fn write(
        &self,
        out: &mut Output,
        one: &CertifiedRecord,
        other: &CertifiedRecord,
    ) -> Result<(), Failure> {
        let (good, bad) = (out.paint().good(), out.paint().bad());
        for (name, side, record) in [("A", &self.one, one), ("B", &self.other, other)] {
            writeln!(out, "{name}  {}", side.peer_id.0)?;
            write!(out, "   seq {}, {}", side.seq.0, side.dialect.0)?;
            match when::clock(record.seq()) {
                Some(date) => writeln!(out, " ({date})")?,
                None => writeln!(out)?,
            }
        }
        for address in &self.kept {
            writeln!(out, "   {address}")?;
        }
        for address in &self.removed {
            writeln!(out, "{bad}-{bad:#}  {address}")?;
        }
        for address in &self.added {
            writeln!(out, "{good}+{good:#}  {address}")?;
        }
        let same_seq = one.seq() == other.seq();
        let is_same = self.removed.is_empty() && self.added.is_empty();
        writeln!(
            out,
            "{}",
            match (self.same_peer, self.newer) {
                (false, _) => "two peers",
                (true, "A") => "A is newer",
                (true, "B") => "B is newer",
                _ if same_seq && is_same => "one sequence number, the same addresses",
                _ => "a contradiction: one sequence number, other addresses",
            }
        )?;
        Ok(())
    }
}
