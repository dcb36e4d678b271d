//! IPv4 addresses inside IPv6 ones.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), NAT64 (RFC 6052), 6to4
/// (RFC 3056), or the client's of Teredo (RFC 4380).
///
/// # Examples
///
/// ```
/// use peermark_scope::embedded_ipv4;
///
/// let relay = "2002:c0a8:101::1".parse()?;
/// assert_eq!(embedded_ipv4(relay), Some("192.168.1.1".parse()?));
/// assert_eq!(embedded_ipv4("2606:4700::1111".parse()?), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub const fn embedded_ipv4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    match [a, b, c, d, e, f] {
        // ::ffff:0:0/96 and 64:ff9b::/96.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(ipv4(g, h)),
        // 2002::/16
        [0x2002, ..] => Some(ipv4(b, c)),
        // 2001::/32; the bits of the client are inverted.
        [0x2001, 0, ..] => Some(ipv4(!g, !h)),
        _ => None,
    }
}

/// Whether the address is Teredo's: whose relays are gone, so that it leads nowhere by itself.
pub(crate) const fn is_teredo(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0x2001, 0, ..])
}

/// The IPv4 addresses that an address of a site's own NAT64 (64:ff9b:1::/48, RFC 8215) may stand for.
/// The site chooses the length of its prefix, 96 or 48 bits, and with it where the IPv4 address is.
pub(crate) const fn local_nat64(ip: Ipv6Addr) -> Option<[Ipv4Addr; 2]> {
    let [0x64, 0xff9b, 1, d, e, f, g, h] = ip.segments() else { return None };
    // With 48 bits, the second half is around eight bits that are zero (RFC 6052, 2.2).
    let low = (e << 8) | (f >> 8);
    Some([ipv4(g, h), ipv4(d, low)])
}

const fn ipv4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
