//! What is held of one peer, as it lies in the tables.

use std::sync::Arc;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{EXEMPT, PeerEntry, Secret};
use peermark_provenance::{Timestamp, TrustClass};

use crate::error::Error;
use crate::row::{self, Damage, Session};
use crate::tables::{DueKey, OrderKey, Rows, due};

/// What is held of a peer: its entry, or its floor alone, as an entry that is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) id: u64,
    pub(crate) entry: PeerEntry,
    /// Where it is filed; what files it may have changed since.
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
    pub(crate) fn of(id: u64, secret: &Secret, entry: &PeerEntry) -> Self {
        let floor = entry.floor().filter(|_| entry.is_empty());
        let due = match floor {
            Some(floor) => Some((due::FLOOR, u64::from(floor.until), id)),
            None => entry.due().map(|at| (due::CLAIM, at.as_nanos(), id)),
        };
        let connected = entry.is_connected().then_some((due::CONNECTED, 0, id));
        let (group, code) = match floor {
            Some(floor) => (floor.group, FLOOR),
            None => (owner(entry), code(entry.class(), entry.has_record())),
        };
        Self { due, connected, order: (group, code, slot(id, secret), id) }
    }

    /// The keys in `due`.
    pub(crate) fn dues(&self) -> impl Iterator<Item = DueKey> {
        self.due.into_iter().chain(self.connected)
    }
}

/// The code of a floor in `order`: the lowest.
pub(crate) const FLOOR: u8 = 0;
/// The codes there are: of six ranks, without and with a record, and two that are of floors.
pub(crate) const CODES: usize = 14;

/// The place of a class among those that may go, lowest first, and in it of those without a record.
pub(crate) fn code(class: Option<TrustClass>, has_record: bool) -> u8 {
    let rank = match class {
        None => 1u8,
        Some(TrustClass::ThirdParty) => 2,
        Some(TrustClass::Direct) => 3,
        Some(TrustClass::Certified) => 4,
        Some(TrustClass::Dialed) => 5,
        Some(TrustClass::User) => 6,
    };
    rank.wrapping_mul(2) | u8::from(has_record)
}

/// The group that an entry itself is charged to.
pub(crate) fn owner(entry: &PeerEntry) -> u16 {
    entry.charges().next().map_or(EXEMPT, |charge| charge.group)
}

/// What decides among equals: a slot that the secret chooses. Ids that follow each other share one,
/// so that what comes together is filed together. Whoever looks for a victim draws in the slot.
fn slot(id: u64, secret: &Secret) -> u32 {
    let [a, b, c, d, ..] = secret.hash(&id.wrapping_shr(6).to_le_bytes()).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// How a row is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) session: Session,
    /// When this session began.
    pub(crate) since: Timestamp,
    /// The secret of the store.
    pub(crate) secret: Secret,
}

impl State {
    /// A state that is new, or was changed.
    pub(crate) fn new(id: u64, entry: PeerEntry, session: Session, secret: &Secret) -> Self {
        let filed = Filed::of(id, secret, &entry);
        Self { id, entry, filed, session }
    }

    /// Whether a floor is all there is.
    pub(crate) fn is_floor(&self) -> bool {
        self.entry.is_empty()
    }

    /// Whether something of it is over, and it has to be settled.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        !self.is_floor() && self.entry.due().is_some_and(|due| due <= now)
    }

    /// Reads a row without verifying its signature: to be counted, evicted, or let go.
    pub(crate) fn unverified(id: u64, row: &[u8], secret: &Secret) -> Result<Self, Damage> {
        let (session, entry) = row::decode(id, row)?;
        Ok(Self::new(id, entry.dangerous_assume_verified(), session, secret))
    }

    /// Reads a row, and verifies it unless this session wrote it.
    pub(crate) fn verified(id: u64, row: &[u8], by: Reading) -> Result<Self, Damage> {
        let (session, entry) = row::decode(id, row)?;
        if session == by.session {
            let entry = entry.dangerous_assume_verified();
            return Ok(Self::new(id, entry, session, &by.secret));
        }
        let entry = entry.verify()?;
        let mut state = Self::new(id, entry, by.session, &by.secret);
        state.entry.resume(by.since);
        Ok(state)
    }

    /// Finds what is held of a peer.
    pub(crate) fn find(
        rows: &impl Rows,
        peer: &PeerId,
        hash: u64,
        by: Reading,
    ) -> Result<Found, Error> {
        for id in rows.ids(hash)? {
            let Some((row, _)) = rows.row(id)? else {
                return Err(Error::damaged("a peer whose row is gone"));
            };
            // Told by the bytes first: to verify a row of another peer is to verify it in vain.
            let is_other = row::decode(id, &row)
                .is_ok_and(|(_, entry)| entry.peer_id_bytes() != &*peer.multihash_bytes());
            if is_other {
                continue;
            }
            return Ok(match Self::verified(id, &row, by) {
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
        assert!(codes.is_sorted_by(|a, b| a < b) && codes[0] > FLOOR + 1);
        assert_eq!(usize::from(codes[11]), CODES - 1);
    }
}
