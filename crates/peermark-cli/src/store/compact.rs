//! `peermark store compact` and `backup`: the file in less room, and a copy of it.

use std::path::{Path, PathBuf};

use peermark::peerstore_redb::Backup;
use serde::Serialize;

use super::database;
use crate::failure::{Failure, Status};
use crate::json;
use crate::output::{self, Output};
use crate::progress::Progress;

/// Give unused room of the file back
///
/// Moves what is stored to the front of the file and cuts off the rest. Killed in the middle, the file
/// is larger than it could be, and nothing is lost.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  peermark store compact peers.redb

A file with damaged parts is left as it is: recover it first.")]
pub(super) struct Compact {
    /// The store
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Copy a store into a new file
///
/// The copy holds what the store holds at this moment, its secret included, and appears under its name
/// when it is whole, synced and read back. Programs that have the store open copy it themselves, by
/// `PeerBook::backup_to`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  peermark store backup peers.redb --out /mnt/backup/peers.redb")]
pub(super) struct BackUp {
    /// The store
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The copy; it must not be there
    #[arg(long, value_name = "COPY")]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Compacted {
    bytes_before: u64,
    bytes_after: u64,
}

#[derive(Serialize)]
struct BackedUp {
    peers: u64,
    floors: u64,
    bytes: u64,
}

/// Compacts a store.
pub(super) fn compact(args: &Compact) -> Result<Status, Failure> {
    let path = &args.file;
    let mut book = database::existing(path)?;
    let bytes_before = length(path)?;
    let progress = Progress::waiting("compacting");
    let compacted = book.compact();
    let closed = book.close();
    progress.finish();
    compacted.and(closed)?;
    let bytes_after = length(path)?;
    let said = format!("{bytes_before} bytes before, {bytes_after} after");
    tell(args.json, &Compacted { bytes_before, bytes_after }, &said)
}

/// Copies a store.
pub(super) fn back_up(args: &BackUp) -> Result<Status, Failure> {
    let book = database::for_reading(&args.file)?;
    let progress = Progress::waiting("copying");
    let copied = book.backup_to(&args.out);
    progress.finish();
    let failed = |source| Failure::Open { path: args.out.clone(), source };
    let Backup { peers, floors, bytes, .. } = copied.map_err(failed)?;
    let said = format!("{peers} peers and {floors} floors copied, {bytes} bytes");
    tell(args.json, &BackedUp { peers, floors, bytes }, &said)
}

/// Says what was done: in words, or as an object.
pub(super) fn tell(as_json: bool, object: &impl Serialize, said: &str) -> Result<Status, Failure> {
    if as_json {
        let mut out = Output::stdout();
        json::line(&mut out, object)?;
        std::io::Write::flush(&mut out)?;
    } else {
        output::note(said);
    }
    Ok(Status::Good)
}

fn length(path: &Path) -> Result<u64, Failure> {
    let found = path.metadata().map_err(|error| Failure::file("look at", path, error))?;
    Ok(found.len())
}
