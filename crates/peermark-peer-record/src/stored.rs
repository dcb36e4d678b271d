//! A record that was verified before it was stored, read again.

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::{Address, Seq, normalize_address};
use peermark_wire::{EnvelopeMessage, PeerRecordMessage};

use crate::MAX_ADDRESSES;
use crate::dialect::{Dialect, Dialects};
use crate::error::RecordError;

/// A record whose envelope was verified before it was stored, borrowed from it.
///
/// Not a [`CertifiedRecord`](crate::CertifiedRecord): nothing here is verified again. A store that
/// holds two records of one sequence number compares them by it, without the cost of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord<'a> {
    envelope: &'a [u8],
    payload: &'a [u8],
    peer_id: PeerId,
    seq: Seq,
    dialect: Dialect,
    addresses: Vec<Address<'a>>,
}

impl<'a> StoredRecord<'a> {
    /// Reads the canonical envelope of a [`CertifiedRecord`](crate::CertifiedRecord), as its
    /// [`as_bytes`](crate::CertifiedRecord::as_bytes) returned it, without verifying it again.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it is not the envelope of a peer record.
    pub fn dangerous_assume_verified(envelope: &'a [u8]) -> Result<Self, RecordError> {
        let message = EnvelopeMessage::decode(envelope).map_err(RecordError::Malformed)?;
        let payload = message.payload;
        let record =
            PeerRecordMessage::decode(payload, MAX_ADDRESSES).map_err(RecordError::Malformed)?;
        let peer_id =
            PeerId::from_multihash_bytes(record.peer_id()).map_err(RecordError::PeerId)?;
        let dialect = Dialects::Any
            .purposes()
            .iter()
            .find(|purpose| purpose.payload_type() == message.payload_type)
            .map_or_else(Dialect::default, |purpose| Dialect::of(*purpose));
        let mut addresses: Vec<Address<'a>> = Vec::with_capacity(record.address_count());
        for entry in record.addresses() {
            let entry = entry.map_err(RecordError::Malformed)?;
            addresses.extend(normalize_address(entry.multiaddr, &peer_id));
        }
        drop_repeated(&mut addresses);
        Ok(Self { envelope, payload, peer_id, seq: Seq::new(record.seq()), dialect, addresses })
    }

    /// The canonical envelope.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.envelope
    }

    /// The signed payload, a part of the envelope.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The peer.
    #[must_use]
    pub const fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// The sequence number.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The dialect that it was signed in.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The addresses, as [`CertifiedRecord`](crate::CertifiedRecord) has them.
    #[must_use]
    pub fn addresses(&self) -> &[Address<'a>] {
        &self.addresses
    }
}

/// Drops each address that was there before. Few are compared with each other, which is cheaper than a
/// set.
fn drop_repeated(addresses: &mut Vec<Address<'_>>) {
    /// Of so many, each is compared with those in front of it.
    const FEW: usize = 16;
    if addresses.len() > FEW {
        let mut seen = std::collections::HashSet::with_capacity(addresses.len());
        addresses.retain(|address| seen.insert(*address));
        return;
    }
    let mut at = 0usize;
    while let Some(address) = addresses.get(at) {
        let is_repeated = addresses.iter().take(at).any(|before| before == address);
        if is_repeated {
            addresses.remove(at);
        } else {
            at = at.saturating_add(1);
        }
    }
}
