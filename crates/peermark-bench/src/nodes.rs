//! Made-up nodes: the key and the addresses of the one with a number.

use std::net::{Ipv4Addr, Ipv6Addr};

use libp2p_core::multiaddr::Protocol;
use peermark::Multiaddr;

/// Four addresses of record `n`, as a node with IPv4 and IPv6 has them: 239 bytes of envelope with
/// an Ed25519 key.
pub(crate) fn addresses(n: usize) -> Vec<Multiaddr> {
    let [high, low] = (n as u16).to_be_bytes();
    let ip4 = Ipv4Addr::new(203, 0, high, low);
    let ip6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, n as u16, 1);
    let tcp = |ip: Multiaddr| ip.with(Protocol::Tcp(4001));
    let quic = |ip: Multiaddr| ip.with(Protocol::Udp(4001)).with(Protocol::QuicV1);
    vec![tcp(ip4.into()), quic(ip4.into()), tcp(ip6.into()), quic(ip6.into())]
}

/// 32 bytes that are the secret of peer `n`: any will do that is neither zero nor huge.
pub(crate) fn secret(n: usize) -> [u8; 32] {
    let mut secret = [0x5a; 32];
    secret[..8].copy_from_slice(&(n as u64).to_be_bytes());
    secret
}
