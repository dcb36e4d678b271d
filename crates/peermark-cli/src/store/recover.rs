//! `peermark store recover`: what can be read of a damaged store, in a new one.

use std::io::Write as _;
use std::path::PathBuf;

use peermark::identity::PeerId;
use peermark::peerstore_redb::{self, MetaFrom, OpenError, Recovered};
use peermark::{Clock as _, SystemClock};
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::{self, Output};

/// Copy what can be read of a damaged store into a new one
///
/// Nothing in the damaged file is changed. Where the way to peers is damaged they are looked for in all
/// blocks of the file. What is known of those may be older than it was, or they may have been
/// forgotten; they are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The damaged store
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The new store; it must not exist
    #[arg(long, value_name = "NEW")]
    out: PathBuf,
    /// Leave out what may be older, or forgotten
    #[arg(long)]
    no_loose: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store recover peers.redb --out recovered.redb
  peermark store check --db recovered.redb

The status is 0 when nothing is lost, 1 when something is lost or may be older, 2 when nothing was
found.";

#[derive(Serialize)]
struct Object {
    blocks: u64,
    damaged_blocks: u64,
    live: u64,
    loose: Vec<Text<PeerId>>,
    lost: u64,
    lost_at_least: bool,
    quarantined: u64,
    meta: &'static str,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let now = SystemClock.now().into();
    let recovered = peerstore_redb::recover(&args.file, &args.out, !args.no_loose, now);
    let recovered = recovered.map_err(|source| {
        let path = match &source {
            OpenError::File { path, .. } => path.clone(),
            _ => args.file.clone(),
        };
        Failure::Open { path, source }
    })?;
    let mut out = Output::stdout();
    if args.json {
        json::line(&mut out, &object(&recovered))?;
    } else {
        write(&mut out, &recovered)?;
    }
    out.flush()?;
    if recovered.is_nothing() {
        output::error(format_args!("nothing of a store was found in {:?}", args.file));
        return Ok(Status::Trouble);
    }
    Ok(if recovered.is_whole() { Status::Good } else { Status::Refused })
}

fn object(recovered: &Recovered) -> Object {
    Object {
        blocks: recovered.blocks,
        damaged_blocks: recovered.damaged_blocks,
        live: recovered.live,
        loose: recovered.loose.iter().copied().map(Text).collect(),
        lost: recovered.lost,
        lost_at_least: recovered.at_least,
        quarantined: recovered.quarantined,
        meta: match recovered.meta {
            MetaFrom::Tables => "tables",
            MetaFrom::Scan => "scan",
            _ => "nowhere",
        },
    }
}

fn write(out: &mut Output, recovered: &Recovered) -> Result<(), Failure> {
    let Recovered { blocks, damaged_blocks, live, loose, lost, at_least, quarantined, .. } =
        recovered;
    writeln!(out, "blocks     {blocks}, {damaged_blocks} damaged")?;
    writeln!(out, "live       {live} peers, as they were")?;
    if !loose.is_empty() {
        writeln!(out, "loose      {} peers, which may be older, or forgotten:", loose.len())?;
        for peer in loose {
            writeln!(out, "           {peer}")?;
        }
    }
    let more = if *at_least { "at least " } else { "" };
    writeln!(out, "lost       {more}{lost} peers, with their floors")?;
    if *quarantined > 0 {
        writeln!(out, "aside      {quarantined} damaged rows, as they were")?;
    }
    match recovered.meta {
        MetaFrom::Tables => {}
        MetaFrom::Scan => {
            writeln!(out, "clock      found beside the tables: it may be older than the rows")?;
        }
        _ => writeln!(out, "clock      not found: time begins anew, with a new secret")?,
    }
    Ok(())
}
