//! A peer record before it is signed.

use std::collections::HashSet;

use multiaddr::Multiaddr;
use peermark_envelope::Envelope;
use peermark_identity::{PeerId, PeerIdExt as _, Signer};
use peermark_provenance::{Seq, normalize_address};
use peermark_wire::PeerRecordMessage;

use crate::certified::CertifiedRecord;
use crate::dialect::{Dialect, Dialects};
use crate::error::IssueError;
use crate::skipped::MAX_ADDRESSES;

/// What a peer says of itself: its id, a sequence number and where it listens.
///
/// A plain value that proves nothing. [`certify`](Self::certify) makes the signed form of it;
/// [`From<&CertifiedRecord>`](Self#impl-From<%26CertifiedRecord>-for-PeerRecord) goes back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerRecord {
    peer_id: PeerId,
    seq: Seq,
    addresses: Vec<Multiaddr>,
}

impl PeerRecord {
    /// A record of `peer_id` with these addresses, in the order of preference.
    #[must_use]
    pub fn new(peer_id: PeerId, seq: Seq, addresses: impl IntoIterator<Item = Multiaddr>) -> Self {
        Self { peer_id, seq, addresses: addresses.into_iter().collect() }
    }

    /// The peer.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// The sequence number.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// Signs the record and verifies what was signed, so that not even a faulty signer makes a
    /// certified record that others would refuse.
    ///
    /// Addresses are written in normalised form: duplicates and the peer's own `/p2p/` suffix are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`IssueError`]: an address that no receiver would keep, too many of them, a signer that
    /// fails or that is another peer than the record names.
    pub fn certify(
        &self,
        signer: &(impl Signer + ?Sized),
        dialect: Dialect,
    ) -> Result<CertifiedRecord, IssueError> {
        let signer_id = signer.public_key().peer_id();
        if signer_id != self.peer_id {
            return Err(IssueError::OtherPeer { record: self.peer_id, signer: signer_id });
        }
        let payload = self.to_payload()?;
        let envelope = Envelope::seal(dialect.purpose(), &payload, signer)?;
        CertifiedRecord::open(envelope, Dialects::Only(dialect)).map_err(IssueError::Signer)
    }

    fn to_payload(&self) -> Result<Vec<u8>, IssueError> {
        let mut addresses: Vec<&[u8]> = Vec::with_capacity(self.addresses.len());
        for (index, address) in self.addresses.iter().enumerate() {
            let kept = normalize_address(address.as_ref(), &self.peer_id)
                .map_err(|defect| IssueError::Address { index, defect })?;
            addresses.push(kept.as_bytes());
        }
        let mut seen = HashSet::with_capacity(addresses.len());
        addresses.retain(|address| seen.insert(*address));
        if addresses.len() > MAX_ADDRESSES {
            let (limit, got) = (MAX_ADDRESSES, addresses.len());
            return Err(IssueError::TooManyAddresses { limit, got });
        }
        let mut payload = Vec::new();
        let seq = self.seq.value();
        PeerRecordMessage::encode(&self.peer_id.multihash_bytes(), seq, addresses, &mut payload);
        Ok(payload)
    }
}

impl From<&CertifiedRecord> for PeerRecord {
    fn from(certified: &CertifiedRecord) -> Self {
        let addresses = certified.addresses().map(|address| address.to_multiaddr());
        Self::new(certified.peer_id(), certified.seq(), addresses)
    }
}
