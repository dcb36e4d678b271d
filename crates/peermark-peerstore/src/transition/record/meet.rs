//! A record has the sequence number of what was accepted: an order says which is held (S2).

use peermark_peer_record::StoredRecord;
use peermark_provenance::{Address, Timestamp};

use super::contents::{Candidate, Candidates, Place, envelope_at};
use super::install::{Counts, install, kept, withdraw};
use super::{Arrival, change_life, empty_floor_until, life_of, marks_of};
use crate::context::{Context, EXEMPT};
use crate::entry::{Content, Evidence, Marks, PeerEntry, Rival, Signed, is_better_envelope};
use crate::outcome::{Applied, Outcome, PayloadDigest, Refusal};

impl<R: Signed> Arrival<'_, R> {
    /// It has the sequence number of what was accepted (S2).
    pub(super) fn meet(&self, entry: &mut PeerEntry, cx: &Context<'_>) -> Applied {
        let before = entry.record_ends(cx.at, cx.limits);
        let was_held = entry.has_record();
        let new_marks = Marks::of_kinds(self.kinds)
            .with_if(self.said > 0, Marks::ITSELF)
            .with_if(self.is_known, Marks::KNOWN)
            .with_if(
                self.is_told && entry.group != EXEMPT && entry.group != self.group,
                Marks::KNOWN,
            );
        let mut offered = self.life;
        let is_lowest = marks_of(entry).has(Marks::LOWEST)
            && !self.is_contact
            && self.record.addresses().len() == 0;
        if is_lowest {
            offered.floor = offered.floor.min(empty_floor_until(cx));
        }
        change_life(entry, |life| life.join(offered));
        if let Some(extra) = entry.extra.as_mut().filter(|extra| extra.connected) {
            extra.record_ttl = extra.record_ttl.max(self.left(cx));
        }
        if was_held && entry.record.payload() == self.record.payload() {
            return self.repeat_payload(entry, new_marks, before, cx);
        }
        let new = Content::of(self.record, self.said);
        let mut candidates = Candidates::of(entry);
        let (held, rival) = (candidates.at(Place::Held), candidates.at(Place::Rival));
        let is_better = |place| {
            let held = StoredRecord::dangerous_assume_verified(envelope_at(entry, place));
            let new = (self.record.dialect(), self.record.envelope());
            held.is_ok_and(|held| is_better_envelope(new, (held.dialect(), held.as_bytes())))
        };
        candidates.add(new, is_better);
        let candidates = candidates.in_order();
        let Some(first) = candidates.first().copied() else {
            debug_assert!(false, "what arrives is a candidate");
            return self.answer(Outcome::Refused { reason: Refusal::Expired });
        };
        let is_same_set = held.is_none_or(|held| !held.set.differs(new.set));
        let life = life_of(entry);
        let marks = marks_of(entry).with(new_marks);
        let marks = if is_lowest { marks } else { marks.without(Marks::LOWEST) };
        let may_swap = self.is_contact || !marks.has(Marks::REMOVED);
        let to_install = first.place != Place::Held || (!was_held && first.content.addresses > 0);
        let is_installed = to_install && may_swap && self.fits_first(entry, &first, cx);
        let held_now = if is_installed || !to_install { Some(first.content) } else { held };
        // Beside what is held then, be it the first or not. Its envelope is copied before it may go.
        let is_other =
            |other: &&Candidate| held_now.is_some_and(|h| h.set.differs(other.content.set));
        let evidence = candidates.iter().find(is_other).map(|other| self.rival(entry, other));
        let marks = marks.with_if(evidence.is_some() || !is_same_set, Marks::CONTRADICTED);
        let counts = is_installed.then(|| self.install_first(entry, &first, new.digest, cx));
        let counts = match counts {
            Some(counts) => {
                let brought_back = self.is_contact && first.content.digest == new.digest;
                let marks = if brought_back { marks.without(Marks::REMOVED) } else { marks };
                self.settle(entry, (first.content.said, || first.content), life, marks);
                counts
            }
            None => {
                let content = held_now.unwrap_or(new);
                if was_held {
                    (entry.marks, entry.said) = (marks, entry.said.max(content.said));
                } else if let Some(floor) =
                    entry.extra.as_mut().and_then(|extra| extra.rest.floor.as_mut())
                {
                    let is_withdrawal = floor.content.addresses == 0;
                    floor.marks = if is_withdrawal { marks } else { marks.without(Marks::ITSELF) };
                    floor.content.said_at(content.said);
                }
                Counts::default()
            }
        };
        let mut is_news = false;
        let held_digest = held.map(|held| held.digest);
        if evidence.is_some() || rival.is_some() {
            let pair = evidence.as_ref().map(|rival| rival.content.digest);
            is_news = evidence.is_some()
                && (pair != rival.map(|rival| rival.digest)
                    || held_digest != held_now.map(|held| held.digest));
            let is_recorded = entry.has_record();
            let rest = &mut entry.extra_from(self.record.peer()).rest;
            let held = rest.evidence.take().map(|evidence| evidence.held).unwrap_or_default();
            let is_kept = !is_recorded && held_digest == held_now.map(|held| held.digest);
            let held = if is_kept { held } else { Box::default() };
            rest.evidence = evidence.map(|rival| Box::new(Evidence { rival, held }));
        }
        entry.tidy();
        let evicted = if entry.has_record() { entry.shrink_to(cx) } else { 0 };
        let outcome = if is_same_set {
            let ends = entry.record_ends(cx.at, cx.limits);
            let extended = entry.has_record() && (!was_held || later(before, ends));
            Outcome::Refreshed { extended }
        } else {
            let held = held.map_or(new.digest, |held| held.digest);
            let replaced = held_now.is_some_and(|held| held.digest == new.digest);
            Outcome::Contradiction { held, got: new.digest, replaced }
        };
        Applied { is_news, ..counts.applied(self.answer(outcome), evicted) }
    }

    /// The payload that is held: the better of the two envelopes stays.
    fn repeat_payload(
        &self,
        entry: &mut PeerEntry,
        new_marks: Marks,
        before: Option<Timestamp>,
        cx: &Context<'_>,
    ) -> Applied {
        let mut counts = Counts::default();
        let held = StoredRecord::dangerous_assume_verified(entry.record.envelope());
        let better = self.record.envelope() != entry.record.envelope()
            && held.is_ok_and(|held| {
                let new = (self.record.dialect(), self.record.envelope());
                is_better_envelope(new, (held.dialect(), held.as_bytes()))
            });
        let brings_back = self.is_contact && entry.marks.has(Marks::REMOVED);
        if brings_back {
            counts = if better {
                install(entry, self.record, cx)
            } else {
                let envelope: Box<[u8]> = entry.record.envelope().into();
                let held = StoredRecord::dangerous_assume_verified(&envelope);
                held.map(|held| install(entry, &held, cx)).unwrap_or_default()
            };
            counts.dropped = self.record.addresses().len().saturating_sub(counts.kept);
            counts.dropped = counts.dropped.saturating_add(self.record.skipped());
            entry.marks = entry.marks.without(Marks::REMOVED);
        } else if better {
            let held: Vec<Box<[u8]>> =
                entry.record.addresses().map(|address| address.as_bytes().into()).collect();
            let is_held = |address: &Address<'_>| held.iter().any(|a| **a == *address.as_bytes());
            let kept = self.record.addresses().filter(is_held);
            entry.record.set(self.record, kept, held.len());
        }
        entry.said = entry.said.max(self.said);
        entry.marks = entry.marks.with(new_marks);
        let evicted = if brings_back { entry.shrink_to(cx) } else { 0 };
        let extended = later(before, entry.record_ends(cx.at, cx.limits));
        counts.applied(self.answer(Outcome::Refreshed { extended }), evicted)
    }

    /// Whether the peer's better addresses leave room for the first of the order.
    fn fits_first(&self, entry: &PeerEntry, first: &Candidate, cx: &Context<'_>) -> bool {
        let extra = entry.extra.as_deref();
        if first.content.addresses == 0 {
            true
        } else if first.place == Place::New {
            kept(self.record, extra, cx).next().is_some()
        } else {
            let envelope = envelope_at(entry, first.place);
            let stored = StoredRecord::dangerous_assume_verified(envelope);
            debug_assert!(stored.is_ok(), "an envelope that was verified before it was stored");
            stored.is_ok_and(|stored| kept(&stored, extra, cx).next().is_some())
        }
    }

    /// Puts the first of the order in the place of what is held; it [fits](Self::fits_first).
    fn install_first(
        &self,
        entry: &mut PeerEntry,
        first: &Candidate,
        new: PayloadDigest,
        cx: &Context<'_>,
    ) -> Counts {
        if first.content.addresses > 0 && first.place == Place::New {
            return install(entry, self.record, cx);
        }
        // What was skipped is known of what arrives alone.
        let skipped = if first.content.digest == new { self.record.skipped() } else { 0 };
        let counts = if first.content.addresses == 0 {
            withdraw(entry, self.record.peer())
        } else {
            let envelope: Box<[u8]> = envelope_at(entry, first.place).into();
            let stored = StoredRecord::dangerous_assume_verified(&envelope);
            stored.map(|stored| install(entry, &stored, cx)).unwrap_or_default()
        };
        Counts { dropped: counts.dropped.saturating_add(skipped), ..counts }
    }

    fn rival(&self, entry: &PeerEntry, candidate: &Candidate) -> Rival {
        let envelope = match candidate.place {
            // Of a record without addresses the digest is kept alone, whatever the order of arrival.
            _ if candidate.content.addresses == 0 => &[],
            Place::New => self.record.envelope(),
            place => envelope_at(entry, place),
        };
        Rival { content: candidate.content, envelope: envelope.into() }
    }
}

/// Whether a record that ended at `before` ends later now; a connection that holds it is later than
/// any time.
fn later(before: Option<Timestamp>, now: Option<Timestamp>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => now > before,
        (before, now) => before.is_some() && now.is_none(),
    }
}
