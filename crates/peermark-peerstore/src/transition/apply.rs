//! A source delivers a certified record (S1 to S5, S16).

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_provenance::{Source, SourceKind, SourceKinds, Timestamp};

use super::record::{self, Arrival, nothing_moved};
use super::{Brought, Need, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::{Life, Marks, PeerEntry};
use crate::event::Cause;
use crate::limits::{nanos, whole_secs};
use crate::outcome::{Applied, Outcome, Refusal, Room};

/// How a record was delivered.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark_peerstore::Delivery;
/// use peermark_provenance::Source;
///
/// let hour = Duration::from_secs(3600);
/// // Another peer's list says that it met the peer ten minutes ago.
/// let delivery = Delivery::new(Source::PEER_EXCHANGE, hour).met(hour / 6);
/// # assert_eq!(delivery.age, Some(hour / 6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The source.
    pub source: Source,
    /// How long the record is to live.
    pub ttl: Duration,
    /// How long ago the deliverer, or the one that told it, was in contact with the peer, where that is
    /// said (S4).
    pub age: Option<Duration>,
}

impl Delivery {
    /// By this source, to live for `ttl`.
    #[must_use]
    pub const fn new(source: Source, ttl: Duration) -> Self {
        Self { source, ttl, age: None }
    }

    /// With the age of the last contact.
    #[must_use]
    pub const fn met(self, age: Duration) -> Self {
        Self { age: Some(age), ..self }
    }

    /// What it offers a record of the peer that is told by `is_of` (S4): the numbers, and when the peer
    /// itself said it.
    #[inline(always)]
    fn offer(
        &self,
        is_of: impl FnOnce(&PeerId) -> bool,
        cx: &Context<'_>,
    ) -> Result<(Life, u64), Refusal> {
        let kind = self.source.kind();
        let itself = kind == SourceKind::Identify && self.source.reporter().is_some_and(is_of);
        if kind == SourceKind::Identify && !itself {
            return Err(Refusal::NotItself);
        }
        let ttl = nanos(self.ttl).min(nanos(cx.limits.ttl));
        if ttl == 0 {
            return Err(Refusal::NoTime);
        }
        let age = self.age.filter(|_| !itself && !kind.is_user());
        let left = age.map_or(ttl, |age| ttl.min(nanos(cx.limits.record_age.saturating_sub(age))));
        if left == 0 {
            return Err(Refusal::Expired);
        }
        let end = Timestamp::from_nanos(cx.now().as_nanos().saturating_add(left));
        // At the end of time, or where nothing may become older than nothing.
        if end <= cx.now() || cx.limits.record_age.is_zero() {
            return Err(Refusal::NoTime);
        }
        let now = cx.at.aging_secs_begun();
        let contact = if kind.is_user() {
            self.contact_of_user(now, cx)
        } else if itself {
            now
        } else {
            0
        };
        let life = Life {
            end,
            first: now,
            contact,
            claimed: age.map_or(0, |age| cx.at.aging_before(age)),
            last: now,
            floor: now.saturating_add(whole_secs(cx.limits.floor_life)),
        };
        Ok((life, if itself { cx.at.aging } else { 0 }))
    }

    /// Its time to live alone bounds what the user delivers: as if the contact were later.
    #[cold]
    fn contact_of_user(&self, now: u32, cx: &Context<'_>) -> u32 {
        let beyond = cx.clamp(self.ttl).saturating_sub(cx.limits.record_age);
        now.saturating_add(whole_secs(beyond))
    }

    fn group(&self, cx: &Context<'_>) -> u16 {
        if self.source.kind().is_user() { EXEMPT } else { cx.group(&self.source) }
    }
}

/// Applies a certified record.
#[derive(Clone, Copy, Debug)]
pub struct ApplyRecord<'a> {
    record: &'a CertifiedRecord,
    delivery: &'a Delivery,
}

/// What becomes of a record, decided before anything is changed.
#[derive(Debug)]
pub struct Plan(Result<(Offer, record::Plan), Refusal>);

/// What a delivery offers: the numbers, when the peer itself said it, and the group that is charged.
type Offer = (Life, u64, u16);

impl<'a> ApplyRecord<'a> {
    /// The record, and how it was delivered.
    #[must_use]
    pub const fn new(record: &'a CertifiedRecord, delivery: &'a Delivery) -> Self {
        Self { record, delivery }
    }

    fn arrival(&self, (life, said, group): Offer) -> Arrival<'a, CertifiedRecord> {
        let source = &self.delivery.source;
        Arrival {
            record: self.record,
            life,
            said,
            kinds: SourceKinds::from(source.kind()),
            is_contact: life.contact > 0,
            is_joined: false,
            is_known: false,
            is_told: true,
            group,
        }
    }

    fn refused(&self, reason: Refusal) -> Applied {
        let (peer, seq) = (self.record.peer_id(), self.record.seq());
        nothing_moved(peer, seq, Outcome::Refused { reason })
    }
}

impl Transition for ApplyRecord<'_> {
    type Answer = Applied;
    type Plan = Plan;

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, Plan) {
        match self.delivery.offer(|peer| self.record.peer_id() == *peer, cx) {
            Ok((life, said)) => {
                let offer = (life, said, self.delivery.group(cx));
                let (need, plan) = self.arrival(offer).plan(entry, cx);
                (need, Plan(Ok((offer, plan))))
            }
            Err(reason) => (None, Plan(Err(reason))),
        }
    }

    fn run(&self, entry: &mut PeerEntry, plan: Plan, cx: &Context<'_>) -> Applied {
        match plan.0 {
            Ok((offer, plan)) => self.arrival(offer).run(entry, &plan, cx),
            Err(reason) => self.refused(reason),
        }
    }

    fn refuse(&self, room: Room) -> Applied {
        self.refused(Refusal::NoRoom(room))
    }

    fn cause(&self) -> Cause {
        Cause::Record
    }

    fn brings(&self) -> Brought<'_> {
        Brought::new([Some(self.record), None])
    }
}

/// Delivers a record that is held already, byte for byte, without verifying it again: nearly all of
/// what gossip brings. Answers `None` where it is not held, or where it takes more to tell.
#[derive(Clone, Copy, Debug)]
pub struct Repeat<'a> {
    peer: &'a PeerId,
    envelope: &'a [u8],
    delivery: &'a Delivery,
}

impl<'a> Repeat<'a> {
    /// The canonical envelope of this peer, and how it was delivered.
    #[must_use]
    pub const fn new(peer: &'a PeerId, envelope: &'a [u8], delivery: &'a Delivery) -> Self {
        Self { peer, envelope, delivery }
    }

    /// Takes the delivery in, where the entry is the peer's. It may hold what has ended.
    #[inline(always)]
    pub fn take(&self, entry: &mut PeerEntry, cx: &Context<'_>) -> Option<Applied> {
        if entry.record.envelope() != self.envelope || self.envelope.is_empty() {
            return None;
        }
        let before = entry.life();
        let ended = before.ends(cx.at, cx.limits);
        let held = entry.is_record_held();
        if !held && ended <= cx.now() {
            return None;
        }
        let kind = self.delivery.source.kind();
        let (life, said) = self.delivery.offer(|peer| self.peer == peer, cx).ok()?;
        // What changes the class, what a connection holds or which addresses there are is not for here.
        let brings_back = life.contact > 0 && entry.marks.has(Marks::REMOVED);
        let is_plain =
            !kind.is_user() && !brings_back && (said == 0 || held || !entry.is_connected());
        if !is_plain {
            return None;
        }
        let after = before.join(life);
        let ends = after.ends(cx.at, cx.limits);
        // Claimed contacts that count can bring the end nearer.
        if !held && ends < ended {
            return None;
        }
        let extended = !held && ends > ended;
        entry.set_life(after);
        entry.said = entry.said.max(said);
        let mut marks = entry.marks.with(Marks::of_kinds(kind.into()));
        if said > 0 {
            marks = marks.with(Marks::ITSELF);
        }
        if let Some(extra) = entry.extra.as_mut().filter(|extra| extra.connected) {
            extra.record_ttl = extra.record_ttl.max(life.end.saturating_since(cx.now()));
        }
        if !marks.has(Marks::KNOWN) && entry.group != EXEMPT {
            let group = self.delivery.group(cx);
            marks = marks.with_if(group != entry.group, Marks::KNOWN);
        }
        entry.marks = marks;
        Some(nothing_moved(*self.peer, entry.seq, Outcome::Refreshed { extended }))
    }

    /// Whether an engine that puts off writing repeats has to write this one, which made `entry` of
    /// what was `stored`: its end or its contact moved by a twentieth of the time to live that is
    /// offered, its floor by a twentieth of the life of floors, or something beside the numbers is new.
    #[must_use]
    pub fn has_moved(&self, stored: &PeerEntry, entry: &PeerEntry, cx: &Context<'_>) -> bool {
        let part = |whole: Duration| whole.checked_div(20).unwrap_or_default();
        let ttl = part(cx.clamp(self.delivery.ttl));
        let secs = |from: u32, to: u32| Duration::from_secs(to.saturating_sub(from).into());
        let (from, to) = (stored.life(), entry.life());
        let held_for = |entry: &PeerEntry| entry.extra.as_ref().map(|extra| extra.record_ttl);
        stored.marks != entry.marks
            || held_for(stored) != held_for(entry)
            || to.end.saturating_since(from.end) >= ttl.max(Duration::from_nanos(1))
            || secs(from.contact, to.contact) >= ttl.max(Duration::from_secs(1))
            || secs(from.floor, to.floor) >= part(cx.limits.floor_life).max(Duration::from_secs(1))
    }
}

impl Transition for Repeat<'_> {
    type Answer = Option<Applied>;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> Option<Applied> {
        self.take(entry, cx)
    }

    fn refuse(&self, _: Room) -> Option<Applied> {
        None
    }

    fn cause(&self) -> Cause {
        Cause::Record
    }
}
