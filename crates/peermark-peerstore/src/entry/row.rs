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
mod read_v1;
mod write;

use peermark_identity::PeerId;

use super::{Defect, PeerEntry};
use crate::clock::Moment;
use crate::transition::Brought;

pub(super) use read::Reader;
pub(super) use write::u16 as write_u16;

/// The number of the format that [`PeerEntry::encode`] writes.
const FORMAT: u8 = 2;

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// They end before the entry does.
    #[error("the entry is cut off at byte {at}")]
    Truncated {
        /// How many bytes there are.
        at: usize,
    },
    /// A value that is never written.
    #[error("invalid {what} at byte {at}")]
    Malformed {
        /// What stands there.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// The entry ends before they do.
    #[error("{excess} bytes follow the entry")]
    Trailing {
        /// How many.
        excess: usize,
    },
    /// The entry breaks an invariant: its signature does not verify, for one.
    #[error("invalid entry: {0}")]
    Broken(#[from] Defect),
}

/// An entry as bytes say it. Nothing of it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedEntry(PeerEntry);

impl UnverifiedEntry {
    /// Reads an entry. All of its parts are within their bounds then, it names a peer, and no more.
    ///
    /// # Errors
    ///
    /// They are not what [`PeerEntry::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RowError> {
        let entry = read::entry(bytes)?;
        entry.checked_peer_id()?;
        Ok(Self(entry))
    }

    /// Reads an entry that was written in format 1, whose times were of another kind: `at` is the moment
    /// at which the store was closed.
    ///
    /// # Errors
    ///
    /// They are not what that format has.
    pub fn decode_v1(bytes: &[u8], at: Moment) -> Result<Self, RowError> {
        let entry = read_v1::entry(bytes, at)?;
        entry.checked_peer_id()?;
        Ok(Self(entry))
    }

    /// Whether it is the entry of the peer with this multihash, as far as the bytes say.
    #[must_use]
    pub fn is_of(&self, peer: &[u8]) -> bool {
        self.0.is_of(peer)
    }

    /// Checks all that can be checked: the signature of the record, that its parts are the record's,
    /// and the order of everything else. It takes as long as verifying a record.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn verify(self) -> Result<PeerEntry, RowError> {
        self.verify_beside(Brought::default())
    }

    /// As [`Self::verify`], beside records that are verified already: an envelope of the same bytes is
    /// not verified again. All else is checked.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn verify_beside(self, brought: Brought<'_>) -> Result<PeerEntry, RowError> {
        self.0.check_itself(brought)?;
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

    /// The number of the model by which this build counts what entries cost. Where it differs from that
    /// of the build that stored what groups hold, they have to be counted again.
    #[must_use]
    pub const fn cost_model() -> u64 {
        super::MODEL
    }

    /// The peer, of an entry that is not known to be valid.
    pub(crate) fn checked_peer_id(&self) -> Result<PeerId, Defect> {
        let peer = self.with_peer_bytes(PeerId::from_bytes);
        peer.map_err(|_| Defect::new("an invalid peer id"))
    }
}
