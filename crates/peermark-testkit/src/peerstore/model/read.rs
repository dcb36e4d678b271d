//! What reads of the model answer.

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_peerstore::{PayloadDigest, PeerAddress, RoutingRecord};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Source, Timestamp, TrustClass,
};

use super::Model;
use super::peer::{Peer, Told, Who};

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
        peer.certified().iter().chain(others).map(|address| peer.known(address)).collect()
    }

    /// `signed_record`.
    #[must_use]
    pub fn signed_record(&self, peer: &PeerId) -> Option<&[u8]> {
        Some(&self.peers.get(peer)?.record.as_ref()?.envelope)
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
        let floor = self.peers.get(peer)?.floor.as_ref()?;
        Some((floor.seq, floor.digest))
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

    /// When the next claim ends.
    #[must_use]
    pub fn next_end(&self) -> Option<Timestamp> {
        self.peers.values().filter_map(Peer::next_end).min()
    }

    /// What a store that is swept holds: peers, records, and floors of peers of which nothing else
    /// is held.
    #[must_use]
    pub fn usage(&self) -> (usize, usize, usize) {
        let peers = self.peers.values().filter(|peer| !peer.is_empty()).count();
        let records = self.peers.values().filter(|peer| peer.record.is_some()).count();
        (peers, records, self.peers.len() - peers)
    }
}

impl Peer {
    fn known(&self, address: &[u8]) -> Known {
        let certified = self.record.as_ref().filter(|_| self.is_certified(address));
        let certified = certified.map(|held| {
            let by = held.delivered_by;
            let proof = Certification::dangerous_assume_verified(held.seq, by);
            // The last time is kept in milliseconds after the first.
            let age = held.accepted_last.saturating_since(held.accepted);
            let age =
                age - std::time::Duration::from_nanos((age.subsec_nanos() % 1_000_000).into());
            Claim::certified(proof, held.accepted, Expiry::At(held.expires))
                .seen(held.accepted, held.accepted.saturating_add(age))
        });
        let told = self.claims.iter().filter(|((other, _), _)| other == address);
        let told = told.map(|((_, who), told)| self.claim(*who, told));
        let dials = self.dials.get(address).copied().unwrap_or_default();
        Known {
            address: Multiaddr::try_from(address.to_vec()).expect("an address"),
            class: self.class_of(address).expect("an address that is claimed"),
            provenance: Provenance::new(certified.into_iter().chain(told)).with_dials(dials),
        }
    }

    fn claim(&self, who: Who, told: &Told) -> Claim {
        let expiry = self.end_of(who, told).map_or(Expiry::AfterDisconnect(told.ttl), Expiry::At);
        let claim = match who {
            Who::Handshake => Claim::dialed(told.first, expiry),
            Who::Source(kind, reporter) => {
                let source = Source::of(kind);
                let source = reporter.map_or(source, |peer| source.reported_by(peer));
                Claim::reported(source, told.first, expiry)
            }
        };
        claim.seen(told.first, told.last)
    }

    fn next_end(&self) -> Option<Timestamp> {
        let claims = self.claims.iter().filter_map(|((_, who), told)| self.end_of(*who, told));
        claims.chain(self.record.as_ref().map(|held| held.expires)).min()
    }
}
