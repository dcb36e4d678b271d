//! Records of one sequence number, and which of them is held (S2).
//!
//! A peer may sign two payloads with one number. Which is held is a total order over all that the
//! store has seen, so that every order of arrival ends the same (P3): what the peer itself said over
//! a contact, the later first; then more addresses; then the smaller digest.

use core::cmp::Reverse;

use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Dialect, StoredRecord};
use peermark_provenance::{Address, Seq};

use crate::outcome::PayloadDigest;

/// A record that was verified, now or before it was stored.
pub(crate) trait Signed {
    fn envelope(&self) -> &[u8];
    /// A part of the envelope.
    fn payload(&self) -> &[u8];
    fn peer(&self) -> PeerId;
    fn seq(&self) -> Seq;
    fn dialect(&self) -> Dialect;
    fn addresses(&self) -> impl ExactSizeIterator<Item = Address<'_>> + Clone;
    /// Addresses that were skipped when it was decoded (R2).
    fn skipped(&self) -> usize;
}

impl Signed for CertifiedRecord {
    fn envelope(&self) -> &[u8] {
        self.as_bytes()
    }

    fn payload(&self) -> &[u8] {
        self.payload()
    }

    fn peer(&self) -> PeerId {
        self.peer_id()
    }

    fn seq(&self) -> Seq {
        self.seq()
    }

    fn dialect(&self) -> Dialect {
        self.dialect()
    }

    fn addresses(&self) -> impl ExactSizeIterator<Item = Address<'_>> + Clone {
        self.addresses()
    }

    fn skipped(&self) -> usize {
        self.skipped_addresses().total().into()
    }
}

impl Signed for StoredRecord<'_> {
    fn envelope(&self) -> &[u8] {
        self.as_bytes()
    }

    fn payload(&self) -> &[u8] {
        self.payload()
    }

    fn peer(&self) -> PeerId {
        self.peer_id()
    }

    fn seq(&self) -> Seq {
        self.seq()
    }

    fn dialect(&self) -> Dialect {
        self.dialect()
    }

    fn addresses(&self) -> impl ExactSizeIterator<Item = Address<'_>> + Clone {
        StoredRecord::addresses(self).iter().copied()
    }

    fn skipped(&self) -> usize {
        0
    }
}

/// A short digest of the addresses of a record, whatever their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetDigest(pub(crate) [u8; 16]);

impl SetDigest {
    /// Of a floor that an earlier format did not store with it.
    pub(crate) const UNKNOWN: Self = Self([0; 16]);

    /// Whether both are known, and of different addresses.
    pub(crate) fn differs(self, other: Self) -> bool {
        self != other && self != Self::UNKNOWN && other != Self::UNKNOWN
    }

    fn of(record: &impl Signed) -> Self {
        let mut addresses: Vec<_> = record.addresses().map(|address| address.as_bytes()).collect();
        addresses.sort_unstable();
        let len = |len: usize, address: &&[u8]| len.saturating_add(address.len()).saturating_add(2);
        let mut bytes = Vec::with_capacity(addresses.iter().fold(0, len));
        for address in addresses {
            let len = u16::try_from(address.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(address);
        }
        let digest = peermark_identity::sha256(&bytes);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// What decides between the payloads of one sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) digest: PayloadDigest,
    pub(crate) set: SetDigest,
    /// How many addresses it lists.
    pub(crate) addresses: u16,
    /// When the peer itself last said it over a contact, in nanoseconds of aging; 0 for never.
    pub(crate) said: u64,
}

impl Content {
    pub(crate) fn of(record: &impl Signed, said: u64) -> Self {
        Self {
            digest: PayloadDigest::of(record.payload()),
            set: SetDigest::of(record),
            addresses: u16::try_from(record.addresses().len()).unwrap_or(u16::MAX),
            said,
        }
    }

    /// The order of S2: what is held comes first.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        (Reverse(self.said), Reverse(self.addresses), self.digest)
    }

    /// Takes in that the same payload was said at another time too.
    pub(crate) fn said_at(&mut self, said: u64) {
        self.said = self.said.max(said);
    }
}

/// Whether `new` is the better envelope of two of one payload: the dialect that most read, then the
/// smaller bytes. ECDSA signs the same payload anew each time.
pub(crate) fn is_better_envelope(new: (Dialect, &[u8]), held: (Dialect, &[u8])) -> bool {
    let rank = |(dialect, envelope): (Dialect, &[u8])| {
        (dialect == Dialect::RoutingState, envelope.to_vec())
    };
    rank(new) < rank(held)
}

/// A second payload of the sequence number that is held, with other addresses: with the one that is
/// held, the proof that the peer contradicted itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rival {
    pub(crate) content: Content,
    /// The canonical envelope; empty for a record without addresses, of which none is kept.
    pub(crate) envelope: Box<[u8]>,
}

/// What is kept of a contradiction: the first two of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) rival: Rival,
    /// The envelope of the first, where it is not in the record: the record's life is over.
    pub(crate) held: Box<[u8]>,
}

impl Evidence {
    /// Bytes of its envelopes.
    pub(crate) fn envelopes(&self) -> usize {
        self.rival.envelope.len().saturating_add(self.held.len())
    }
}
