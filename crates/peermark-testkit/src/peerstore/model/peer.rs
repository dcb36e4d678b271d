//! A peer of the model, as maps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::Seq;
use peermark_peerstore::PayloadDigest;
use peermark_provenance::{DialHistory, Source, SourceKind, Timestamp, TrustClass};

use super::At;
use super::record::Accepted;

/// The bytes of an address without the peer's own suffix.
pub(super) type Bytes = Vec<u8>;

#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    /// The sequence number that was accepted last: its record, or the floor that outlived it.
    pub(super) accepted: Option<Accepted>,
    pub(super) outside: Option<Outside>,
    pub(super) claims: BTreeMap<(Bytes, Who), Told>,
    pub(super) dials: BTreeMap<Bytes, DialHistory>,
    pub(super) connected: bool,
    /// What a disconnect leaves of a record that the connection holds.
    pub(super) left: Duration,
}

/// A floor that somebody told of without a record (S3).
#[derive(Clone, Debug)]
pub(super) struct Outside {
    pub(super) seq: Seq,
    pub(super) digest: PayloadDigest,
    /// In seconds of aging.
    pub(super) until: u64,
}

/// Who makes a claim: a handshake, or a source of some kind with the peer that spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Handshake,
    Source(SourceKind, Option<PeerId>),
}

/// A claim without what it is about, in store time.
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

    /// Whether the connection holds the record (S7).
    pub(super) fn holds_record(&self) -> bool {
        self.connected && self.record().is_some_and(|accepted| accepted.by_itself)
    }

    /// What was accepted, while its record is held.
    pub(super) fn record(&self) -> Option<&Accepted> {
        self.accepted.as_ref().filter(|accepted| accepted.certified.is_some())
    }

    /// Takes out what has ended (S6), and with it what nothing holds any more.
    pub(super) fn settle(&mut self, at: At<'_>) {
        let connected = self.connected;
        self.claims.retain(|(_, who), told| {
            (connected && who.lasts_with_connection()) || told.ends > at.now()
        });
        let held = self.holds_record();
        if let Some(accepted) = &mut self.accepted {
            if accepted.certified.is_some() && !held && !accepted.is_alive(at) {
                accepted.lasts(at);
                accepted.scrap();
            }
            // As long as the record lives it is its own floor (S3).
            if accepted.certified.is_none() && accepted.floor <= at.time.aged() {
                self.accepted = None;
            }
        }
        if self.outside.as_ref().is_some_and(|outside| outside.until <= at.time.aged()) {
            self.outside = None;
        }
        self.tidy();
    }

    /// What dialing taught is kept of addresses that are known.
    pub(super) fn tidy(&mut self) {
        let addresses = self.all_addresses();
        self.dials.retain(|address, _| addresses.contains(address));
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.is_empty() && self.accepted.is_none() && self.outside.is_none()
    }

    /// Whether there is nothing but, maybe, a floor.
    pub(super) fn is_empty(&self) -> bool {
        self.record().is_none() && self.claims.is_empty() && !self.connected
    }

    /// The highest floor.
    pub(super) fn floor(&self) -> Option<(Seq, PayloadDigest)> {
        let own = self.accepted.as_ref().map(|accepted| (accepted.seq, accepted.held().digest));
        let outside = self.outside.as_ref().map(|outside| (outside.seq, outside.digest));
        match (own, outside) {
            (Some(own), Some(outside)) if own.0 >= outside.0 => Some(own),
            (own, outside) => outside.or(own),
        }
    }

    /// The certified addresses, in order.
    pub(super) fn certified(&self) -> &[Bytes] {
        self.record().and_then(|accepted| accepted.certified.as_deref()).unwrap_or_default()
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

    /// The class of what others claim of an address.
    pub(super) fn class_told(&self, address: &[u8]) -> Option<TrustClass> {
        self.claimants(address).into_iter().map(Who::class).max()
    }

    /// The class of an address (P5).
    pub(super) fn class_of(&self, address: &[u8]) -> Option<TrustClass> {
        let certified = self.record().filter(|_| self.is_certified(address));
        certified.map(Accepted::class).max(self.class_told(address))
    }

    /// Takes an address out, with everything that is claimed of it. With its last certified address
    /// the record goes (S5).
    pub(super) fn remove(&mut self, address: &[u8], by_user: bool, at: At<'_>) -> bool {
        let was_there = self.class_of(address).is_some();
        self.claims.retain(|(other, _), _| other != address);
        self.dials.remove(address);
        if self.is_certified(address)
            && let Some(accepted) = &mut self.accepted
            && let Some(certified) = &mut accepted.certified
        {
            accepted.removed |= by_user;
            certified.retain(|other| other != address);
            if certified.is_empty() {
                *certified = vec![address.to_vec()];
                self.leave_record(at);
            }
        }
        was_there
    }

    pub(super) fn clear(&mut self, at: At<'_>) -> bool {
        let had = !self.all_addresses().is_empty();
        if let Some(accepted) = &mut self.accepted {
            accepted.removed = true;
        }
        self.leave_record(at);
        self.claims.clear();
        self.dials.clear();
        had
    }

    /// The peer disconnects.
    pub(super) fn release(&mut self, at: At<'_>) {
        let held = self.holds_record();
        self.connected = false;
        for ((_, who), told) in &mut self.claims {
            if who.lasts_with_connection() {
                told.last = told.last.max(at.now());
                told.ends = told.ends.max(at.now().saturating_add(told.ttl));
            }
        }
        if held {
            self.let_go(at);
        }
        self.left = Duration::ZERO;
    }

    /// What a disconnect does to the record that the connection holds: it counts as a contact (S4).
    fn let_go(&mut self, at: At<'_>) {
        if let Some(accepted) = &mut self.accepted {
            accepted.end = accepted.end.max(at.now().saturating_add(self.left));
            accepted.contact = accepted.contact.max(Some(at.time.dated()));
            let floor = at.time.dated() + super::secs_up(at.limits.floor_life);
            accepted.floor = accepted.floor.max(floor);
        }
    }

    /// The record goes, and leaves a floor that lasts as long as it might have (S3).
    fn leave_record(&mut self, at: At<'_>) {
        if self.holds_record() {
            self.let_go(at);
        }
        if let Some(accepted) = self.accepted.as_mut().filter(|held| held.certified.is_some()) {
            accepted.lasts(at);
            accepted.scrap();
        }
    }
}
