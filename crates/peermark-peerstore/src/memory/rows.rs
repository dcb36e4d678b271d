//! What a shard keeps of a peer: its entry, or what is left of it; and what a victim among them is
//! chosen by.

use peermark_identity::PeerIdExt as _;
use peermark_provenance::TrustClass;

use super::table::Row;
use crate::context::Context;
use crate::entry::{FloorRank, PeerEntry, Remnant};

impl Row for PeerEntry {
    fn vacant() -> Self {
        Self::vacant()
    }

    #[inline]
    fn is_of(&self, peer: &[u8]) -> bool {
        Self::is_of(self, peer)
    }

    #[inline]
    fn prefetch(&self) {
        Self::prefetch(self);
    }

    fn prefetch_start(&self) {
        Self::prefetch_start(self);
    }

    fn due(&self, cx: &Context<'_>) -> Option<u64> {
        Self::due(self, cx).map(peermark_provenance::Timestamp::as_nanos)
    }

    fn tag(&self) -> u32 {
        Tag::of(self).0
    }
}

impl Row for Option<Remnant> {
    fn vacant() -> Self {
        None
    }

    fn is_of(&self, peer: &[u8]) -> bool {
        self.as_ref().is_some_and(|rest| *rest.peer_id().multihash_bytes() == *peer)
    }

    /// In nanoseconds of aging.
    fn due(&self, _: &Context<'_>) -> Option<u64> {
        Some(u64::from(self.as_ref()?.due()).saturating_mul(NANOS))
    }

    fn tag(&self) -> u32 {
        self.as_ref().map_or(0, |rest| Tag::of_remnant(rest).0)
    }
}

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// What a victim is chosen by: rank, whether there is a record, and the group, from the highest
/// bits down. Never 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag(pub(super) u32);

impl Tag {
    fn of(entry: &PeerEntry) -> Self {
        let owner = entry.own_line().group;
        Self((rank(entry.class()) << 17) | (u32::from(entry.has_record()) << 16) | u32::from(owner))
    }

    fn of_remnant(rest: &Remnant) -> Self {
        let rank = u32::from(rest.rank().index()).saturating_add(1);
        Self((rank << 17) | u32::from(rest.group()))
    }

    pub(super) const fn rank(self) -> u32 {
        self.0 >> 17
    }

    pub(super) const fn floor_rank(self) -> FloorRank {
        match self.rank() {
            1 => FloorRank::Lowest,
            2 => FloorRank::OneGroup,
            _ => FloorRank::Known,
        }
    }

    pub(super) const fn has_record(self) -> bool {
        self.0 & (1 << 16) != 0
    }

    pub(super) fn group(self) -> u16 {
        u16::try_from(self.0 & 0xffff).unwrap_or(u16::MAX)
    }
}

/// 1 to 6, the first to go lowest.
pub(super) const fn rank(class: Option<TrustClass>) -> u32 {
    match class {
        None => 1,
        Some(TrustClass::ThirdParty) => 2,
        Some(TrustClass::Direct) => 3,
        Some(TrustClass::Certified) => 4,
        Some(TrustClass::Dialed) => 5,
        Some(TrustClass::User) => 6,
    }
}
