//! `peermark store merge`: two stores joined into a third.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use peermark::PeerBook;
use peermark::peerstore::{Join, PeerState, StateError};
use peermark::peerstore_redb::OpenError;
use peermark::provenance::Source;
use rayon::prelude::*;
use serde::Serialize;

use super::compact::tell;
use super::database::{self, Book};
use crate::failure::{Failure, Status};
use crate::progress::Progress;

/// Join two stores into a new one
///
/// Of each peer the newer record, all claims with the later of their ends, the higher floor. The order of
/// the two does not matter, and neither of them is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// One store
    #[arg(value_name = "A")]
    one: PathBuf,
    /// The other
    #[arg(value_name = "B")]
    other: PathBuf,
    /// The new store; it must not be there
    #[arg(long, value_name = "C")]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// No summary and no progress bar
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Example:
  peermark store merge monday.redb tuesday.redb --out week.redb

Both are taken for stores of your own: their ages count as ages. Records are verified again, on all
cores, and the new store is checked before it has its name. A store in which a peer cannot be read is
not merged: recover it first. A floor whose record is in neither store ends after a day in the new one.

Killed in the middle it leaves a folder .peermark-merge-* beside C, to be removed by hand.";

/// What the new store holds.
#[derive(Debug, Default, Serialize)]
struct Merged {
    /// States of peers that were joined, from both.
    joined: u64,
    peers: u64,
    records: u64,
    floors: u64,
}

/// How many peers are joined in one transaction.
const BATCH: usize = 25_000;

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let (out, as_json) = (&args.out, args.json);
    let failed = |action| move |error| Failure::file(action, out, error);
    if out.try_exists().map_err(failed("look for"))? {
        return Err(Failure::Usage(format!("--out {out:?} is there already")));
    }
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let sources = [&args.one, &args.other].map(|path| database::for_reading(path));
    let [one, other] = sources;
    let sources = [(&args.one, one?), (&args.other, other?)];
    let scratch = tempfile::Builder::new().prefix(".peermark-merge-").tempdir_in(folder);
    let scratch = scratch.map_err(failed("create"))?;
    let path = scratch.path().join("merged.redb");
    let open = |source: OpenError| Failure::Open { path: out.clone(), source };
    let new = PeerBook::builder().limits(database::limits()).open(&path).map_err(open)?;
    let total = sources.iter().map(|(_, book)| book.usage()).fold(0u64, |sum, usage| {
        let peers = usage.peers.saturating_add(usage.floors);
        sum.saturating_add(u64::try_from(peers).unwrap_or(u64::MAX))
    });
    let progress = Progress::counting(total, args.quiet);
    let mut merged = Merged::default();
    for (path, book) in &sources {
        merge(path, book, &new, &mut merged, &progress)?;
    }
    drop(sources);
    progress.finish();
    let checking = Progress::waiting("checking");
    let checked = new.check();
    checking.finish();
    checked.map_err(|defect| Failure::Refused(format!("the new store: {defect}")))?;
    let usage = new.usage();
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    merged.peers = wide(usage.peers);
    merged.records = wide(usage.records);
    merged.floors = wide(usage.floors);
    new.close()?;
    let whole = tempfile::TempPath::try_from_path(path).map_err(failed("create"))?;
    whole.persist_noclobber(out).map_err(|error| failed("create")(error.error))?;
    #[cfg(unix)]
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync"))?;
    let Merged { joined, peers, records, floors } = &merged;
    let said =
        format!("{joined} states joined: {peers} peers, {records} records, {floors} floors alone");
    if args.quiet && !as_json { Ok(Status::Good) } else { tell(as_json, &merged, &said) }
}

/// Joins all that a store knows.
fn merge(
    path: &Path,
    from: &Book,
    into: &Book,
    merged: &mut Merged,
    progress: &Progress,
) -> Result<(), Failure> {
    let (mut states, mut result) = (Vec::new(), Ok(()));
    let visited = from.unverified_states(|state| {
        states.push(state);
        if states.len() >= BATCH {
            result = join(path, std::mem::take(&mut states), into, merged, progress);
        }
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result?;
    join(path, states, into, merged, progress)?;
    if !visited.is_complete() {
        return Err(Failure::Refused(format!(
            "{path:?} is damaged, and {} of its peers cannot be read: run peermark store recover first",
            visited.missing
        )));
    }
    Ok(())
}

fn join(
    path: &Path,
    states: Vec<PeerState>,
    into: &Book,
    merged: &mut Merged,
    progress: &Progress,
) -> Result<(), Failure> {
    let count = u64::try_from(states.len()).unwrap_or(u64::MAX);
    let peers: Vec<_> = states.iter().map(|state| state.peer).collect();
    let mut joins = Vec::with_capacity(states.len());
    for (peer, join) in peers.iter().zip(verify(states)) {
        let refused = |error| Failure::Refused(format!("{path:?}: {peer}: {error}"));
        joins.push(join.map_err(refused)?);
    }
    for (peer, joined) in peers.iter().zip(into.join_each(&joins, &Source::MANUAL)) {
        if let Some(refusal) = joined?.refusal {
            return Err(Failure::Refused(format!("{path:?}: {peer}: {refusal}")));
        }
    }
    merged.joined = merged.joined.saturating_add(count);
    progress.advance(count, true, "");
    Ok(())
}

/// Verifies on all cores, in order.
fn verify(states: Vec<PeerState>) -> Vec<Result<Join, StateError>> {
    let verify =
        |state: PeerState| state.verify().map(|join| join.trusting_times().keeping_sources());
    states.into_par_iter().map(verify).collect()
}
