//! What the model knows of one sequence number of a peer (S2, S4).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use peermark_peer_record::{CertifiedRecord, Dialect, Seq};
use peermark_peerstore::PayloadDigest;
use peermark_provenance::{SourceKinds, Timestamp, TrustClass};

use super::peer::Bytes;
use super::{At, secs_up};

/// One sequence number of a peer: who keeps its record alive, and what was signed with it.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) seq: Seq,
    /// The payload that is held, or was, and the best that lists other addresses.
    pub(super) contents: Vec<Content>,
    /// Which of them is held.
    pub(super) held: PayloadDigest,
    /// The addresses that are certified, in order; `None` where no record is held.
    pub(super) certified: Option<Vec<Bytes>>,
    /// In seconds of aging, as the next five that are numbers.
    pub(super) first: u64,
    pub(super) contact: Option<u64>,
    pub(super) claimed: Option<u64>,
    pub(super) last: u64,
    pub(super) floor: u64,
    /// What deliveries offered, in store time, uncut.
    pub(super) end: Timestamp,
    pub(super) kinds: SourceKinds,
    /// The peer delivered it, or a lower one while it was connected: a connection holds it.
    pub(super) by_itself: bool,
    /// The user removed it, or a part of it.
    pub(super) removed: bool,
    pub(super) contradicted: bool,
    /// The floor of a record without addresses of an unknown peer: 48 hours.
    pub(super) lowest: bool,
}

/// A payload.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) digest: PayloadDigest,
    pub(super) listed: Vec<Bytes>,
    pub(super) skipped: usize,
    /// When the peer itself said it, in nanoseconds of aging.
    pub(super) said: Option<u64>,
    pub(super) dialect: Dialect,
    /// Empty where it is not kept.
    pub(super) envelope: Vec<u8>,
}

impl Content {
    pub(super) fn of(record: &CertifiedRecord, said: Option<u64>) -> Self {
        Self {
            digest: PayloadDigest::of(record.payload()),
            listed: record.addresses().map(|a| a.as_bytes().to_vec()).collect(),
            skipped: record.skipped_addresses().total().into(),
            said,
            dialect: record.dialect(),
            envelope: record.as_bytes().to_vec(),
        }
    }

    pub(super) fn set(&self) -> BTreeSet<&Bytes> {
        self.listed.iter().collect()
    }

    /// Whether it could be held: its envelope is here, or it is a withdrawal and needs none.
    fn is_here(&self) -> bool {
        !self.envelope.is_empty() || self.listed.is_empty()
    }

    /// The order of S2.
    fn place(&self) -> impl Ord + use<> {
        (Reverse(self.said), Reverse(self.listed.len()), self.digest)
    }

    /// The same payload comes again.
    pub(super) fn again(&mut self, other: &Self) {
        self.said = self.said.max(other.said);
        let rank =
            |content: &Self| (content.dialect == Dialect::RoutingState, content.envelope.clone());
        if self.envelope.is_empty() || rank(other) < rank(self) {
            (self.dialect, self.envelope) = (other.dialect, other.envelope.clone());
        }
    }
}

impl Accepted {
    pub(super) fn held(&self) -> &Content {
        let held = self.contents.iter().find(|content| content.digest == self.held);
        held.expect("what is held is known")
    }

    pub(super) fn held_mut(&mut self) -> &mut Content {
        let held = self.contents.iter_mut().find(|content| content.digest == self.held);
        held.expect("what is held is known")
    }

    /// The proof that the peer contradicted itself, beside what is held.
    pub(super) fn rival(&self) -> Option<&Content> {
        self.contents.iter().find(|content| content.digest != self.held)
    }

    /// Takes a payload in.
    pub(super) fn learn(&mut self, new: Content) {
        match self.contents.iter_mut().find(|content| content.digest == new.digest) {
            Some(known) => known.again(&new),
            None => self.contents.push(new),
        }
        self.contents.sort_by_key(Content::place);
    }

    /// The first of the order that could be held.
    pub(super) fn first_of_order(&self) -> Content {
        let first = self.contents.iter().find(|content| content.is_here());
        first.expect("what arrived is here").clone()
    }

    /// Keeps what is held, and the first that lists other addresses.
    pub(super) fn keep_two(&mut self) {
        let held = self.held().clone();
        let is_other = |content: &&Content| content.set() != held.set() && content.is_here();
        let rival = self.contents.iter().find(is_other).map(|content| content.digest);
        self.contents
            .retain(|content| content.digest == held.digest || Some(content.digest) == rival);
    }

    /// The record goes; its floor stays, and of what was held the digest. Where the two prove that the
    /// peer contradicted itself, both envelopes stay.
    pub(super) fn scrap(&mut self) {
        if self.certified.take().is_some() {
            self.by_itself = false;
            if self.rival().is_none() {
                self.held_mut().envelope.clear();
            }
        }
    }

    /// The class that the record gives its addresses (P5): the user's own, when it handed it in.
    pub(super) fn class(&self) -> TrustClass {
        if self.kinds.has_user() { TrustClass::User } else { TrustClass::Certified }
    }

    /// Until which second of aging deliveries keep it alive.
    fn bound(&self, at: At<'_>) -> u64 {
        let believed = self.claimed.filter(|_| at.limits.believe_ages);
        let met = self.contact.max(believed);
        met.unwrap_or(self.first) + secs_up(at.limits.record_age)
    }

    /// Its floor ends no earlier than the record may (S3).
    pub(super) fn lasts(&mut self, at: At<'_>) {
        let left = self.ends(at).saturating_since(at.now());
        if !left.is_zero() {
            self.floor = self.floor.max(at.time.dated_after(left));
        }
    }

    pub(super) fn is_alive(&self, at: At<'_>) -> bool {
        at.now() < self.end && at.time.aged() < self.bound(at)
    }

    /// When it ends, if aging follows store time.
    pub(super) fn ends(&self, at: At<'_>) -> Timestamp {
        self.end.min(at.now().saturating_add(at.time.left_until(self.bound(at))))
    }
}
