//! One peer out of a store, to be looked at with more beside it.

use std::path::Path;

use peermark::identity::PeerId;
use peermark::peerstore::{
    Cause, Config, Context, EXEMPT, Engine as _, Limits, Memory, Need, PeerEntry, Peerstore, Room,
    Shared, Transition,
};
use peermark::provenance::TrustClass;
use peermark::{PeerBook, SystemClock};

use super::database;
use crate::failure::Failure;

/// A book in memory with everything that the store at `path` knows of a peer, its floor included,
/// and with the time that it is there.
pub(crate) fn copy_of(peer: &PeerId, path: &Path, limits: Limits) -> Result<PeerBook, Failure> {
    let book = database::existing(path)?;
    let engine = book.store().engine();
    let at = engine.shared().advance(book.now());
    let held = engine.view(peer, |entry| entry.cloned())?;
    let floor = engine.floor(peer)?;

    let mut config = Config::default();
    config.limits = limits;
    let memory = Memory::new(Shared::new(config).resume(at));
    let entry = held.or_else(|| Some(PeerEntry::new(*peer, Some(floor?))));
    if let Some(entry) = entry {
        let Ok(()) = memory.update(peer, at, &Adopt(entry));
    }
    Ok(PeerBook::new(Peerstore::new(memory), SystemClock))
}

/// An entry as it is somewhere else.
struct Adopt(PeerEntry);

impl Transition for Adopt {
    type Answer = ();
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        let bytes = self.0.charges().fold(0u64, |sum, charge| sum.saturating_add(charge.bytes));
        let record = self.0.has_record();
        (Some(Need { record, bytes, class: TrustClass::User, group: EXEMPT }), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) {
        *entry = self.0.clone();
        entry.settle(cx);
    }

    fn refuse(&self, _: Room) {}

    fn cause(&self) -> Cause {
        Cause::Report
    }
}
