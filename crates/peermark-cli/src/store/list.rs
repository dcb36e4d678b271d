//! `peermark store list`: which peers there are.

use std::io::Write as _;
use std::ops::ControlFlow;

use peermark::identity::PeerId;
use peermark::peer_record::Seq;
use peermark::peerstore::PeerView;
use peermark::provenance::TrustClass;
use serde::Serialize;

use super::database::{self, Database};
use super::filter::Filter;
use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::{self, Output};
use crate::table;

/// List the peers that have an address
///
/// For each its id, the class of its best address, how many addresses it has, and the sequence
/// number of its record. The order is that of the store, which has no meaning.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    filter: Filter,
    /// How many at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    limit: u64,
    /// Print the ids of the peers and nothing else
    #[arg(long, conflicts_with = "json")]
    ids: bool,
    /// Print one JSON object for each peer
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store list
  peermark store list --class certified --limit 0 --json > peers.jsonl
  peermark store list --address 192.0.2.0/24 --transport quic-v1
  peermark store list --expires-within 1h --ids --limit 0 | head

An id is shortened on a terminal of less than 120 columns; --ids and pipes have it whole.";

#[derive(Serialize)]
struct Row {
    peer_id: Text<PeerId>,
    class: Text<TrustClass>,
    addresses: usize,
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Option<Text<Seq>>,
}

impl Row {
    /// `None` where no address is left.
    fn of(view: &PeerView<'_>) -> Option<Self> {
        let (mut addresses, mut class) = (0usize, None);
        for address in view.addresses() {
            addresses = addresses.saturating_add(1);
            class = class.max(Some(address.class()));
        }
        let seq = view.record().map(|record| Text(record.seq()));
        Some(Self { peer_id: Text(view.peer_id()), class: Text(class?), addresses, seq })
    }

    fn write(&self, out: &mut Output, width: Option<usize>) -> Result<(), Failure> {
        let Self { peer_id: Text(peer), class: Text(class), addresses, seq } = self;
        let peer = table::short(&peer.to_string(), width);
        let noun = if *addresses == 1 { "address  " } else { "addresses" };
        write!(out, "{peer}  {class:11}  {addresses:>2} {noun}")?;
        match seq {
            Some(Text(seq)) => writeln!(out, "  seq {seq}")?,
            None => writeln!(out)?,
        }
        Ok(())
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let book = args.database.for_reading()?;
    let (now, width) = (book.now(), table::width());
    let mut out = Output::stdout();
    let (mut shown, mut is_cut, mut result) = (0u64, false, Ok(()));
    let visited = book.visit(|view| {
        let row = Row::of(&view).filter(|row| args.filter.admits(&view, row.class.0, now));
        let Some(row) = row else { return ControlFlow::Continue(()) };
        if args.limit > 0 && shown >= args.limit {
            is_cut = true;
            return ControlFlow::Break(());
        }
        shown = shown.saturating_add(1);
        result = if args.json {
            json::line(&mut out, &row)
        } else if args.ids {
            writeln!(out, "{}", row.peer_id.0).map_err(Failure::from)
        } else {
            row.write(&mut out, width)
        };
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result?;
    out.flush()?;
    if is_cut {
        output::note(format_args!("there are more than {shown}: --limit 0 lists all"));
    }
    database::tell_missing(&visited)
}
