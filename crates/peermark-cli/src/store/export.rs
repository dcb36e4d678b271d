//! `peermark store export`: all of a store as lines of JSON.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use peermark::peerstore_redb::Visited;

use super::database::{self, Book, Database};
use super::portable::{Header, MAX_LINE, Row, VERSION};
use crate::failure::{Failure, Status};
use crate::json;
use crate::outfile;
use crate::output::{self, Output};

/// Export the store as lines of JSON
///
/// The first line says what it is, and then there is one for each peer: its record, its addresses
/// with who says so, its floor. `peermark store restore` reads them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    /// The file to write, instead of standard output; replaced if it is there, unless it is a key
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// For scripts: the export is JSON either way, and so is the summary with this
    #[arg(long, requires = "output")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store export --output peers.jsonl
  peermark store export --db crawl.redb | gzip > peers.jsonl.gz

Times are ages, and what is left. Not carried over: the number behind application among the sources
of a record, which networks sources were heard from, and that an address was removed from a record.";

#[derive(serde::Serialize)]
struct Summary {
    peers: u64,
    /// Peers that are in the store and cannot be read.
    missing: u64,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let stdout = ["-", "/dev/stdout"].map(Path::new);
    let file = args.output.as_deref().filter(|path| !stdout.contains(path));
    if let Some(file) = file {
        keep_the_store(&args.database.path()?, file)?;
        outfile::keep_keys(file)?;
    }
    let book = args.database.for_reading()?;
    let Some(file) = file else {
        let mut out = Output::stdout();
        let (_, visited) = write(&book, &mut out)?;
        out.flush()?;
        return database::tell_missing(&visited);
    };
    let (mut peers, mut visited) = (0, Visited::default());
    outfile::stream(file, |out| {
        (peers, visited) = write(&book, out)?;
        Ok(())
    })?;
    if args.json {
        let mut out = Output::stdout();
        json::line(&mut out, &Summary { peers, missing: visited.missing })?;
        out.flush()?;
    } else {
        output::note(format_args!("{peers} peers exported"));
    }
    database::tell_missing(&visited)
}

/// An export is overwritten; the store must not be, whatever path leads to it.
fn keep_the_store(store: &Path, out: &Path) -> Result<(), Failure> {
    match (store.canonicalize(), out.canonicalize()) {
        (Ok(store), Ok(same)) if store == same => {
            Err(Failure::Usage(format!("--output {out:?} is the store")))
        }
        _ => Ok(()),
    }
}

/// Returns how many peers there are, and how many are missing.
fn write(book: &Book, out: &mut dyn Write) -> Result<(u64, Visited), Failure> {
    json::line(out, &Header { version: VERSION })?;
    let (mut peers, mut result, mut line) = (0u64, Ok(()), Vec::new());
    let visited = book.states(|state| {
        peers = peers.saturating_add(1);
        line.clear();
        result = write_row(&Row::from(&state), &mut line, out);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result?;
    Ok((peers, visited))
}

fn write_row(row: &Row, line: &mut Vec<u8>, out: &mut dyn Write) -> Result<(), Failure> {
    json::line(line, row)?;
    if line.len() > MAX_LINE {
        let message = format!("{}: its line would be longer than {MAX_LINE} bytes", row.peer);
        return Err(Failure::Output(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(out.write_all(line)?)
}
