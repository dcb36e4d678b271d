//! Somebody reports addresses: the claims of P1, each by one source.

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{Source, SourceKind, TrustClass, normalize_address};

use super::join::sum_of_dearest;
use super::{Need, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::{Claimant, Marks, PeerEntry, ReportedAddress, StoredClaim, cost_of_claim};
use crate::event::Cause;
use crate::outcome::{Lifetime, Refusal, Reported, Room};

/// Reports addresses of a peer.
#[derive(Clone, Copy, Debug)]
pub struct ReportAddresses<'a> {
    peer: PeerId,
    addresses: &'a [Multiaddr],
    source: Source,
    ttl: Duration,
    lifetime: Lifetime,
    age: Duration,
}

impl<'a> ReportAddresses<'a> {
    /// Whose they are, which, who says so, for how long, and how that changes a claim of the same
    /// source that is there.
    #[must_use]
    pub const fn new(
        peer: PeerId,
        addresses: &'a [Multiaddr],
        source: Source,
        ttl: Duration,
        lifetime: Lifetime,
    ) -> Self {
        Self { peer, addresses, source, ttl, lifetime, age: Duration::ZERO }
    }

    /// Of which the source says that it learned them so long ago. They live for no longer than
    /// [`Limits::record_age`](crate::Limits::record_age) from then.
    #[must_use]
    pub const fn learned(self, age: Duration) -> Self {
        Self { age, ..self }
    }

    /// The time to live that counts.
    fn ttl(&self, cx: &Context<'_>) -> Duration {
        let ttl = cx.clamp(self.ttl);
        if self.age.is_zero() {
            ttl
        } else {
            ttl.min(cx.limits.record_age.saturating_sub(self.age))
        }
    }

    fn refusal(&self, cx: &Context<'_>) -> Option<Refusal> {
        let is_foreign = self.source.kind() == SourceKind::Identify
            && self.source.reporter() != Some(&self.peer);
        let ttl = self.ttl(cx);
        // At the end of time, or too old: what would be stored would have ended.
        let has_ended = !self.ttl.is_zero() && cx.now().saturating_add(ttl) <= cx.now();
        if is_foreign { Some(Refusal::NotItself) } else { has_ended.then_some(Refusal::NoTime) }
    }

    fn group(&self, cx: &Context<'_>) -> u16 {
        if self.source.kind().is_user() { EXEMPT } else { cx.group(&self.source) }
    }

    fn refused(&self, refusal: Refusal) -> Reported {
        let refused = self.addresses.len();
        Reported { refused, refusal: Some(refusal), ..Reported::default() }
    }

    fn needed(&self, entry: &PeerEntry, cx: &Context<'_>) -> Option<Need> {
        if self.refusal(cx).is_some() || self.ttl.is_zero() {
            return None;
        }
        let by = Claimant::of(&self.source);
        let stored =
            self.looked_at().filter_map(|a| normalize_address(a.as_ref(), &self.peer).ok());
        let costs = stored.filter_map(|address| {
            let address = address.as_bytes();
            match entry.reported_at(address) {
                Some(known) if known.claim(&by).is_some() => None,
                Some(_) => Some(cost_of_claim(&by)),
                None => Some(ReportedAddress::cost_of(address.len(), &by)),
            }
        });
        // What cannot be stored is not asked for, and nothing is evicted for it. Which of them stay is
        // the secret's choice: it may be the longest.
        let bytes = sum_of_dearest(costs.collect(), cx.limits.addresses_per_peer);
        (bytes > 0).then(|| Need {
            record: false,
            bytes: bytes.saturating_add(entry.beside_to_make()),
            class: by.class(),
            group: self.group(cx),
        })
    }

    /// The addresses that one call looks at.
    fn looked_at(&self) -> impl Iterator<Item = &'a Multiaddr> {
        self.addresses.iter().take(ADDRESSES_PER_CALL)
    }
}

/// Addresses of one report that are looked at: several times as many as a peer may have. The others
/// are counted as dropped, so that no call holds a lock for long.
pub const ADDRESSES_PER_CALL: usize = 256;

impl Transition for ReportAddresses<'_> {
    type Answer = Reported;
    type Plan = ();

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, ()) {
        (self.needed(entry, cx), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> Reported {
        if let Some(refusal) = self.refusal(cx) {
            return self.refused(refusal);
        }
        let mut reported = Reported::default();
        let ttl = self.ttl(cx);
        let by = Claimant::of(&self.source);
        let group = self.group(cx);
        // Whose the entry is changes by what is stored, and not by what is taken back.
        let takes = entry.is_empty() || entry.group == EXEMPT;
        reported.dropped = self.addresses.len().saturating_sub(ADDRESSES_PER_CALL);
        let mut new: Vec<&[u8]> = Vec::new();
        for address in self.looked_at() {
            match normalize_address(address.as_ref(), &self.peer) {
                Err(defect) => {
                    reported.dropped = reported.dropped.saturating_add(1);
                    reported.defect.get_or_insert(defect);
                }
                Ok(address) if ttl.is_zero() => {
                    let gone = entry.drop_claim(address.as_bytes(), &by);
                    let count = if gone { &mut reported.removed } else { &mut reported.unchanged };
                    *count = count.saturating_add(1);
                }
                Ok(address) => {
                    let mut claim = StoredClaim::new(by.clone(), cx.now(), ttl, group);
                    claim.learned(self.age);
                    if takes {
                        entry.group = group;
                    }
                    let lifetime = self.lifetime;
                    let (put, evicted) =
                        entry.put_claim(address.as_bytes(), claim, lifetime, group, cx);
                    reported.evicted = reported.evicted.saturating_add(evicted);
                    let count = match put {
                        Put::Added => {
                            new.push(address.as_bytes());
                            &mut reported.added
                        }
                        Put::Updated => &mut reported.updated,
                        Put::Unchanged => &mut reported.unchanged,
                        Put::NoRoom => {
                            reported.refusal.get_or_insert(Refusal::NoRoom(Room::Addresses));
                            &mut reported.refused
                        }
                    };
                    *count = count.saturating_add(1);
                }
            }
        }
        // What came and had to go again for another of the same call was not added.
        let gone = entry.gone_again(new);
        if gone > 0 {
            reported.added = reported.added.saturating_sub(gone);
            reported.evicted = reported.evicted.saturating_sub(gone);
            reported.refused = reported.refused.saturating_add(gone);
            reported.refusal.get_or_insert(Refusal::NoRoom(Room::Addresses));
        }
        entry.tidy();
        reported
    }

    fn refuse(&self, room: Room) -> Reported {
        self.refused(Refusal::NoRoom(room))
    }

    fn cause(&self) -> Cause {
        Cause::Report
    }
}

/// What became of one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// The address is new.
    Added,
    /// The address is not, the claim is, or its end moved.
    Updated,
    /// Nothing moved.
    Unchanged,
    /// Everything that is there is better.
    NoRoom,
}

/// What can be pushed out by something of a class: the lowest first, among equals by the secret.
type Rank = (Option<TrustClass>, u64);

impl PeerEntry {
    /// How many of the addresses that one call added had to go again for others of the same call.
    pub(super) fn gone_again(&self, mut added: Vec<&[u8]>) -> usize {
        let count = added.len();
        added.sort_unstable();
        added.dedup();
        let left = added.iter().filter(|address| self.reported_at(address).is_some()).count();
        count.saturating_sub(left)
    }

    /// Makes a claim, in the place of the worst address or claim where the caps are reached (S11).
    pub(super) fn put_claim(
        &mut self,
        address: &[u8],
        claim: StoredClaim,
        lifetime: Lifetime,
        group: u16,
        cx: &Context<'_>,
    ) -> (Put, usize) {
        let certified = self.record.contains(address);
        let class = claim.by.class();
        let mut evicted = 0;
        if !certified && self.reported_at(address).is_none() {
            match self.make_room_for_address(class, cx) {
                Some(count) => evicted = count,
                None => return (Put::NoRoom, 0),
            }
        }
        let Some(known) = self.extra_mut().address_or_new(address, group) else {
            return (Put::NoRoom, evicted);
        };
        let was_claimed = certified || !known.claims.is_empty();
        if let Some(same) = known.claim_mut(&claim.by) {
            let moved = same.merge(&claim, lifetime);
            return (if moved { Put::Updated } else { Put::Unchanged }, evicted);
        }
        match known.make_room_for_claim(&claim.by, cx) {
            Some(count) => evicted = evicted.saturating_add(count),
            None => return (Put::NoRoom, evicted),
        }
        known.insert(claim);
        (if was_claimed { Put::Updated } else { Put::Added }, evicted)
    }

    /// Takes one claim back. Answers whether there was one.
    pub(super) fn drop_claim(&mut self, address: &[u8], by: &Claimant) -> bool {
        let Some(known) = self.extra.as_mut().and_then(|extra| extra.address_mut(address)) else {
            return false;
        };
        let gone = known.retain(|claim| claim.by != *by) > 0;
        self.tidy();
        gone
    }

    /// Brings the entry back to its cap on addresses, after a record took its place (S11).
    /// Answers how many addresses went.
    pub(super) fn shrink_to(&mut self, cx: &Context<'_>) -> usize {
        let mut evicted = 0usize;
        while self.address_count() > cx.limits.addresses_per_peer
            && self.evict_address(TrustClass::User, false, cx)
        {
            evicted = evicted.saturating_add(1);
        }
        evicted
    }

    /// Answers how many addresses went; `None` where what is there is better.
    fn make_room_for_address(&mut self, class: TrustClass, cx: &Context<'_>) -> Option<usize> {
        let mut evicted = 0usize;
        while self.address_count() >= cx.limits.addresses_per_peer {
            if !self.evict_address(class, true, cx) {
                return None;
            }
            evicted = evicted.saturating_add(1);
        }
        Some(evicted)
    }

    /// Drops the worst address, if it is no better than `class`.
    fn evict_address(&mut self, class: TrustClass, certified: bool, cx: &Context<'_>) -> bool {
        let connected = self.is_connected();
        let others =
            self.uncertified().map(|other| (other.class(cx.now(), connected), &*other.address));
        let own = certified.then(|| self.record.addresses()).into_iter().flatten().map(|own| {
            let reported = self.reported_at(own.as_bytes());
            let reported = reported.and_then(|address| address.class(cx.now(), connected));
            (Some(self.record_class()).max(reported), own.as_bytes())
        });
        let ranked = others.chain(own).map(|(class, address)| {
            let rank: Rank = (class, cx.secret.hash(address));
            (rank, address)
        });
        let worst = ranked.min().filter(|(rank, _)| rank.0 <= Some(class));
        let Some((_, address)) = worst else {
            return false;
        };
        let address = address.to_vec();
        self.remove_address(&address, Marks::NONE, cx);
        true
    }

    /// Drops an address with all claims on it, that of the record among them. The record gets these
    /// marks then.
    pub(super) fn remove_address(
        &mut self,
        address: &[u8],
        marks: Marks,
        cx: &Context<'_>,
    ) -> bool {
        let mut gone = false;
        if let Some(extra) = &mut self.extra {
            let before = extra.addresses.len();
            extra.addresses.retain(|other| *other.address != *address);
            gone = extra.addresses.len() < before;
            if gone {
                extra.shrink();
            }
        }
        if self.record.contains(address) {
            gone = true;
            if self.record.len() == 1 {
                self.scrap_record(marks, cx);
            } else {
                self.record.retain(|ours| ours.as_bytes() != address);
                self.marks = self.marks.with(marks);
            }
        }
        self.tidy();
        gone
    }
}

impl ReportedAddress {
    /// Answers how many claims went; `None` where those that are there are better.
    fn make_room_for_claim(&mut self, by: &Claimant, cx: &Context<'_>) -> Option<usize> {
        if *by == Claimant::Dialed {
            return Some(0);
        }
        let mut evicted = 0usize;
        let told = |claim: &&StoredClaim| claim.by != Claimant::Dialed;
        while self.claims.iter().filter(told).count() >= cx.limits.claims_per_address {
            let ranked = self.claims.iter().filter(told).map(|claim| {
                let rank: Rank = (Some(claim.by.class()), cx.secret.hash(&claim.by.key()));
                (rank, claim.by.clone())
            });
            match ranked.min().filter(|(rank, _)| rank.0 <= Some(by.class())) {
                Some((_, worst)) => self.claims.retain(|claim| claim.by != worst),
                None => return None,
            }
            evicted = evicted.saturating_add(1);
        }
        Some(evicted)
    }
}
