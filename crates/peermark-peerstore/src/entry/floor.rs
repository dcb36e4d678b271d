//! The replay floor: what of a peer outlives its record (S3).

use peermark_identity::PeerId;
use peermark_provenance::Seq;

use super::life::Life;
use super::signed::{Content, Evidence};
use crate::clock::Moment;
use crate::outcome::PayloadDigest;

/// The highest sequence number that was accepted of a peer, as engines and callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Floor {
    /// The sequence number.
    pub seq: Seq,
    /// The payload that was accepted with it.
    pub digest: PayloadDigest,
    /// Until when it lasts, in seconds of aging ([`Moment::aging_secs`](crate::Moment::aging_secs)).
    pub until: u32,
}

/// A floor where no record implies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredFloor {
    pub(crate) seq: Seq,
    /// Of the record that was held. It lists no addresses where that record withdrew all.
    pub(crate) content: Content,
    pub(crate) life: Life,
    pub(crate) marks: Marks,
}

/// A floor that somebody else told of, without the record: a hint, for as long as nothing better is
/// known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutsideFloor {
    pub(crate) seq: Seq,
    pub(crate) digest: PayloadDigest,
    /// In seconds of aging.
    pub(crate) until: u32,
}

impl OutsideFloor {
    pub(crate) fn lasts(&self, at: Moment) -> bool {
        self.until > at.aging_secs()
    }
}

/// What is known of a record or its floor beside the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marks(u16);

impl Marks {
    pub(crate) const NONE: Self = Self(0);
    /// The peer itself delivered the record, or was connected when a higher one replaced it: a
    /// connection holds it (S7).
    pub(crate) const ITSELF: Self = Self(1 << 15);
    /// The user removed the record or some of its addresses: third parties do not bring them back.
    pub(crate) const REMOVED: Self = Self(1 << 14);
    /// Sources of more than one group told of the peer, or it was in contact under an earlier number.
    pub(crate) const KNOWN: Self = Self(1 << 13);
    /// The peer signed another payload with this number and other addresses.
    pub(crate) const CONTRADICTED: Self = Self(1 << 12);
    /// The floor of a record without addresses of an unknown peer: the first to go.
    pub(crate) const LOWEST: Self = Self(1 << 11);

    const FLAGS: u16 = 0b1_1111 << 11;

    /// The kinds of source that delivered it.
    pub(crate) const fn kinds(self) -> peermark_provenance::SourceKinds {
        peermark_provenance::SourceKinds::from_bits(self.0 & !Self::FLAGS)
    }

    pub(crate) const fn of_kinds(kinds: peermark_provenance::SourceKinds) -> Self {
        Self(kinds.to_bits() & !Self::FLAGS)
    }

    pub(crate) const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, mark: Self) -> Self {
        Self(self.0 & !mark.0)
    }

    /// `self` with `mark` where `is`.
    pub(crate) const fn with_if(self, is: bool, mark: Self) -> Self {
        if is { self.with(mark) } else { self }
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

impl StoredFloor {
    /// Its place among floors that may go, the first to go lowest (S3).
    pub(crate) fn rank(&self) -> FloorRank {
        if self.marks.has(Marks::LOWEST) {
            FloorRank::Lowest
        } else if self.life.contact == 0 && !self.marks.has(Marks::KNOWN) {
            FloorRank::OneGroup
        } else {
            FloorRank::Known
        }
    }
}

/// The ranks of floors, the first to go first (S3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the ranks of S3")]
pub enum FloorRank {
    /// Of a record without addresses of an unknown peer; it displaces no other. Floors from outside
    /// are of this rank too.
    Lowest,
    /// Of a peer that was never in contact, and that sources of one group told of.
    OneGroup,
    /// All others.
    Known,
}

impl FloorRank {
    /// 0 to 2.
    #[must_use]
    pub const fn index(self) -> u8 {
        match self {
            Self::Lowest => 0,
            Self::OneGroup => 1,
            Self::Known => 2,
        }
    }
}

/// What is left of a peer of which no address, record or connection is held: its floors, and the
/// proof of a contradiction. Engines keep it beside the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remnant {
    pub(crate) peer: PeerId,
    pub(crate) floor: Option<Box<StoredFloor>>,
    pub(crate) outside: Option<Box<OutsideFloor>>,
    pub(crate) evidence: Option<Box<Evidence>>,
    /// The group whose budget it is charged to.
    pub(crate) group: u16,
}

impl Remnant {
    pub(crate) const fn new(peer: PeerId, group: u16) -> Self {
        Self { peer, floor: None, outside: None, evidence: None, group }
    }

    /// The peer.
    #[must_use]
    pub const fn peer_id(&self) -> &PeerId {
        &self.peer
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.floor.is_none() && self.outside.is_none()
    }

    /// The group whose budget it is charged to.
    #[must_use]
    pub const fn group(&self) -> u16 {
        self.group
    }

    /// Its place among those that may go when room is needed.
    #[must_use]
    pub fn rank(&self) -> FloorRank {
        self.floor.as_ref().map_or(FloorRank::Lowest, |floor| floor.rank())
    }

    /// Whether the proof of a contradiction is kept with it.
    #[must_use]
    pub const fn has_evidence(&self) -> bool {
        self.evidence.is_some()
    }

    /// When the first of its floors ends, in seconds of aging.
    #[must_use]
    pub fn due(&self) -> u32 {
        let own = self.floor.as_ref().map(|floor| floor.life.floor);
        let outside = self.outside.as_ref().map(|outside| outside.until);
        own.into_iter().chain(outside).min().unwrap_or(0)
    }

    /// The highest floor.
    #[must_use]
    pub fn floor(&self) -> Option<Floor> {
        let own = self.floor.as_ref().map(|floor| Floor {
            seq: floor.seq,
            digest: floor.content.digest,
            until: floor.life.floor,
        });
        let outside = self.outside.as_ref().map(|outside| Floor {
            seq: outside.seq,
            digest: outside.digest,
            until: outside.until,
        });
        match (own, outside) {
            (Some(own), Some(outside)) if outside.seq > own.seq => Some(outside),
            (own, outside) => own.or(outside),
        }
    }

    /// Removes what has ended.
    pub(crate) fn expire(&mut self, at: Moment) {
        if self.floor.as_ref().is_some_and(|floor| !floor.life.has_floor(at)) {
            self.floor = None;
            self.evidence = None;
        }
        if self.outside.as_ref().is_some_and(|outside| !outside.lasts(at)) {
            self.outside = None;
        }
    }
}
