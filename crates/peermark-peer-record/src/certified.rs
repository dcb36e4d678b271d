//! The certified record: what verification leaves of a signed peer record.

use core::fmt;

use bytes::Bytes;
use peermark_envelope::{Envelope, Limits, Opened};
use peermark_identity::{PeerId, PeerIdExt as _, PublicKey, Signer};
use peermark_provenance::{Address, AddressDefect, Seq, normalize_address};
use peermark_wire::PeerRecordMessage;

use crate::dialect::{Dialect, Dialects};
use crate::error::{IssueError, RecordError, VerifyError};
use crate::skipped::{MAX_ADDRESSES, SkippedAddresses};
use crate::spans::Spans;

/// A peer record whose signature verified and whose peer id derives from the signing key.
///
/// Holding one is the proof: there is no way to make one but [`verify`](Self::verify) and
/// [`open`](Self::open) here, and issuing one's own with [`Issuer`](crate::Issuer) or
/// [`PeerRecord::certify`](crate::PeerRecord::certify) (R1).
///
/// The canonical envelope is its only buffer; the addresses are ranges of it. Up to eight
/// addresses it costs one allocation.
///
/// ```
/// # use peermark_envelope::Envelope;
/// # use peermark_peer_record::{CertifiedRecord, Dialects};
/// fn certify(envelope: Envelope) -> Option<CertifiedRecord> {
///     CertifiedRecord::open(envelope, Dialects::Any).ok()
/// }
/// ```
///
/// Not from an envelope that somebody opened, for whatever purpose that was:
///
/// ```compile_fail,E0624
/// # use peermark_envelope::Opened;
/// # use peermark_peer_record::CertifiedRecord;
/// fn certify(opened: Opened) -> Option<CertifiedRecord> {
///     CertifiedRecord::from_opened(opened).ok()
/// }
/// ```
///
/// Not by changing one, whose fields are private:
///
/// ```compile_fail,E0616
/// # use peermark_identity::PeerId;
/// # use peermark_peer_record::CertifiedRecord;
/// fn reassign(mut record: CertifiedRecord, peer_id: PeerId) -> CertifiedRecord {
///     record.peer_id = peer_id;
///     record
/// }
/// ```
#[derive(Clone)]
pub struct CertifiedRecord {
    opened: Opened,
    peer_id: PeerId,
    seq: Seq,
    addresses: Spans,
    skipped: SkippedAddresses,
}

impl CertifiedRecord {
    /// Decodes and verifies an envelope of at most 8 KiB.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]; [`VerifyError::stage`] tells how far it got.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::Keypair;
    /// use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, PeerRecord, Stage};
    ///
    /// let alice = Keypair::generate_ed25519()?;
    /// let record = PeerRecord::new(alice.peer_id(), 1.into(), ["/ip4/192.0.2.1/tcp/4001".parse()?]);
    /// let bytes = record.certify(&alice, Dialect::PeerRecord)?.into_bytes();
    ///
    /// let certified = CertifiedRecord::verify(&bytes, Dialects::Any)?;
    /// assert_eq!(certified.peer_id(), alice.peer_id());
    /// assert_eq!(certified.addresses().next().unwrap().to_string(), "/ip4/192.0.2.1/tcp/4001");
    ///
    /// let mut tampered = bytes.to_vec();
    /// *tampered.last_mut().unwrap() ^= 1;
    /// let error = CertifiedRecord::verify(&tampered, Dialects::Any).unwrap_err();
    /// assert_eq!(error.stage(), Stage::Signature);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(input: &[u8], dialects: Dialects) -> Result<Self, VerifyError> {
        Self::verify_with(input, dialects, Limits::default())
    }

    /// Decodes and verifies an envelope within `limits`.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`].
    pub fn verify_with(
        input: &[u8],
        dialects: Dialects,
        limits: Limits,
    ) -> Result<Self, VerifyError> {
        Self::open(Envelope::decode_with(input, limits)?, dialects)
    }

    /// Verifies an envelope that is decoded already.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`], from the payload type on.
    pub fn open(envelope: Envelope, dialects: Dialects) -> Result<Self, VerifyError> {
        let opened = envelope.open_any(dialects.purposes())?;
        Ok(Self::from_opened(opened)?)
    }

    /// Only for envelopes that were opened for the purpose of a [`Dialect`].
    fn from_opened(opened: Opened) -> Result<Self, RecordError> {
        let peer_id = opened.signer().peer_id();
        let payload_start = opened.payload_range().start;
        let record = parse(opened.payload(), &peer_id)?;
        let bytes = opened.envelope().as_bytes();
        let (addresses, skipped) = collect(&record, &peer_id, bytes, payload_start)?;
        Ok(Self { peer_id, seq: Seq::new(record.seq()), addresses, skipped, opened })
    }

    /// The peer whose addresses these are, and who signed them.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// The record's sequence number.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The dialect that it was signed in (R6).
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.opened.purpose())
    }

    /// The addresses in the order in which the peer listed them, each once.
    ///
    /// None is a valid statement: the peer withdraws what it said before (R3).
    #[must_use]
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = Address<'_>> + Clone {
        let bytes = self.as_bytes();
        self.addresses
            .iter()
            .map(|range| Address::dangerous_assume_normalized(bytes.get(range).unwrap_or_default()))
    }

    /// The address entries that are not among the addresses, by reason (R2). Duplicates are not
    /// counted: nothing is lost with them.
    #[must_use]
    pub fn skipped_addresses(&self) -> SkippedAddresses {
        self.skipped
    }

    /// The key that signed.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        self.opened.signer()
    }

    /// The signed payload, verbatim: unknown fields and skipped addresses included (W5).
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.opened.payload()
    }

    /// The canonical envelope: what to store, compare and relay (W7).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.opened.envelope().as_bytes()
    }

    /// The canonical envelope, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.opened.into_envelope().into_bytes()
    }

    /// Signs the payload for another dialect: verbatim, so that it is the same statement with the
    /// same sequence number, for receivers that read the other dialect alone (R5). In its own dialect
    /// it is this record.
    ///
    /// # Errors
    ///
    /// [`IssueError::OtherPeer`] if the signer is another peer; [`IssueError::Seal`] if it fails, or
    /// if the envelope would exceed 8 KiB; [`IssueError::Signer`] if its signature does not verify.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::Keypair;
    /// use peermark_peer_record::{Dialect, PeerRecord};
    ///
    /// let alice = Keypair::generate_ed25519()?;
    /// let record = PeerRecord::new(alice.peer_id(), 1.into(), ["/ip4/192.0.2.1/tcp/4001".parse()?]);
    /// let for_go = record.certify(&alice, Dialect::PeerRecord)?;
    /// let for_rust = for_go.in_dialect(Dialect::RoutingState, &alice)?;
    /// assert_eq!(for_rust.payload(), for_go.payload());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_dialect(
        &self,
        dialect: Dialect,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, IssueError> {
        let signer_id = signer.public_key().peer_id();
        if signer_id != self.peer_id {
            return Err(IssueError::OtherPeer { record: self.peer_id, signer: signer_id });
        }
        if dialect == self.dialect() {
            return Ok(self.clone());
        }
        let envelope = Envelope::seal(dialect.purpose(), self.payload(), signer)?;
        Self::open(envelope, Dialects::Only(dialect)).map_err(IssueError::Signer)
    }

    /// The opened envelope.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }
}

/// Decodes a payload down to its address entries and binds it to its signer (R1).
fn parse<'a>(payload: &'a [u8], signer: &PeerId) -> Result<PeerRecordMessage<'a>, RecordError> {
    let record =
        PeerRecordMessage::decode(payload, MAX_ADDRESSES).map_err(RecordError::Malformed)?;
    if record.peer_id() != &*signer.multihash_bytes() {
        let claimed =
            PeerId::from_multihash_bytes(record.peer_id()).map_err(RecordError::PeerId)?;
        return Err(RecordError::PeerIdMismatch { claimed, signer: *signer });
    }
    Ok(record)
}

/// Where in `bytes` the addresses of a record are that starts there at `start`, and what was
/// skipped (R2).
fn collect(
    record: &PeerRecordMessage<'_>,
    peer_id: &PeerId,
    bytes: &[u8],
    start: usize,
) -> Result<(Spans, SkippedAddresses), RecordError> {
    /// The shortest entry that is kept: two tags, two lengths and a protocol's code of two bytes.
    /// Room for more of them than fit the payload would be room that the sender did not pay for.
    const SHORTEST: usize = 6;
    let fit = bytes.len().saturating_sub(start) / SHORTEST;
    let mut spans = Spans::with_capacity(record.address_count().min(fit));
    let mut skipped = SkippedAddresses::default();
    for entry in record.addresses() {
        let entry = entry.map_err(RecordError::Malformed)?;
        let place = start.saturating_add(entry.offset);
        let kept = normalize_address(entry.multiaddr, peer_id).and_then(|kept| {
            spans.push(place, kept.as_bytes().len()).ok_or(AddressDefect::TooLong)
        });
        if let Err(defect) = kept {
            skipped.count(defect);
        }
    }
    spans.remove_duplicates(bytes);
    Ok((spans, skipped))
}

/// Records are equal when their canonical envelopes are.
impl PartialEq for CertifiedRecord {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for CertifiedRecord {}

impl core::hash::Hash for CertifiedRecord {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for CertifiedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedRecord")
            .field("peer_id", &self.peer_id)
            .field("seq", &self.seq.value())
            .field("dialect", &self.dialect())
            .field("addresses", &self.addresses().collect::<Vec<_>>())
            .field("skipped", &self.skipped)
            .finish()
    }
}
