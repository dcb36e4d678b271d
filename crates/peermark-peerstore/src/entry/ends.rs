//! When something of an entry ends (S4, S6, S7), and what it leaves (S3).

use peermark_provenance::{Seq, Timestamp};

use super::{Content, Life, Marks, Packed, PeerEntry, Remnant, StoredFloor};
use crate::clock::Moment;
use crate::context::Context;
use crate::limits::{Limits, whole_secs};

impl PeerEntry {
    /// Whether a connection keeps the record from ending (S7).
    pub(crate) fn is_record_held(&self) -> bool {
        self.record.is_some() && self.marks.has(Marks::ITSELF) && self.is_connected()
    }

    /// Whether a record is held that has not ended.
    pub(crate) fn has_live_record(&self, at: Moment, limits: &Limits) -> bool {
        self.record.is_some() && (self.life().is_alive(at, limits) || self.is_record_held())
    }

    /// When the record ends, in store time, as far as that is known; `None` without a record, or
    /// while a connection holds it.
    pub(crate) fn record_ends(&self, at: Moment, limits: &Limits) -> Option<Timestamp> {
        let ends = self.record.is_some() && !self.is_record_held();
        ends.then(|| self.life().ends(at, limits))
    }

    /// The numbers of the record, as if the peer disconnected now where a connection holds it: that
    /// counts as a contact (S4, S7).
    pub(crate) fn life_now(&self, at: Moment, limits: &Limits) -> Life {
        let mut life = self.life();
        if self.is_record_held() {
            let ttl = self.extra.as_ref().map(|extra| extra.record_ttl).unwrap_or_default();
            let now = at.aging_secs_begun();
            life.end = life.end.max(at.now.saturating_add(ttl));
            life.contact = life.contact.max(now);
            life.floor = life.floor.max(now.saturating_add(whole_secs(limits.floor_life)));
        }
        life
    }

    /// What is left of a peer whose entry is [empty](Self::is_empty): what an engine keeps of it.
    #[must_use]
    pub fn remnant(&self) -> Option<Remnant> {
        let rest = Remnant { group: self.group, ..self.extra.as_ref()?.rest.clone() };
        Some(rest).filter(|rest| !rest.is_empty())
    }

    /// What is left of a peer whose entry has to go for another.
    pub(crate) fn leave(&self, cx: &Context<'_>) -> Option<Remnant> {
        let mut rest = match &self.extra {
            Some(extra) => extra.rest.clone(),
            None if self.record.is_some() => Remnant::new(self.peer_id(), self.group),
            None => return None,
        };
        rest.group = self.group;
        if self.record.is_some() {
            self.leave_record(&mut rest, Marks::NONE, self.life_left(cx));
        }
        Some(rest).filter(|rest| !rest.is_empty())
    }

    /// The numbers of the floor that the record leaves now: it lasts at least as long as the record might
    /// have.
    fn life_left(&self, cx: &Context<'_>) -> Life {
        self.life_now(cx.at, cx.limits).lasting(cx.at, cx.limits)
    }

    /// Leaves the floor of the record in `rest`, with these marks beside those it has, and the record
    /// itself as a proof where it is one.
    fn leave_record(&self, rest: &mut Remnant, marks: Marks, life: Life) {
        let envelope = self.record.envelope();
        let record = peermark_peer_record::StoredRecord::dangerous_assume_verified(envelope);
        debug_assert!(record.is_ok(), "the envelope of a record that was verified");
        rest.floor = record.ok().map(|record| {
            Box::new(StoredFloor {
                seq: self.seq,
                content: Content::of(&record, self.said),
                life,
                marks: self.marks.without(Marks::ITSELF).with(marks),
            })
        });
        if let Some(evidence) = &mut rest.evidence {
            evidence.held = envelope.into();
        }
    }

    /// When something of it ends next, in store time, as seen at this moment. Time may show that it
    /// has not ended yet: then it is due later.
    #[inline]
    #[must_use]
    pub fn due(&self, cx: &Context<'_>) -> Option<Timestamp> {
        let record = self.record_ends(cx.at, cx.limits);
        if self.extra.is_none() {
            return record;
        }
        let connected = self.is_connected();
        let claims = self.reported().iter().flat_map(|address| &address.claims);
        claims.filter_map(|claim| claim.due(connected)).chain(record).min()
    }

    /// Drops the record and leaves its floor (S3, S5), with these marks beside those it has.
    pub(crate) fn scrap_record(&mut self, marks: Marks, cx: &Context<'_>) {
        self.scrap_record_as(marks, self.life_left(cx));
    }

    /// As [`Self::scrap_record`]. The floor has these numbers.
    pub(crate) fn scrap_record_as(&mut self, marks: Marks, life: Life) {
        let mut rest = self.extra_mut().rest.clone();
        self.leave_record(&mut rest, marks, life);
        self.extra_mut().rest = rest;
        self.record = Packed::default();
        self.forget_record();
        self.tidy();
    }

    /// Forgets the numbers of a record that is not held any more: equal entries are equal.
    pub(crate) const fn forget_record(&mut self) {
        (self.seq, self.said, self.marks) = (Seq::new(0), 0, Marks::NONE);
        (self.end, self.first, self.contact) = (Timestamp::EPOCH, 0, 0);
        (self.claimed, self.last, self.floor) = (0, 0, 0);
    }

    /// Removes what has ended at the moment of `cx` (S6).
    pub fn expire(&mut self, cx: &Context<'_>) {
        let (now, connected) = (cx.now(), self.is_connected());
        if let Some(extra) = &mut self.extra {
            for address in &mut extra.addresses {
                address.expire(now, connected);
            }
            extra.rest.expire(cx.at);
        }
        if self.record.is_some() && !self.has_live_record(cx.at, cx.limits) {
            self.scrap_record(Marks::NONE, cx);
            if let Some(extra) = &mut self.extra {
                extra.rest.expire(cx.at);
            }
        } else {
            self.tidy();
        }
    }
}
