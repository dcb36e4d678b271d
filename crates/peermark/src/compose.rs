//! The functions that compose the layers.

use multiaddr::Multiaddr;
use peermark_identity::Signer;
use peermark_peer_record::{
    CertifiedRecord, Dialect, Dialects, IssueError, PeerRecord, SeqSource, VerifyError,
};

use peermark_peerstore::Unverified;
#[cfg(feature = "rayon")]
use rayon::prelude::*;

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

/// Decodes and verifies many records of either dialect, and returns a result for each, in their order.
///
/// With the feature `rayon`, which is on by default, all cores verify; without it, this thread does.
///
/// # Examples
///
/// ```
/// use peermark::identity::Keypair;
/// use peermark::SystemClock;
///
/// let key = Keypair::generate_ed25519()?;
/// let record = peermark::sign(&key, ["/ip4/192.0.2.1/tcp/4001".parse()?], &SystemClock)?;
/// let results = peermark::verify_many(&[record.as_bytes(), b"junk"]);
/// assert!(results[0].is_ok());
/// assert!(results[1].is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn verify_many<B: AsRef<[u8]> + Sync>(
    envelopes: &[B],
) -> Vec<Result<CertifiedRecord, VerifyError>> {
    #[cfg(feature = "rayon")]
    let envelopes = envelopes.par_iter().with_min_len(FEW);
    #[cfg(not(feature = "rayon"))]
    let envelopes = envelopes.iter();
    envelopes.map(|envelope| verify(envelope.as_ref())).collect()
}

/// Verifies what a store did not find, as [`verify_many`] does.
pub(crate) fn verify_all(envelopes: &mut [Unverified<'_>]) {
    #[cfg(feature = "rayon")]
    let envelopes = envelopes.par_iter_mut().with_min_len(FEW);
    #[cfg(not(feature = "rayon"))]
    let envelopes = envelopes.iter_mut();
    envelopes.for_each(Unverified::verify);
}

/// So many are not worth handing to another thread: verifying one takes some 40 us.
#[cfg(feature = "rayon")]
const FEW: usize = 4;
