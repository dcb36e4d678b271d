//! A floor comes from outside without its record (S3): a copy of a store, or another node, says how
//! far a peer had come.

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_provenance::{Seq, Source, TrustClass};

use super::{Need, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::{FLOOR, OutsideFloor, PeerEntry};
use crate::event::Cause;
use crate::outcome::{PayloadDigest, Room};

/// Raises the floor of a peer, on the word of a source.
///
/// It removes no record that is held, yields to what the peer itself says over a contact, and ends
/// after [`Limits::outside_floor_life`](crate::Limits::outside_floor_life) at the latest.
#[derive(Clone, Copy, Debug)]
pub struct RaiseFloor<'a> {
    peer: PeerId,
    seq: Seq,
    digest: PayloadDigest,
    life: Duration,
    source: &'a Source,
}

impl<'a> RaiseFloor<'a> {
    /// To this record, for as long as `life`. It is charged to the source.
    #[must_use]
    pub const fn new(
        peer: PeerId,
        (seq, digest): (Seq, PayloadDigest),
        life: Duration,
        source: &'a Source,
    ) -> Self {
        Self { peer, seq, digest, life, source }
    }
}

impl RaiseFloor<'_> {
    fn raises(&self, entry: &PeerEntry, cx: &Context<'_>) -> bool {
        let held = entry.floor_at(cx.at, cx.limits);
        !self.life.is_zero() && held.is_none_or(|held| held.seq < self.seq)
    }
}

impl Transition for RaiseFloor<'_> {
    /// Whether it was raised.
    type Answer = bool;
    type Plan = ();

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, ()) {
        // Of a peer of which nothing else is held it is a floor, of which there is a limit.
        let is_beside = self.raises(entry, cx) && !entry.is_empty() && !entry.has_outside_floor();
        let need = Need {
            record: false,
            bytes: entry.beside_to_make().saturating_add(FLOOR),
            class: TrustClass::ThirdParty,
            group: if entry.is_exempt() { EXEMPT } else { cx.group(self.source) },
        };
        (is_beside.then_some(need), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> bool {
        if !self.raises(entry, cx) {
            return false;
        }
        let until = cx.at.aging_begun_after(self.life.min(cx.limits.outside_floor_life));
        if entry.is_empty() && entry.floor_at(cx.at, cx.limits).is_none() {
            entry.group = if self.source.kind().is_user() { EXEMPT } else { cx.group(self.source) };
        }
        let outside = OutsideFloor { seq: self.seq, digest: self.digest, until };
        entry.extra_from(self.peer).rest.outside = Some(Box::new(outside));
        true
    }

    fn refuse(&self, _: Room) -> bool {
        false
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}
