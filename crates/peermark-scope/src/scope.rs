//! The kinds of network.

use core::fmt;
use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};

use crate::{name, registry};

/// What kind of network an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "who may dial which is decided for each")]
pub enum Scope {
    /// The public Internet.
    Global,
    /// A site's own network: 10/8, 172.16/12, 192.168/16, names that a site keeps to itself.
    Private,
    /// A site's own network, of IPv6: fc00::/7.
    UniqueLocal,
    /// The network between a provider and its customers: 100.64/10.
    Shared,
    /// One link: 169.254/16, fe80::/10.
    LinkLocal,
    /// This host: 127/8, ::1.
    Loopback,
    /// Where clouds tell a machine its secrets: 169.254.169.254 and its kin.
    Metadata,
    /// Examples in documents: 192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32, 3fff::/20.
    Documentation,
    /// Benchmarks of network equipment: 198.18/15, 2001:2::/48.
    Benchmarking,
    /// No address at all: 0.0.0.0, ::.
    Unspecified,
    /// Many hosts at once: 224/4, ff00::/8, 255.255.255.255.
    Multicast,
    /// What the registries keep for protocols, for the future, or for nobody.
    Reserved,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Global,
        Self::Private,
        Self::UniqueLocal,
        Self::Shared,
        Self::LinkLocal,
        Self::Loopback,
        Self::Metadata,
        Self::Documentation,
        Self::Benchmarking,
        Self::Unspecified,
        Self::Multicast,
        Self::Reserved,
    ];

    /// The scope of an IP address; of the IPv4 address that an IPv6 one embeds, where it does.
    #[must_use]
    pub fn of_ip(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => registry::of_ipv4(ip),
            IpAddr::V6(ip) => registry::of_ipv6(ip),
        }
    }

    /// The scope of a name of the DNS, as far as the name tells: what it resolves to has to be asked
    /// for as well.
    ///
    /// A single label, a name below a domain that sites keep to themselves (`.local`, `.internal`,
    /// `.lan`, …), and an address written as a name are what they are; names that never are in the
    /// public DNS (RFC 6761 and its successors) are reserved. The names of the metadata services of
    /// clouds have the scope of what they lead to. Case and one dot at the end do not matter.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        name::scope(name)
    }

    /// The scope of the host that a multiaddr starts with; `None` where it starts with neither an
    /// IP address nor a name of the DNS.
    #[must_use]
    pub fn of(address: &Multiaddr) -> Option<Self> {
        match address.iter().next()? {
            Protocol::Ip4(ip) => Some(Self::of_ip(ip.into())),
            Protocol::Ip6(ip) => Some(Self::of_ip(ip.into())),
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name) => Some(Self::of_name(&name)),
            _ => None,
        }
    }

    /// Whether it is this host, this link or this site, that is, something that exists but not for
    /// everybody.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(
            self,
            Self::Private | Self::UniqueLocal | Self::Shared | Self::LinkLocal | Self::Loopback
        )
    }
}

/// `global`, `private`, `unique-local`, …
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Global => "global",
            Self::Private => "private",
            Self::UniqueLocal => "unique-local",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::Loopback => "loopback",
            Self::Metadata => "metadata",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}
