//! A record takes the place of what is held, as far as the cap allows (S1, S11).

use peermark_identity::PeerId;
use peermark_provenance::{Address, TrustClass};

use crate::context::Context;
use crate::entry::{Extra, Packed, PeerEntry, ReportedAddress, Signed};
use crate::outcome::Applied;

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) kept: usize,
    pub(super) added: usize,
    pub(super) withdrawn: usize,
    pub(super) dropped: usize,
}

impl Counts {
    pub(super) fn applied(&self, answer: Applied, evicted: usize) -> Applied {
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        Applied {
            added: small(self.added),
            withdrawn: small(self.withdrawn),
            dropped: small(self.dropped),
            evicted: small(evicted),
            ..answer
        }
    }
}

/// Puts a record in the place of the one that is held; of one without addresses, nothing.
pub(super) fn install<S: Signed>(entry: &mut PeerEntry, record: &S, cx: &Context<'_>) -> Counts {
    let counts = replace_record(entry, record, cx);
    if counts.kept == 0 {
        // The record names its peer, and goes.
        entry.extra_from(record.peer());
        entry.record = Packed::default();
    }
    counts
}

/// Removes the record that is held: the peer withdrew all.
pub(super) fn withdraw(entry: &mut PeerEntry, peer: PeerId) -> Counts {
    let withdrawn = entry.record.len();
    entry.extra_from(peer);
    entry.record = Packed::default();
    Counts { withdrawn, ..Counts::default() }
}

fn replace_record<S: Signed>(entry: &mut PeerEntry, record: &S, cx: &Context<'_>) -> Counts {
    let PeerEntry { record: place, extra, .. } = entry;
    let extra = extra.as_deref();
    let listed = record.addresses().len();
    if extra.is_none() && !place.is_some() && listed <= cx.limits.addresses_per_peer {
        // Nothing was known of the peer, as of most that come: all are kept, and all are new.
        if listed > 0 {
            place.set(record, record.addresses(), listed);
        }
        let counts = Counts { kept: listed, added: listed, ..Counts::default() };
        return Counts { dropped: record.skipped(), ..counts };
    }
    let chosen = kept(record, extra, cx);
    let kept = match extra {
        None => listed.min(cx.limits.addresses_per_peer),
        Some(_) => chosen.clone().count(),
    };
    let (mut added, mut withdrawn) = (kept, 0);
    if place.is_some() || extra.is_some() {
        let stays = |address: &[u8]| chosen.clone().any(|ours| ours.as_bytes() == address);
        withdrawn = place.addresses().filter(|old| !stays(old.as_bytes())).count();
        let is_new = |address: &[u8]| {
            let known = extra.and_then(|extra| extra.address(address));
            !place.contains(address) && known.is_none_or(|other| other.claims.is_empty())
        };
        added = chosen.clone().filter(|ours| is_new(ours.as_bytes())).count();
    }
    if kept > 0 {
        place.set(record, chosen, kept);
    }
    let above = listed.saturating_sub(kept);
    Counts { kept, added, withdrawn, dropped: above.saturating_add(record.skipped()) }
}

/// The addresses of the record that will be certified: those that have a better claim already, and of
/// the others the first ones, as many as the cap allows beside all that have one.
pub(super) fn kept<'b, R: Signed>(
    record: &'b R,
    extra: Option<&'b Extra>,
    cx: &Context<'_>,
) -> impl Iterator<Item = Address<'b>> + Clone {
    let (now, connected) = (cx.now(), extra.is_some_and(|extra| extra.connected));
    let is_better =
        move |other: &ReportedAddress| other.class(now, connected) > Some(TrustClass::Certified);
    let reported = extra.map_or(&[][..], |extra| &extra.addresses);
    let better = reported.iter().filter(|other| is_better(other)).count();
    let mut places = cx.limits.addresses_per_peer.saturating_sub(better);
    record.addresses().filter(move |address| {
        let has_place = better > 0
            && extra.and_then(|extra| extra.address(address.as_bytes())).is_some_and(is_better);
        let left = places;
        places = left.saturating_sub(usize::from(!has_place));
        has_place || left > 0
    })
}
