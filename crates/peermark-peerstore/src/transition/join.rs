//! What another store knows is joined in (G2): idempotent, commutative, associative.

mod dials;
mod room;

pub(super) use room::sum_of_dearest;

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_provenance::{Source, SourceKinds, Timestamp, TrustClass, normalize_address};

use super::record::Arrival;
use super::{Brought, Need, RaiseFloor, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::{Claimant, Life, PeerEntry, StoredClaim};
use crate::event::Cause;
use crate::limits::whole_secs;
use crate::outcome::{Joined, Lifetime, Outcome, Refusal, Room};
use crate::state::{AcceptedState, AddressState, ClaimState, OutsideState};

type Accepted =
    (AcceptedState, Option<CertifiedRecord>, Option<(CertifiedRecord, Option<Duration>)>);

/// What another store knows of a peer, its records verified.
#[derive(Clone, Debug)]
pub struct Join {
    peer: PeerId,
    accepted: Option<Accepted>,
    outside: Option<OutsideState>,
    addresses: Vec<AddressState>,
    trusts_times: bool,
    keeps_sources: bool,
}

impl Join {
    pub(crate) const fn new(
        peer: PeerId,
        accepted: Option<Accepted>,
        outside: Option<OutsideState>,
        addresses: Vec<AddressState>,
    ) -> Self {
        Self { peer, accepted, outside, addresses, trusts_times: false, keeps_sources: false }
    }

    /// Of the same owner: its contacts and first acceptances are taken as one's own. Otherwise they are
    /// contacts that somebody claims, and what its peers said over a contact decides nothing (G4).
    #[must_use]
    pub fn trusting_times(self) -> Self {
        Self { trusts_times: true, ..self }
    }

    /// With the sources that it names, for each claim. Otherwise all of it is claimed by the source that
    /// brings it (G4).
    #[must_use]
    pub fn keeping_sources(self) -> Self {
        Self { keeps_sources: true, ..self }
    }

    /// The peer.
    #[must_use]
    pub const fn peer_id(&self) -> &PeerId {
        &self.peer
    }

    /// Of what `source` brings.
    #[must_use]
    pub const fn by<'a>(&'a self, source: &'a Source) -> JoinState<'a> {
        JoinState { join: self, source }
    }
}

/// Joins what another store knows of a peer.
#[derive(Clone, Copy, Debug)]
pub struct JoinState<'a> {
    join: &'a Join,
    source: &'a Source,
}

impl JoinState<'_> {
    fn group(&self, cx: &Context<'_>) -> u16 {
        if self.source.kind().is_user() { EXEMPT } else { cx.group(self.source) }
    }

    /// The numbers that it offers, in the seconds of this store.
    fn life(&self, state: &AcceptedState, cx: &Context<'_>) -> Life {
        let at = cx.at;
        let left = cx.clamp(state.left);
        let floor_left = state.floor_left.min(cx.limits.floor_life);
        let floor = at.aging_begun_after(floor_left);
        let begun = |age: Duration| at.aging_begun_before(age);
        // What the user delivered is bounded by its time to live alone: as if the contact were later.
        let is_users = self.join.keeps_sources && state.kinds.has_user();
        let beyond = left.saturating_sub(cx.limits.record_age);
        let until = at.aging_secs_begun().saturating_add(whole_secs(beyond));
        let by_user = if is_users { until } else { 0 };
        if self.join.trusts_times {
            let ahead = at.aging_begun_after(cx.clamp(state.ahead));
            let by_user = if is_users && !state.ahead.is_zero() { ahead } else { 0 };
            return Life {
                end: cx.now().saturating_add(left),
                first: begun(state.first),
                contact: state.contact.map_or(0, begun).max(by_user),
                claimed: state.claimed.map_or(0, |age| at.aging_before(age)),
                last: begun(state.last),
                floor,
            };
        }
        // What stands for the user's time to live was no contact.
        let contact = if state.kinds.has_user() { state.said } else { state.contact };
        let ages = [Some(state.first), contact, state.claimed];
        let age = ages.into_iter().flatten().min().unwrap_or_default();
        let bounded = left.min(cx.limits.record_age.saturating_sub(age));
        Life {
            end: cx.now().saturating_add(if is_users { left } else { bounded }),
            first: at.aging_secs_begun(),
            contact: by_user,
            // One that is too old to keep anything alive ends nothing either.
            claimed: if age < cx.limits.record_age { at.aging_before(age) } else { 0 },
            last: at.aging_secs_begun(),
            floor,
        }
    }

    fn arrival<'r>(
        &self,
        record: &'r CertifiedRecord,
        said: Option<Duration>,
        state: &AcceptedState,
        cx: &Context<'_>,
    ) -> Arrival<'r, CertifiedRecord> {
        let trusts = self.join.trusts_times;
        let own = SourceKinds::from(self.source.kind());
        let kinds = if self.join.keeps_sources { state.kinds } else { own };
        let said = said.filter(|_| trusts);
        Arrival {
            record,
            life: self.life(state, cx),
            said: said.map_or(0, |age| at_least_one(cx.at.aging, age)),
            kinds,
            is_contact: false,
            is_joined: true,
            is_known: trusts && state.is_known,
            is_told: !trusts,
            group: self.group(cx),
        }
    }

    /// Whether it says itself that the record is too old, as a delivery may (S4).
    fn is_over(&self, life: &Life, cx: &Context<'_>) -> bool {
        !self.join.trusts_times && life.end <= cx.now()
    }

    fn records(
        &self,
    ) -> impl Iterator<Item = (&CertifiedRecord, Option<Duration>, &AcceptedState)> {
        self.join.accepted.iter().flat_map(|(state, record, rival)| {
            let rival = rival.as_ref().map(|(rival, said)| (rival, *said, state));
            let record = record.as_ref().map(|record| (record, state.said, state));
            rival.into_iter().chain(record)
        })
    }

    /// On the word of others all claims are of the source that brings them (G4).
    fn claimant(&self, claim: &ClaimState) -> Claimant {
        match claim.kind {
            _ if !self.join.keeps_sources => Claimant::of(self.source),
            None => Claimant::Dialed,
            Some(kind) => {
                let source = Source::of(kind);
                Claimant::of(&claim.reporter.map_or(source, |peer| source.reported_by(peer)))
            }
        }
    }

    /// A claim as this store keeps it.
    fn stored(&self, claim: &ClaimState, cx: &Context<'_>) -> StoredClaim {
        let by = self.claimant(claim);
        let group = if by.class() >= TrustClass::Dialed { EXEMPT } else { self.group(cx) };
        let now = cx.now();
        let left = cx.clamp(claim.left);
        let mut stored = StoredClaim::new(by, now, left, group);
        if self.join.trusts_times {
            let before = |age: Duration| {
                let nanos = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
                Timestamp::from_nanos(now.as_nanos().saturating_sub(nanos))
            };
            (stored.first_seen, stored.last_seen) = (before(claim.first), before(claim.last));
            stored.ttl = cx.clamp(claim.ttl).max(left);
        }
        stored
    }

    fn join_claims(&self, entry: &mut PeerEntry, joined: &mut Joined, cx: &Context<'_>) {
        use super::report::Put;
        joined.refused = joined.refused.saturating_add(self.beyond(cx));
        let mut new: Vec<Box<[u8]>> = Vec::new();
        for known in self.looked_at(cx) {
            let address = normalize_address(known.address.as_ref(), &self.join.peer);
            for claim in Self::claims_on(known, cx) {
                let Ok(address) = &address else {
                    joined.refused = joined.refused.saturating_add(1);
                    continue;
                };
                let stored = self.stored(claim, cx);
                let group = stored.group;
                let (put, evicted) =
                    entry.put_claim(address.as_bytes(), stored, Lifetime::Extend, group, cx);
                joined.evicted = joined.evicted.saturating_add(evicted);
                let count = match put {
                    Put::Added => {
                        new.push(address.as_bytes().into());
                        &mut joined.added
                    }
                    Put::Updated => &mut joined.updated,
                    Put::Unchanged => continue,
                    Put::NoRoom => &mut joined.refused,
                };
                *count = count.saturating_add(1);
            }
        }
        let gone = entry.gone_again(new.iter().map(|address| &**address).collect());
        joined.added = joined.added.saturating_sub(gone);
        joined.evicted = joined.evicted.saturating_sub(gone);
        joined.refused = joined.refused.saturating_add(gone);
    }

    /// Whether a floor stands for the record: its envelope is not kept, or it is over.
    fn leaves_floor(&self, cx: &Context<'_>) -> bool {
        self.join.accepted.as_ref().is_some_and(|(state, record, _)| {
            record.is_none() || self.is_over(&self.life(state, cx), cx)
        })
    }

    /// The floor that stands for a record that does not come along.
    fn join_floor(&self, entry: &mut PeerEntry, cx: &Context<'_>) {
        let Some((state, ..)) = self.join.accepted.as_ref().filter(|_| self.leaves_floor(cx))
        else {
            return;
        };
        let own = entry.accepted_seq();
        if own == Some(state.seq) {
            let life = self.life(state, cx);
            super::record::change_life(entry, |held| {
                if self.join.trusts_times { held.join(life) } else { held.offer(life) }
            });
        } else if own < Some(state.seq) {
            self.raise(
                entry,
                OutsideState { seq: state.seq, digest: state.digest, left: state.floor_left },
                cx,
            );
        }
    }

    /// Until when a floor from outside lasts that is told with so much left.
    fn until(&self, left: Duration, cx: &Context<'_>) -> u32 {
        cx.at.aging_begun_after(left.min(cx.limits.outside_floor_life))
    }

    fn raise(&self, entry: &mut PeerEntry, outside: OutsideState, cx: &Context<'_>) {
        let OutsideState { seq, digest, left } = outside;
        let held = entry.extra.as_mut().and_then(|extra| extra.rest.outside.as_deref_mut());
        if let Some(held) = held.filter(|held| held.seq == seq) {
            held.until = held.until.max(self.until(left, cx));
            held.digest = held.digest.min(digest);
            return;
        }
        RaiseFloor::new(self.join.peer, (seq, digest), left, self.source).run(entry, (), cx);
    }
}

/// A time before now in nanoseconds, which is never 0: that stands for never.
fn at_least_one(now: u64, ago: Duration) -> u64 {
    let ago = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
    now.saturating_sub(ago).max(1)
}

impl Transition for JoinState<'_> {
    type Answer = Joined;
    type Plan = ();

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, ()) {
        (self.needed(entry, cx), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> Joined {
        let mut joined = Joined::default();
        // A floor that has ended is none; an entry is looked at when its addresses end.
        if let Some(extra) = &mut entry.extra {
            extra.rest.expire(cx.at);
        }
        if entry.is_empty() || entry.group == EXEMPT {
            entry.group = self.group(cx);
        }
        let before = entry.contradiction();
        for (record, said, state) in self.records() {
            let arrival = self.arrival(record, said, state, cx);
            if self.is_over(&arrival.life, cx) {
                let reason = Refusal::Expired;
                joined.record = Some(arrival.answer(Outcome::Refused { reason }));
                continue;
            }
            let (_, plan) = arrival.plan(entry, cx);
            let applied = arrival.run(entry, &plan, cx);
            joined.evicted = joined.evicted.saturating_add(applied.evicted.into());
            joined.record = Some(applied);
        }
        let after = entry.contradiction();
        joined.is_news = after.is_some() && after != before;
        self.join_floor(entry, cx);
        if let Some(outside) = self.join.outside {
            self.raise(entry, outside, cx);
        }
        // A record that ended elsewhere leaves its floor.
        entry.expire(cx);
        self.join_claims(entry, &mut joined, cx);
        self.join_dials(entry, cx);
        entry.tidy();
        joined
    }

    fn refuse(&self, room: Room) -> Joined {
        Joined { refusal: Some(Refusal::NoRoom(room)), ..Joined::default() }
    }

    fn cause(&self) -> Cause {
        Cause::Join
    }

    fn brings(&self) -> Brought<'_> {
        let accepted = self.join.accepted.as_ref();
        Brought::new([
            accepted.and_then(|(_, record, _)| record.as_ref()),
            accepted.and_then(|(_, _, rival)| rival.as_ref().map(|(rival, _)| rival)),
        ])
    }
}
