//! `peermark store list`: which peers there are.

use std::io::Write as _;
use std::ops::ControlFlow;

use clap::ValueEnum;
use peermark::identity::PeerId;
use peermark::peer_record::Seq;
use peermark::peerstore::PeerView;
use peermark::provenance::TrustClass;
use serde::Serialize;

use super::database::{self, Database};
use crate::failure::{Failure, Status};
use crate::json::{self, Text};
use crate::output::{self, Output};

/// List the peers that have an address
///
/// For each its id, the class of its best address, how many addresses it has, and the sequence
/// number of its record. They come in the order of the store, which is no particular one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    /// Only peers of this class
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// How many at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    limit: u64,
    /// Print one JSON object for each peer
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark store list
  peermark store list --class certified --limit 0 --json > peers.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Class {
    /// You said so
    User,
    /// A handshake succeeded
    Dialed,
    /// The peer signed it
    Certified,
    /// The peer said so over a connection
    Direct,
    /// Somebody said so
    ThirdParty,
}

impl From<Class> for TrustClass {
    fn from(class: Class) -> Self {
        match class {
            Class::User => Self::User,
            Class::Dialed => Self::Dialed,
            Class::Certified => Self::Certified,
            Class::Direct => Self::Direct,
            Class::ThirdParty => Self::ThirdParty,
        }
    }
}

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

    fn write(&self, out: &mut Output) -> Result<(), Failure> {
        let Self { peer_id: Text(peer), class: Text(class), addresses, seq } = self;
        let noun = if *addresses == 1 { "address" } else { "addresses" };
        write!(out, "{peer}  {class:11}  {addresses} {noun}")?;
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
    let class = args.class.map(TrustClass::from);
    let mut out = Output::stdout();
    let (mut shown, mut is_cut, mut result) = (0u64, false, Ok(()));
    let visited = book.visit(|view| {
        let row = Row::of(&view);
        let Some(row) = row.filter(|row| class.is_none_or(|class| row.class.0 == class)) else {
            return ControlFlow::Continue(());
        };
        if args.limit > 0 && shown >= args.limit {
            is_cut = true;
            return ControlFlow::Break(());
        }
        shown = shown.saturating_add(1);
        result = if args.json { json::line(&mut out, &row) } else { row.write(&mut out) };
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result?;
    out.flush()?;
    if is_cut {
        output::note(format_args!("there are more than {shown}: --limit 0 lists all"));
    }
    database::tell_missing(&visited)
}
