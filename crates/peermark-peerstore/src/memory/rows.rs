//! What a shard keeps of a peer: its entry, or its floor alone; and what a victim among them is
//! chosen by.

use peermark_identity::PeerIdBytes;
use peermark_provenance::TrustClass;

use super::table::Row;
use crate::entry::{Floor, PeerEntry};

/// The floor of a peer of which nothing else is held.
#[derive(Debug)]
pub(super) struct FloorRow {
    pub(super) peer: PeerIdBytes,
    pub(super) floor: Floor,
}

impl Row for PeerEntry {
    fn vacant() -> Self {
        Self::vacant()
    }

    fn peer(&self) -> &[u8] {
        self.peer_id_bytes()
    }

    fn warm(&self) {
        Self::warm(self);
    }

    fn due(&self) -> Option<u64> {
        Self::due(self).map(peermark_provenance::Timestamp::as_nanos)
    }

    fn tag(&self) -> u32 {
        Tag::of(self).0
    }
}

impl Row for Option<FloorRow> {
    fn vacant() -> Self {
        None
    }

    fn peer(&self) -> &[u8] {
        self.as_ref().map_or(&[], |row| &row.peer)
    }

    fn due(&self) -> Option<u64> {
        Some(u64::from(self.as_ref()?.floor.until).saturating_mul(NANOS))
    }

    fn tag(&self) -> u32 {
        self.as_ref().map_or(0, |row| Tag::of_floor(&row.floor).0)
    }
}

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// What a victim is chosen by: rank, whether there is a record, and the group, from the highest
/// bits down. Never 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag(pub(super) u32);

impl Tag {
    pub(super) fn of(entry: &PeerEntry) -> Self {
        let rank = rank(entry.class());
        let owner = entry.own_charge().group;
        Self((rank << 17) | (u32::from(entry.has_record()) << 16) | u32::from(owner))
    }

    pub(super) fn of_floor(floor: &Floor) -> Self {
        Self((1 << 17) | u32::from(floor.group))
    }

    pub(super) fn rank(self) -> u32 {
        self.0 >> 17
    }

    pub(super) fn has_record(self) -> bool {
        self.0 & (1 << 16) != 0
    }

    pub(super) fn is_of(self, group: u16) -> bool {
        self.0 & 0xffff == u32::from(group)
    }
}

/// 1 to 6, the first to go lowest.
pub(super) fn rank(class: Option<TrustClass>) -> u32 {
    match class {
        None => 1,
        Some(TrustClass::ThirdParty) => 2,
        Some(TrustClass::Direct) => 3,
        Some(TrustClass::Certified) => 4,
        Some(TrustClass::Dialed) => 5,
        Some(TrustClass::User) => 6,
    }
}
