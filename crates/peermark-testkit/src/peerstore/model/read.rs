//! What reads of the model answer.

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_peerstore::{PayloadDigest, PeerAddress, RoutingRecord};
use peermark_provenance::{
    Certification, Claim, DialHistory, Expiry, Provenance, Source, Timestamp, TrustClass,
};

use super::peer::{Peer, Told, Who};
use super::{At, Model};

/// An address that the model has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "compared with the store's answer")]
pub struct Known {
    /// The address.
    pub address: Multiaddr,
    /// Its class.
    pub class: TrustClass,
    /// What is claimed of it.
    pub provenance: Provenance,
}

impl From<PeerAddress> for Known {
    fn from(known: PeerAddress) -> Self {
        let PeerAddress { address, class, provenance, .. } = known;
        Self { address, class, provenance }
    }
}

impl Model {
    /// `addresses`: the certified ones in the order of the record, then the others by their bytes.
    #[must_use]
    pub fn addresses(&self, peer: &PeerId) -> Vec<Known> {
        let Some(peer) = self.peers.get(peer) else {
            return Vec::new();
        };
        let all = peer.all_addresses();
        let others = all.iter().filter(|address| !peer.is_certified(address));
        peer.certified().iter().chain(others).map(|a| peer.known(a, self.at())).collect()
    }

    /// `signed_record`.
    #[must_use]
    pub fn signed_record(&self, peer: &PeerId) -> Option<&[u8]> {
        Some(&self.peers.get(peer)?.record()?.held().envelope)
    }

    /// `routing_records` of one peer.
    #[must_use]
    pub fn routing_record(&self, peer: &PeerId) -> RoutingRecord {
        if let Some(envelope) = self.signed_record(peer) {
            return RoutingRecord::Signed(envelope.to_vec().into());
        }
        let plain: Vec<_> = self.addresses(peer).into_iter().map(|known| known.address).collect();
        if plain.is_empty() { RoutingRecord::Unknown } else { RoutingRecord::Plain(plain) }
    }

    /// `floor`.
    #[must_use]
    pub fn floor(&self, peer: &PeerId) -> Option<(Seq, PayloadDigest)> {
        self.peers.get(peer)?.floor()
    }

    /// Whether the peer is connected.
    #[must_use]
    pub fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|peer| peer.connected)
    }

    /// `peers`, in the order of their ids.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerId> {
        let with_address = self.peers.iter().filter(|(_, peer)| !peer.all_addresses().is_empty());
        with_address.map(|(id, _)| *id).collect()
    }

    /// The payloads by which the peer contradicted itself: what is held, and the other (S2).
    #[must_use]
    pub fn contradiction(&self, peer: &PeerId) -> Option<(Seq, PayloadDigest, PayloadDigest)> {
        let accepted = self.peers.get(peer)?.accepted.as_ref()?;
        Some((accepted.seq, accepted.held, accepted.rival()?.digest))
    }

    /// Whether a record of the peer was accepted, and its floor lasts.
    #[must_use]
    pub fn has_accepted(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|peer| peer.accepted.is_some())
    }

    /// Whether the peer is known to have contradicted itself with the record that is held.
    #[must_use]
    pub fn is_contradicted(&self, peer: &PeerId) -> bool {
        let record = self.peers.get(peer).and_then(Peer::record);
        record.is_some_and(|accepted| accepted.contradicted)
    }

    /// The last contact that is told with the record, by the shown clock.
    #[must_use]
    pub fn contact(&self, peer: &PeerId) -> Option<Timestamp> {
        let peer = self.peers.get(peer)?;
        let record = peer.record()?;
        if peer.holds_record() {
            return Some(self.shown());
        }
        // What stands for the user's time to live was no contact.
        let said = record.held().said.map(|said| said.div_ceil(1_000_000_000));
        let contact = if record.kinds.has_user() { said } else { record.contact };
        let met = contact.max(record.claimed)?;
        Some(self.at().time.aging_to_shown(met).min(self.shown()))
    }

    /// When the next claim ends, by the shown clock.
    #[must_use]
    pub fn next_end(&self) -> Option<Timestamp> {
        let ends = self.peers.values().filter_map(|peer| peer.next_end(self.at())).min();
        ends.map(|ends| self.at().time.to_shown(ends))
    }

    /// What a store that is swept holds: peers, records, and floors of peers of which nothing else
    /// is held.
    #[must_use]
    pub fn usage(&self) -> (usize, usize, usize) {
        let peers = self.peers.values().filter(|peer| !peer.is_empty()).count();
        let records = self.peers.values().filter(|peer| peer.record().is_some()).count();
        (peers, records, self.peers.len() - peers)
    }
}

impl Peer {
    fn known(&self, address: &[u8], at: At<'_>) -> Known {
        let certified = self.record().filter(|_| self.is_certified(address));
        let certified = certified.map(|accepted| {
            let proof = Certification::dangerous_assume_verified(accepted.seq, accepted.kinds);
            let expiry = if self.holds_record() {
                Expiry::AfterDisconnect(self.left)
            } else {
                Expiry::At(at.time.to_shown(accepted.ends(at)))
            };
            let [first, last] = [accepted.first, accepted.last]
                .map(|second| at.time.aging_to_shown(second).min(at.time.shown()));
            Claim::certified(proof, first, expiry).seen(first, last)
        });
        let told = self.claims.iter().filter(|((other, _), _)| other == address);
        let told = told.map(|((_, who), told)| self.claim_of(*who, told, at));
        let dials = self.dials.get(address).copied().unwrap_or_default();
        let mut shown = DialHistory::default();
        shown.last_success = dials.last_success.map(|time| at.time.to_shown(time));
        shown.last_failure = dials.last_failure.map(|time| at.time.to_shown(time));
        shown.failures = dials.failures;
        Known {
            address: Multiaddr::try_from(address.to_vec()).expect("an address"),
            class: self.class_of(address).expect("an address that is claimed"),
            provenance: Provenance::new(certified.into_iter().chain(told)).with_dials(shown),
        }
    }

    fn claim_of(&self, who: Who, told: &Told, at: At<'_>) -> Claim {
        let ends = self.end_of(who, told).map(|ends| Expiry::At(at.time.to_shown(ends)));
        let expiry = ends.unwrap_or(Expiry::AfterDisconnect(told.ttl));
        let [first, last] = [told.first, told.last].map(|time| at.time.to_shown(time));
        let claim = match who {
            Who::Handshake => Claim::dialed(first, expiry),
            Who::Source(kind, reporter) => {
                let source = Source::of(kind);
                let source = reporter.map_or(source, |peer| source.reported_by(peer));
                Claim::reported(source, first, expiry)
            }
        };
        claim.seen(first, last)
    }

    fn next_end(&self, at: At<'_>) -> Option<Timestamp> {
        let claims = self.claims.iter().filter_map(|((_, who), told)| self.end_of(*who, told));
        let record = self.record().filter(|_| !self.holds_record());
        claims.chain(record.map(|accepted| accepted.ends(at))).min()
    }
}
