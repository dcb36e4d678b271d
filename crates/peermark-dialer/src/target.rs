//! What many peers can name together: a host and port, its network, a relay.

use std::net::IpAddr;

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_scope::embedded_ipv4;

/// A place that dials are counted at (C4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A host and port.
    Target(Target),
    /// The network that it is in.
    Network(Network),
    /// A relay, for the circuits over it.
    Relay(Relay),
}

/// What a dial connects to, whoever is said to be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Target {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

/// The network that a target is in: an IPv4 /24, an IPv6 /48, a registrable domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Network {
    Ip(IpAddr),
    Name(String),
}

/// A relay: by its host and port, or by its id where an address names that alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Relay {
    At(Target),
    Named(PeerId),
}

impl Target {
    /// What this address connects to first; `None` where it has no host.
    pub(crate) fn of(address: &Multiaddr) -> Option<Self> {
        let is_zone = |component: &Protocol<'_>| matches!(component, Protocol::Ip6zone(_));
        let mut components = address.iter().skip_while(is_zone);
        let host = match components.next()? {
            Protocol::Ip4(ip) => Host::Ip(ip.into()),
            Protocol::Ip6(ip) => Host::Ip(canonical(ip.into())),
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                // An IP address that is written as a name is that address.
                name.parse().map_or(Host::Name(name), |ip| Host::Ip(canonical(ip)))
            }
            // Hidden, and a host all the same. Its name says the port as well.
            hidden @ (Protocol::Onion(..) | Protocol::Onion3(_)) => Host::Name(hidden.to_string()),
            _ => return None,
        };
        let port = components.find_map(|component| match component {
            Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
            _ => None,
        });
        Some(Self { host, port: port.unwrap_or(0) })
    }

    pub(crate) fn network(&self) -> Network {
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => {
                let [a, b, c, _] = ip.octets();
                Network::Ip(IpAddr::from([a, b, c, 0]))
            }
            Host::Ip(IpAddr::V6(ip)) => {
                let [a, b, c, ..] = ip.segments();
                Network::Ip(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
            }
            // Whoever registered a domain makes up names below it. A public suffix by itself, or
            // what is no domain, is a group of its own.
            Host::Name(name) => Network::Name(psl::domain_str(name).unwrap_or(name).to_owned()),
        }
    }
}

impl Relay {
    /// The relay of a circuit, and its peer id; `None` where the address is no circuit or does not
    /// name its relay.
    pub(crate) fn of(address: &Multiaddr) -> Option<(Self, PeerId)> {
        let mut named = None;
        for component in address.iter() {
            match component {
                Protocol::P2p(peer) => named = Some(peer),
                Protocol::P2pCircuit => {
                    let id = named?;
                    let relay = Target::of(address).map_or(Self::Named(id), Self::At);
                    return Some((relay, id));
                }
                _ => {}
            }
        }
        None
    }
}

/// An IPv4 address, however it is written.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => embedded_ipv4(six).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Target::of(&text.parse().unwrap()).unwrap().network()
    }

    #[test]
    fn a_name_is_grouped_by_its_registrable_domain() {
        let same = |a: &str, b: &str| {
            network(&format!("/dns4/{a}/tcp/443")) == network(&format!("/dns/{b}./udp/4001"))
        };
        assert!(same("a.b.example.com", "Example.COM"));
        assert!(same("x.example.co.uk", "y.example.co.uk"));
        // Suffixes under which anybody can have a name.
        assert!(!same("a.co.uk", "b.co.uk"));
        assert!(!same("k51a.libp2p.direct", "k51b.libp2p.direct"));
        assert!(same("1-2-3-4.k51a.libp2p.direct", "9-9-9-9.k51a.libp2p.direct"));
        assert!(!same("a.github.io", "b.github.io"));
        assert!(!same("localhost", "com"));
    }

    #[test]
    fn a_relay_is_its_host_and_port_or_else_its_id() {
        let id = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ";
        let other = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";
        let of = |text: String| Relay::of(&text.parse().unwrap()).map(|(relay, _)| relay);
        let at = of(format!("/ip4/1.2.3.4/tcp/4001/p2p/{id}/p2p-circuit")).unwrap();
        assert!(matches!(at, Relay::At(_)));
        assert_eq!(Some(at), of(format!("/ip6/::ffff:1.2.3.4/tcp/4001/p2p/{other}/p2p-circuit")));
        assert!(matches!(of(format!("/p2p/{id}/p2p-circuit")), Some(Relay::Named(_))));
        assert_eq!(of(format!("/ip4/1.2.3.4/tcp/4001/p2p/{id}")), None);
        assert_eq!(of("/ip4/1.2.3.4/tcp/4001/p2p-circuit".to_owned()), None);
    }
}
