//! What joining takes at most: how much of it is looked at, and for how much room is asked (S11).

use core::cmp::Reverse;

use peermark_provenance::{TrustClass, normalize_address};

use super::JoinState;
use crate::context::{Context, EXEMPT};
use crate::entry::{FLOOR, PeerEntry, cost_of_address, cost_of_claim, cost_of_evidence};
use crate::state::{AddressState, ClaimState, DialState};
use crate::transition::{ADDRESSES_PER_CALL, Need};

impl JoinState<'_> {
    /// The addresses that are looked at: as many as one report may have, or as a peer may.
    pub(super) fn looked_at<'s>(
        &'s self,
        cx: &Context<'_>,
    ) -> impl Iterator<Item = &'s AddressState> + use<'s> {
        self.join.addresses.iter().take(ADDRESSES_PER_CALL.max(cx.limits.addresses_per_peer))
    }

    /// The live claims on one address that are looked at: four times as many as it may have, and that
    /// of a handshake.
    pub(super) fn claims_on<'s>(
        known: &'s AddressState,
        cx: &Context<'_>,
    ) -> impl Iterator<Item = &'s ClaimState> + use<'s> {
        let most = cx.limits.claims_per_address.saturating_mul(4).saturating_add(1);
        known.claims.iter().take(most).filter(|claim| !claim.left.is_zero())
    }

    /// How many claims are not looked at.
    pub(super) fn beyond(&self, cx: &Context<'_>) -> usize {
        let most = cx.limits.claims_per_address.saturating_mul(4).saturating_add(1);
        let looked_at = self.looked_at(cx).count();
        let others = self.join.addresses.iter().skip(looked_at).map(|known| known.claims.len());
        let further = self.looked_at(cx).map(|known| known.claims.len().saturating_sub(most));
        others.chain(further).fold(0, usize::saturating_add)
    }

    /// What storing all of it would take, at most.
    pub(super) fn needed(&self, entry: &PeerEntry, cx: &Context<'_>) -> Option<Need> {
        let mut needs = Sum::default();
        let mut of_records: Option<Need> = None;
        for (record, said, state) in self.records() {
            let arrival = self.arrival(record, said, state, cx);
            if self.is_over(&arrival.life, cx) {
                continue;
            }
            if let (Some(need), _) = arrival.plan(entry, cx) {
                // One of them is held; with the other it is evidence, which is counted below.
                let bytes = of_records.map_or(0, |other| other.bytes).max(need.bytes);
                of_records = Some(Need { bytes, ..need });
            }
        }
        if let Some(need) = of_records {
            needs.add(need);
        }
        let mut beside = 0u64;
        if let Some((_, Some(record), Some((rival, _)))) = &self.join.accepted {
            let both = record.as_bytes().len().saturating_add(rival.as_bytes().len());
            beside = cost_of_evidence(both.saturating_add(entry.record.envelope().len()));
        }
        if (self.leaves_floor(cx) || self.join.outside.is_some()) && !entry.has_outside_floor() {
            beside = beside.saturating_add(FLOOR);
        }
        let third_party = |bytes| Need {
            record: false,
            bytes,
            class: TrustClass::ThirdParty,
            group: self.group(cx),
        };
        if beside > 0 {
            needs.add(third_party(beside));
        }
        let (class, bytes) = self.needed_by_addresses(entry, cx);
        if bytes > 0 {
            let class = class.unwrap_or(TrustClass::ThirdParty);
            let group = if class >= TrustClass::Dialed { EXEMPT } else { self.group(cx) };
            needs.add(Need { record: false, bytes, class, group });
        }
        let to_make = entry.beside_to_make();
        needs.0.map(|need| Need { bytes: need.bytes.saturating_add(to_make), ..need })
    }

    /// The best class of its claims, and the bytes that they take at most: those of the dearest, as
    /// many as a peer may have. What cannot be stored is not asked for, and nothing is evicted for it.
    fn needed_by_addresses(
        &self,
        entry: &PeerEntry,
        cx: &Context<'_>,
    ) -> (Option<TrustClass>, u64) {
        let mut best = None;
        let mut costs = Vec::new();
        for known in self.looked_at(cx) {
            let Ok(address) = normalize_address(known.address.as_ref(), &self.join.peer) else {
                continue;
            };
            let held = entry.reported_at(address.as_bytes());
            let mut claims = Vec::new();
            let mut has_claims = false;
            for by in Self::claims_on(known, cx).map(|claim| self.claimant(claim)) {
                has_claims = true;
                best = best.max(Some(by.class()));
                if held.is_none_or(|held| held.claim(&by).is_none()) {
                    claims.push(cost_of_claim(&by));
                }
            }
            // Of others' claims the source that brings them makes one.
            let most = if self.join.keeps_sources {
                cx.limits.claims_per_address.saturating_add(1)
            } else {
                1
            };
            let of_claims = sum_of_dearest(claims, most);
            let is_taught = self.join.keeps_sources && known.dials != DialState::default();
            let is_new = held.is_none() && (has_claims || is_taught);
            let own = if is_new { cost_of_address(address.as_bytes().len()) } else { 0 };
            costs.push(own.saturating_add(of_claims));
        }
        (best, sum_of_dearest(costs, cx.limits.addresses_per_peer))
    }
}

/// The sum of the highest `most` of these.
pub(in crate::transition) fn sum_of_dearest(mut costs: Vec<u64>, most: usize) -> u64 {
    costs.sort_unstable_by_key(|cost| Reverse(*cost));
    costs.into_iter().take(most).fold(0, u64::saturating_add)
}

/// Needs of one entry together. What is charged to a group is held to its share, be it with something
/// that is charged to none.
#[derive(Default)]
struct Sum(Option<Need>);

impl Sum {
    fn add(&mut self, need: Need) {
        self.0 = Some(match self.0 {
            None => need,
            Some(all) => Need {
                record: all.record | need.record,
                bytes: all.bytes.saturating_add(need.bytes),
                class: all.class.max(need.class),
                group: if all.group == EXEMPT { need.group } else { all.group },
            },
        });
    }
}
