//! The small world of the programs: six peers, their records, eight addresses, twelve sources.
//!
//! Everything is made once. Signing and verifying would otherwise be all that a run does.

use std::sync::LazyLock;

use multiaddr::{Multiaddr, Protocol};
use peermark_envelope::Envelope;
use peermark_identity::{KeyType, Keypair, PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialect, Dialects};
use peermark_provenance::{Source, SourceKind};

use crate::keys;
use crate::model::{self, Field, bytes, varint};

/// How many peers there are.
pub const PEERS: usize = 6;
/// How many addresses there are, spelled one way.
pub const ADDRESSES: usize = 8;
/// How many sources there are for each peer.
pub const SOURCES: usize = 12;

/// The sequence numbers of records.
const SEQS: [u64; 4] = [1, 0, 2, u64::MAX];

/// What a record lists, by the numbers of addresses. An address that is spelled with the peer's own
/// suffix, one of another peer, and one that is no address are in between.
/// The last but one lists what the first does, in another order; the last lists nothing, as the third.
const PAYLOADS: [&[Item]; 7] = [
    &[Item::Plain(0), Item::Plain(1), Item::Plain(2)],
    &[Item::Own(2), Item::Plain(3), Item::Foreign(4), Item::Plain(1), Item::Plain(2)],
    &[],
    &[Item::Broken, Item::Plain(5), Item::Plain(4), Item::Plain(3), Item::Plain(7), Item::Plain(0)],
    &[Item::Plain(6), Item::Plain(5)],
    &[Item::Plain(2), Item::Own(0), Item::Plain(1)],
    &[Item::Broken],
];

/// How a payload is signed: in each dialect, and once more in the first. Of some types of key the last
/// is another signature.
const SIGNINGS: [Dialect; 3] = [Dialect::PeerRecord, Dialect::RoutingState, Dialect::PeerRecord];

#[derive(Clone, Copy)]
enum Item {
    Plain(usize),
    Own(usize),
    Foreign(usize),
    Broken,
}

/// A record of the universe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct RecordRef {
    /// Whose.
    pub peer: usize,
    /// Which of four sequence numbers.
    pub seq: usize,
    /// Which of seven payloads.
    pub payload: usize,
    /// Which of three signatures: in both dialects, and a second one in the first.
    pub dialect: usize,
}

impl RecordRef {
    /// The record that a byte chooses.
    #[must_use]
    pub fn decode(peer: usize, byte: u8) -> Self {
        let rest = usize::from(byte);
        let (seq, rest) = (rest % SEQS.len(), rest / SEQS.len());
        let (payload, rest) = (rest % PAYLOADS.len(), rest / PAYLOADS.len());
        Self { peer, seq, payload, dialect: rest % SIGNINGS.len() }
    }

    /// The record with the payload that is so many further.
    #[must_use]
    pub fn further(self, by: usize) -> Self {
        Self { payload: (self.payload + by) % PAYLOADS.len(), ..self }
    }

    /// The record.
    #[must_use]
    pub fn get(self) -> &'static CertifiedRecord {
        let of_peer = ((self.seq * PAYLOADS.len()) + self.payload) * SIGNINGS.len() + self.dialect;
        &UNIVERSE.records[self.peer][of_peer]
    }
}

/// An address, and how it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Letter {
    /// Which of the addresses.
    pub address: usize,
    /// Whose peer id is at its end.
    pub suffix: Suffix,
}

/// Whose peer id is at the end of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as many as there are")]
pub enum Suffix {
    /// Nobody's.
    None,
    /// That of the peer it is said of.
    Own,
    /// That of another peer.
    Foreign,
}

impl Letter {
    /// The address that a byte chooses: mostly without a suffix.
    #[must_use]
    pub fn decode(byte: u8) -> Self {
        let (address, rest) = (usize::from(byte) % ADDRESSES, usize::from(byte) / ADDRESSES);
        let suffix = match rest % 8 {
            0..=4 => Suffix::None,
            5 | 6 => Suffix::Own,
            _ => Suffix::Foreign,
        };
        Self { address, suffix }
    }

    /// The address as it is spelled for this peer.
    #[must_use]
    pub fn spelled(self, peer: usize) -> Multiaddr {
        let address = address(self.address).clone();
        match self.suffix {
            Suffix::None => address,
            Suffix::Own => address.with(Protocol::P2p(peer_id(peer))),
            Suffix::Foreign => address.with(Protocol::P2p(peer_id((peer + 1) % PEERS))),
        }
    }
}

/// Peer number `peer`.
#[must_use]
pub fn peer_id(peer: usize) -> PeerId {
    UNIVERSE.peers[peer]
}

/// All peers.
#[must_use]
pub fn peer_ids() -> &'static [PeerId] {
    &UNIVERSE.peers
}

/// Address number `address`.
#[must_use]
pub fn address(address: usize) -> &'static Multiaddr {
    &UNIVERSE.addresses[address]
}

/// Source number `source`, that tells something about a peer.
#[must_use]
pub fn source(source: usize, peer: usize) -> Source {
    let other = peer_id((peer + 1) % PEERS);
    match source {
        0 => Source::DHT,
        1 => Source::identify(peer_id(peer)),
        2 => Source::MANUAL,
        3 => Source::BOOTSTRAP,
        4 => Source::DHT.reported_by(other),
        5 => Source::DHT.heard_from([192, 0, 2, 7].into()),
        6 => Source::PUBSUB.reported_by(other).heard_from([198, 51, 100, 7].into()),
        7 => Source::application(7),
        8 => Source::application(8),
        9 => Source::identify(peer_id(peer)).heard_from([203, 0, 113, 9].into()),
        10 => Source::identify(other),
        _ => Source::of(SourceKind::Identify),
    }
}

struct Universe {
    peers: Vec<PeerId>,
    addresses: Vec<Multiaddr>,
    records: Vec<Vec<CertifiedRecord>>,
}

static UNIVERSE: LazyLock<Universe> = LazyLock::new(|| {
    let keypairs: Vec<Keypair> = (0..).take(PEERS).map(keypair).collect();
    let peers: Vec<_> = keypairs.iter().map(|keypair| keypair.public_key().peer_id()).collect();
    let addresses: Vec<_> = TEXTS.iter().map(|text| text.parse().expect("an address")).collect();
    let records = keypairs.iter().enumerate().map(|(n, keypair)| {
        let other = peers[(n + 1) % PEERS];
        records(keypair, other, &addresses)
    });
    Universe { records: records.collect(), peers, addresses }
});

/// Most peers have Ed25519 keys, whose signatures a fuzzer's build replaces by something quick. The
/// last has a peer id that is a hash.
fn keypair(peer: u64) -> Keypair {
    let key_type = if peer == 5 { KeyType::Ecdsa } else { KeyType::Ed25519 };
    keys::keypair(key_type, peer)
}

fn records(keypair: &Keypair, other: PeerId, addresses: &[Multiaddr]) -> Vec<CertifiedRecord> {
    let mut all = Vec::new();
    for seq in SEQS {
        for items in PAYLOADS {
            let payload = payload(keypair, other, addresses, seq, items);
            for dialect in SIGNINGS {
                let envelope = Envelope::seal(dialect.purpose(), &payload, keypair);
                let envelope = envelope.expect("a keypair in memory signs");
                all.push(CertifiedRecord::open(envelope, Dialects::Any).expect("a record"));
            }
        }
    }
    all
}

fn payload(
    keypair: &Keypair,
    other: PeerId,
    addresses: &[Multiaddr],
    seq: u64,
    items: &[Item],
) -> Vec<u8> {
    let own = keypair.public_key().peer_id();
    let with = |address: usize, peer: PeerId| {
        addresses[address].clone().with(Protocol::P2p(peer)).to_vec()
    };
    let mut fields: Vec<Field> = vec![bytes(1, &*own.multihash_bytes()), varint(2, seq)];
    fields.extend(items.iter().map(|item| {
        let address = match *item {
            Item::Plain(address) => addresses[address].to_vec(),
            Item::Own(address) => with(address, own),
            Item::Foreign(address) => with(address, other),
            Item::Broken => vec![4, 1, 2],
        };
        bytes(3, model::message(&[bytes(1, address)]))
    }));
    model::message(&fields)
}

const TEXTS: [&str; ADDRESSES] = [
    "/ip4/192.0.2.1/tcp/4001",
    "/ip4/192.0.2.1/udp/4001/quic-v1",
    "/ip6/2001:db8::1/tcp/4001",
    "/dns4/example.com/tcp/443/wss",
    "/ip4/198.51.100.1/tcp/1",
    "/ip4/203.0.113.5/udp/9/quic-v1",
    "/dns/a.example/udp/4001/quic-v1",
    "/ip6/::1/tcp/4001",
];
