//! What an entry costs: the bytes that limits and shares count (S11).
//!
//! The same for every engine and every compiler: sizes of what is stored, and constants for what
//! storing it takes. Each constant covers what the memory engine allocates, which a test holds
//! against the allocator, and what the file engine writes.

use super::{Claimant, PeerEntry, ReportedAddress, StoredClaim};
use crate::accounting::Line;
use crate::context::EXEMPT;

/// An entry with a record of up to [`INLINE`] bytes: its place, and its keys in the indexes.
pub(crate) const ENTRY: u64 = 360;
/// Bytes of a record, its envelope and where its addresses are, that [`ENTRY`] covers.
const INLINE: usize = 254;
/// What an allocation takes beside its bytes.
const ALLOCATION: u64 = 16;
/// What an entry has beside its record, be it little, with a place for the floor that the record leaves:
/// time must not make an entry dearer.
pub(crate) const BESIDE: u64 = 304;
/// A floor from outside that is stored beside a record or addresses.
pub(crate) const FLOOR: u64 = 128;
/// An address without its bytes.
const ADDRESS: u64 = 112;
/// A claim on an address.
const CLAIM: u64 = 80;
/// The reporter of a claim.
const REPORTER: u64 = 56;

/// The number of this model: the file engine counts anew where another build counted by another.
pub(crate) const MODEL: u64 = 2;

/// What a record of so many bytes costs beside [`ENTRY`].
pub(crate) fn record(stored_len: usize) -> u64 {
    if stored_len <= INLINE { 0 } else { to_u64(stored_len).saturating_add(ALLOCATION) }
}

/// What an address costs without its claims.
pub(crate) fn address(len: usize) -> u64 {
    ADDRESS.saturating_add(to_u64(len))
}

/// What a claim of this claimant costs.
pub(crate) fn claim(by: &Claimant) -> u64 {
    match by {
        Claimant::Source(_, Some(_)) => const { CLAIM + REPORTER },
        Claimant::Source(_, None) | Claimant::Dialed => CLAIM,
    }
}

/// What the envelopes of a contradiction cost.
pub(crate) fn evidence(envelopes: usize) -> u64 {
    to_u64(envelopes).saturating_add(const { FLOOR + 2 * ALLOCATION })
}

impl PeerEntry {
    /// What the entry itself costs, its record included, charged to its own group or to none. Of a
    /// contradiction the envelope that is held is counted twice: as the record, and as what it leaves.
    #[inline]
    pub(crate) fn own_line(&self) -> Line {
        let group = if self.is_exempt() { EXEMPT } else { self.group };
        let mut bytes = ENTRY.saturating_add(record(self.record.stored_len()));
        if let Some(extra) = self.extra.as_deref()
            && let Some(kept) = &extra.rest.evidence
        {
            let envelopes = kept.envelopes().saturating_add(self.record.envelope().len());
            bytes = bytes.saturating_add(evidence(envelopes));
        }
        Line { group, bytes }
    }

    /// What everything beside the record costs, line by line.
    pub(crate) fn lines_beside(&self) -> impl Iterator<Item = Line> + '_ {
        // Sources that say something more about a peer must not use up the budget of the one that
        // brought it.
        let exempt = |bytes| Line { group: EXEMPT, bytes };
        let boxed = self.extra.is_some().then_some(exempt(BESIDE));
        let outside = self.has_outside_floor().then_some(exempt(FLOOR));
        let parts = self.reported().iter().flat_map(|known| {
            let own = Line { group: known.group, bytes: address(known.address.len()) };
            let line = |made: &StoredClaim| Line { group: made.group, bytes: claim(&made.by) };
            core::iter::once(own).chain(known.claims.iter().map(line))
        });
        boxed.into_iter().chain(outside).chain(parts)
    }

    /// What making a place for something beside the record would cost.
    pub(crate) fn beside_to_make(&self) -> u64 {
        if self.extra.is_some() { 0 } else { BESIDE }
    }
}

impl ReportedAddress {
    /// What one more address of so many bytes costs with its first claim.
    pub(crate) fn cost_of(len: usize, by: &Claimant) -> u64 {
        address(len).saturating_add(claim(by))
    }
}

fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
