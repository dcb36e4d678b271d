//! Between our peer id and the one that multiaddr carries in `/p2p/`, which is libp2p-identity's.
//!
//! Theirs admits SHA-256 multihashes of any length up to 64 bytes, so the way in can fail.

use super::{PeerId, PeerIdError};

impl From<PeerId> for multiaddr::PeerId {
    #[expect(
        clippy::unreachable,
        reason = "theirs has no constructor that cannot fail, and no value to fall back to"
    )]
    fn from(peer: PeerId) -> Self {
        match Self::from_bytes(peer.as_bytes()) {
            Ok(peer) => peer,
            // Theirs takes every canonical multihash of these two codes. The tests pass each
            // length of each code through here.
            Err(_) => unreachable!("a canonical peer id"),
        }
    }
}

impl From<&PeerId> for multiaddr::PeerId {
    fn from(peer: &PeerId) -> Self {
        Self::from(*peer)
    }
}

impl TryFrom<&multiaddr::PeerId> for PeerId {
    type Error = PeerIdError;

    fn try_from(peer: &multiaddr::PeerId) -> Result<Self, PeerIdError> {
        let multihash = peer.as_ref();
        let code = multihash.code();
        let digest = multihash.digest();
        match (u8::try_from(code), digest.len()) {
            (Ok(super::IDENTITY), 0..=42) => Ok(Self::from_parts(super::IDENTITY, digest)),
            (Ok(super::SHA2_256), 32) => Ok(Self::from_parts(super::SHA2_256, digest)),
            (_, got) => {
                Err(PeerIdError::DigestLength { code, got: u64::try_from(got).unwrap_or(u64::MAX) })
            }
        }
    }
}

impl TryFrom<multiaddr::PeerId> for PeerId {
    type Error = PeerIdError;

    fn try_from(peer: multiaddr::PeerId) -> Result<Self, PeerIdError> {
        Self::try_from(&peer)
    }
}
