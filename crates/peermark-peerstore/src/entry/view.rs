//! Reading an entry at a moment: what is over is not there, whether or not it was swept (S6).

use core::fmt;

use peermark_identity::PeerId;
use peermark_peer_record::{Address, Seq};
use peermark_provenance::{
    Certification, Claim, DialHistory, Expiry, Provenance, Timestamp, TrustClass,
};

use super::{PeerEntry, ReportedAddress};

/// What is held of one peer, as of one moment.
///
/// Borrowed from the store: nothing is copied until it is asked for.
#[derive(Clone, Copy)]
pub struct PeerView<'a> {
    entry: &'a PeerEntry,
    now: Timestamp,
}

impl<'a> PeerView<'a> {
    /// The entry as of `now`.
    #[must_use]
    pub const fn new(entry: &'a PeerEntry, now: Timestamp) -> Self {
        Self { entry, now }
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
        let live = self.entry.has_live_record(self.now);
        live.then_some(RecordView { entry: self.entry })
    }

    /// The addresses that somebody claims now: those of the record first, in its order, then the
    /// others in the order of their bytes.
    pub fn addresses(&self) -> impl Iterator<Item = AddressView<'a>> + use<'a> {
        let Self { entry, now } = *self;
        let live = self.record().is_some();
        let certified = live.then(|| entry.record.addresses()).into_iter().flatten();
        let certified = certified.map(move |address| AddressView {
            address,
            certified: true,
            reported: entry.reported_at(address.as_bytes()),
            entry,
            now,
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
            entry,
            now,
        }))
    }

    /// The address with these bytes, normalised, if somebody claims it now.
    #[must_use]
    pub fn address(&self, address: &[u8]) -> Option<AddressView<'a>> {
        let Self { entry, now } = *self;
        let reported = entry.reported_at(address);
        let mut listed = self.record().into_iter().flat_map(|_| entry.record.addresses());
        let certified = listed.find(|ours| ours.as_bytes() == address);
        match (certified, reported) {
            (Some(address), reported) => {
                Some(AddressView { address, certified: true, reported, entry, now })
            }
            (None, Some(other)) => {
                other.live(now, entry.is_connected()).next()?;
                let address = other.as_address();
                Some(AddressView { address, certified: false, reported, entry, now })
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

/// A certified record that is held and lives.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    entry: &'a PeerEntry,
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

    /// When its claims end, and it goes with them.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.entry.expires
    }

    /// When it was accepted first.
    #[must_use]
    pub const fn accepted(&self) -> Timestamp {
        self.entry.accepted
    }
}

impl fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordView")
            .field("seq", &self.seq().value())
            .field("len", &self.as_bytes().len())
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}

/// One address of a peer, with its provenance.
#[derive(Clone, Copy)]
pub struct AddressView<'a> {
    address: Address<'a>,
    certified: bool,
    reported: Option<&'a ReportedAddress>,
    entry: &'a PeerEntry,
    now: Timestamp,
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
        let connected = self.entry.is_connected();
        let certified = self.certified.then(|| self.entry.record_class());
        let reported = self.reported.and_then(|reported| reported.class(self.now, connected));
        certified.max(reported).unwrap_or(TrustClass::ThirdParty)
    }

    /// What dialing it taught (P6).
    #[must_use]
    pub fn dials(&self) -> DialHistory {
        self.reported.map_or_else(DialHistory::default, |reported| reported.dials)
    }

    /// All claims on it, the certified one first.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        let entry = self.entry;
        let certified = self.certified.then(|| {
            let proof = Certification::dangerous_assume_verified(entry.seq, entry.delivered_by);
            let last = entry.accepted.saturating_add(millis(entry.accepted_last));
            Claim::certified(proof, entry.accepted, Expiry::At(entry.expires))
                .seen(entry.accepted, last)
        });
        let connected = entry.is_connected();
        let reported = self.reported.into_iter().flat_map(|address| {
            address.live(self.now, connected).map(|claim| claim.to_claim(connected))
        });
        Provenance::new(certified.into_iter().chain(reported)).with_dials(self.dials())
    }
}

impl fmt::Debug for AddressView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.class())
    }
}

fn millis(n: u32) -> core::time::Duration {
    core::time::Duration::from_millis(n.into())
}
