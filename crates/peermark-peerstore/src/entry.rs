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
mod extra;
mod packed;
mod reported;
mod row;
mod stored;
mod view;

use peermark_identity::{PeerId, PeerIdBytes, PeerIdExt as _};
use peermark_peer_record::Seq;
use peermark_provenance::{SourceKinds, Timestamp, TrustClass};

use crate::context::Context;
use crate::outcome::PayloadDigest;

pub use check::Defect;
pub(crate) use extra::Extra;
pub(crate) use packed::Packed;
pub(crate) use reported::{Claimant, ReportedAddress, StoredClaim};
pub use row::{RowError, UnverifiedEntry};
pub use view::{AddressView, PeerView, RecordView};

/// What is held of one peer.
///
/// Engines store it and hand it to a [`Transition`](crate::Transition); what changes it is in
/// there. To read it, take a [`PeerView`].
#[derive(Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct PeerEntry {
    pub(crate) extra: Option<Box<Extra>>,
    /// Of the record.
    pub(crate) seq: Seq,
    /// When the certified claims end.
    pub(crate) expires: Timestamp,
    /// When the record was accepted first.
    pub(crate) accepted: Timestamp,
    /// When it was accepted last, in milliseconds after `accepted`.
    pub(crate) accepted_last: u32,
    /// Until when its floor lasts, in seconds of floor time.
    pub(crate) floor_until: u32,
    /// Who delivered it.
    pub(crate) delivered_by: SourceKinds,
    /// The group that brought the peer first, users and handshakes aside; it is charged while there
    /// is nothing better.
    pub(crate) group: u16,
    pub(crate) record: Packed,
}

/// The highest sequence number that was accepted of a peer, and what was accepted with it (S3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "engines store it field by field")]
pub struct Floor {
    /// The sequence number.
    pub seq: Seq,
    /// The payload.
    pub digest: PayloadDigest,
    /// When that record was accepted first.
    pub accepted: Timestamp,
    /// Until when it lasts, in seconds of floor time ([`Context::floor_now`]).
    pub until: u32,
    /// The group whose budget it is charged to.
    pub group: u16,
    /// Until when that record may come back by anybody's hand, since it was evicted before its time;
    /// not at all, when that is over (S4).
    pub lives_until: Timestamp,
}

/// What an entry is charged with: bytes, and to which group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "engines add it up")]
pub struct Charge {
    /// The group; [`EXEMPT`] for none.
    pub group: u16,
    /// Bytes.
    pub bytes: u64,
}

/// The group of what no budget is charged with: users, and peers that were dialed.
pub const EXEMPT: u16 = u16::MAX;

impl PeerEntry {
    /// Of a peer of which nothing is held, or its floor alone.
    #[must_use]
    pub fn new(peer: PeerId, floor: Option<Floor>) -> Self {
        let mut entry = Self::vacant();
        entry.begin(&peer, floor);
        entry
    }

    /// Of nobody: a place for an entry.
    pub(crate) const fn vacant() -> Self {
        Self {
            record: Packed::vacant(),
            extra: None,
            seq: Seq::new(0),
            expires: Timestamp::EPOCH,
            accepted: Timestamp::EPOCH,
            accepted_last: 0,
            floor_until: 0,
            delivered_by: SourceKinds::NONE,
            group: EXEMPT,
        }
    }

    /// Of `peer`, where nobody is: nothing is held of it, or its floor alone.
    pub(crate) fn begin(&mut self, peer: &PeerId, floor: Option<Floor>) {
        if let Some(floor) = floor {
            self.group = floor.group;
            self.extra = Some(Box::new(Extra::new(peer.multihash_bytes(), Some(floor))));
        } else {
            // Most who come bring a record, which says whose it is: a box would be made for nothing.
            self.record.set_peer(peer);
        }
    }

    /// The multihash of the peer's id.
    #[must_use]
    pub fn peer_id_bytes(&self) -> &[u8] {
        match &self.extra {
            Some(extra) => &extra.peer,
            None => self.record.peer_id(),
        }
    }

    /// The peer.
    #[must_use]
    #[expect(clippy::unreachable, reason = "an entry is of a peer, and has the bytes of its id")]
    pub fn peer_id(&self) -> PeerId {
        match PeerId::from_bytes(self.peer_id_bytes()) {
            Ok(peer) => peer,
            Err(_) => unreachable!("a peer id"),
        }
    }

    /// Whether nothing is held but, maybe, a floor: what an engine keeps such a peer as.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.record.is_some()
            && self
                .extra
                .as_ref()
                .is_none_or(|extra| !extra.connected && extra.addresses.is_empty())
    }

    /// Whether a record is held, be it over or not.
    #[must_use]
    pub fn has_record(&self) -> bool {
        self.record.is_some()
    }

    /// Whether a record is held that is not over.
    pub(crate) fn has_live_record(&self, now: Timestamp) -> bool {
        self.record.is_some() && now < self.expires
    }

    /// Whether the peer is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.connected)
    }

    /// The floor: that of the record, or the one that outlived it.
    #[must_use]
    pub fn floor(&self) -> Option<Floor> {
        if self.record.is_some() {
            return Some(Floor {
                seq: self.seq,
                digest: PayloadDigest::of(self.record.payload()),
                accepted: self.accepted,
                until: self.floor_until,
                group: self.group,
                lives_until: self.expires,
            });
        }
        self.extra.as_ref().and_then(|extra| extra.floor)
    }

    /// When something of it ends next.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let record = self.record.is_some().then_some(self.expires);
        if self.extra.is_none() {
            return record;
        }
        let connected = self.is_connected();
        let claims = self.reported().iter().flat_map(|address| &address.claims);
        claims.filter_map(|claim| claim.due(connected)).chain(record).min()
    }

    /// The class of its best address, however long that lives; a connected peer counts as dialed.
    /// Right for an entry whose ended claims are gone.
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

    /// What the entry itself is charged with, its record included, then what is kept to have more
    /// beside a record, which is charged to nobody, and then each of its other addresses and each
    /// claim on them.
    pub fn charges(&self) -> impl Iterator<Item = Charge> + '_ {
        let record = self.record.is_some();
        let own = self.own_charge();
        // Whoever says something more about a peer must not use up the budget of who brought it.
        let boxed = (record && self.extra.is_some())
            .then(|| Charge { group: EXEMPT, bytes: to_u64(size_of::<Extra>()) });
        let parts = self.reported().iter().flat_map(|address| {
            let own = Charge { group: address.group, bytes: to_u64(address.footprint()) };
            let claim = to_u64(size_of::<StoredClaim>());
            let claims = address.claims.iter();
            let claims = claims.map(move |made| Charge { group: made.group, bytes: claim });
            core::iter::once(own).chain(claims)
        });
        core::iter::once(own).chain(boxed).chain(parts)
    }

    /// The first of [`Self::charges`].
    pub(crate) fn own_charge(&self) -> Charge {
        let owner = if self.class() >= Some(TrustClass::Dialed) { EXEMPT } else { self.group };
        let fixed = if self.has_record() { Self::OVERHEAD } else { Self::OVERHEAD_WITH_MORE };
        Charge { group: owner, bytes: to_u64(fixed.saturating_add(self.record.heap())) }
    }

    /// What an entry is charged at least, whatever is in it: the struct, its places in an index
    /// and a table, and the box for what is not in its record.
    pub const OVERHEAD: usize = size_of::<Self>() + 36;
    /// [`Self::OVERHEAD`] and the box.
    pub const OVERHEAD_WITH_MORE: usize = Self::OVERHEAD + size_of::<Extra>();

    /// Asks for all of it at once, where it is not in the caches.
    pub(crate) fn warm(&self) {
        self.record.warm();
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
    pub(crate) fn address_count(&self) -> usize {
        self.record.len().saturating_add(self.uncertified().count())
    }

    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        let peer = match &self.extra {
            Some(extra) => extra.peer,
            None => self.peer_id().multihash_bytes(),
        };
        self.extra_from(peer)
    }

    /// Bytes of the box, where it would have to be made beside a record.
    pub(crate) fn box_to_make(&self) -> usize {
        if self.extra.is_some() || !self.record.is_some() { 0 } else { size_of::<Extra>() }
    }

    /// The box, made for `peer` where there is none.
    pub(crate) fn extra_from(&mut self, peer: PeerIdBytes) -> &mut Extra {
        if self.extra.is_none() && !self.record.is_some() {
            self.record.forget_peer();
        }
        self.extra.get_or_insert_with(|| Box::new(Extra::new(peer, None)))
    }

    pub(crate) fn record_class(&self) -> TrustClass {
        if self.delivered_by.has_user() { TrustClass::User } else { TrustClass::Certified }
    }

    /// Lets go of the box when there is nothing in it that the record does not say.
    pub(crate) fn tidy(&mut self) {
        if let Some(extra) = &mut self.extra {
            let record = &self.record;
            extra
                .addresses
                .retain(|address| !address.claims.is_empty() || record.contains(&address.address));
            if extra.is_spare() && self.record.is_some() {
                self.extra = None;
            }
        }
    }

    /// Drops the record and leaves its floor (S3, S5).
    pub(crate) fn scrap_record(&mut self) {
        let mut floor = self.floor();
        if let Some(floor) = &mut floor {
            // It went for a reason: only its peer brings it back.
            floor.lives_until = Timestamp::EPOCH;
        }
        self.extra_mut().floor = floor;
        self.record = Packed::default();
        self.delivered_by = SourceKinds::NONE;
        self.tidy();
    }

    /// Lets go of what is over at the moment of `cx` (S6).
    pub fn settle(&mut self, cx: &Context<'_>) {
        let (now, connected) = (cx.now, self.is_connected());
        if let Some(extra) = &mut self.extra {
            for address in &mut extra.addresses {
                address.claims.retain(|claim| !claim.is_over(now, connected));
            }
            if extra.floor.is_some_and(|floor| floor.until <= cx.floor_now) {
                extra.floor = None;
            }
        }
        if self.record.is_some() && !self.has_live_record(now) {
            self.scrap_record();
        } else {
            self.tidy();
        }
    }
}

impl core::fmt::Debug for PeerEntry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PeerEntry")
            .field("peer", &self.peer_id())
            .field("seq", &self.record.is_some().then_some(self.seq))
            .field("expires", &self.expires)
            .field("certified", &self.record)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}

fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
