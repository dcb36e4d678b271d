//! An entry as bytes, for engines that keep it where memory ends (F2, G4).
//!
//! The format, which its first byte numbers, is little-endian and dense; lengths stand before what they
//! count. What comes back is an [`UnverifiedEntry`]: bytes that somebody may have written. It becomes
//! an entry by [`verify`](UnverifiedEntry::verify), which checks the signature again and everything
//! else that can be checked.
//!
//! A checksum is not part of it: where the bytes are kept, the engine knows what else belongs under
//! one.

mod read;
mod write;

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_provenance::Timestamp;

use super::{Defect, PeerEntry};

pub(super) use read::Reader;
pub(super) use write::u16 as write_u16;

/// The number of the format that [`PeerEntry::encode`] writes.
const FORMAT: u8 = 1;

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// They end before the entry does.
    #[error("the entry is cut off at byte {at}")]
    Truncated {
        /// How many bytes there are.
        at: usize,
    },
    /// A value that nothing writes.
    #[error("{what} at byte {at} is none")]
    Malformed {
        /// What stands there.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// The entry ends before they do.
    #[error("{excess} bytes are behind the entry")]
    Trailing {
        /// How many.
        excess: usize,
    },
    /// They read as an entry that cannot be: its signature does not verify, for one.
    #[error("the entry does not hold: {0}")]
    Broken(#[from] Defect),
}

/// An entry as bytes say it. Nothing of it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedEntry(PeerEntry);

impl UnverifiedEntry {
    /// Reads an entry. All of its parts are within their bounds then, and no more.
    ///
    /// # Errors
    ///
    /// They are not what [`PeerEntry::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RowError> {
        read::entry(bytes).map(Self)
    }

    /// The multihash of the peer's id, as far as the bytes say.
    #[must_use]
    pub fn peer_id_bytes(&self) -> &[u8] {
        self.0.peer_id_bytes()
    }

    /// Checks all that can be checked: the signature of the record, that its parts are the record's,
    /// and the order of everything else. It takes as long as verifying a record.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn verify(self) -> Result<PeerEntry, RowError> {
        self.0.check_itself()?;
        Ok(self.0)
    }

    /// For bytes that this process wrote itself, and that nobody else could change since.
    #[must_use]
    pub fn dangerous_assume_verified(self) -> PeerEntry {
        self.0
    }
}

impl PeerEntry {
    /// Appends the entry as [`UnverifiedEntry::decode`] reads it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write::entry(self, out);
    }

    /// What this build counts entries by. Where it differs from that of the build that stored
    /// [charges](Self::charges), they have to be counted again.
    #[must_use]
    pub const fn reckoning() -> [usize; 4] {
        [
            Self::OVERHEAD,
            Self::OVERHEAD_WITH_MORE,
            size_of::<super::ReportedAddress>(),
            size_of::<super::StoredClaim>(),
        ]
    }

    /// Goes on at `now` after having been stored: nothing has more time left than it was ever
    /// given, whatever the clock did meanwhile (F5).
    pub fn resume(&mut self, now: Timestamp) {
        if self.record.is_some() {
            let since = Duration::from_millis(self.accepted_last.into());
            let given = self.expires.saturating_since(self.accepted.saturating_add(since));
            // It was accepted last up to a millisecond later than is kept.
            let given = given.saturating_add(Duration::from_millis(1));
            self.expires = self.expires.min(now.saturating_add(given));
        }
        for address in self.extra.iter_mut().flat_map(|extra| &mut extra.addresses) {
            for claim in &mut address.claims {
                claim.ends = claim.ends.min(now.saturating_add(claim.ttl));
            }
        }
    }

    /// The peer, for those who hold no valid entry yet.
    pub(crate) fn checked_peer_id(&self) -> Result<PeerId, Defect> {
        PeerId::from_bytes(self.peer_id_bytes()).map_err(|_| Defect::new("a peer id that is none"))
    }
}
