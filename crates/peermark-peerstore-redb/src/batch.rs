//! One transaction: transitions run on the tables, and what has to follow when it is durable.
//!
//! The tables always say what is held, so that the search for a victim or for what is due sees what
//! this transaction did before. Whatever leaves the database, events, counters, the cache, waits until
//! the transaction is committed: of one that is not, nothing is seen.

mod file;
mod order;
mod quarantine;
mod sweep;
mod totals;
mod work;

pub(crate) use quarantine::hash_in;
pub(crate) use sweep::AT_ONCE;
pub(crate) use totals::{
    clock_in, clock_row, next_due, read_books, read_clock, read_counters, read_next_id, reckoning,
};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Brought, Context, Event, Evicted, Moment, Shared, Swept, Transition, expire, update,
};

use crate::base::own;
use crate::books::Books;
use crate::cache::Cache;
use crate::error::Error;
use crate::row::Session;
use crate::state::{Found, Reading, State};
use crate::tables::{Rows as _, Tables};

use work::{Sought, Work};

/// What there is once, and changes with transactions: under the lock for writing.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) books: Books,
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
    pub(crate) reading: Reading,
    done: Done,
    /// Whether a damaged row was seen, or a key that leads to nothing.
    suspects: bool,
    /// What was looked for last by its id.
    at_hand: Option<Arc<State>>,
    /// Who was removed last: the peer, its id, and who verified it.
    left: Option<(PeerId, u64, Session)>,
    /// Memory for one row.
    row: Vec<u8>,
}

/// What a transaction did, and what follows from it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What is held now of the peers that it changed.
    pub(crate) changed: HashMap<PeerId, Option<Arc<State>>>,
    /// Under which ids those peers are, or were.
    ids: HashMap<u64, PeerId>,
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
    Tell { region: usize, events: Vec<Event> },
    Evicted(Evicted),
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
        let (cx, done) = (shared.context(at), Done { at, ..Done::default() });
        let (row, suspects, at_hand, left) = (Vec::new(), false, None, None);
        Self { tables, writer, shared, cache, cx, reading, done, suspects, at_hand, left, row }
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

    /// Runs a transition on a peer, by the rules' own loop.
    pub(crate) fn update<T: Transition>(
        &mut self,
        peer: &PeerId,
        transition: &T,
    ) -> Answered<T::Answer> {
        let found = match self.find(peer, transition.brings())? {
            Ok(found) => found,
            Err(_) if transition.forgets() => {
                self.release(peer)?;
                None
            }
            Err(error) => return Ok(Err(error)),
        };
        let (ledger, cx) = (Arc::clone(&self.writer.books.ledger), self.cx);
        let sought = Sought { peer, hash: self.hash(peer), found };
        // The rules and the transition are not redb: what they panic on passes through.
        own(|| update(&mut Work::new(self, Some(sought)), &ledger, transition, &cx)).map(Ok)
    }

    /// Removes what has ended of a peer.
    pub(crate) fn expire(&mut self, peer: &PeerId) -> Result<(), Error> {
        let Ok(Some(state)) = self.find(peer, Brought::default())? else { return Ok(()) };
        if !state.is_due(&self.cx) {
            return Ok(());
        }
        let (ledger, cx) = (Arc::clone(&self.writer.books.ledger), self.cx);
        let (hash, id) = (self.hash(peer), state.id);
        let sought = Sought { peer, hash, found: Some(state) };
        expire(&mut Work::new(self, Some(sought)), &ledger, id, &cx, &mut Swept::default())
    }

    /// What is held of a peer: as this transaction left it, or as it was found. What was brought is
    /// verified already.
    pub(crate) fn find(
        &mut self,
        peer: &PeerId,
        brought: Brought<'_>,
    ) -> Answered<Option<Arc<State>>> {
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
        match State::find(&self.tables, peer, hash, self.reading, brought)? {
            Found::Held(state) => {
                // Changed by this transaction, and verified only now.
                if let Some(changed) = self.done.changed.get_mut(peer) {
                    *changed = Some(Arc::clone(&state));
                }
                Ok(Ok(Some(state)))
            }
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

    /// What is held under an id, for things for which its signature does not matter. `None` where the
    /// row is damaged, or gone.
    pub(crate) fn state_of(&mut self, id: u64) -> Result<Option<Arc<State>>, Error> {
        if let Some(peer) = self.done.ids.get(&id) {
            let changed = self.done.changed.get(peer).cloned().flatten();
            return Ok(changed.filter(|state| state.id == id));
        }
        if let Some(state) = self.at_hand(id) {
            return Ok(Some(Arc::clone(state)));
        }
        let Some((row, _)) = self.tables.row(id)? else { return Ok(None) };
        let Ok(state) = State::unverified(id, &row, &self.reading.secret) else { return Ok(None) };
        let put_off = self.cache.get_put_off(&state.entry.peer_id());
        let state = put_off.filter(|state| state.id == id).unwrap_or_else(|| Arc::new(state));
        self.at_hand = Some(Arc::clone(&state));
        Ok(Some(state))
    }

    /// What is held under an id, if it was asked for last or changed.
    fn at_hand(&self, id: u64) -> Option<&Arc<State>> {
        let changed = self.done.ids.get(&id).and_then(|peer| self.done.changed.get(peer));
        match changed {
            Some(changed) => changed.as_ref().filter(|state| state.id == id),
            None => self.at_hand.as_ref().filter(|state| state.id == id),
        }
    }

    pub(crate) fn hash(&self, peer: &PeerId) -> u64 {
        self.shared.secret().hash(&peer.multihash_bytes())
    }
}
