//! The maps behind the engine, and a copy of them while an update runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Choice, Context, Cost, Defect, EXEMPT, Entries, Event, Evicted, FloorChoice, GROUPS, Ledger,
    Limits, PeerEntry, Remnant, Shared, Swept, expire,
};
use peermark_provenance::Timestamp;

/// Entries, and what is left of peers that have none.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: BTreeMap<PeerId, Arc<PeerEntry>>,
    remnants: BTreeMap<PeerId, Arc<Remnant>>,
    pub(super) ledger: Arc<Ledger>,
}

impl Clone for Table {
    /// With a ledger of its own.
    fn clone(&self) -> Self {
        let ledger = Ledger::default();
        for group in (0..GROUPS).chain([EXEMPT]) {
            ledger.load(group, &self.ledger.of_group(group));
        }
        let (entries, remnants) = (self.entries.clone(), self.remnants.clone());
        Self { entries, remnants, ledger: Arc::new(ledger) }
    }
}

impl Table {
    pub(super) fn entry(&self, peer: &PeerId) -> Option<&PeerEntry> {
        self.entries.get(peer).map(|entry| &**entry)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &PeerEntry> {
        self.entries.values().map(|entry| &**entry)
    }

    pub(super) fn remnant(&self, peer: &PeerId) -> Option<&Remnant> {
        self.remnants.get(peer).map(|rest| &**rest)
    }

    /// The entry, or one of what is left of the peer.
    pub(super) fn entry_or_rest(&self, peer: &PeerId) -> PeerEntry {
        let entry = self.entry(peer).cloned();
        entry.unwrap_or_else(|| PeerEntry::new(*peer, self.remnant(peer).cloned()))
    }

    /// Whether something of the peer's entry has ended.
    pub(super) fn is_due(&self, peer: &PeerId, cx: &Context<'_>) -> bool {
        self.entry(peer).is_some_and(|entry| is_due(entry, cx))
    }

    pub(super) fn next_due(&self, cx: &Context<'_>) -> Option<Timestamp> {
        self.entries().filter_map(|entry| entry.due(cx)).min()
    }

    pub(super) fn check(&self, limits: &Limits) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect::new(what)) };
        let charged = Ledger::default();
        for (peer, entry) in &self.entries {
            entry.check(limits)?;
            ensure(entry.peer_id() == *peer, "an entry under another peer")?;
            ensure(!entry.is_empty(), "an entry with nothing in it")?;
            ensure(!self.remnants.contains_key(peer), "a peer in both maps")?;
            charged.charge(&Cost::of(entry));
        }
        for (peer, rest) in &self.remnants {
            ensure(rest.peer_id() == peer && !rest.is_empty(), "a remnant of nothing")?;
            charged.charge(&Cost::of_floor(rest));
        }
        ensure(self.ledger.equals(&charged), "the ledger counts something else than there is")?;
        ensure(charged.is_within(limits), "more than the limits, or a share")
    }
}

fn is_due(entry: &PeerEntry, cx: &Context<'_>) -> bool {
    entry.due(cx).is_some_and(|due| due <= cx.at.now)
}

/// What a commit does beside changing the table.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) events: Vec<Event>,
    pub(super) evicted: Vec<Evicted>,
}

/// A copy of the table while one update runs on it, or a sweep, which is of no peer.
pub(super) struct Work<'a> {
    table: &'a mut Table,
    peer: Option<&'a PeerId>,
    shared: &'a Shared,
    cx: &'a Context<'a>,
    begun: Option<PeerEntry>,
    effects: Effects,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        table: &'a mut Table,
        peer: Option<&'a PeerId>,
        shared: &'a Shared,
        cx: &'a Context<'a>,
    ) -> Self {
        Self { table, peer, shared, cx, begun: None, effects: Effects::default() }
    }

    pub(super) fn into_effects(self) -> Effects {
        self.effects
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.table.ledger)
    }

    pub(super) fn is_due(&self, peer: &PeerId) -> bool {
        self.table.is_due(peer, self.cx)
    }

    /// Lets go of what has ended, of no more than `budget` peers.
    pub(super) fn sweep(&mut self, budget: usize, cx: &Context<'_>) -> Swept {
        let mut swept = Swept::default();
        let ledger = self.ledger();
        let due = self.table.entries.iter().filter(|(_, entry)| is_due(entry, cx));
        let due: Vec<_> = due.map(|(peer, _)| *peer).collect();
        let ended = |rest: &Remnant| rest.due() <= cx.at.aging_secs();
        let floors = self.table.remnants.iter().filter(|(_, rest)| ended(rest));
        let floors: Vec<_> = floors.map(|(peer, _)| *peer).collect();
        swept.more = due.len() + floors.len() > budget;
        for peer in due.iter().take(budget) {
            let Ok(()) = expire(self, &ledger, *peer, cx, &mut swept);
        }
        for peer in floors.iter().take(budget.saturating_sub(due.len())) {
            let Some(rest) = self.table.remnants.remove(peer) else { continue };
            ledger.release(&Cost::of_floor(&rest));
            let mut entry = PeerEntry::new(*peer, Some(Remnant::clone(&rest)));
            entry.expire(cx);
            match entry.remnant() {
                Some(rest) => {
                    ledger.charge(&Cost::of_floor(&rest));
                    self.table.remnants.insert(*peer, Arc::new(rest));
                }
                None => swept.floors += 1,
            }
        }
        swept
    }

    /// What chooses among equals.
    fn lot(&self, peer: &PeerId) -> u64 {
        self.shared.secret().hash(&peer.multihash_bytes())
    }
}

impl Entries for Work<'_> {
    type Error = Infallible;
    type Key = PeerId;

    fn find(&mut self) -> Result<Option<PeerId>, Infallible> {
        Ok(self.peer.copied().filter(|peer| self.table.entries.contains_key(peer)))
    }

    fn remnant(&mut self) -> Result<Option<Remnant>, Infallible> {
        Ok(self.peer.and_then(|peer| self.table.remnant(peer)).cloned())
    }

    fn read<R>(
        &mut self,
        key: PeerId,
        read: impl FnOnce(&PeerEntry) -> R,
    ) -> Result<R, Infallible> {
        Ok(read(self.table.entry(&key).expect("a key of an entry")))
    }

    fn change<R>(
        &mut self,
        key: PeerId,
        change: impl FnOnce(&mut PeerEntry) -> R,
    ) -> Result<R, Infallible> {
        let entry = self.table.entries.get_mut(&key).expect("a key of an entry");
        Ok(change(Arc::make_mut(entry)))
    }

    fn begin(&mut self, rest: Option<Remnant>) -> Result<PeerId, Infallible> {
        let peer = *self.peer.expect("an update is of a peer");
        self.begun = Some(PeerEntry::new(peer, rest));
        Ok(peer)
    }

    fn begun(&mut self, _: PeerId) -> Option<&mut PeerEntry> {
        self.begun.as_mut()
    }

    fn insert(&mut self, key: PeerId) -> Result<(), Infallible> {
        let entry = self.begun.take().expect("an entry that was begun");
        self.table.entries.insert(key, Arc::new(entry));
        Ok(())
    }

    fn give_back(&mut self, _: PeerId) {
        self.begun = None;
    }

    fn remove(&mut self, key: PeerId) -> Result<(), Infallible> {
        self.table.entries.remove(&key);
        Ok(())
    }

    fn keep(&mut self, rest: Remnant) -> Result<(), Infallible> {
        self.table.remnants.insert(*rest.peer_id(), Arc::new(rest));
        Ok(())
    }

    fn take_remnant(&mut self) -> Result<Option<Remnant>, Infallible> {
        let taken = self.peer.and_then(|peer| self.table.remnants.remove(peer));
        Ok(taken.map(|rest| Remnant::clone(&rest)))
    }

    fn evict_remnant(&mut self, choice: &FloorChoice<'_>) -> Result<Option<Remnant>, Infallible> {
        let remnants = self.table.remnants.iter();
        let may_go = remnants.filter(|(_, rest)| choice.admits(rest.rank(), rest.group()));
        let first = may_go.min_by_key(|(peer, rest)| (rest.rank(), self.lot(peer)));
        let first = first.map(|(peer, _)| *peer);
        let gone = first.and_then(|peer| self.table.remnants.remove(&peer));
        Ok(gone.map(|rest| Remnant::clone(&rest)))
    }

    fn victim(&mut self, choice: &Choice<'_, PeerId>) -> Result<Option<PeerId>, Infallible> {
        let fits = |peer: &PeerId, entry: &PeerEntry| {
            !choice.except.contains(peer)
                && entry.class() <= Some(choice.up_to)
                && (!choice.with_record || entry.has_record())
                && choice.among.has(Cost::of(entry).owner(), choice.limits)
        };
        let may_go = self.table.entries.iter().filter(|(peer, entry)| fits(peer, entry));
        let first = may_go.min_by_key(|(peer, entry)| (entry.class(), self.lot(peer)));
        Ok(first.map(|(peer, _)| *peer))
    }

    fn ended(&mut self, except: Option<PeerId>) -> Result<Option<PeerId>, Infallible> {
        let due =
            |peer: &PeerId, entry: &PeerEntry| Some(*peer) != except && is_due(entry, self.cx);
        let ended = self.table.entries.iter().find(|(peer, entry)| due(peer, entry));
        Ok(ended.map(|(peer, _)| *peer))
    }

    fn is_followed(&self, key: PeerId) -> bool {
        let [a, b, c, d, ..] = self.lot(&key).to_le_bytes();
        self.shared.subscribers().follow(u32::from_le_bytes([a, b, c, d]))
    }

    fn tell(&mut self, events: Vec<Event>) {
        self.effects.events.extend(events);
    }

    fn count_evicted(&mut self, what: Evicted) {
        self.effects.evicted.push(what);
    }
}
