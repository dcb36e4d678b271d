//! A certified record meets what is held (S1 to S5): the rules, for every way in which one arrives.
//!
//! A delivery, a repeat and a join differ in the numbers that they offer and in who vouches for them.
//! The outcome is decided here, for the record and for what was held.

mod contents;
mod install;
mod meet;

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_provenance::{Seq, SourceKinds, TrustClass};

use self::install::{install, kept};
use super::Need;
use crate::context::{Context, EXEMPT};
use crate::entry::{
    Content, Extra, Life, Marks, PeerEntry, Signed, StoredFloor, cost_of_evidence, cost_of_record,
};
use crate::outcome::{Applied, Outcome, Refusal, Room};

/// A record that arrives, and what is said about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a, R> {
    pub(super) record: &'a R,
    /// The numbers that it offers.
    pub(super) life: Life,
    /// When the peer itself said it over a contact, in nanoseconds of aging; 0 for never.
    pub(super) said: u64,
    /// The sources that delivered it.
    pub(super) kinds: SourceKinds,
    /// Whether the peer itself or the user delivers it now: that brings back what ended or was
    /// removed.
    pub(super) is_contact: bool,
    /// Whether another store's numbers are joined in, those of a record that ended too.
    pub(super) is_joined: bool,
    /// Whether the peer is known from more than this arrival.
    pub(super) is_known: bool,
    /// Whether its source tells it on its own word, and no echo of what one's own stores were told.
    pub(super) is_told: bool,
    /// The budget of its source.
    pub(super) group: u16,
}

/// What a record changes, decided before anything is changed.
#[derive(Debug)]
pub(super) struct Plan(Decision);

#[derive(Debug)]
enum Decision {
    /// It is older than what is held.
    Stale { held: Seq },
    /// Nothing changes.
    Refuse(Refusal),
    /// It is refused, and the end that it offers counts all the same (S4).
    Offer(Refusal),
    /// It is the first, or newer than what is held.
    Accept { from: Option<Seq> },
    /// It has the sequence number of what was accepted: the contents are put in order (S2).
    Same,
}

impl<R: Signed> Arrival<'_, R> {
    /// Decides, and says what storing the result would take.
    pub(super) fn plan(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, Plan) {
        let count = self.count(entry.extra.as_deref(), cx);
        let decision = self.decide(entry, count, cx);
        let need = match decision {
            Decision::Stale { .. } | Decision::Refuse(_) | Decision::Offer(_) => None,
            Decision::Same if !self.may_grow(entry, cx) => None,
            Decision::Accept { .. } | Decision::Same => {
                Some(self.need(entry, matches!(decision, Decision::Same), cx))
            }
        };
        // Of a withdrawal nothing is stored but that it contradicts another.
        let is_kept = self.record.addresses().len() > 0
            || (matches!(decision, Decision::Same) && (entry.has_record() || entry.has_evidence()));
        (need.filter(|_| is_kept), Plan(decision))
    }

    fn decide(&self, entry: &PeerEntry, count: usize, cx: &Context<'_>) -> Decision {
        let seq = self.record.seq();
        let outside = entry.extra.as_ref().and_then(|extra| extra.rest.outside.as_deref());
        let outside = outside.filter(|outside| outside.lasts(cx.at) && !self.is_contact);
        let held = Held::of(entry, cx);
        if let Some(outside) = outside
            && seq < outside.seq
            && held.as_ref().is_none_or(|held| seq > held.seq)
        {
            return Decision::Stale { held: outside.seq };
        }
        let Some(held) = held else {
            return self.fits(count, Decision::Accept { from: None });
        };
        if seq > held.seq {
            let live = entry.has_live_record(cx.at, cx.limits);
            return self.fits(count, Decision::Accept { from: live.then_some(held.seq) });
        }
        if seq < held.seq {
            return Decision::Stale { held: held.seq };
        }
        if !self.is_contact {
            let life = held.life.join(Life { floor: 0, last: 0, ..self.life });
            if !entry.is_record_held() && !life.is_alive(cx.at, cx.limits) {
                return Decision::Offer(Refusal::Expired);
            }
            if held.marks.has(Marks::REMOVED) && !entry.has_record() {
                return Decision::Offer(Refusal::Removed);
            }
        }
        if entry.has_record() { Decision::Same } else { self.fits(count, Decision::Same) }
    }

    /// Whether there is an address for which the peer's better ones leave room (S11).
    fn fits(&self, count: usize, decision: Decision) -> Decision {
        if count == 0 && self.record.addresses().len() > 0 {
            return Decision::Refuse(Refusal::NoRoom(Room::Addresses));
        }
        decision
    }

    /// Whether a record of the sequence number that is held can make the entry larger.
    fn may_grow(&self, entry: &PeerEntry, cx: &Context<'_>) -> bool {
        !entry.has_record()
            || entry.record.payload() != self.record.payload()
            || (self.is_contact && entry.record.len() < self.count(entry.extra.as_deref(), cx))
            || entry.record.envelope().len() < self.record.envelope().len()
    }

    fn need(&self, entry: &PeerEntry, is_same: bool, cx: &Context<'_>) -> Need {
        let addresses = self.record.addresses().len().min(cx.limits.addresses_per_peer);
        let len = self.record.envelope().len();
        // Of a contradiction, what arrives may bring back what was held.
        let kept = entry.extra.as_ref().and_then(|extra| extra.rest.evidence.as_deref());
        let (len, addresses) = match kept.filter(|_| is_same && !entry.has_record()) {
            Some(kept) => (len.max(kept.envelopes()), cx.limits.addresses_per_peer),
            None => (len, addresses),
        };
        let packed = len.saturating_add(addresses.saturating_mul(5));
        let held = cost_of_record(entry.record.stored_len());
        let mut bytes = cost_of_record(packed).saturating_sub(held);
        let is_other =
            is_same && (!entry.has_record() || entry.record.payload() != self.record.payload());
        if is_other {
            let both = len.saturating_add(entry.record.envelope().len());
            bytes =
                bytes.saturating_add(cost_of_evidence(both)).saturating_add(entry.beside_to_make());
        }
        let class = if self.kinds.has_user() { TrustClass::User } else { TrustClass::Certified };
        let group = if class >= TrustClass::Dialed || entry.is_exempt() {
            EXEMPT
        } else if entry.is_empty() {
            self.group
        } else {
            entry.group
        };
        Need { record: !entry.has_record(), bytes, class, group }
    }

    /// How many addresses are [kept](Self::kept).
    fn count(&self, extra: Option<&Extra>, cx: &Context<'_>) -> usize {
        match extra {
            None => self.record.addresses().len().min(cx.limits.addresses_per_peer),
            Some(_) => kept(self.record, extra, cx).count(),
        }
    }

    /// Does what was decided.
    pub(super) fn run(&self, entry: &mut PeerEntry, plan: &Plan, cx: &Context<'_>) -> Applied {
        match plan.0 {
            Decision::Stale { held } => {
                self.note_stale(entry, cx);
                self.answer(Outcome::Stale { held })
            }
            Decision::Refuse(reason) => self.answer(Outcome::Refused { reason }),
            Decision::Offer(reason) => {
                let (offered, joins) = (self.life, self.is_joined);
                change_life(
                    entry,
                    |life| if joins { life.join(offered) } else { life.offer(offered) },
                );
                self.answer(Outcome::Refused { reason })
            }
            Decision::Accept { from } => self.accept(entry, from, cx),
            Decision::Same => self.meet(entry, cx),
        }
    }

    /// Who tells of a peer, or is in contact with it, is known to have been, be the record an old one: it
    /// decides which floors go first (S3).
    fn note_stale(&self, entry: &mut PeerEntry, cx: &Context<'_>) {
        // A peer that was in contact or had an address is not unknown, whichever came first.
        if (self.life.contact > 0 || self.record.addresses().len() > 0)
            && let Some(floor) = entry.extra.as_mut().and_then(|extra| extra.rest.floor.as_mut())
            && floor.marks.has(Marks::LOWEST)
        {
            floor.marks = floor.marks.without(Marks::LOWEST);
            let life = crate::limits::whole_secs(cx.limits.floor_life);
            floor.life.floor = floor.life.floor.max(floor.life.last.saturating_add(life));
        }
        // A connection holds what is higher than the peer said itself, whichever came first.
        if self.said > 0 {
            if entry.has_record() {
                entry.marks = entry.marks.with(Marks::ITSELF);
            } else if let Some(floor) =
                entry.extra.as_mut().and_then(|extra| extra.rest.floor.as_mut())
                && floor.content.addresses == 0
            {
                floor.marks = floor.marks.with(Marks::ITSELF);
            }
        }
        let is_other = entry.group != EXEMPT && entry.group != self.group;
        if self.life.contact == 0 && !self.is_known && !(self.is_told && is_other) {
            return;
        }
        if entry.has_record() {
            entry.marks = entry.marks.with(Marks::KNOWN);
        } else if let Some(floor) = entry.extra.as_mut().and_then(|extra| extra.rest.floor.as_mut())
        {
            floor.marks = floor.marks.with(Marks::KNOWN);
        }
    }

    /// It is newer than all that was accepted.
    fn accept(&self, entry: &mut PeerEntry, from: Option<Seq>, cx: &Context<'_>) -> Applied {
        let record = self.record;
        let held = Held::of(entry, cx);
        // A connection holds the record that the peer delivered, and a higher one that replaces it,
        // whether it connected before or connects now.
        let was_itself = held.as_ref().is_some_and(|held| held.marks.has(Marks::ITSELF));
        let itself = self.said > 0 || was_itself;
        let was_told = !entry.is_empty() || held.is_some();
        let is_other_group =
            self.is_told && was_told && entry.group != EXEMPT && entry.group != self.group;
        let was_known = held.as_ref().is_some_and(Held::is_known);
        if entry.is_empty() || entry.group == EXEMPT {
            entry.group = self.group;
        }
        let mut marks = Marks::of_kinds(self.kinds)
            .with_if(itself, Marks::ITSELF)
            .with_if(was_known || is_other_group || self.is_known, Marks::KNOWN);
        let mut life = self.life;
        let is_unknown = held.as_ref().is_none_or(|held| held.marks.has(Marks::LOWEST));
        if record.addresses().len() == 0 && is_unknown && life.contact == 0 {
            life.floor = life.floor.min(empty_floor_until(cx));
            marks = marks.with(Marks::LOWEST);
        }
        if let Some(extra) = &mut entry.extra {
            extra.rest.evidence = None;
            extra.record_ttl = if extra.connected { self.left(cx) } else { Duration::ZERO };
            // What the peer itself says, or what is as high, makes a floor from outside moot.
            let is_moot = |seq| self.is_contact || record.seq() >= seq;
            if extra.rest.outside.as_ref().is_some_and(|outside| is_moot(outside.seq)) {
                extra.rest.outside = None;
            }
        }
        let counts = install(entry, record, cx);
        let content = || Content::of(record, self.said);
        self.settle(entry, (self.said, content), life, marks);
        let evicted = if entry.has_record() { entry.shrink_to(cx) } else { 0 };
        let outcome = from.map_or(Outcome::Inserted, |from| Outcome::Replaced { from });
        counts.applied(self.answer(outcome), evicted)
    }

    /// Gives what was installed its numbers: the record, or the floor of one without addresses.
    fn settle(
        &self,
        entry: &mut PeerEntry,
        (said, content): (u64, impl FnOnce() -> Content),
        life: Life,
        marks: Marks,
    ) {
        let seq = self.record.seq();
        if entry.has_record() {
            (entry.seq, entry.marks) = (seq, marks);
            entry.set_life(life);
            entry.said = said;
            if let Some(extra) = &mut entry.extra {
                extra.rest.floor = None;
            }
        } else {
            // Of a withdrawal: the higher record that comes next is held by a connection.
            let floor = StoredFloor { seq, content: content(), life, marks };
            entry.extra_from(self.record.peer()).rest.floor = Some(Box::new(floor));
            entry.forget_record();
        }
        entry.tidy();
    }

    /// How long the delivery lets it live: what starts to run when the peer disconnects.
    pub(super) fn left(&self, cx: &Context<'_>) -> Duration {
        self.life.end.saturating_since(cx.now())
    }

    pub(super) fn answer(&self, outcome: Outcome) -> Applied {
        nothing_moved(self.record.peer(), self.record.seq(), outcome)
    }
}

/// What was accepted last, as far as it counts.
struct Held {
    seq: Seq,
    life: Life,
    marks: Marks,
}

impl Held {
    /// Whether more than one group told of the peer, or it was in contact.
    fn is_known(&self) -> bool {
        self.marks.has(Marks::KNOWN) || self.life.contact > 0
    }

    fn of(entry: &PeerEntry, cx: &Context<'_>) -> Option<Self> {
        if entry.has_record() {
            let life = entry.life();
            let counts = life.has_floor(cx.at) || entry.has_live_record(cx.at, cx.limits);
            return counts.then_some(Self { seq: entry.seq, life, marks: entry.marks });
        }
        let floor = entry.extra.as_ref()?.rest.floor.as_deref()?;
        let counts = floor.life.has_floor(cx.at);
        counts.then_some(Self { seq: floor.seq, life: floor.life, marks: floor.marks })
    }
}

/// Until when the floor of a record without addresses of an unknown peer lasts (S3).
fn empty_floor_until(cx: &Context<'_>) -> u32 {
    let life = crate::limits::whole_secs(cx.limits.empty_floor_life);
    cx.at.aging_secs_begun().saturating_add(life)
}

pub(super) fn life_of(entry: &PeerEntry) -> Life {
    let floor = entry.extra.as_ref().and_then(|extra| extra.rest.floor.as_deref());
    match floor {
        Some(floor) if !entry.has_record() => floor.life,
        _ => entry.life(),
    }
}

fn marks_of(entry: &PeerEntry) -> Marks {
    let floor = entry.extra.as_ref().and_then(|extra| extra.rest.floor.as_deref());
    match floor {
        Some(floor) if !entry.has_record() => floor.marks,
        _ => entry.marks,
    }
}

pub(super) fn change_life(entry: &mut PeerEntry, change: impl FnOnce(Life) -> Life) {
    if entry.has_record() {
        entry.set_life(change(entry.life()));
    } else if let Some(floor) = entry.extra.as_mut().and_then(|extra| extra.rest.floor.as_mut()) {
        floor.life = change(floor.life);
    }
}

pub(super) const fn nothing_moved(peer: PeerId, seq: Seq, outcome: Outcome) -> Applied {
    Applied { peer, seq, outcome, added: 0, withdrawn: 0, dropped: 0, evicted: 0, is_news: false }
}
