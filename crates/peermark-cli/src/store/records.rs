//! `peermark store records`: signed records out of the store, for relaying.

use std::io::Write as _;

use clap::ValueEnum;
use data_encoding::{BASE64, HEXLOWER};
use peermark::identity::PeerId;
use serde::Serialize;

use super::database::Database;
use super::peer::peer_id;
use crate::failure::{Failure, Status};
use crate::json::{self, Hex, Text};
use crate::output::{self, Output};

/// Print the signed records of peers
///
/// Byte for byte what the peers signed, so that whoever gets them can verify them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The peers
    #[arg(value_name = "PEER", required = true, value_parser = peer_id)]
    peers: Vec<PeerId>,
    #[command(flatten)]
    database: Database,
    /// How to write the envelopes
    #[arg(long, value_enum, default_value_t = Format::Hex)]
    format: Format,
    /// Print one JSON object for each peer, the envelope in hex
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store records 12D3KooW... | peermark verify
  peermark store records 12D3KooW... --format raw > alice.record

The status is 1 when there is no record of one of them.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line of hex digits for each
    Hex,
    /// A line of base64 for each
    Base64,
    /// The bytes of the envelope, of one peer
    Raw,
}

#[derive(Serialize)]
struct Row<'a> {
    peer_id: Text<PeerId>,
    envelope: Option<Hex<'a>>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    if args.format == Format::Raw {
        if args.peers.len() > 1 {
            let message = "raw bytes of several records cannot be told apart: use --format hex";
            return Err(Failure::Usage(message.to_owned()));
        }
        if output::is_terminal() {
            let message = "raw bytes would go to the terminal: use --format hex";
            return Err(Failure::Usage(message.to_owned()));
        }
    }
    let book = args.database.for_reading()?;
    let mut out = Output::stdout();
    let mut status = Status::Good;
    for peer in &args.peers {
        let record = book.signed_record(peer)?;
        if args.json {
            let envelope = record.as_deref().map(Hex);
            json::line(&mut out, &Row { peer_id: Text(*peer), envelope })?;
        }
        let Some(bytes) = record else {
            output::error(format_args!("there is no record of {peer}"));
            status = Status::Refused;
            continue;
        };
        match args.format {
            _ if args.json => {}
            Format::Hex => writeln!(out, "{}", HEXLOWER.encode_display(&bytes))?,
            Format::Base64 => writeln!(out, "{}", BASE64.encode_display(&bytes))?,
            Format::Raw => out.write_all(&bytes)?,
        }
    }
    out.flush()?;
    Ok(status)
}
