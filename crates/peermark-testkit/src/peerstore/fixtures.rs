//! Peers, addresses, sources and records, each by a number.

use std::net::{IpAddr, Ipv4Addr};

use multiaddr::Multiaddr;
use peermark_identity::{KeyType, Keypair, PeerId};
use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq};
use peermark_provenance::Source;

use crate::keys;

/// The Ed25519 key of a peer.
#[must_use]
pub fn key(peer: u64) -> Keypair {
    keys::keypair(KeyType::Ed25519, peer)
}

/// The id of a peer.
#[must_use]
pub fn peer(peer: u64) -> PeerId {
    key(peer).peer_id()
}

/// The address of this text.
///
/// # Panics
///
/// When it is none.
#[must_use]
pub fn address(text: &str) -> Multiaddr {
    text.parse().expect("a multiaddr")
}

/// The addresses of these texts.
#[must_use]
pub fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
    texts.iter().map(|text| address(text)).collect()
}

/// The text of address number `index`.
#[must_use]
pub fn numbered(index: u32) -> String {
    format!("/ip4/{}/tcp/4001", Ipv4Addr::from_bits(0x0b00_0000 | index))
}

/// The addresses with these numbers.
#[must_use]
pub fn numbers(range: std::ops::Range<u32>) -> Vec<Multiaddr> {
    range.map(|index| address(&numbered(index))).collect()
}

/// A record that peer number `peer` signed.
#[must_use]
pub fn record(peer: u64, seq: u64, addresses: &[Multiaddr]) -> CertifiedRecord {
    signed(&key(peer), Dialect::PeerRecord, seq, addresses)
}

/// A record that this key signed.
///
/// # Panics
///
/// When an address is none that a record may have.
#[must_use]
pub fn signed(
    key: &Keypair,
    dialect: Dialect,
    seq: u64,
    addresses: &[Multiaddr],
) -> CertifiedRecord {
    let record = PeerRecord::new(key.peer_id(), Seq::new(seq), addresses.iter().cloned());
    record.certify(key, dialect).expect("a record")
}

/// The peer itself, by identify.
#[must_use]
pub fn itself(peer: PeerId) -> Source {
    Source::identify(peer)
}

/// A table that is heard from network number `network`, an IPv4 /16 of its own.
#[must_use]
pub fn heard_from(network: u16) -> Source {
    let [a, b] = network.to_be_bytes();
    Source::DHT.heard_from(IpAddr::V4(Ipv4Addr::new(a, b, 7, 7)))
}
