//! How many address entries a record may have, and which of them were skipped (R2).

use peermark_provenance::AddressDefect;

/// The most address entries in one record, whatever they hold. The largest deployed records have
/// some dozens.
pub const MAX_ADDRESSES: usize = 256;

/// How many address entries of a record were skipped, by reason (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct SkippedAddresses {
    /// [`AddressDefect::Empty`].
    pub empty: u16,
    /// [`AddressDefect::TooLong`].
    pub too_long: u16,
    /// [`AddressDefect::UnknownProtocol`].
    pub unknown_protocol: u16,
    /// [`AddressDefect::Malformed`].
    pub malformed: u16,
    /// [`AddressDefect::ForeignPeerId`].
    pub foreign_peer_id: u16,
    /// [`AddressDefect::EmptyValue`].
    pub empty_value: u16,
    /// [`AddressDefect::SlashInName`].
    pub slash_in_name: u16,
}

impl SkippedAddresses {
    pub(crate) fn count(&mut self, defect: AddressDefect) {
        let counter = match defect {
            AddressDefect::Empty => &mut self.empty,
            AddressDefect::TooLong => &mut self.too_long,
            AddressDefect::UnknownProtocol => &mut self.unknown_protocol,
            AddressDefect::Malformed => &mut self.malformed,
            AddressDefect::ForeignPeerId => &mut self.foreign_peer_id,
            AddressDefect::EmptyValue => &mut self.empty_value,
            AddressDefect::SlashInName => &mut self.slash_in_name,
        };
        *counter = counter.saturating_add(1);
    }

    /// All of them: 0 to 256.
    #[must_use]
    pub fn total(&self) -> u16 {
        [
            self.empty,
            self.too_long,
            self.unknown_protocol,
            self.malformed,
            self.foreign_peer_id,
            self.empty_value,
            self.slash_in_name,
        ]
        .into_iter()
        .fold(0, u16::saturating_add)
    }
}
