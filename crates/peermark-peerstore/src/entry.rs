//! What is held of one peer: the value that the rules work on and that an engine stores.
//!
//! Small where it matters: a peer of which a certified record of some four addresses and nothing else
//! is held is this struct, in which the addresses are ranges of the envelope. A longer record is an
//! allocation, and everything else is in a box of its own.
//!
//! Invariants, which [`PeerEntry::check`] proves (see `check.rs`):
//!
//! - A record is held exactly while one of its addresses is (S5).
//! - No more addresses, and no more claims on one, than the limits say.
//! - An address without a claim of its own is one of the record's.
//! - A floor is stored only where no record implies it.

mod check;
mod cost;
mod ends;
mod extra;
mod floor;
mod life;
mod packed;
mod reported;
mod row;
mod signed;
mod stored;
mod view;

use peermark_identity::PeerId;
use peermark_provenance::{DialHistory, Seq, Timestamp, TrustClass};

use crate::clock::Moment;
use crate::context::EXEMPT;
use crate::limits::Limits;
use crate::outcome::PayloadDigest;

pub use check::Defect;
pub(crate) use extra::Extra;
pub use floor::{Floor, FloorRank, Remnant};
pub(crate) use floor::{Marks, OutsideFloor, StoredFloor};
pub(crate) use life::Life;
pub(crate) use packed::Packed;
pub(crate) use reported::{Claimant, ReportedAddress, StoredClaim};
pub use row::{RowError, UnverifiedEntry};
pub(crate) use signed::{Content, Evidence, Rival, SetDigest, Signed, is_better_envelope};
pub use view::{AddressView, PeerView, RecordView};

pub(crate) use cost::{
    ENTRY, FLOOR, MODEL, address as cost_of_address, claim as cost_of_claim,
    evidence as cost_of_evidence, record as cost_of_record,
};

/// What is held of one peer.
///
/// Engines store it and hand it to a [`Transition`](crate::Transition), which is what changes it. To
/// read it, take a [`PeerView`].
#[derive(Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct PeerEntry {
    pub(crate) extra: Option<Box<Extra>>,
    /// Of the record, as all up to `record` is.
    pub(crate) seq: Seq,
    /// When the peer itself last said this payload over a contact: see [`Content::said`].
    pub(crate) said: u64,
    // The numbers of [`Life`], one by one: as a struct they would take a word more.
    end: Timestamp,
    first: u32,
    contact: u32,
    claimed: u32,
    last: u32,
    floor: u32,
    pub(crate) marks: Marks,
    /// The group that brought the peer first, users and handshakes aside; it is charged while there
    /// is nothing better.
    pub(crate) group: u16,
    pub(crate) record: Packed,
}

impl PeerEntry {
    /// Of a peer of which nothing is held, or what is left of one.
    #[must_use]
    pub fn new(peer: PeerId, rest: Option<Remnant>) -> Self {
        let mut entry = Self::vacant();
        entry.begin(&peer, rest);
        entry
    }

    /// Of nobody: a place for an entry.
    pub(crate) const fn vacant() -> Self {
        Self {
            record: Packed::vacant(),
            extra: None,
            seq: Seq::new(0),
            said: 0,
            end: Timestamp::EPOCH,
            first: 0,
            contact: 0,
            claimed: 0,
            last: 0,
            floor: 0,
            marks: Marks::NONE,
            group: EXEMPT,
        }
    }

    /// Of `peer`, where nobody is: nothing is held of it, or what is left of it.
    pub(crate) fn begin(&mut self, peer: &PeerId, rest: Option<Remnant>) {
        if let Some(rest) = rest {
            self.group = rest.group;
            // The entry knows its group: equal entries are equal.
            self.extra = Some(Box::new(Extra::new(Remnant { group: EXEMPT, ..rest })));
        } else {
            // Most peers that come bring a record, which names them: a box would be made for nothing.
            self.record.set_peer(peer);
        }
    }

    /// The multihash of the peer's id, shown to `read`.
    #[inline]
    pub(crate) fn with_peer_bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        use peermark_identity::PeerIdExt as _;
        match &self.extra {
            Some(extra) => read(&extra.peer().multihash_bytes()),
            None => read(self.record.peer_id()),
        }
    }

    /// Whether it is the entry of the peer with this multihash.
    #[inline]
    #[must_use]
    pub fn is_of(&self, peer: &[u8]) -> bool {
        self.with_peer_bytes(|own| own == peer)
    }

    /// The peer.
    #[must_use]
    #[expect(clippy::unreachable, reason = "an entry names its peer, or a certified record does")]
    pub fn peer_id(&self) -> PeerId {
        match &self.extra {
            Some(extra) => *extra.peer(),
            None => match PeerId::from_bytes(self.record.peer_id()) {
                Ok(peer) => peer,
                Err(_) => unreachable!("a canonical peer id"),
            },
        }
    }

    /// Whether nothing is held but, maybe, a floor: what an engine keeps such a peer as.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_bare = |extra: &Extra| !extra.connected && extra.addresses.is_empty();
        !self.record.is_some() && self.extra.as_deref().is_none_or(is_bare)
    }

    /// Whether a record is held, ended or not.
    #[must_use]
    pub fn has_record(&self) -> bool {
        self.record.is_some()
    }

    /// Whether the proof of a contradiction is kept.
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.rest.evidence.is_some())
    }

    /// The numbers of the record.
    pub(crate) const fn life(&self) -> Life {
        let Self { end, first, contact, claimed, last, floor, .. } = *self;
        Life { end, first, contact, claimed, last, floor }
    }

    pub(crate) const fn set_life(&mut self, life: Life) {
        let Life { end, first, contact, claimed, last, floor } = life;
        (self.end, self.first, self.contact) = (end, first, contact);
        (self.claimed, self.last, self.floor) = (claimed, last, floor);
    }

    /// Whether a floor from outside is kept.
    pub(crate) fn has_outside_floor(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.rest.outside.is_some())
    }

    /// The sequence number that was accepted last.
    pub(crate) fn accepted_seq(&self) -> Option<Seq> {
        if self.has_record() {
            return Some(self.seq);
        }
        let floor = self.extra.as_ref()?.rest.floor.as_ref()?;
        Some(floor.seq)
    }

    /// Whether the peer is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.connected)
    }

    /// The floor that counts at this moment: that of the record, or the one that outlived it, or one
    /// from outside where that is higher.
    #[must_use]
    pub fn floor_at(&self, at: Moment, limits: &Limits) -> Option<Floor> {
        if !self.record.is_some() {
            let mut rest = self.extra.as_ref()?.rest.clone();
            rest.expire(at);
            return rest.floor();
        }
        let counts = self.floor > at.aging_secs() || self.has_live_record(at, limits);
        let own = counts.then(|| Floor {
            seq: self.seq,
            digest: PayloadDigest::of(self.record.payload()),
            until: self.life_now(at, limits).lasting(at, limits).floor,
        });
        let outside = self.extra.as_ref().and_then(|extra| extra.rest.outside.as_deref());
        let outside = outside.filter(|outside| outside.lasts(at)).map(|outside| Floor {
            seq: outside.seq,
            digest: outside.digest,
            until: outside.until,
        });
        match (own, outside) {
            (Some(own), Some(outside)) if outside.seq > own.seq => Some(outside),
            (own, outside) => own.or(outside),
        }
    }

    /// The last contact that is told to others with the record, in seconds of aging, or the last that
    /// others claim; 0 for none. Of a record that the user delivered it is what the peer itself said:
    /// the time to live of the user is written as a contact, and was none (S4).
    pub(crate) fn told_contact(&self) -> u32 {
        let is_users = self.marks.kinds().has_user();
        let contact = if is_users { secs_begun(self.said) } else { self.contact };
        contact.max(self.claimed)
    }

    /// The class of its best address, however long that lives; a connected peer counts as dialed.
    /// Right for an entry whose ended claims are gone.
    #[inline]
    #[must_use]
    pub fn class(&self) -> Option<TrustClass> {
        let record = self.record.is_some().then(|| self.record_class());
        if self.extra.is_none() {
            return record;
        }
        let connected = self.is_connected().then_some(TrustClass::Dialed);
        let claims = self.reported().iter().flat_map(|address| &address.claims);
        claims.map(|claim| claim.by.class()).chain(record).chain(connected).max()
    }

    /// Whether no budget is charged with it: it is a user's, or was dialed.
    #[inline]
    pub(crate) fn is_exempt(&self) -> bool {
        self.class() >= Some(TrustClass::Dialed)
    }

    /// Prefetches its first line.
    #[inline]
    pub(crate) fn prefetch_start(&self) {
        core::hint::black_box(self.seq);
    }

    /// Prefetches all of it.
    #[inline]
    pub(crate) fn prefetch(&self) {
        self.prefetch_start();
        self.record.prefetch();
    }

    pub(crate) fn reported(&self) -> &[ReportedAddress] {
        self.extra.as_ref().map_or(&[], |extra| &extra.addresses)
    }

    pub(crate) fn reported_at(&self, address: &[u8]) -> Option<&ReportedAddress> {
        self.extra.as_ref()?.address(address)
    }

    /// The addresses that are not in the record.
    pub(crate) fn uncertified(&self) -> impl Iterator<Item = &ReportedAddress> {
        self.reported().iter().filter(|address| !self.record.contains(&address.address))
    }

    /// How many addresses there are, those of the record and the others.
    #[inline]
    pub(crate) fn address_count(&self) -> usize {
        self.record.len().saturating_add(self.uncertified().count())
    }

    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        self.extra_from(self.peer_id())
    }

    /// The box, made for `peer` where there is none.
    pub(crate) fn extra_from(&mut self, peer: PeerId) -> &mut Extra {
        if self.extra.is_none() && !self.record.is_some() {
            self.record.forget_peer();
        }
        self.extra.get_or_insert_with(|| Box::new(Extra::new(Remnant::new(peer, EXEMPT))))
    }

    pub(crate) fn record_class(&self) -> TrustClass {
        if self.marks.kinds().has_user() { TrustClass::User } else { TrustClass::Certified }
    }

    /// Removes what says nothing, and gives its memory back.
    pub(crate) fn tidy(&mut self) {
        if let Some(extra) = &mut self.extra {
            let record = &self.record;
            let before = extra.addresses.len();
            // Of an address of the record what dialing taught is kept.
            extra.addresses.retain(|address| {
                !address.claims.is_empty()
                    || (address.dials != DialHistory::default()
                        && record.contains(&address.address))
            });
            if extra.addresses.len() < before {
                extra.shrink();
            }
            if extra.is_spare() && self.record.is_some() {
                self.extra = None;
            }
        }
    }

    /// Removes the proof of a contradiction: there is no room for it. That there was one stays known.
    pub fn drop_evidence(&mut self) {
        if let Some(extra) = &mut self.extra {
            extra.rest.evidence = None;
        }
        self.tidy();
    }
}

/// Nanoseconds as seconds, rounded up.
pub(crate) fn secs_begun(nanos: u64) -> u32 {
    u32::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

impl core::fmt::Debug for PeerEntry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PeerEntry")
            .field("peer", &self.peer_id())
            .field("seq", &self.record.is_some().then_some(self.seq))
            .field("life", &self.life())
            .field("marks", &self.marks)
            .field("certified", &self.record)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}
