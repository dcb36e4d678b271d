//! Issuing one's own record, again only when something changed (R4, R5).

use std::collections::HashSet;

use multiaddr::Multiaddr;
use peermark_identity::Signer;
use peermark_provenance::{Seq, Timestamp, normalize_address};

use crate::certified::CertifiedRecord;
use crate::dialect::Dialect;
use crate::error::IssueError;
use crate::public::is_public;
use crate::record::PeerRecord;
use crate::seq::SeqSource;

/// Which of a peer's own addresses go into the record that it publishes (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Publish {
    /// All of them.
    #[default]
    All,
    /// Those that [`is_public`] says others can reach. The rest stay out of the record, silently:
    /// it is not an error to listen on loopback.
    PublicOnly,
}

/// What [`Issuer::issue`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "either something changed or nothing did")]
pub enum Issued<'a> {
    /// The set of addresses, or the dialect, changed: a new record with a higher sequence number.
    New(&'a CertifiedRecord),
    /// Nothing changed: the record that was issued before.
    Unchanged(&'a CertifiedRecord),
}

impl<'a> Issued<'a> {
    /// The current record, new or not.
    #[must_use]
    pub fn record(self) -> &'a CertifiedRecord {
        match self {
            Self::New(record) | Self::Unchanged(record) => record,
        }
    }
}

/// Keeps a peer's own record: signs a new one when the set of its addresses changes, and only then.
///
/// # Examples
///
/// ```
/// use peermark_identity::Keypair;
/// use peermark_peer_record::{Issued, Issuer};
/// use peermark_provenance::Timestamp;
///
/// let mut issuer = Issuer::new(Keypair::generate_ed25519()?);
/// let listening = ["/ip4/192.0.2.1/tcp/4001".parse()?];
/// # let now = Timestamp::EPOCH;
/// assert!(matches!(issuer.issue(&listening, now)?, Issued::New(_)));
/// assert!(matches!(issuer.issue(&listening, now)?, Issued::Unchanged(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Issuer<S> {
    signer: S,
    dialect: Dialect,
    publish: Publish,
    seqs: SeqSource,
    current: Option<CertifiedRecord>,
}

impl<S: Signer> Issuer<S> {
    /// An issuer of the default dialect that publishes all addresses and has issued nothing yet.
    #[must_use]
    pub fn new(signer: S) -> Self {
        Self {
            signer,
            dialect: Dialect::default(),
            publish: Publish::default(),
            seqs: SeqSource::new(),
            current: None,
        }
    }

    /// Issues in another dialect.
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Publishes other addresses.
    #[must_use]
    pub fn with_publish(self, publish: Publish) -> Self {
        Self { publish, ..self }
    }

    /// Continues above `last`, the sequence number that was stored before a restart. What was
    /// issued since counts too: the higher of the two.
    #[must_use]
    pub fn with_last_seq(self, last: Seq) -> Self {
        Self { seqs: SeqSource::restore(last.max(self.seqs.last())), ..self }
    }

    /// Continues from the record that was stored before a restart, so that a restart alone signs
    /// nothing (R5). Its sequence number counts as the last one if none is higher.
    ///
    /// # Errors
    ///
    /// [`IssueError::OtherPeer`] when the record is not the signer's.
    pub fn with_current(self, record: CertifiedRecord) -> Result<Self, IssueError> {
        let signer = self.signer.public_key().peer_id();
        if record.peer_id() != signer {
            return Err(IssueError::OtherPeer { record: record.peer_id(), signer });
        }
        let seq = record.seq();
        Ok(Self { current: Some(record), ..self.with_last_seq(seq) })
    }

    /// Answers the record for `addresses`, signing a new one only if the set of them changed, or the
    /// dialect.
    ///
    /// Their order and their duplicates do not matter, nor does a trailing `/p2p/` of this peer.
    /// An error leaves the current record as it is.
    ///
    /// # Errors
    ///
    /// As [`PeerRecord::certify`], and [`IssueError::Seq`] when no sequence number is left.
    pub fn issue(
        &mut self,
        addresses: &[Multiaddr],
        now: Timestamp,
    ) -> Result<Issued<'_>, IssueError> {
        let peer_id = self.signer.public_key().peer_id();
        let mut wanted = Vec::with_capacity(addresses.len());
        let mut set = HashSet::with_capacity(addresses.len());
        for (index, address) in addresses.iter().enumerate() {
            if self.publish == Publish::PublicOnly && !is_public(address) {
                continue;
            }
            let kept = normalize_address(address.as_ref(), &peer_id)
                .map_err(|defect| IssueError::Address { index, defect })?;
            if set.insert(kept.as_bytes()) {
                wanted.push(address.clone());
            }
        }
        let unchanged = self.current.as_ref().is_some_and(|current| {
            current.dialect() == self.dialect
                && current.addresses().len() == set.len()
                && current.addresses().all(|address| set.contains(address.as_bytes()))
        });
        if !unchanged {
            // The source moves on only when the record exists: a failed attempt costs nothing.
            let mut seqs = self.seqs;
            let record = PeerRecord::new(peer_id, seqs.next(now)?, wanted);
            self.current = Some(record.certify(&self.signer, self.dialect)?);
            self.seqs = seqs;
        }
        match &self.current {
            Some(record) if unchanged => Ok(Issued::Unchanged(record)),
            Some(record) => Ok(Issued::New(record)),
            // Not reached: what is not unchanged was issued just now.
            None => Err(IssueError::Seq(crate::seq::SeqExhausted)),
        }
    }

    /// The record that was issued last.
    #[must_use]
    pub fn current(&self) -> Option<&CertifiedRecord> {
        self.current.as_ref()
    }

    /// The last sequence number, to be stored across restarts (R4).
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.seqs.last()
    }
}
