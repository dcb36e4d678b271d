//! What an entry holds beside its record, in a box of its own.

use peermark_identity::PeerIdBytes;

use super::{Floor, ReportedAddress};

/// What is held beside a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) peer: PeerIdBytes,
    /// Where there is no record.
    pub(crate) floor: Option<Floor>,
    pub(crate) connected: bool,
    /// Sorted by their bytes.
    pub(crate) addresses: Vec<ReportedAddress>,
}

impl Extra {
    /// With nothing in it.
    pub(super) const fn new(peer: PeerIdBytes, floor: Option<Floor>) -> Self {
        Self { peer, floor, connected: false, addresses: Vec::new() }
    }

    /// Whether it says nothing but whose it is.
    pub(super) fn is_spare(&self) -> bool {
        !self.connected && self.addresses.is_empty() && self.floor.is_none()
    }

    /// Where an address is, or belongs.
    pub(super) fn place(&self, address: &[u8]) -> Result<usize, usize> {
        self.addresses.binary_search_by(|other| (*other.address).cmp(address))
    }

    /// An address, if it is here.
    pub(crate) fn address(&self, address: &[u8]) -> Option<&ReportedAddress> {
        self.addresses.get(self.place(address).ok()?)
    }

    /// As [`Self::address`], to be changed.
    pub(crate) fn address_mut(&mut self, address: &[u8]) -> Option<&mut ReportedAddress> {
        let at = self.place(address).ok()?;
        self.addresses.get_mut(at)
    }

    /// An address, put here without a claim and charged to `group` where it is not. There always is
    /// one.
    pub(crate) fn address_or_new(
        &mut self,
        address: &[u8],
        group: u16,
    ) -> Option<&mut ReportedAddress> {
        let at = self.place(address).unwrap_or_else(|at| {
            self.addresses.insert(at, ReportedAddress::new(address, group));
            at
        });
        self.addresses.get_mut(at)
    }
}
