//! One transaction: transitions run on the tables, and what has to follow when it is durable.
//!
//! The tables always say what is held, so that whoever looks for a victim or for what is due sees
//! what this transaction did before. Whatever leaves the database, events, counters, the cache,
//! waits until the transaction is committed: of one that is not, nothing is seen.

mod books;
mod file;
mod quarantine;
mod room;
mod sweep;

pub(crate) use books::{next_due, read_counters, read_ledger, reckoning};
pub(crate) use sweep::AT_ONCE;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Before, Cause, Context, Evicted, Floor, Moment, PeerEntry, Shared, Transition,
};

use crate::cache::Cache;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::state::{Found, Reading, State, region_of};
use crate::tables::Tables;

/// What there is once, and changes with transactions: under the lock of whoever writes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) next_id: u64,
    /// How many victims were drawn so far.
    pub(crate) draws: u64,
    /// Hashes of peers whose rows are in quarantine.
    pub(crate) blocked: HashSet<u64>,
    /// Why nothing is written any more.
    pub(crate) failed: Option<Arc<str>>,
    /// The time that was stored last.
    pub(crate) stored_at: Moment,
    /// Updates since the last durable commit.
    pub(crate) waiting: u32,
}

/// A transaction.
pub(crate) struct Batch<'b> {
    pub(crate) tables: Tables<'b>,
    pub(crate) writer: &'b mut Writer,
    pub(crate) shared: &'b Shared,
    pub(crate) cache: &'b Cache,
    pub(crate) cx: Context<'b>,
    at: Moment,
    pub(crate) reading: Reading,
    done: Done,
    /// Whether a damaged row was seen.
    suspects: bool,
    /// Memory for one row.
    row: Vec<u8>,
}

/// What a transaction did, and what follows from it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What is held now of the peers that it changed.
    pub(crate) changed: HashMap<PeerId, Option<Arc<State>>>,
    pub(crate) effects: Vec<Effect>,
    /// Whether it wrote anything, in whatever table.
    pub(crate) wrote: bool,
    /// When it happened.
    pub(crate) at: Moment,
    /// When the next claim ends, in nanoseconds.
    pub(crate) next_due: Option<u64>,
}

/// What follows from a transaction.
#[derive(Debug)]
pub(crate) enum Effect {
    Tell {
        region: usize,
        before: Before,
        after: Box<PeerEntry>,
        cause: Cause,
    },
    Evicted(Evicted),
    /// The proof against a peer goes with its floor.
    Forget(PeerId),
}

/// An answer, or why this peer has none; beside that, an error that ends the transaction.
pub(crate) type Answered<T> = Result<Result<T, Error>, Error>;

impl<'b> Batch<'b> {
    pub(crate) fn new(
        tables: Tables<'b>,
        writer: &'b mut Writer,
        (shared, cache): (&'b Shared, &'b Cache),
        at: Moment,
        reading: Reading,
    ) -> Self {
        let cx = shared.context(at);
        let (done, row) = (Done { at, ..Done::default() }, Vec::new());
        Self { tables, writer, shared, cache, cx, at, reading, done, suspects: false, row }
    }

    /// Ends it: what it did, to be published when it is committed.
    pub(crate) fn finish(mut self) -> Result<Done, Error> {
        if self.suspects {
            self.reindex()?;
        }
        if self.done.wrote {
            self.write_books()?;
            self.done.next_due = self.next_due()?;
        }
        Ok(self.done)
    }

    /// Runs a transition on a peer, as `docs/storage-contract.md` says.
    pub(crate) fn update<T: Transition>(
        &mut self,
        peer: &PeerId,
        transition: &T,
    ) -> Answered<T::Answer> {
        let found = match self.find(peer)? {
            Ok(found) => found,
            Err(_) if transition.forgets() => {
                self.release(peer)?;
                None
            }
            Err(error) => return Ok(Err(error)),
        };
        let settled = self.settle(peer, found)?;
        let held = settled.as_ref().filter(|state| !state.is_floor());
        let (id, is_new) = (held.map(|state| state.id), held.is_none());
        let mut entry = match held {
            Some(state) => state.entry.clone(),
            None => PeerEntry::new(*peer, settled.as_deref().and_then(|state| self.floor(state))),
        };
        let (need, plan) = transition.need(&entry, &self.cx);
        if let Some(need) = need
            && let Err(room) = self.make_room(&need, id, is_new)?
        {
            return Ok(Ok(transition.refuse(room)));
        }
        let before = entry.clone();
        let answer = transition.run(&mut entry, plan, &self.cx);
        if entry == before && (!is_new || entry.floor() == floor_of(settled.as_deref())) {
            return Ok(Ok(answer));
        }
        self.tell(&before, &entry, transition.cause());
        // Making room may have taken the floor of this very peer.
        let old = match self.done.changed.get(peer) {
            Some(changed) => changed.clone(),
            None => settled,
        };
        let owner = self.store(peer, old, entry)?;
        self.hold_to_share(owner)?;
        Ok(Ok(answer))
    }

    /// What is held of a peer: as this transaction left it, or as it was found.
    pub(crate) fn find(&mut self, peer: &PeerId) -> Answered<Option<Arc<State>>> {
        match self.done.changed.get(peer) {
            None => {
                if let Some(cached) = self.cache.get(peer) {
                    return Ok(Ok(Some(cached)));
                }
            }
            Some(Some(state)) if state.session != self.reading.session => {}
            Some(changed) => return Ok(Ok(changed.clone())),
        }
        let hash = self.hash(peer);
        match State::find(&self.tables, peer, hash, self.reading)? {
            Found::Held(state) => Ok(Ok(Some(state))),
            Found::Damaged(id, damage) => {
                tracing::error!(%peer, id, %damage, "a damaged row");
                self.suspects = true;
                Ok(Err(Error::Quarantined { peer: *peer }))
            }
            Found::Nothing if self.writer.blocked.contains(&hash) => {
                Ok(Err(Error::Quarantined { peer: *peer }))
            }
            Found::Nothing => Ok(Ok(None)),
        }
    }

    /// Lets go of what is over (S6). Answers what is left.
    pub(crate) fn settle(
        &mut self,
        peer: &PeerId,
        state: Option<Arc<State>>,
    ) -> Result<Option<Arc<State>>, Error> {
        let Some(state) = state else { return Ok(None) };
        if !state.is_over(self.cx.now) {
            return Ok(Some(state));
        }
        let mut entry = state.entry.clone();
        entry.settle(&self.cx);
        self.tell(&state.entry, &entry, Cause::Expiry);
        let owner = self.store(peer, Some(state), entry)?;
        self.hold_to_share(owner)?;
        Ok(self.done.changed.get(peer).cloned().flatten())
    }

    /// A floor, while it counts.
    fn floor(&self, state: &State) -> Option<Floor> {
        state.entry.floor().filter(|floor| floor.until > self.cx.floor_now)
    }

    pub(crate) fn hash(&self, peer: &PeerId) -> u64 {
        self.shared.secret().hash(&peer.multihash_bytes())
    }

    /// Remembers to tell subscribers what became of an entry, if there are any.
    fn tell(&mut self, before: &PeerEntry, after: &PeerEntry, cause: Cause) {
        if self.shared.hub().is_quiet() {
            return;
        }
        let region = region_of(self.shared.secret().hash(after.peer_id_bytes()));
        let (before, after) = (Before::of(before), Box::new(after.clone()));
        self.done.effects.push(Effect::Tell { region, before, after, cause });
    }
}

fn floor_of(state: Option<&State>) -> Option<Floor> {
    state.and_then(|state| state.entry.floor())
}
