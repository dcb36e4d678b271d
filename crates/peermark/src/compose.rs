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
/// It remembers nothing: two records that are signed at the same reading of the clock have the same
/// sequence number, and one that is signed after the clock was set back has a lower one. A peer that
/// keeps running takes an [`Issuer`](peermark_peer_record::Issuer), which signs again when
/// something changed or the record grows old, and never falls behind.
///
/// # Errors
///
/// As [`PeerRecord::certify`].
pub fn sign(
    signer: &(impl Signer + ?Sized),
    addresses: impl IntoIterator<Item = Multiaddr>,
    clock: &(impl Clock + ?Sized),
) -> Result<CertifiedRecord, IssueError> {
    let seq = SeqSource::new().next(clock.now().into())?;
    let peer_id = signer.public_key().peer_id();
    PeerRecord::new(peer_id, seq, addresses).certify(signer, Dialect::default())
}

/// Decodes and verifies a record of either dialect.
///
/// # Errors
///
/// As [`CertifiedRecord::verify`].
pub fn verify(bytes: &[u8]) -> Result<CertifiedRecord, VerifyError> {
    CertifiedRecord::verify(bytes, Dialects::Any)
}
