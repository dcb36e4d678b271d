//! The functions that compose the layers.

use multiaddr::Multiaddr;
use peermark_identity::Signer;
use peermark_peer_record::{
    CertifiedRecord, Dialect, Dialects, IssueError, PeerRecord, SeqSource, VerifyError,
};

use crate::clock::Clock;

/// Signs one record of the signer's peer, in the default dialect, with the time as its sequence
/// number.
///
/// For a peer that keeps running, [`Issuer`](peermark_peer_record::Issuer) signs again only when
/// something changed and remembers the sequence number.
///
/// # Errors
///
/// As [`PeerRecord::certify`].
pub fn sign(
    signer: &(impl Signer + ?Sized),
    addresses: impl IntoIterator<Item = Multiaddr>,
    clock: &impl Clock,
) -> Result<CertifiedRecord, IssueError> {
    let seq = SeqSource::new().next(clock.now())?;
    let peer_id = signer.public_key().peer_id();
    PeerRecord::new(peer_id, seq, addresses).certify(signer, Dialect::default())
}

/// Decodes and verifies a record of either dialect.
///
/// # Errors
///
/// As [`CertifiedRecord::decode`].
pub fn verify(bytes: &[u8]) -> Result<CertifiedRecord, VerifyError> {
    CertifiedRecord::decode(bytes, Dialects::Any)
}
