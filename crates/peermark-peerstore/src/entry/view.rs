//! Reading an entry at a moment: what is over is not there, whether or not it was swept (S6).

use core::fmt;

use bytes::Bytes;
use peermark_identity::PeerId;
use peermark_provenance::{
    Address, Certification, Claim, DialHistory, Expiry, Provenance, Seq, Timestamp, TrustClass,
};

use super::{Marks, PeerEntry, Remnant, ReportedAddress};
use crate::clock::Moment;
use crate::context::Context;
use crate::event::Equivocation;
use crate::outcome::PayloadDigest;

/// What is held of one peer, as of one moment.
///
/// Borrowed from the store: nothing is copied until it is asked for. Times are those of the clock that
/// was shown (S14).
#[derive(Clone, Copy)]
pub struct PeerView<'a> {
    entry: &'a PeerEntry,
    at: Moment,
    is_live: bool,
    ends: Expiry,
}

impl<'a> PeerView<'a> {
    /// The entry at the moment of `cx`.
    #[must_use]
    pub fn new(entry: &'a PeerEntry, cx: &Context<'_>) -> Self {
        let ends = entry.record_ends(cx.at, cx.limits);
        let is_live = entry.has_record() && ends.is_none_or(|ends| ends > cx.now());
        let ends = match ends {
            Some(ends) => Expiry::At(cx.at.to_shown(ends)),
            None => {
                let ttl = entry.extra.as_ref().map(|extra| extra.record_ttl);
                Expiry::AfterDisconnect(ttl.unwrap_or_default())
            }
        };
        Self { entry, at: cx.at, is_live, ends }
    }

    /// The whole entry, ended or not.
    #[must_use]
    pub(crate) fn whole(entry: &'a PeerEntry) -> Self {
        // Before the beginning of time nothing has ended.
        let at = Moment::default();
        Self { entry, at, is_live: entry.has_record(), ends: Expiry::At(Timestamp::MAX) }
    }

    /// The peer.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.entry.peer_id()
    }

    /// Whether the peer is connected (S7).
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.entry.is_connected()
    }

    /// The certified record, while it lives (S5).
    #[must_use]
    pub fn record(&self) -> Option<RecordView<'a>> {
        let Self { entry, at, is_live, ends } = *self;
        is_live.then_some(RecordView { entry, at, ends })
    }

    /// The pair of records by which the peer contradicted itself, where it is kept (S2).
    #[must_use]
    pub fn equivocation(&self) -> Option<Equivocation> {
        self.entry.equivocation()
    }

    /// Whether the peer signed two records with the sequence number of the one that is held, which list
    /// different addresses; known also where the proof is not kept.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.is_live && self.entry.marks.has(Marks::CONTRADICTED)
    }

    /// The addresses with a claim that has not ended: those of the record first, in its order, then the
    /// others in the order of their bytes.
    pub fn addresses(&self) -> impl Iterator<Item = AddressView<'a>> + use<'a> {
        let view = *self;
        let Self { entry, at: Moment { now, .. }, .. } = view;
        let live = view.is_live;
        let certified = live.then(|| entry.record.addresses()).into_iter().flatten();
        let certified = certified.map(move |address| AddressView {
            address,
            certified: true,
            reported: entry.reported_at(address.as_bytes()),
            view,
        });
        let connected = entry.is_connected();
        let others = entry.reported().iter().filter(move |address| {
            address.live(now, connected).next().is_some()
                && !(live && entry.record.contains(&address.address))
        });
        certified.chain(others.map(move |reported| AddressView {
            address: reported.as_address(),
            certified: false,
            reported: Some(reported),
            view,
        }))
    }

    /// The address with these bytes, normalised, if a claim on it has not ended.
    #[must_use]
    pub fn address(&self, address: &[u8]) -> Option<AddressView<'a>> {
        let view = *self;
        let Self { entry, at: Moment { now, .. }, .. } = view;
        let reported = entry.reported_at(address);
        let mut listed = self.record().into_iter().flat_map(|_| entry.record.addresses());
        let certified = listed.find(|ours| ours.as_bytes() == address);
        match (certified, reported) {
            (Some(address), reported) => {
                Some(AddressView { address, certified: true, reported, view })
            }
            (None, Some(other)) => {
                other.live(now, entry.is_connected()).next()?;
                let address = other.as_address();
                Some(AddressView { address, certified: false, reported, view })
            }
            (None, None) => None,
        }
    }

    /// Whether there is an address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.record().is_none() && self.addresses().next().is_none()
    }
}

impl fmt::Debug for PeerView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerView")
            .field("peer", &self.peer_id())
            .field("seq", &self.record().map(|record| record.seq().value()))
            .field("addresses", &self.addresses().collect::<Vec<_>>())
            .finish()
    }
}

/// A certified record that is held and has not ended.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    entry: &'a PeerEntry,
    at: Moment,
    ends: Expiry,
}

impl<'a> RecordView<'a> {
    /// Its sequence number.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.entry.seq
    }

    /// The canonical envelope: what to relay.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.entry.record.envelope()
    }

    /// The signed payload.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.entry.record.payload()
    }

    /// When it ends, with its claims, if nobody delivers it again.
    #[must_use]
    pub const fn expiry(&self) -> Expiry {
        self.ends
    }

    /// When it was accepted first.
    #[must_use]
    pub fn accepted(&self) -> Timestamp {
        self.at.aging_to_shown(self.entry.life().first).min(self.at.shown)
    }

    /// When a delivery of it last counted.
    #[must_use]
    pub fn delivered(&self) -> Timestamp {
        self.at.aging_to_shown(self.entry.life().last).min(self.at.shown)
    }

    /// The last contact with the peer, over which it said this record, or the last that others claim:
    /// what to tell with it to others (S4). `None` where there was none.
    #[must_use]
    pub fn contact(&self) -> Option<Timestamp> {
        if self.entry.is_record_held() {
            return Some(self.at.shown);
        }
        let met = self.entry.told_contact();
        (met > 0).then(|| self.at.aging_to_shown(met).min(self.at.shown))
    }
}

impl fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordView")
            .field("seq", &self.seq().value())
            .field("len", &self.as_bytes().len())
            .field("expiry", &self.expiry())
            .finish_non_exhaustive()
    }
}

/// One address of a peer, with its provenance.
#[derive(Clone, Copy)]
pub struct AddressView<'a> {
    address: Address<'a>,
    certified: bool,
    reported: Option<&'a ReportedAddress>,
    view: PeerView<'a>,
}

impl<'a> AddressView<'a> {
    /// The address, without the peer's own `/p2p/` suffix.
    #[must_use]
    pub const fn address(&self) -> Address<'a> {
        self.address
    }

    /// Whether it is in the peer's current certified record.
    #[must_use]
    pub const fn is_certified(&self) -> bool {
        self.certified
    }

    /// The class of its best claim (P5).
    #[must_use]
    pub fn class(&self) -> TrustClass {
        let PeerView { entry, at, .. } = self.view;
        let connected = entry.is_connected();
        let certified = self.certified.then(|| entry.record_class());
        let reported = self.reported.and_then(|reported| reported.class(at.now, connected));
        certified.max(reported).unwrap_or(TrustClass::ThirdParty)
    }

    /// What dialing it taught (P6).
    #[must_use]
    pub fn dials(&self) -> DialHistory {
        let mut dials = self.reported.map_or_else(DialHistory::default, |known| known.dials);
        let at = self.view.at;
        dials.last_success = dials.last_success.map(|time| at.to_shown(time));
        dials.last_failure = dials.last_failure.map(|time| at.to_shown(time));
        dials
    }

    /// All claims on it, the certified one first.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        let PeerView { entry, at, .. } = self.view;
        let certified = self.view.record().filter(|_| self.certified).map(|record| {
            let proof = Certification::dangerous_assume_verified(record.seq(), entry.marks.kinds());
            let first = record.accepted();
            Claim::certified(proof, first, record.expiry()).seen(first, record.delivered())
        });
        let connected = entry.is_connected();
        let reported = self.reported.into_iter().flat_map(|address| {
            address.live(at.now, connected).map(|claim| claim.to_claim(connected, at))
        });
        Provenance::new(certified.into_iter().chain(reported)).with_dials(self.dials())
    }
}

impl PeerEntry {
    /// The pair of records by which the peer contradicted itself, where it is kept.
    pub(crate) fn equivocation(&self) -> Option<Equivocation> {
        let rest = &self.extra.as_ref()?.rest;
        if !self.has_record() {
            return rest.equivocation();
        }
        let rival = &rest.evidence.as_ref()?.rival;
        Some(Equivocation {
            peer: self.peer_id(),
            seq: self.seq,
            held: PayloadDigest::of(self.record.payload()),
            got: rival.content.digest,
            held_envelope: copy(self.record.envelope()),
            got_envelope: copy(&rival.envelope),
        })
    }
}

impl PeerEntry {
    /// The two payloads by which the peer contradicted itself.
    pub(crate) fn contradiction(&self) -> Option<(Seq, PayloadDigest, PayloadDigest)> {
        if !self.has_evidence() {
            return None;
        }
        self.equivocation().map(|proof| (proof.seq, proof.held, proof.got))
    }
}

impl Remnant {
    /// The pair of records by which the peer contradicted itself, where it is kept.
    pub(crate) fn equivocation(&self) -> Option<Equivocation> {
        let (floor, evidence) = (self.floor.as_ref()?, self.evidence.as_ref()?);
        Some(Equivocation {
            peer: self.peer,
            seq: floor.seq,
            held: floor.content.digest,
            got: evidence.rival.content.digest,
            held_envelope: copy(&evidence.held),
            got_envelope: copy(&evidence.rival.envelope),
        })
    }
}

fn copy(envelope: &[u8]) -> Option<Bytes> {
    (!envelope.is_empty()).then(|| Bytes::copy_from_slice(envelope))
}

impl fmt::Debug for AddressView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.class())
    }
}
