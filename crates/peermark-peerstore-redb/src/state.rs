//! What is held of one peer, as it lies in the tables.

use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{Brought, Context, Cost, Moment, PeerEntry, Secret};
use peermark_provenance::TrustClass;

use crate::base::own;
use crate::error::Error;
use crate::row::{self, Damage, Session};
use crate::tables::{DueKey, OrderKey, Rows, due};

/// What is held of a peer: its entry, or what is left of it, as an entry that is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) id: u64,
    pub(crate) entry: PeerEntry,
    /// Where it is filed.
    pub(crate) filed: Filed,
    /// Who verified it.
    pub(crate) session: Session,
}

/// The keys under which a peer is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filed {
    due: Option<DueKey>,
    connected: Option<DueKey>,
    pub(crate) order: OrderKey,
}

impl Filed {
    /// `due` is when an entry is looked at next, in nanoseconds; 0 for never.
    fn of(id: u64, secret: &Secret, entry: &PeerEntry, due: u64) -> Self {
        let rest = entry.remnant().filter(|_| entry.is_empty());
        let due = match &rest {
            Some(rest) => Some((due::FLOOR, u64::from(rest.due()), id)),
            None => (due > 0).then_some((due::CLAIM, due, id)),
        };
        let connected = entry.is_connected().then_some((due::CONNECTED, 0, id));
        let (group, code) = match &rest {
            Some(rest) => (rest.group(), rest.rank().index()),
            None => (Cost::of(entry).owner(), code(entry.class(), entry.has_record())),
        };
        Self { due, connected, order: (group, code, slot(id, secret), id) }
    }

    /// The keys in `due`.
    pub(crate) fn dues(&self) -> impl Iterator<Item = DueKey> {
        self.due.into_iter().chain(self.connected)
    }

    /// When the entry is looked at next, in nanoseconds; 0 for never.
    pub(crate) fn claim_due(&self) -> u64 {
        self.due.filter(|(kind, ..)| *kind == due::CLAIM).map_or(0, |(_, at, _)| at)
    }
}

/// The codes there are: of the three ranks of floors, and of six classes, without and with a record.
pub(crate) const CODES: usize = 16;
/// The lowest code of an entry. Below it, codes are ranks of floors.
pub(crate) const FIRST: u8 = 4;

/// The place of a class among those that may go, lowest first, and in it of those without a record.
pub(crate) fn code(class: Option<TrustClass>, has_record: bool) -> u8 {
    let rank = match class {
        None => 0u8,
        Some(TrustClass::ThirdParty) => 1,
        Some(TrustClass::Direct) => 2,
        Some(TrustClass::Certified) => 3,
        Some(TrustClass::Dialed) => 4,
        Some(TrustClass::User) => 5,
    };
    FIRST.wrapping_add(rank.wrapping_mul(2)) | u8::from(has_record)
}

/// What decides among equals: a slot that the secret chooses. Ids that follow each other share one,
/// so that what comes together is filed together. A victim is drawn in the slot.
fn slot(id: u64, secret: &Secret) -> u32 {
    low(secret.hash(&id.wrapping_shr(6).to_le_bytes()))
}

/// The lower half of a hash.
pub(crate) fn low(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// How a row is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) session: Session,
    /// The secret of the store.
    pub(crate) secret: Secret,
    /// When the file was closed, if its rows are of format 1.
    pub(crate) format_1: Option<Moment>,
}

impl Reading {
    /// Reads a row without verifying its signature.
    fn decode(self, id: u64, row: &[u8]) -> Result<row::Row, Damage> {
        // A panic of the decoder is not one of redb.
        own(|| match self.format_1 {
            None => row::decode(id, row),
            Some(at) => row::decode_v1(id, row, at),
        })
    }
}

impl Reading {
    /// Whether a row is of this peer; none if it cannot be read.
    pub(crate) fn is_of(self, id: u64, row: &[u8], peer: &PeerId) -> Option<bool> {
        let row = self.decode(id, row).ok()?;
        Some(row.entry.is_of(&peer.multihash_bytes()))
    }
}

impl State {
    /// A state that is new, or was changed from one that was `filed`. One that is due later than before
    /// keeps its key in `due`: it is looked at early, and filed anew then.
    pub(crate) fn new(
        id: u64,
        entry: PeerEntry,
        session: Session,
        filed: u64,
        cx: &Context<'_>,
    ) -> Self {
        let due = entry.due(cx).filter(|_| !entry.is_empty());
        let due = due.map_or(0, |due| {
            let due = due.as_nanos().max(1);
            if filed > cx.at.now.as_nanos() { due.min(filed) } else { due }
        });
        Self { id, filed: Filed::of(id, cx.secret, &entry, due), entry, session }
    }

    /// As it is in the file.
    fn stored(id: u64, entry: PeerEntry, session: Session, due: u64, secret: &Secret) -> Self {
        Self { id, filed: Filed::of(id, secret, &entry, due), entry, session }
    }

    /// Whether a floor is all there is.
    pub(crate) fn is_floor(&self) -> bool {
        self.entry.is_empty()
    }

    /// Whether it is looked at when something of it ends, or before.
    pub(crate) fn is_filed(&self, cx: &Context<'_>) -> bool {
        let due = self.entry.due(cx).filter(|_| !self.is_floor());
        let filed = self.filed.claim_due();
        due.map_or(filed == 0, |due| filed > 0 && filed <= due.as_nanos().max(1))
    }

    /// Whether something of it has ended.
    pub(crate) fn is_due(&self, cx: &Context<'_>) -> bool {
        !self.is_floor() && self.entry.due(cx).is_some_and(|due| due <= cx.at.now)
    }

    /// Reads a row without verifying its signature: to be counted, evicted, or removed.
    pub(crate) fn unverified(id: u64, row: &[u8], secret: &Secret) -> Result<Self, Damage> {
        let row::Row { session, due, entry } = own(|| row::decode(id, row))?;
        Ok(Self::stored(id, entry.dangerous_assume_verified(), session, due, secret))
    }

    /// As [`Self::unverified`], of a row of format 1 in a file that was closed at this moment.
    pub(crate) fn of_format_1(
        id: u64,
        row: &[u8],
        secret: &Secret,
        at: Moment,
    ) -> Result<Self, Damage> {
        let row::Row { session, due, entry } = own(|| row::decode_v1(id, row, at))?;
        Ok(Self::stored(id, entry.dangerous_assume_verified(), session, due, secret))
    }

    /// Reads a row, and verifies it unless this session wrote it.
    pub(crate) fn verified(id: u64, row: &[u8], by: Reading) -> Result<Self, Damage> {
        Self::verified_beside(id, row, by, Brought::default())
    }

    /// As [`Self::verified`], beside records that are verified already.
    fn verified_beside(
        id: u64,
        row: &[u8],
        by: Reading,
        brought: Brought<'_>,
    ) -> Result<Self, Damage> {
        let row::Row { session, due, entry } = by.decode(id, row)?;
        let entry = if session == by.session {
            entry.dangerous_assume_verified()
        } else {
            own(|| entry.verify_beside(brought))?
        };
        Ok(Self::stored(id, entry, by.session, due, &by.secret))
    }

    /// Finds what is held of a peer, beside records that are verified already.
    pub(crate) fn find(
        rows: &impl Rows,
        peer: &PeerId,
        hash: u64,
        by: Reading,
        brought: Brought<'_>,
    ) -> Result<Found, Error> {
        for id in rows.ids(hash)? {
            let Some((row, _)) = rows.row(id)? else {
                return Err(Error::damaged("a peer whose row is gone"));
            };
            // Told by the bytes first: to verify a row of another peer is to verify it in vain.
            if by.is_of(id, &row, peer) == Some(false) {
                continue;
            }
            return Ok(match Self::verified_beside(id, &row, by, brought) {
                Ok(state) => Found::Held(Arc::new(state)),
                Err(damage) => Found::Damaged(id, damage),
            });
        }
        Ok(Found::Nothing)
    }
}

/// What is in the tables of a peer.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Held(Arc<State>),
    /// A row under this id that is not what was written.
    Damaged(u64, Damage),
}

/// Regions, by the highest bits of the hash.
const REGION_BITS: u32 = 10;
/// How many there are.
pub(crate) const REGIONS: usize = 1 << REGION_BITS;

/// The region of a hash.
pub(crate) fn region_of(hash: u64) -> usize {
    usize::try_from(hash.wrapping_shr(u64::BITS.wrapping_sub(REGION_BITS))).unwrap_or(0)
}

/// The hashes of a region.
pub(crate) fn hashes_of(region: usize) -> core::ops::RangeInclusive<u64> {
    let shift = u64::BITS.wrapping_sub(REGION_BITS);
    let first = u64::try_from(region).unwrap_or(0).wrapping_shl(shift);
    first..=first | 1u64.wrapping_shl(shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_is_of_its_region() {
        for region in [0, 1, REGIONS / 2, REGIONS - 1] {
            let hashes = hashes_of(region);
            assert_eq!((region_of(*hashes.start()), region_of(*hashes.end())), (region, region));
        }
        assert_eq!((*hashes_of(0).start(), *hashes_of(REGIONS - 1).end()), (0, u64::MAX));
    }

    #[test]
    fn what_is_better_goes_later() {
        let classes = [
            None,
            Some(TrustClass::ThirdParty),
            Some(TrustClass::Direct),
            Some(TrustClass::Certified),
            Some(TrustClass::Dialed),
            Some(TrustClass::User),
        ];
        let codes = classes.map(|class| [code(class, false), code(class, true)]).concat();
        assert!(codes.is_sorted_by(|a, b| a < b) && codes[0] == FIRST);
        assert_eq!(usize::from(codes[11]), CODES - 1);
    }
}
