//! What an entry holds beside its record, in a box of its own.

use core::time::Duration;

use peermark_identity::PeerId;

use super::{Remnant, ReportedAddress};

/// What is held beside a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    /// The peer, its floor where there is no record, and what it contradicted.
    pub(crate) rest: Remnant,
    pub(crate) connected: bool,
    /// How long a record that the connection holds was given: what starts to run when the peer
    /// disconnects (S7).
    pub(crate) record_ttl: Duration,
    /// Sorted by their bytes.
    pub(crate) addresses: Vec<ReportedAddress>,
}

impl Extra {
    /// With nothing else in it.
    pub(super) const fn new(rest: Remnant) -> Self {
        Self { rest, connected: false, record_ttl: Duration::ZERO, addresses: Vec::new() }
    }

    pub(super) const fn peer(&self) -> &PeerId {
        &self.rest.peer
    }

    /// Whether it says nothing but whose it is.
    pub(super) fn is_spare(&self) -> bool {
        !self.connected
            && self.addresses.is_empty()
            && self.rest.is_empty()
            && self.rest.evidence.is_none()
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
            // No room ahead: what an entry takes is what it is charged for.
            self.addresses.reserve_exact(1);
            self.addresses.insert(at, ReportedAddress::new(address, group));
            at
        });
        self.addresses.get_mut(at)
    }

    /// Gives memory back that is not needed any more.
    pub(crate) fn shrink(&mut self) {
        self.addresses.shrink_to_fit();
    }
}
