//! One peer of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::Seq;
use peermark_peerstore::PayloadDigest;
use peermark_provenance::{DialHistory, Source, SourceKind, SourceKinds, Timestamp, TrustClass};

use super::At;

/// The bytes of an address without the peer's own suffix.
pub(super) type Bytes = Vec<u8>;

#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    pub(super) record: Option<Held>,
    pub(super) floor: Option<Floor>,
    pub(super) claims: BTreeMap<(Bytes, Who), Told>,
    pub(super) dials: BTreeMap<Bytes, DialHistory>,
    pub(super) connected: bool,
}

/// A certified record that is held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) seq: Seq,
    pub(super) envelope: Vec<u8>,
    /// Those of its addresses that are certified.
    pub(super) addresses: Vec<Bytes>,
    pub(super) accepted: Timestamp,
    pub(super) accepted_last: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) delivered_by: SourceKinds,
}

/// The highest sequence number that was accepted (S3).
#[derive(Clone, Debug)]
pub(super) struct Floor {
    pub(super) seq: Seq,
    pub(super) digest: PayloadDigest,
    pub(super) accepted: Timestamp,
    /// In seconds of floor time.
    pub(super) until: u64,
}

/// Who makes a claim: a handshake, or a source of some kind with the peer that spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Handshake,
    Source(SourceKind, Option<PeerId>),
}

/// A claim without what it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) ends: Timestamp,
    /// What starts to run at a disconnect.
    pub(super) ttl: Duration,
}

impl Who {
    pub(super) fn of(source: &Source) -> Self {
        let reporter = source.reporter().copied();
        Self::Source(source.kind(), reporter)
    }

    pub(super) fn class(self) -> TrustClass {
        match self {
            Self::Handshake => TrustClass::Dialed,
            Self::Source(SourceKind::Manual | SourceKind::Bootstrap, _) => TrustClass::User,
            Self::Source(SourceKind::Identify, _) => TrustClass::Direct,
            Self::Source(..) => TrustClass::ThirdParty,
        }
    }

    /// Whether a connection keeps its claims (S7).
    pub(super) fn lasts_with_connection(self) -> bool {
        matches!(self, Self::Handshake | Self::Source(SourceKind::Identify, _))
    }

    /// What chooses among claims of one class.
    pub(super) fn name(self) -> Vec<u8> {
        match self {
            Self::Handshake => Vec::new(),
            Self::Source(kind, reporter) => {
                let reporter =
                    reporter.map(|peer| peer.multihash_bytes().to_vec()).unwrap_or_default();
                [kind.to_string().into_bytes(), reporter].concat()
            }
        }
    }
}

impl Peer {
    /// When a claim ends, as far as that is known.
    pub(super) fn end_of(&self, who: Who, told: &Told) -> Option<Timestamp> {
        (!(self.connected && who.lasts_with_connection())).then_some(told.ends)
    }

    /// Takes out what is over (S6), and with it what nothing holds any more.
    pub(super) fn settle(&mut self, at: At<'_>) {
        let connected = self.connected;
        self.claims.retain(|(_, who), told| {
            (connected && who.lasts_with_connection()) || told.ends > at.now
        });
        // A record lives as long as one of its addresses is certified (S5).
        if self.record.as_ref().is_some_and(|held| held.expires <= at.now) {
            self.record = None;
        }
        if self.record.as_ref().is_some_and(|held| held.addresses.is_empty()) {
            self.record = None;
        }
        let addresses = self.all_addresses();
        self.dials.retain(|address, _| addresses.contains(address));
        // As long as the record lives it is its own floor (S3).
        if self.record.is_none() && self.floor.as_ref().is_some_and(|f| f.until <= at.floor_secs) {
            self.floor = None;
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.is_empty() && self.floor.is_none()
    }

    /// Whether there is nothing but, maybe, a floor.
    pub(super) fn is_empty(&self) -> bool {
        self.record.is_none() && self.claims.is_empty() && !self.connected
    }

    /// The certified addresses, in order.
    pub(super) fn certified(&self) -> &[Bytes] {
        self.record.as_ref().map_or(&[], |held| &held.addresses)
    }

    pub(super) fn is_certified(&self, address: &[u8]) -> bool {
        self.certified().iter().any(|certified| certified == address)
    }

    pub(super) fn all_addresses(&self) -> BTreeSet<Bytes> {
        let claimed = self.claims.keys().map(|(address, _)| address);
        claimed.chain(self.certified()).cloned().collect()
    }

    /// Who claims an address, the certified claim aside.
    pub(super) fn claimants(&self, address: &[u8]) -> Vec<Who> {
        let of = self.claims.keys().filter(|(other, _)| other == address);
        of.map(|(_, who)| *who).collect()
    }

    /// The class that the record gives its addresses (P5): the user's own, when it handed it in.
    pub(super) fn record_class(held: &Held) -> TrustClass {
        let user = [SourceKind::Manual, SourceKind::Bootstrap];
        if user.iter().any(|kind| held.delivered_by.contains(*kind)) {
            TrustClass::User
        } else {
            TrustClass::Certified
        }
    }

    /// The class of an address (P5).
    pub(super) fn class_of(&self, address: &[u8]) -> Option<TrustClass> {
        let certified = self.record.as_ref().filter(|_| self.is_certified(address));
        let told = self.claimants(address).into_iter().map(Who::class).max();
        certified.map(Self::record_class).max(told)
    }

    /// Takes an address out, with everything that is claimed of it. With its last certified address
    /// the record goes (S5).
    pub(super) fn remove(&mut self, address: &[u8]) -> bool {
        let was_there = self.class_of(address).is_some();
        self.claims.retain(|(other, _), _| other != address);
        self.dials.remove(address);
        if let Some(held) = &mut self.record {
            held.addresses.retain(|other| other != address);
            if held.addresses.is_empty() {
                self.record = None;
            }
        }
        was_there
    }

    pub(super) fn clear(&mut self) -> bool {
        let had = !self.all_addresses().is_empty();
        self.record = None;
        self.claims.clear();
        self.dials.clear();
        had
    }

    pub(super) fn release(&mut self, now: Timestamp) {
        for ((_, who), told) in &mut self.claims {
            if who.lasts_with_connection() {
                told.last = told.last.max(now);
                told.ends = told.ends.max(now.saturating_add(told.ttl));
            }
        }
    }
}
