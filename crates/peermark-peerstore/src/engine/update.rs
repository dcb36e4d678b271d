//! The loop that every engine runs: expire, decide, make room, change.
//!
//! An engine that holds its entries, by a lock or in a transaction, shows them as [`Entries`] and calls
//! [`update`]. What is charged, which entry has to go and what is left of it is decided here, once.

use peermark_provenance::TrustClass;

use super::entries::{Choice, Entries, FloorChoice};
use crate::accounting::{Among, Cost, Freed, Ledger, Turn};
use crate::context::{Context, EXEMPT};
use crate::entry::{ENTRY, PeerEntry, Remnant};
use crate::event::{Cause, Event};
use crate::metrics::Evicted;
use crate::outcome::{Room, Swept};
use crate::subscribers::Before;
use crate::transition::{Need, Transition};

/// Runs a transition on the peer of this update, as [`Transition`] says.
///
/// # Errors
///
/// Returns the engine's error if the storage fails. What was done until then has to be undone.
pub fn update<E: Entries, T: Transition>(
    entries: &mut E,
    ledger: &Ledger,
    transition: &T,
    cx: &Context<'_>,
) -> Result<T::Answer, E::Error> {
    let mut found = entries.find()?;
    if let Some(key) = found {
        let is_due = entries.read(key, |entry| entry.due(cx).is_some_and(|due| due <= cx.now()))?;
        if is_due {
            expire(entries, ledger, key, cx, &mut Swept::default())?;
            found = entries.find()?;
        }
    }
    let mut update = Update { entries, ledger, cx };
    match found {
        Some(key) => update.entry(key, transition),
        None => update.absent(transition),
    }
}

/// Removes what has ended of an entry (S6), and counts it.
///
/// # Errors
///
/// As [`update`].
pub fn expire<E: Entries>(
    entries: &mut E,
    ledger: &Ledger,
    key: E::Key,
    cx: &Context<'_>,
    swept: &mut Swept,
) -> Result<(), E::Error> {
    Update { entries, ledger, cx }.expire(key, swept)
}

struct Update<'a, E> {
    entries: &'a mut E,
    ledger: &'a Ledger,
    cx: &'a Context<'a>,
}

impl<'a, E: Entries> Update<'a, E> {
    fn entry<T: Transition>(&mut self, key: E::Key, transition: &T) -> Result<T::Answer, E::Error> {
        let cx = self.cx;
        let (need, plan) = self.entries.read(key, |entry| transition.need(entry, cx))?;
        let turn = match self.wait_for_room(need.as_ref(), Place::Of(key))? {
            Ok(turn) => turn,
            Err(room) => return Ok(transition.refuse(room)),
        };
        let before = self.before(key)?;
        let ledger = self.ledger;
        let mut after = None;
        let answer = self.entries.change(key, |entry| {
            let old = Cost::of(entry);
            let mut lost = false;
            let answer = run(entry, transition, plan, (ledger, cx), &mut lost);
            let events = before.map(|before| before.changes(entry, transition.cause()));
            let cost = Cost::of(entry);
            if cost != old {
                ledger.charge(&cost);
                ledger.release(&old);
            }
            after = Some(After { old, cost, is_empty: entry.is_empty(), events, lost });
            answer
        })?;
        drop(turn);
        if let Some(after) = after {
            self.follow(key, after)?;
        }
        Ok(answer)
    }

    fn absent<T: Transition>(&mut self, transition: &T) -> Result<T::Answer, E::Error> {
        let cx = self.cx;
        let stored = self.entries.remnant()?;
        let key = match stored.clone() {
            None => self.entries.begin(None)?,
            Some(mut rest) => {
                rest.expire(cx.at);
                self.entries.begin(Some(rest).filter(|rest| !rest.is_empty()))?
            }
        };
        let Some(entry) = self.entries.begun(key) else {
            debug_assert!(false, "an entry that was begun is there");
            return Ok(transition.refuse(Room::Peers));
        };
        let (need, plan) = transition.need(entry, cx);
        // What was left of the peer takes room where the entry is.
        let cost = if stored.is_some() { Cost::total_of(entry) } else { ENTRY };
        let turn = match self.wait_for_room(need.as_ref(), Place::New(cost)) {
            Ok(Ok(turn)) => turn,
            refused => {
                self.entries.give_back(key);
                return refused.map(|refused| match refused {
                    Err(room) => transition.refuse(room),
                    Ok(_) => transition.refuse(Room::Peers),
                });
            }
        };
        let (ledger, followed) = (self.ledger, self.entries.is_followed(key));
        let Some(entry) = self.entries.begun(key) else {
            debug_assert!(false, "an entry that was begun is there");
            return Ok(transition.refuse(Room::Peers));
        };
        let mut lost = false;
        let answer = run(entry, transition, plan, (ledger, cx), &mut lost);
        if entry.is_empty() {
            let left = entry.remnant();
            self.entries.give_back(key);
            if left != stored {
                self.forget_remnant()?;
                if let Some(left) = left {
                    self.keep(left)?;
                }
            }
        } else {
            let cost = Cost::of(entry);
            let events = followed.then(|| Before::default().changes(entry, transition.cause()));
            if let Some(events) = events {
                self.entries.tell(events);
            }
            self.entries.insert(key)?;
            // Behind the insertion: an atomic step waits for the writes before it.
            self.ledger.charge(&cost);
            if stored.is_some() {
                self.forget_remnant()?;
            }
        }
        if lost {
            self.entries.count_evicted(Evicted::Evidence);
        }
        drop(turn);
        Ok(answer)
    }

    fn expire(&mut self, key: E::Key, swept: &mut Swept) -> Result<(), E::Error> {
        let before = self.before(key)?;
        let (ledger, cx) = (self.ledger, self.cx);
        let after = self.entries.change(key, |entry| {
            let old = Cost::of(entry);
            let (addresses, record) = (entry.address_count(), entry.has_record());
            entry.expire(cx);
            let gone = addresses.saturating_sub(entry.address_count());
            swept.addresses = swept.addresses.saturating_add(gone);
            let scrapped = record && !entry.has_record();
            swept.records = swept.records.saturating_add(usize::from(scrapped));
            let events = before.map(|before| before.changes(entry, Cause::Expiry));
            let cost = Cost::of(entry);
            ledger.charge(&cost);
            ledger.release(&old);
            After { old, cost, is_empty: entry.is_empty(), events, lost: false }
        })?;
        swept.peers = swept.peers.saturating_add(usize::from(after.is_empty));
        self.follow(key, after)
    }

    /// What follows from a change: events, what is left of an entry that is empty, and the share of
    /// the group that pays for it now.
    fn follow(&mut self, key: E::Key, after: After) -> Result<(), E::Error> {
        let After { old, cost, is_empty, events, lost } = after;
        if let Some(events) = events {
            self.entries.tell(events);
        }
        if lost {
            self.entries.count_evicted(Evicted::Evidence);
        }
        if is_empty {
            self.ledger.release(&cost);
            let rest = self.entries.read(key, PeerEntry::remnant)?;
            self.entries.remove(key)?;
            if let Some(rest) = rest {
                self.keep(rest)?;
            }
        } else if old.owner() == EXEMPT && cost.owner() != EXEMPT {
            self.hold_to_share(&cost)?;
        }
        Ok(())
    }

    /// A peer that was dialed is charged to no group; now that it is, the group may hold too much. It
    /// gives what came to it, and no more.
    fn hold_to_share(&mut self, moved: &Cost) -> Result<(), E::Error> {
        let (group, limits) = (moved.owner(), self.cx.limits);
        let mut freed = Freed::default();
        while self.ledger.is_over_share(group, limits) && !freed.covers(moved, limits) {
            let choice = Choice {
                among: Among::Group(group),
                with_record: false,
                up_to: TrustClass::User,
                except: &[],
                limits,
            };
            match self.entries.victim(&choice)? {
                Some(victim) => freed.add(self.evict(victim)?),
                None => break,
            }
        }
        Ok(())
    }

    /// Room for `need`, and the turn to use it.
    fn wait_for_room(
        &mut self,
        need: Option<&Need>,
        place: Place<E::Key>,
    ) -> Result<Result<Option<Turn<'a>>, Room>, E::Error> {
        let Some(need) = need else { return Ok(Ok(None)) };
        let turn = self.ledger.turn(need, place.cost(), self.cx.limits);
        // Far from every limit there is room.
        if turn.is_some()
            && let Err(room) = self.make_room(need, place)?
        {
            return Ok(Err(room));
        }
        Ok(Ok(turn))
    }

    /// Makes room for `need`: what has ended goes first, then what is no better (S11).
    fn make_room(
        &mut self,
        need: &Need,
        place: Place<E::Key>,
    ) -> Result<Result<(), Room>, E::Error> {
        let (limits, cost) = (self.cx.limits, place.cost());
        let existing = place.key();
        let mut freed = Freed::default();
        while self.ledger.lacks(need, cost, &freed, limits).is_some() {
            let Some(ended) = self.entries.ended(existing)? else { break };
            self.expire(ended, &mut Swept::default())?;
        }
        // Nobody goes for what does not fit in the end: they are chosen first, and go together.
        let mut spared: Vec<E::Key> = existing.into_iter().collect();
        let chosen = spared.len();
        while let Some(lack) = self.ledger.lacks(need, cost, &freed, limits) {
            if Ledger::never_fits(need, cost, limits) {
                return Ok(Err(lack.room));
            }
            let choice = Choice {
                among: lack.among,
                with_record: lack.room == Room::Records,
                up_to: need.class,
                except: &spared,
                limits,
            };
            let Some(victim) = self.entries.victim(&choice)? else { return Ok(Err(lack.room)) };
            freed.add(self.entries.read(victim, Cost::of)?);
            spared.push(victim);
        }
        for victim in spared.into_iter().skip(chosen) {
            self.evict(victim)?;
        }
        Ok(Ok(()))
    }

    /// Removes an entry for another, and returns what it cost. Its floor stays (S3).
    fn evict(&mut self, key: E::Key) -> Result<Cost, E::Error> {
        let before = self.before(key)?;
        let (cost, rest, events) = self.entries.read(key, |entry| {
            tracing::debug!(peer = %entry.peer_id(), class = ?entry.class(), "evicted");
            let rest = entry.leave(self.cx);
            let gone = PeerEntry::new(entry.peer_id(), None);
            let events = before.map(|before| before.changes(&gone, Cause::Eviction));
            (Cost::of(entry), rest, events)
        })?;
        if let Some(events) = events {
            self.entries.tell(events);
        }
        self.ledger.release(&cost);
        self.entries.count_evicted(Evicted::Peer);
        self.entries.remove(key)?;
        if let Some(rest) = rest {
            self.keep(rest)?;
        }
        Ok(cost)
    }

    /// Keeps what is left of a peer, in the place of another where there is no room, or not at all
    /// where all others are better.
    fn keep(&mut self, mut rest: Remnant) -> Result<(), E::Error> {
        rest.expire(self.cx.at);
        if rest.is_empty() {
            return Ok(());
        }
        let limits = self.cx.limits;
        if let Some(among) = self.ledger.floor_lacks(rest.group(), limits) {
            let choice = FloorChoice { among, newcomer: rest.rank(), limits };
            self.entries.count_evicted(Evicted::Floor);
            match self.entries.evict_remnant(&choice)? {
                Some(gone) => self.ledger.release(&Cost::of_floor(&gone)),
                None => return Ok(()),
            }
        }
        self.ledger.charge(&Cost::of_floor(&rest));
        self.entries.keep(rest)
    }

    fn forget_remnant(&mut self) -> Result<(), E::Error> {
        if let Some(gone) = self.entries.take_remnant()? {
            self.ledger.release(&Cost::of_floor(&gone));
        }
        Ok(())
    }

    /// What the entry holds, where subscribers want to know what changes.
    fn before(&mut self, key: E::Key) -> Result<Option<Before>, E::Error> {
        let is_followed = self.entries.is_followed(key);
        is_followed.then(|| self.entries.read(key, Before::of)).transpose()
    }
}

/// For what room is made.
#[derive(Clone, Copy)]
enum Place<K> {
    /// An entry that is there.
    Of(K),
    /// A new one, and what it costs before anything is added.
    New(u64),
}

impl<K: Copy> Place<K> {
    const fn key(self) -> Option<K> {
        match self {
            Self::Of(key) => Some(key),
            Self::New(_) => None,
        }
    }

    const fn cost(self) -> Option<u64> {
        match self {
            Self::Of(_) => None,
            Self::New(cost) => Some(cost),
        }
    }
}

/// What a change did to an entry.
struct After {
    old: Cost,
    cost: Cost,
    is_empty: bool,
    events: Option<Vec<Event>>,
    /// Whether there was no room for the proof of a contradiction.
    lost: bool,
}

/// Runs a transition; without room for the proof of a contradiction that it found, the proof goes, and
/// it is `lost`.
#[inline]
fn run<T: Transition>(
    entry: &mut PeerEntry,
    transition: &T,
    plan: T::Plan,
    (ledger, cx): (&Ledger, &Context<'_>),
    lost: &mut bool,
) -> T::Answer {
    let had_evidence = entry.has_evidence();
    let answer = transition.run(entry, plan, cx);
    *lost = !had_evidence
        && entry.has_evidence()
        && !ledger.has_room_for_evidence(Cost::of(entry).owner(), cx.limits);
    if *lost {
        entry.drop_evidence();
    }
    answer
}
