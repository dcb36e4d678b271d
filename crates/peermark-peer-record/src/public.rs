//! Which addresses are worth publishing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use multiaddr::{Multiaddr, Protocol};

/// Whether others can be expected to reach this address, judged by its first component, and by its
/// port: nobody listens on port 0.
///
/// IP addresses are looked up in the IANA special-purpose address registries, where IPv6's protocol
/// assignments (2001::/23) count as special as a whole; an IPv4 address embedded in an IPv6 one
/// (mapped, NAT64, 6to4) counts as what it is, and so does one written as a name. A name is public
/// unless it is a single label, ends in a number, or ends in a domain that RFC 6761, 6762, 7686,
/// 8375 or 9476, ICANN's `.internal`, or long abuse (`.lan`, `.home`, `.corp`) keeps from the
/// public DNS. An address that starts with `/p2p/`, a relay to be looked up by its id, is public;
/// in-process and zone-bound addresses are not.
///
/// # Examples
///
/// ```
/// use peermark_peer_record::is_public;
///
/// assert!(is_public(&"/ip4/1.1.1.1/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip4/192.168.1.2/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip6/::ffff:10.0.0.1/tcp/4001".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn is_public(address: &Multiaddr) -> bool {
    if address.iter().any(|part| matches!(part, Protocol::Tcp(0) | Protocol::Udp(0))) {
        return false;
    }
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip_is_public(ip.into()),
        Some(Protocol::Ip6(ip)) => ip_is_public(ip.into()),
        Some(
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name),
        ) => name_is_public(&name),
        Some(
            Protocol::P2p(_)
            | Protocol::Onion(..)
            | Protocol::Onion3(_)
            | Protocol::Garlic32(_)
            | Protocol::Garlic64(_),
        ) => true,
        _ => false,
    }
}

fn ip_is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ipv4_is_public(ip),
        IpAddr::V6(ip) => ipv6_is_public(ip),
    }
}

/// "Globally reachable" in the IANA IPv4 Special-Purpose Address Registry, and no multicast.
fn ipv4_is_public(ip: Ipv4Addr) -> bool {
    let within = |net: [u8; 4], bits| {
        prefix_eq(u32::from(ip).into(), u32::from(Ipv4Addr::from(net)).into(), bits, 32)
    };
    // The two addresses of 192.0.0.0/24 that are reachable: Port Control Protocol and TURN anycast.
    if matches!(ip.octets(), [192, 0, 0, 9 | 10]) {
        return true;
    }
    ![
        within([0, 0, 0, 0], 8),
        within([10, 0, 0, 0], 8),
        within([100, 64, 0, 0], 10),
        within([127, 0, 0, 0], 8),
        within([169, 254, 0, 0], 16),
        within([172, 16, 0, 0], 12),
        within([192, 0, 0, 0], 24),
        within([192, 0, 2, 0], 24),
        within([192, 88, 99, 0], 24),
        within([192, 168, 0, 0], 16),
        within([198, 18, 0, 0], 15),
        within([198, 51, 100, 0], 24),
        within([203, 0, 113, 0], 24),
        within([224, 0, 0, 0], 4),
        within([240, 0, 0, 0], 4),
    ]
    .contains(&true)
}

/// Global unicast (2000::/3) without what the IANA IPv6 Special-Purpose Address Registry lists; what
/// embeds an IPv4 address is judged by that.
fn ipv6_is_public(ip: Ipv6Addr) -> bool {
    let bits = u128::from(ip);
    let within =
        |net: [u16; 8], prefix| prefix_eq(bits, u128::from(Ipv6Addr::from(net)), prefix, 128);
    let ipv4_at = |shift: u32| {
        let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
        ipv4_is_public(Ipv4Addr::new(a, b, c, d))
    };
    if within([0, 0, 0, 0, 0, 0xffff, 0, 0], 96) || within([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96) {
        return ipv4_at(0);
    }
    if within([0x2002, 0, 0, 0, 0, 0, 0, 0], 16) {
        return ipv4_at(80);
    }
    within([0x2000, 0, 0, 0, 0, 0, 0, 0], 3)
        && !within([0x2001, 0, 0, 0, 0, 0, 0, 0], 23)
        && !within([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32)
        && !within([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20)
}

/// Whether the first `bits` of two addresses of `width` bits are the same.
fn prefix_eq(a: u128, b: u128, bits: u32, width: u32) -> bool {
    let rest = width.saturating_sub(bits);
    (a ^ b).checked_shr(rest).unwrap_or(0) == 0
}

fn name_is_public(name: &str) -> bool {
    /// Domains that never leave a host, a link or a site.
    const KEPT_LOCAL: [&str; 12] = [
        "localhost",
        "local",
        "internal",
        "home.arpa",
        "test",
        "example",
        "invalid",
        "alt",
        "lan",
        "home",
        "corp",
        "onion",
    ];
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if let Ok(ip) = name.parse() {
        return ip_is_public(ip);
    }
    // No top-level domain starts with a digit; what does is an address in one of its old notations.
    let in_dns = name
        .rsplit_once('.')
        .is_some_and(|(_, top)| !top.starts_with(|c: char| c.is_ascii_digit()));
    in_dns
        && !KEPT_LOCAL.iter().any(|domain| {
            name.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
}
