//! Issuing one's own record, again only when something changed or the record grows old (R4, R5).

use std::collections::HashSet;
use std::time::Duration;

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
    /// The same addresses in a new record with a higher sequence number, because the one before grew
    /// old: to be published as a new one is.
    Resigned(&'a CertifiedRecord),
}

impl<'a> Issued<'a> {
    /// The current record, new or not.
    #[must_use]
    pub fn record(self) -> &'a CertifiedRecord {
        match self {
            Self::New(record) | Self::Unchanged(record) | Self::Resigned(record) => record,
        }
    }

    /// Returns whether the record is one that receivers have not seen yet.
    #[must_use]
    pub fn is_new(self) -> bool {
        !matches!(self, Self::Unchanged(_))
    }
}

/// Keeps a peer's own record: signs a new one when the set of its addresses changes, and when the
/// last one is older than [`with_resign_after`](Self::with_resign_after) says.
///
/// Across a restart, store the record, [`signed_at`](Self::signed_at) and
/// [`last_seq`](Self::last_seq), and give them back to [`with_current`](Self::with_current) and
/// [`with_last_seq`](Self::with_last_seq).
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
    resign_after: Duration,
    current: Option<CertifiedRecord>,
    age: Age,
    /// The current record in the other dialect, once it was asked for.
    other_dialect: Option<CertifiedRecord>,
}

impl<S: Signer> Issuer<S> {
    /// The age at which a record is signed again, unless it is set: 24 hours.
    pub const RESIGN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

    /// An issuer of the default dialect that publishes all addresses, signs again after
    /// [`Self::RESIGN_AFTER`], and has issued nothing yet.
    #[must_use]
    pub fn new(signer: S) -> Self {
        Self {
            signer,
            dialect: Dialect::default(),
            publish: Publish::default(),
            seqs: SeqSource::new(),
            resign_after: Self::RESIGN_AFTER,
            current: None,
            age: Age::default(),
            other_dialect: None,
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

    /// Signs again when the record is this old, even if nothing changed (R5).
    ///
    /// Receivers who know this peer from third parties forget a record some time after they first
    /// accepted it: peermark's stores after `record_age`, 7 days by default. Choose at most a third of
    /// the shortest life that a receiver gives it, so that two re-signed records may get lost on the
    /// way. [`Duration::MAX`] never signs again; zero signs with every call.
    #[must_use]
    pub fn with_resign_after(self, resign_after: Duration) -> Self {
        Self { resign_after, ..self }
    }

    /// Continues above `last`, the sequence number that was stored before a restart. What was
    /// issued since counts too: the higher of the two.
    #[must_use]
    pub fn with_last_seq(self, last: Seq) -> Self {
        Self { seqs: SeqSource::restore(last.max(self.seqs.last())), ..self }
    }

    /// Continues from the record that was stored before a restart and from [`Self::signed_at`], so
    /// that a restart alone signs nothing and does not make the record younger (R5). Its sequence
    /// number counts as the last one if none is higher.
    ///
    /// # Errors
    ///
    /// [`IssueError::OtherPeer`] when the record is not the signer's.
    pub fn with_current(
        self,
        record: CertifiedRecord,
        signed_at: Timestamp,
    ) -> Result<Self, IssueError> {
        let signer = self.signer.public_key().peer_id();
        if record.peer_id() != signer {
            return Err(IssueError::OtherPeer { record: record.peer_id(), signer });
        }
        let seq = record.seq();
        let age = Age::since(signed_at);
        let restored = Self { current: Some(record), age, other_dialect: None, ..self };
        Ok(restored.with_last_seq(seq))
    }

    /// Returns the record for `addresses`, signing a new one only if the set of them changed, or the
    /// dialect, or if the last one is too old.
    ///
    /// Their order and their duplicates do not matter, nor does a trailing `/p2p/` of this peer.
    /// An error leaves the current record as it is. Call it when addresses change, and every hour or
    /// so.
    ///
    /// Age is what the clock moved forward since the record was signed. A clock that goes back makes
    /// no record older, and one that comes back to where it was does not count that way again; no
    /// clock makes this panic.
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
        let says_the_same = self.current.as_ref().is_some_and(|current| {
            current.dialect() == self.dialect
                && current.addresses().len() == set.len()
                && current.addresses().all(|address| set.contains(address.as_bytes()))
        });
        self.age.show(now);
        // What an earlier release signed and this one would skip may cost a receiver the record.
        let is_good = self.current.as_ref().is_some_and(|it| it.skipped_addresses().total() == 0);
        let stays = says_the_same && is_good && self.age.passed < self.resign_after;
        if !stays {
            // The source moves on only when the record exists: a failed attempt costs nothing.
            let mut seqs = self.seqs;
            let record = PeerRecord::new(peer_id, seqs.next(now)?, wanted);
            self.current = Some(record.certify(&self.signer, self.dialect)?);
            self.seqs = seqs;
            self.age.passed = Duration::ZERO;
            self.other_dialect = None;
        }
        match &self.current {
            Some(record) if stays => Ok(Issued::Unchanged(record)),
            Some(record) if says_the_same => Ok(Issued::Resigned(record)),
            Some(record) => Ok(Issued::New(record)),
            // Not reached: what does not stay was issued just now.
            None => Err(IssueError::Seq(crate::seq::SeqExhausted)),
        }
    }

    /// Returns the current record in this dialect: the same payload, and so the same sequence number,
    /// signed for the other purpose where it is not the one that was issued. `None` if nothing was
    /// issued yet.
    ///
    /// It is signed once and kept until the next record is issued.
    ///
    /// # Errors
    ///
    /// As [`CertifiedRecord::in_dialect`].
    pub fn in_dialect(&mut self, dialect: Dialect) -> Result<Option<&CertifiedRecord>, IssueError> {
        let Some(current) = &self.current else { return Ok(None) };
        if current.dialect() == dialect {
            return Ok(self.current.as_ref());
        }
        if self.other_dialect.is_none() {
            self.other_dialect = Some(current.in_dialect(dialect, &self.signer)?);
        }
        Ok(self.other_dialect.as_ref())
    }

    /// The record that was issued last.
    #[must_use]
    pub fn current(&self) -> Option<&CertifiedRecord> {
        self.current.as_ref()
    }

    /// Returns when the current record was signed, by the clock that [`Self::issue`] was shown last:
    /// to be stored across restarts beside the record. `None` if nothing was issued.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.current.as_ref().map(|_| self.age.start())
    }

    /// The last sequence number, to be stored across restarts (R4).
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.seqs.last()
    }
}

/// How much time passed since something happened, by a clock that may be wrong or be set.
///
/// Only steps forward count. One that reaches the highest time ever shown counts from there alone, so
/// that a clock which jumps back and forth between two times ages nothing.
#[derive(Clone, Copy, Debug)]
struct Age {
    /// What passed.
    passed: Duration,
    /// The time that the clock showed last.
    shown: Timestamp,
    /// The highest that it ever showed.
    mark: Timestamp,
}

impl Default for Age {
    fn default() -> Self {
        Self::since(Timestamp::EPOCH)
    }
}

impl Age {
    /// The age of what happened when the clock showed `start`.
    fn since(start: Timestamp) -> Self {
        Self { passed: Duration::ZERO, shown: start, mark: start }
    }

    fn show(&mut self, now: Timestamp) {
        let from = if now >= self.mark { self.mark } else { self.shown };
        self.passed = self.passed.saturating_add(now.saturating_since(from));
        self.shown = now;
        self.mark = self.mark.max(now);
    }

    /// When it happened, by the clock as it is now.
    fn start(&self) -> Timestamp {
        let passed = Timestamp::EPOCH.saturating_add(self.passed);
        Timestamp::EPOCH.saturating_add(self.shown.saturating_since(passed))
    }
}
