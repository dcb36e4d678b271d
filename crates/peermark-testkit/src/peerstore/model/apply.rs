//! A record arrives at the model (S1 to S5, S7, S16).

use std::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Seq};
use peermark_peerstore::{Delivery, Outcome, Refusal, Room};
use peermark_provenance::{Source, SourceKind, SourceKinds, Timestamp, TrustClass};

use super::peer::{Bytes, Peer};
use super::record::{Accepted, Content};
use super::{At, Model, secs_up};
use crate::peerstore::ops::Verdict;

/// What a delivery, or another store, says of a record beside the record.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) first: u64,
    pub(super) contact: Option<u64>,
    pub(super) claimed: Option<u64>,
    pub(super) last: u64,
    pub(super) floor: u64,
    pub(super) end: Timestamp,
    /// When the peer itself said it.
    pub(super) said: Option<u64>,
    pub(super) kinds: SourceKinds,
    /// The peer itself or the user delivers it: what ended or was removed comes back.
    pub(super) is_contact: bool,
    /// Another store tells its numbers, of a record that ended too.
    pub(super) is_joined: bool,
    /// What a disconnect leaves.
    pub(super) left: Duration,
}

impl Model {
    /// `deliver`.
    pub fn apply(&mut self, record: &CertifiedRecord, delivery: Delivery) -> Verdict {
        self.change(record.peer_id(), |peer, at| match offer(record.peer_id(), delivery, at) {
            Ok(offer) => peer.arrive(record, &offer, at),
            Err(reason) => answer(Outcome::Refused { reason }),
        })
    }
}

/// Whether the peer itself said it, over an authenticated connection.
pub(super) fn is_itself(source: &Source, peer: &PeerId) -> bool {
    source.kind() == SourceKind::Identify && source.reporter() == Some(peer)
}

/// What a delivery offers (S4).
fn offer(peer: PeerId, delivery: Delivery, at: At<'_>) -> Result<Offer, Refusal> {
    let Delivery { source, ttl, age, .. } = delivery;
    let (itself, user) = (is_itself(&source, &peer), source.kind().is_user());
    if source.kind() == SourceKind::Identify && !itself {
        return Err(Refusal::NotItself);
    }
    let ttl = at.clamp(ttl);
    if ttl.is_zero() {
        return Err(Refusal::NoTime);
    }
    // The peer itself and the user are no hearsay: what they say of ages is not asked.
    let age = age.filter(|_| !itself && !user);
    let record_age = at.limits.record_age;
    let left = match age {
        Some(age) if age >= record_age => return Err(Refusal::Expired),
        Some(age) => ttl.min(record_age - age),
        None => ttl,
    };
    let end = at.now().saturating_add(left);
    if end <= at.now() || record_age.is_zero() {
        return Err(Refusal::NoTime);
    }
    let now = at.time.dated();
    Ok(Offer {
        first: now,
        // The time to live of the user alone bounds what it delivers.
        contact: (itself || user)
            .then(|| if user { now + secs_up(ttl.saturating_sub(record_age)) } else { now }),
        claimed: age.map(|age| at.time.second_before(age)),
        last: now,
        floor: now + secs_up(at.limits.floor_life),
        end,
        said: itself.then(|| at.time.aging()),
        kinds: SourceKinds::from(source.kind()),
        is_contact: itself || user,
        is_joined: false,
        left,
    })
}

impl Peer {
    pub(super) fn arrive(
        &mut self,
        record: &CertifiedRecord,
        offer: &Offer,
        at: At<'_>,
    ) -> Verdict {
        let (seq, new) = (record.seq(), Content::of(record, offer.said));
        let held = self.accepted.as_ref().map(|accepted| accepted.seq);
        // A floor from outside yields to contact, and is none for what is held (S3).
        if let Some(outside) = self.outside.as_ref().filter(|_| !offer.is_contact)
            && seq < outside.seq
            && held.is_none_or(|held| seq > held)
        {
            return answer(Outcome::Stale { held: outside.seq });
        }
        let no_room = answer(Outcome::Refused { reason: Refusal::NoRoom(Room::Addresses) });
        match held {
            Some(held) if seq < held => {
                self.note_stale(&new, offer, at);
                return answer(Outcome::Stale { held });
            }
            Some(held) if seq == held => {}
            _ if !self.has_room_for(&new, at) => return no_room,
            _ => return self.accept(seq, new, offer, at),
        }
        if !offer.is_contact
            && let Some(reason) = self.refusal(offer, at)
        {
            self.join_offer(offer, offer.is_joined);
            return answer(Outcome::Refused { reason });
        }
        if self.record().is_none() && !self.has_room_for(&new, at) {
            return no_room;
        }
        self.meet(new, offer, at)
    }

    /// Why a third party does not bring back what was accepted (S4).
    fn refusal(&self, offer: &Offer, at: At<'_>) -> Option<Refusal> {
        let accepted = self.accepted.as_ref()?;
        let mut then = accepted.clone();
        then.join(offer, true);
        if !self.holds_record() && !then.is_alive(at) {
            return Some(Refusal::Expired);
        }
        let gone = accepted.removed && accepted.certified.is_none();
        gone.then_some(Refusal::Removed)
    }

    /// Takes the numbers of an offer in; where it does not count as a delivery, those of S4 alone.
    pub(super) fn join_offer(&mut self, offer: &Offer, counts: bool) {
        if let Some(accepted) = &mut self.accepted {
            accepted.join(offer, counts);
        }
    }

    /// An older one. The peer said it itself: a connection holds what is higher, whichever came first. It
    /// had an address, or was in contact: it is not unknown.
    fn note_stale(&mut self, new: &Content, offer: &Offer, at: At<'_>) {
        if let Some(accepted) = &mut self.accepted
            && accepted.lowest
            && (offer.contact.is_some() || !new.listed.is_empty())
        {
            accepted.lowest = false;
            let floor = accepted.last + secs_up(at.limits.floor_life);
            accepted.floor = accepted.floor.max(floor);
        }
        if let Some(accepted) = &mut self.accepted
            && offer.said.is_some()
            && (accepted.certified.is_some() || accepted.held().listed.is_empty())
        {
            accepted.by_itself = true;
        }
    }

    /// A first record, or a higher one.
    fn accept(&mut self, seq: Seq, new: Content, offer: &Offer, at: At<'_>) -> Verdict {
        let was_by_itself = self.accepted.as_ref().is_some_and(|accepted| accepted.by_itself);
        let was = self.record().map(|accepted| accepted.seq);
        let lowest = new.listed.is_empty()
            && self.accepted.as_ref().is_none_or(|accepted| accepted.lowest)
            && offer.contact.is_none();
        let mut floor = offer.floor;
        if lowest {
            floor = floor.min(at.time.dated() + secs_up(at.limits.empty_floor_life));
        }
        let before = self.certified().to_vec();
        if self.outside.as_ref().is_some_and(|o| offer.is_contact || seq >= o.seq) {
            self.outside = None;
        }
        if self.connected {
            self.left = offer.left;
        }
        self.accepted = Some(Accepted {
            seq,
            held: new.digest,
            contents: vec![new.clone()],
            certified: None,
            first: offer.first,
            contact: offer.contact,
            claimed: offer.claimed,
            last: offer.last,
            floor,
            end: offer.end,
            kinds: offer.kinds,
            by_itself: offer.said.is_some() || was_by_itself,
            removed: false,
            contradicted: false,
            lowest,
        });
        let outcome = was.map_or(Outcome::Inserted, |from| Outcome::Replaced { from });
        self.install(&new, &before, outcome, at)
    }

    /// A record of the sequence number that was accepted (S2).
    fn meet(&mut self, new: Content, offer: &Offer, at: At<'_>) -> Verdict {
        let connected = self.connected;
        let before = self.certified().to_vec();
        let ended = self.shown_end(at);
        let was_held = self.record().is_some();
        let accepted = self.accepted.as_mut().expect("it has this number");
        accepted.lowest &= !offer.is_contact && new.listed.is_empty();
        let mut offer = offer.clone();
        if accepted.lowest {
            let life = secs_up(at.limits.empty_floor_life);
            offer.floor = offer.floor.min(at.time.dated() + life);
        }
        let offer = &offer;
        self.join_offer(offer, true);
        if connected {
            self.left = self.left.max(offer.left);
        }
        let accepted = self.accepted.as_mut().expect("it has this number");
        accepted.kinds = accepted.kinds.union(offer.kinds);
        accepted.by_itself |= offer.said.is_some();
        let old = accepted.held().clone();
        let may_replace = offer.is_contact || !accepted.removed;
        if was_held && old.digest == new.digest {
            accepted.held_mut().again(&new);
            let back = offer.is_contact && std::mem::take(&mut accepted.removed);
            let mut verdict = answer(Outcome::Refreshed { extended: false });
            if back {
                verdict = self.install(&new, &before, verdict.outcome, at);
            }
            verdict.outcome = Outcome::Refreshed { extended: self.lives_longer(ended, at) };
            return verdict;
        }
        let is_same_set = old.set() == new.set();
        accepted.learn(new.clone());
        let mut first = accepted.first_of_order();
        if first.digest != new.digest {
            // The answer is about what arrived.
            first.skipped = 0;
        }
        let is_wanted = first.digest != old.digest || (!was_held && !first.listed.is_empty());
        let mut verdict = answer(Outcome::Refreshed { extended: false });
        if is_wanted && may_replace && self.has_room_for(&first, at) {
            let accepted = self.accepted.as_mut().expect("it has this number");
            accepted.held = first.digest;
            if offer.is_contact && first.digest == new.digest {
                accepted.removed = false;
            }
            verdict = self.install(&first, &before, verdict.outcome, at);
        }
        let accepted = self.accepted.as_mut().expect("it has this number");
        accepted.keep_two();
        accepted.contradicted |= accepted.rival().is_some() || !is_same_set;
        if accepted.certified.is_none() && !accepted.held().listed.is_empty() {
            accepted.by_itself = false;
        }
        let is_held = self.record().is_some();
        verdict.outcome = if is_same_set {
            let extended = is_held && (!was_held || self.lives_longer(ended, at));
            Outcome::Refreshed { extended }
        } else {
            let replaced = self.accepted.as_ref().is_some_and(|a| a.held == new.digest);
            Outcome::Contradiction { held: old.digest, got: new.digest, replaced }
        };
        verdict
    }

    /// When the record ends; `None` while the connection holds it, which is later than any time.
    fn shown_end(&self, at: At<'_>) -> Option<Timestamp> {
        self.record().filter(|_| !self.holds_record()).map(|accepted| accepted.ends(at))
    }

    fn lives_longer(&self, before: Option<Timestamp>, at: At<'_>) -> bool {
        match (before, self.shown_end(at)) {
            (Some(before), Some(now)) => now > before,
            (before, now) => before.is_some() && now.is_none(),
        }
    }

    /// The addresses of a record that would be certified: what is better than certified keeps its
    /// place, and what is not makes room (S11).
    fn kept(&self, content: &Content, at: At<'_>) -> Vec<Bytes> {
        let is_better = |address: &Bytes| self.class_told(address) > Some(TrustClass::Certified);
        let claimed: std::collections::BTreeSet<_> =
            self.claims.keys().map(|(address, _)| address).collect();
        let better = claimed.into_iter().filter(|address| is_better(address)).count();
        let mut places = at.limits.addresses_per_peer.saturating_sub(better);
        let mut kept = Vec::new();
        for address in &content.listed {
            if is_better(address) {
                kept.push(address.clone());
            } else if places > 0 {
                places -= 1;
                kept.push(address.clone());
            }
        }
        kept
    }

    fn has_room_for(&self, content: &Content, at: At<'_>) -> bool {
        content.listed.is_empty() || !self.kept(content, at).is_empty()
    }

    /// Certifies what a payload lists, in the place of what was certified `before` (P4).
    fn install(
        &mut self,
        content: &Content,
        before: &[Bytes],
        outcome: Outcome,
        at: At<'_>,
    ) -> Verdict {
        let kept = self.kept(content, at);
        let withdrawn = before.iter().filter(|address| !kept.contains(address)).count();
        let is_new =
            |address: &&Bytes| !before.contains(address) && self.class_told(address).is_none();
        let added = kept.iter().filter(is_new).count();
        let dropped = content.listed.len() - kept.len() + content.skipped;
        if let Some(accepted) = &mut self.accepted {
            accepted.certified = (!kept.is_empty()).then_some(kept);
            if accepted.certified.is_none() {
                // Of a record without addresses the digest is kept alone.
                accepted.held_mut().envelope.clear();
            }
        }
        self.tidy();
        let mut evicted = 0;
        while self.record().is_some() && self.all_addresses().len() > at.limits.addresses_per_peer {
            let others = self.all_addresses().into_iter().filter(|a| !self.is_certified(a));
            let victim = others.min_by_key(|a| (self.class_of(a), at.hash(a)));
            self.remove(&victim.expect("the record alone is within the cap"), false, at);
            evicted += 1;
        }
        let small = |count| u16::try_from(count).expect("a small number");
        Verdict {
            outcome,
            added: small(added),
            withdrawn: small(withdrawn),
            dropped: small(dropped),
            evicted,
        }
    }
}

impl Accepted {
    /// Takes the numbers of an offer in (S4); where it does not count as a delivery, it renews no
    /// floor.
    fn join(&mut self, offer: &Offer, counts: bool) {
        self.first = self.first.min(offer.first);
        self.claimed = self.claimed.max(offer.claimed);
        self.end = self.end.max(offer.end);
        if counts {
            self.contact = self.contact.max(offer.contact);
            self.last = self.last.max(offer.last);
            self.floor = self.floor.max(offer.floor);
        }
    }
}

/// An answer that changes no address.
pub(super) fn answer(outcome: Outcome) -> Verdict {
    Verdict { outcome, added: 0, withdrawn: 0, dropped: 0, evicted: 0 }
}
