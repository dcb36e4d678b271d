//! A certified record arrives (S1 to S5, S16).

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{Address, CertifiedRecord, Seq};
use peermark_provenance::{Source, SourceKind, SourceKinds, Timestamp, TrustClass};

use super::{Need, Transition};
use crate::context::Context;
use crate::entry::{EXEMPT, Extra, PeerEntry, ReportedAddress};
use crate::event::Cause;
use crate::outcome::{Applied, Outcome, PayloadDigest, Refusal, Room};

/// Applies a certified record.
#[derive(Clone, Copy, Debug)]
pub struct ApplyRecord<'a> {
    record: &'a CertifiedRecord,
    source: &'a Source,
    ttl: Duration,
}

/// What becomes of a record, decided before anything is changed.
#[derive(Debug)]
pub struct Plan {
    decision: Decision,
    /// How many of its addresses will be certified.
    count: usize,
    /// The group of who delivered it, where that had to be told.
    group: Option<u16>,
}

#[derive(Debug)]
enum Decision {
    Insert {
        ends: Timestamp,
    },
    Replace {
        from: Seq,
        ends: Timestamp,
    },
    /// The same record again, when it is not held any more: from the peer itself, or from anybody
    /// where it was evicted before its time. It ends then.
    Reinstate {
        ends: Timestamp,
        extended: bool,
    },
    Refresh {
        expires: Option<Timestamp>,
    },
    /// Nothing changes.
    Answer(Outcome),
}

impl Decision {
    const fn is_no_change(&self) -> bool {
        matches!(self, Self::Refresh { .. } | Self::Answer(_))
    }
}

impl<'a> ApplyRecord<'a> {
    /// The record, who delivered it, and how long it is to live.
    #[must_use]
    pub const fn new(record: &'a CertifiedRecord, source: &'a Source, ttl: Duration) -> Self {
        Self { record, source, ttl }
    }

    /// The sequence number of the record of `entry`, where the one that arrives is the same, byte for
    /// byte, and nothing changes by it: so that a repeat needs neither a signature check nor a lock
    /// for writing. The entry may be one that was not settled. `None` where it takes more to tell.
    #[must_use]
    pub fn repeat(
        entry: &PeerEntry,
        source: &Source,
        ttl: Duration,
        cx: &Context<'_>,
    ) -> Option<Seq> {
        let live = entry.has_live_record(cx.now);
        let known = entry.delivered_by.contains(source.kind());
        // Whatever the peer itself says may extend its record; what stores nothing is refused.
        let third_party = source.kind() != SourceKind::Identify && !cx.clamp(ttl).is_zero();
        (live && known && third_party).then_some(entry.seq)
    }

    /// The answer for a [repeat](Self::repeat).
    pub fn repeated(peer: PeerId, seq: Seq) -> Applied {
        nothing_moved(peer, seq, Outcome::Refreshed { extended: false })
    }

    fn decide(&self, entry: &PeerEntry, count: usize, cx: &Context<'_>) -> Decision {
        let refused = |reason| Decision::Answer(Outcome::Refused { reason });
        let itself = self.source.kind() == SourceKind::Identify
            && is_itself(self.source, &self.record.peer_id());
        if self.source.kind() == SourceKind::Identify && !itself {
            return refused(Refusal::NotItself);
        }
        let ttl = cx.clamp(self.ttl);
        if ttl.is_zero() {
            return refused(Refusal::NoTime);
        }
        let live = entry.has_live_record(cx.now);
        let seq = self.record.seq();
        let ends = self.ends(cx.now, cx);
        if ends <= cx.now {
            return refused(Refusal::NoTime);
        }
        let Some((held, accepted)) = Self::held(entry, live, cx) else {
            return self.fits(count, Decision::Insert { ends });
        };
        if seq > held {
            let replace = Decision::Replace { from: held, ends };
            let decision = if live { replace } else { Decision::Insert { ends } };
            return self.fits(count, decision);
        }
        if seq < held {
            return Decision::Answer(Outcome::Stale { held });
        }
        if !self.has_payload_of(entry) {
            let got = PayloadDigest::of(self.record.payload());
            let held = entry.floor().map_or(got, |floor| floor.digest);
            return Decision::Answer(Outcome::Equivocation { held, got });
        }
        let ends = self.ends(accepted, cx);
        if live {
            // A third party that says the same once more keeps nothing alive (S4).
            return Decision::Refresh { expires: (itself && ends > entry.expires).then_some(ends) };
        }
        if self.record.addresses().len() == 0 {
            return Decision::Answer(Outcome::Refreshed { extended: false });
        }
        // Who was evicted may come back by anybody's hand, for the rest of its time.
        let lives_until = entry.floor().map_or(Timestamp::EPOCH, |floor| floor.lives_until);
        let ends = if itself { ends } else { ends.min(lives_until) };
        if ends > cx.now {
            return self.fits(count, Decision::Reinstate { ends, extended: itself });
        }
        refused(Refusal::Expired)
    }

    /// When the record ends that was accepted first at `accepted`.
    fn ends(&self, accepted: Timestamp, cx: &Context<'_>) -> Timestamp {
        let ends = cx.now.saturating_add(cx.clamp(self.ttl));
        ends.min(accepted.saturating_add(cx.limits.record_age))
    }

    /// The floor's sequence number, and when its record was accepted first. What is held is hashed
    /// only where it has to be.
    fn held(entry: &PeerEntry, live: bool, cx: &Context<'_>) -> Option<(Seq, Timestamp)> {
        if entry.has_record() {
            let counts = live || entry.floor_until > cx.floor_now;
            return counts.then_some((entry.seq, entry.accepted));
        }
        let floor = entry.floor().filter(|floor| floor.until > cx.floor_now)?;
        Some((floor.seq, floor.accepted))
    }

    /// Whether what was accepted last says the same.
    fn has_payload_of(&self, entry: &PeerEntry) -> bool {
        let payload = self.record.payload();
        if entry.has_record() {
            return entry.record.payload() == payload;
        }
        entry.floor().is_some_and(|floor| floor.digest == PayloadDigest::of(payload))
    }

    /// Whether there is an address for which the peer's better ones leave room (S11).
    fn fits(&self, count: usize, decision: Decision) -> Decision {
        if count == 0 && self.record.addresses().len() > 0 {
            let reason = Refusal::NoRoom(Room::Addresses);
            return Decision::Answer(Outcome::Refused { reason });
        }
        decision
    }

    /// How many addresses are [kept](Self::kept).
    fn count(&self, extra: Option<&Extra>, cx: &Context<'_>) -> usize {
        match extra {
            None => self.record.addresses().len().min(cx.limits.addresses_per_peer),
            Some(_) => self.kept(extra, cx).count(),
        }
    }

    /// The addresses of the record that will be certified: those that have a better claim already,
    /// and of the others the first ones, as many as the cap allows beside all that have one.
    fn kept<'b>(
        &'b self,
        extra: Option<&'b Extra>,
        cx: &Context<'_>,
    ) -> impl Iterator<Item = Address<'b>> + Clone {
        let (now, connected) = (cx.now, extra.is_some_and(|extra| extra.connected));
        let is_better = move |other: &ReportedAddress| {
            other.class(now, connected) > Some(TrustClass::Certified)
        };
        let reported = extra.map_or(&[][..], |extra| &extra.addresses);
        let better = reported.iter().filter(|other| is_better(other)).count();
        let mut places = cx.limits.addresses_per_peer.saturating_sub(better);
        self.record.addresses().filter(move |address| {
            let has_place = better > 0
                && extra.and_then(|extra| extra.address(address.as_bytes())).is_some_and(is_better);
            let left = places;
            places = left.saturating_sub(usize::from(!has_place));
            has_place || left > 0
        })
    }

    /// Whose budget it is for.
    fn group(&self, cx: &Context<'_>) -> u16 {
        if self.source.kind().is_user() { EXEMPT } else { cx.group(self.source) }
    }

    fn answer(&self, outcome: Outcome) -> Applied {
        nothing_moved(self.record.peer_id(), self.record.seq(), outcome)
    }

    /// Puts the record in the place of the one that is held.
    fn install(
        &self,
        entry: &mut PeerEntry,
        (accepted, ends): (Timestamp, Timestamp),
        (count, group): (usize, Option<u16>),
        cx: &Context<'_>,
    ) -> Counts {
        let record = self.record;
        let PeerEntry { record: place, extra, .. } = entry;
        let extra = extra.as_deref();
        let had = place.is_some();
        let kept = self.kept(extra, cx);
        let (mut added, mut withdrawn) = (count, 0);
        if had || extra.is_some() {
            let listed = |address: &[u8]| kept.clone().any(|ours| ours.as_bytes() == address);
            withdrawn = place.addresses().filter(|old| !listed(old.as_bytes())).count();
            let is_new = |address: &[u8]| {
                let known = extra.and_then(|extra| extra.address(address));
                !place.contains(address) && known.is_none_or(|other| other.claims.is_empty())
            };
            added = kept.clone().filter(|ours| is_new(ours.as_bytes())).count();
        }
        let above = record.addresses().len().saturating_sub(count);
        let is_held = place.set(record, kept, count);
        let is_fresh = !had && entry.reported().is_empty() && !entry.is_connected();
        if is_fresh || entry.group == EXEMPT {
            entry.group = group.unwrap_or_else(|| self.group(cx));
        }
        let mut counts = Counts {
            added,
            withdrawn,
            dropped: above.saturating_add(record.skipped_addresses().total().into()),
            evicted: 0,
        };

        entry.seq = record.seq();
        entry.accepted = accepted;
        entry.expires = ends;
        entry.delivered_by = SourceKinds::from(self.source.kind());
        self.accept(entry, cx);
        if is_held {
            if let Some(extra) = &mut entry.extra {
                extra.floor = None;
            }
            entry.tidy();
            counts.evicted = entry.shrink_to(cx);
        } else {
            // It withdraws everything: what it leaves is its floor (R3, S5).
            let floor = crate::entry::Floor {
                seq: record.seq(),
                digest: PayloadDigest::of(record.payload()),
                accepted,
                until: entry.floor_until,
                group: entry.group,
                lives_until: Timestamp::EPOCH,
            };
            entry.extra_from(record.peer_id().multihash_bytes()).floor = Some(floor);
            entry.tidy();
        }
        counts
    }

    /// The record was accepted now: its floor lives from here (S3).
    fn accept(&self, entry: &mut PeerEntry, cx: &Context<'_>) {
        let since = cx.now.saturating_since(entry.accepted).as_millis();
        entry.accepted_last = u32::try_from(since).unwrap_or(u32::MAX);
        entry.floor_until = cx.floor_until();
    }
}

const fn nothing_moved(peer: PeerId, seq: Seq, outcome: Outcome) -> Applied {
    Applied { peer, seq, outcome, added: 0, withdrawn: 0, dropped: 0, evicted: 0 }
}

struct Counts {
    added: usize,
    withdrawn: usize,
    dropped: usize,
    evicted: usize,
}

impl Transition for ApplyRecord<'_> {
    type Answer = Applied;
    type Plan = Plan;

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, Plan) {
        let count = self.count(entry.extra.as_deref(), cx);
        let decision = self.decide(entry, count, cx);
        let mut plan = Plan { decision, count, group: None };
        let addresses = self.record.addresses().len().min(cx.limits.addresses_per_peer);
        if plan.decision.is_no_change() || addresses == 0 {
            return (None, plan);
        }
        let packed = self.record.as_bytes().len().saturating_add(addresses.saturating_mul(3));
        let class =
            if self.source.kind().is_user() { TrustClass::User } else { TrustClass::Certified };
        let need = Need {
            record: !entry.has_record(),
            bytes: u64::try_from(packed.saturating_sub(entry.record.heap())).unwrap_or(u64::MAX),
            class,
            group: if class >= TrustClass::Dialed || entry.class() >= Some(TrustClass::Dialed) {
                EXEMPT
            } else if entry.is_empty() {
                *plan.group.insert(self.group(cx))
            } else {
                entry.group
            },
        };
        (Some(need), plan)
    }

    fn run(&self, entry: &mut PeerEntry, plan: Plan, cx: &Context<'_>) -> Applied {
        let (outcome, accepted, ends) = match plan.decision {
            Decision::Answer(outcome) => return self.answer(outcome),
            Decision::Refresh { expires } => {
                entry.delivered_by = entry.delivered_by.with(self.source.kind());
                if let Some(expires) = expires {
                    entry.expires = expires;
                    self.accept(entry, cx);
                }
                return self.answer(Outcome::Refreshed { extended: expires.is_some() });
            }
            Decision::Insert { ends } => (Outcome::Inserted, cx.now, ends),
            Decision::Replace { from, ends } => (Outcome::Replaced { from }, cx.now, ends),
            Decision::Reinstate { ends, extended } => {
                let accepted = entry.floor().map_or(cx.now, |floor| floor.accepted);
                (Outcome::Refreshed { extended }, accepted, ends)
            }
        };
        let counts = self.install(entry, (accepted, ends), (plan.count, plan.group), cx);
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        Applied {
            added: small(counts.added),
            withdrawn: small(counts.withdrawn),
            dropped: small(counts.dropped),
            evicted: small(counts.evicted),
            ..self.answer(outcome)
        }
    }

    fn refuse(&self, room: Room) -> Applied {
        self.answer(Outcome::Refused { reason: Refusal::NoRoom(room) })
    }

    fn cause(&self) -> Cause {
        Cause::Record
    }
}

/// Whether what the source says, the peer itself says, over an authenticated connection.
pub(super) fn is_itself(source: &Source, peer: &PeerId) -> bool {
    source.kind() == SourceKind::Identify && source.reporter() == Some(peer)
}
