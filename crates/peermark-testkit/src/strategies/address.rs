//! Multiaddr bytes as they stand in a record.

use std::net::{Ipv4Addr, Ipv6Addr};

use multiaddr::{Multiaddr, Protocol};
use peermark_identity::{KeyType, PeerId, PeerIdExt as _};
use peermark_peer_record::MAX_ADDRESS_LEN;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::keys;

/// An address that every receiver keeps as it is, of at most 200 bytes.
pub fn address() -> impl Strategy<Value = Multiaddr> {
    let host = prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| Protocol::Ip4(Ipv4Addr::from(ip))),
        any::<[u8; 16]>().prop_map(|ip| Protocol::Ip6(Ipv6Addr::from(ip))),
        "[a-z0-9-]{1,20}\\.example".prop_map(|name| Protocol::Dns(name.into())),
        "[a-z0-9-]{1,20}\\.example".prop_map(|name| Protocol::Dns4(name.into())),
        "[a-z0-9-]{1,20}\\.example".prop_map(|name| Protocol::Dns6(name.into())),
    ];
    let transport = prop_oneof![
        any::<u16>().prop_map(|port| vec![Protocol::Tcp(port)]),
        any::<u16>().prop_map(|port| vec![Protocol::Tcp(port), Protocol::Tls]),
        any::<u16>().prop_map(|port| vec![Protocol::Tcp(port), Protocol::Ws("/".into())]),
        any::<u16>().prop_map(|port| vec![Protocol::Tcp(port), Protocol::Wss("/chat".into())]),
        any::<u16>().prop_map(|port| vec![Protocol::Udp(port), Protocol::QuicV1]),
        any::<u16>().prop_map(|port| {
            vec![Protocol::Udp(port), Protocol::QuicV1, Protocol::WebTransport]
        }),
    ];
    let relay = prop_oneof![4 => Just(None), 1 => (0..4u64).prop_map(Some)];
    (host, transport, relay).prop_map(|(host, transport, relay)| {
        let mut address = Multiaddr::empty().with(host);
        transport.into_iter().for_each(|protocol| address.push(protocol));
        if let Some(relay) = relay {
            let id = keys::keypair(KeyType::Ed25519, 1000 + relay).peer_id();
            address.push(Protocol::P2p(id));
            address.push(Protocol::P2pCircuit);
        }
        address
    })
}

/// The same as an address of `peer` may be written: with its own peer id at the end, or without.
pub fn address_of(peer: PeerId) -> impl Strategy<Value = (Multiaddr, Vec<u8>)> {
    (address(), 0..3usize).prop_map(move |(address, suffixes)| {
        let written = [address.to_vec(), suffix(&peer.multihash_bytes()).repeat(suffixes)].concat();
        if written.len() > MAX_ADDRESS_LEN {
            (address.clone(), address.to_vec())
        } else {
            (address, written)
        }
    })
}

/// The bytes of an entry that no receiver keeps for any peer of the testkit's first hundred
/// numbers: empty, cut, of an unknown protocol, too long, ending in somebody's peer id, with an empty
/// name or one that has a slash.
pub fn hostile_address() -> impl Strategy<Value = Vec<u8>> {
    let cut = (address(), 1..3usize).prop_map(|(address, end)| {
        // A whole address with a component behind it that is cut.
        let mut bytes = address.to_vec();
        bytes.extend_from_slice(&[0x06, 0x0f][..end]);
        bytes
    });
    let unknown = (address(), 0x30_0000..0x40_0000u32).prop_map(|(address, code)| {
        let mut bytes = address.to_vec();
        crate::model::put_varint(&mut bytes, u64::from(code), 0);
        bytes
    });
    let too_long = vec(address(), 30..40).prop_map(|addresses| {
        let mut bytes: Vec<u8> = addresses.iter().flat_map(|address| address.to_vec()).collect();
        bytes.truncate(MAX_ADDRESS_LEN * 2);
        bytes.resize(bytes.len().max(MAX_ADDRESS_LEN + 1), 0x06);
        bytes
    });
    let foreign = (address(), 100..200u64).prop_map(|(address, number)| {
        let id = keys::keypair(KeyType::Ed25519, number).peer_id();
        [address.to_vec(), suffix(&id.multihash_bytes())].concat()
    });
    // 4770 with a path of one slash says what 477 alone says; a code in more bytes than it needs.
    let second_encoding = prop_oneof![
        address().prop_map(|address| [address.to_vec(), b"\xa2\x25\x01/".to_vec()].concat()),
        Just(b"\x84\x00\x7f\x00\x00\x01".to_vec()),
    ];
    // Values that decode but are of no use: an empty name, zone or path, a name with a slash.
    let useless = prop::sample::select(&USELESS[..]);
    let useless = (address(), useless)
        .prop_map(|(address, useless)| [address.to_vec(), useless.to_vec()].concat());
    prop_oneof![Just(Vec::new()), cut, unknown, too_long, foreign, second_encoding, useless]
}

/// Empty: `dns`, `dns4`, `dns6`, `dnsaddr`, `sni`, `ip6zone`, `unix`, `http-path`, `x-parity-ws`,
/// `garlic64`. With a slash: `dns`, `sni`, `ip6zone`.
const USELESS: [&[u8]; 13] = [
    b"\x35\x00",
    b"\x36\x00",
    b"\x37\x00",
    b"\x38\x00",
    b"\xc1\x03\x00",
    b"\x2a\x00",
    b"\x90\x03\x00",
    b"\xe1\x03\x00",
    b"\xa2\x25\x00",
    b"\xbe\x03\x00",
    b"\x35\x03a/b",
    b"\xc1\x03\x01/",
    b"\x2a\x02/a",
];

fn suffix(id: &[u8]) -> Vec<u8> {
    [&[0xa5, 0x03, id.len().to_le_bytes()[0]], id].concat()
}
