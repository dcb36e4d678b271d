//! When something of an entry ends (S4, S6, S7), and what it leaves (S3).

use peermark_provenance::{Seq, Timestamp};

use super::{Content, Marks, Packed, PeerEntry, Remnant, StoredFloor};
use crate::clock::Moment;
use crate::context::Context;
use crate::limits::Limits;

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

    /// What of it outlives its addresses: what an engine keeps of a peer whose entry is
    /// [empty](Self::is_empty) or has to go.
    #[must_use]
    pub fn remnant(&self) -> Option<Remnant> {
        let mut rest = match &self.extra {
            Some(extra) => extra.rest.clone(),
            None if self.record.is_some() => Remnant::new(self.peer_id(), self.group),
            None => return None,
        };
        rest.group = self.group;
        if self.record.is_some() {
            self.leave_record(&mut rest, Marks::NONE);
        }
        Some(rest).filter(|rest| !rest.is_empty())
    }

    /// Leaves the floor of the record in `rest`, with these marks beside those it has, and the record
    /// itself as a proof where it is one.
    fn leave_record(&self, rest: &mut Remnant, marks: Marks) {
        let envelope = self.record.envelope();
        let record = peermark_peer_record::StoredRecord::dangerous_assume_verified(envelope);
        debug_assert!(record.is_ok(), "the envelope of a record that was verified");
        rest.floor = record.ok().map(|record| {
            Box::new(StoredFloor {
                seq: self.seq,
                content: Content::of(&record, self.said),
                life: self.life(),
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
    pub(crate) fn scrap_record(&mut self, marks: Marks) {
        self.extra_mut();
        if let Some(mut extra) = self.extra.take() {
            self.leave_record(&mut extra.rest, marks);
            self.extra = Some(extra);
        }
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
            self.scrap_record(Marks::NONE);
            if let Some(extra) = &mut self.extra {
                extra.rest.expire(cx.at);
            }
        } else {
            self.tidy();
        }
    }
}
