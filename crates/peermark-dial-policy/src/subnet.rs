//! The networks that a node is in.

use std::net::IpAddr;

/// A network that this node has an address in: what mDNS reports of it may be dialed (D4).
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::Subnet;
///
/// let home = Subnet { address: "192.168.1.7".parse()?, prefix: 24 };
/// assert!(home.contains("192.168.1.99".parse()?));
/// assert!(!home.contains("192.168.2.99".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an address and the length of its prefix")]
pub struct Subnet {
    /// An address in it: this node's own, for instance.
    pub address: IpAddr,
    /// How many bits all of its addresses share: at most 32 of IPv4 and 128 of IPv6; more count as
    /// that.
    pub prefix: u8,
}

impl Subnet {
    /// Returns whether an address is in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(here), IpAddr::V4(ip)) => {
                let differs = u32::from(here) ^ u32::from(ip);
                differs.checked_shr(32u32.saturating_sub(prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(here), IpAddr::V6(ip)) => {
                let differs = u128::from(here) ^ u128::from(ip);
                differs.checked_shr(128u32.saturating_sub(prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
