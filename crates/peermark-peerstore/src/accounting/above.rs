//! How far a store is above limits: one that was filled under higher ones is (S11).

use super::{GROUPS, Ledger, Usage, count};
use crate::limits::Limits;

/// How much more a store holds than its limits allow. Nothing is removed for that reason alone: what
/// arrives evicts what it needs itself (S11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Above {
    /// Peers above [`Limits::peers`].
    pub peers: u64,
    /// Records above [`Limits::records`].
    pub records: u64,
    /// Bytes above [`Limits::bytes`].
    pub bytes: u64,
    /// Floors above [`Limits::floors`].
    pub floors: u64,
    /// Groups of sources that hold more than their share.
    pub groups: u64,
}

impl Above {
    /// Whether the store is within its limits.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Ledger {
    /// How far what is held is above limits.
    #[must_use]
    pub fn above(&self, limits: &Limits) -> Above {
        let Usage { peers, records, bytes, floors, .. } = self.usage();
        let over = |held: usize, limit: usize| count(held).saturating_sub(count(limit));
        let groups = (0..GROUPS).filter(|group| self.is_over_share(*group, limits)).count();
        Above {
            peers: over(peers, limits.peers),
            records: over(records, limits.records),
            bytes: bytes.saturating_sub(limits.bytes),
            floors: over(floors, limits.floors),
            groups: count(groups),
        }
    }
}
