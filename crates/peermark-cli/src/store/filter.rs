//! Which peers a listing shows.

use std::net::IpAddr;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;
use peermark::Multiaddr;
use peermark::dial_policy::HostKey;
use peermark::multiaddr::Protocol;
use peermark::peerstore::{AddressView, PeerView};
use peermark::provenance::{ClaimKind, Expiry, SourceKind, Timestamp, TrustClass};

use super::duration::Ttl;

/// The options. A peer is shown if one of its addresses satisfies all of them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Filter {
    /// Only peers whose best address is of this class
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// Only peers with an address of this transport, such as tcp, quic-v1, ws, wss or p2p-circuit
    #[arg(long, value_name = "NAME")]
    transport: Option<String>,
    /// Only peers with an address in this network, such as 192.0.2.0/24 or 2001:db8::1
    #[arg(long, value_name = "CIDR", value_parser = network)]
    address: Option<IpNet>,
    /// Only peers with an address that this source told of, such as dht or identify
    #[arg(long, value_name = "SOURCE")]
    source: Option<SourceKind>,
    /// Only peers with an address that ends within this time, such as 90s, 15m, 1h or 7d
    #[arg(long, value_name = "TIME")]
    expires_within: Option<Ttl>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Class {
    /// The user named it
    User,
    /// A handshake succeeded
    Dialed,
    /// The peer signed it
    Certified,
    /// The peer said so over a connection
    Direct,
    /// A third party told of it
    ThirdParty,
}

impl From<Class> for TrustClass {
    fn from(class: Class) -> Self {
        match class {
            Class::User => Self::User,
            Class::Dialed => Self::Dialed,
            Class::Certified => Self::Certified,
            Class::Direct => Self::Direct,
            Class::ThirdParty => Self::ThirdParty,
        }
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let host = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| host()).map_err(|_| {
        "not an IP address or a network: write 192.0.2.0/24, 192.0.2.1 or 2001:db8::/32".to_owned()
    })
}

impl Filter {
    /// Whether a peer whose best address is of this class is shown.
    pub(super) fn admits(&self, view: &PeerView<'_>, class: TrustClass, now: Timestamp) -> bool {
        if self.class.is_some_and(|wanted| TrustClass::from(wanted) != class) {
            return false;
        }
        let asks_for_addresses = self.transport.is_some()
            || self.address.is_some()
            || self.source.is_some()
            || self.expires_within.is_some();
        !asks_for_addresses || view.addresses().any(|address| self.admits_address(&address, now))
    }

    fn admits_address(&self, view: &AddressView<'_>, now: Timestamp) -> bool {
        let (address, provenance) = (view.address().to_multiaddr(), view.provenance());
        let has_transport = |name: &String| has_component(&address, name);
        let is_within = |network: &IpNet| is_in(&address, network);
        let is_told = |kind: &SourceKind| {
            provenance.claims().iter().any(|claim| match claim.kind() {
                ClaimKind::Certified(proof) => proof.delivered_by().contains(*kind),
                ClaimKind::Reported(source) => source.kind() == *kind,
                ClaimKind::Dialed => false,
            })
        };
        let ends = |within: Duration| match provenance.expiry() {
            Some(Expiry::At(at)) => at.saturating_since(now) <= within,
            _ => false,
        };
        self.transport.as_ref().is_none_or(has_transport)
            && self.address.as_ref().is_none_or(is_within)
            && self.source.as_ref().is_none_or(is_told)
            && self.expires_within.is_none_or(|within| ends(within.0))
    }
}

/// Whether a component of an address has this name. `/tls/ws` is `wss` as well.
fn has_component(address: &Multiaddr, name: &str) -> bool {
    let tags = || address.iter().map(|part| part.tag());
    tags().any(|tag| tag == name)
        || (name == "wss" && tags().any(|tag| tag == "tls") && tags().any(|tag| tag == "ws"))
}

/// Whether the host is in a network, whatever its spelling: an IPv4 address in an IPv6 one is IPv4. Of a
/// circuit, the relay is the host.
fn is_in(address: &Multiaddr, network: &IpNet) -> bool {
    let host = address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    });
    let plain = HostKey::of(address).and_then(|host| host.ip());
    [host, plain].into_iter().flatten().any(|ip| network.contains(&ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_prefixes_or_hosts() {
        for good in ["192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "::1", "0.0.0.0/0"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "192.0.2", "192.0.2.0/33", "example.com", "1.2.3.4/x"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_is_in_its_network_however_it_is_spelled() {
        let net = network("192.0.2.0/24").unwrap();
        for (address, expected) in [
            ("/ip4/192.0.2.7/tcp/1", true),
            ("/ip6/::ffff:192.0.2.7/tcp/1", true),
            ("/ip4/192.0.3.7/tcp/1", false),
            ("/dns/example.com/tcp/1", false),
        ] {
            assert_eq!(is_in(&address.parse().unwrap(), &net), expected, "{address}");
        }
    }

    #[test]
    fn a_transport_is_the_name_of_a_component() {
        let wss = "/dns/example.com/tcp/443/tls/ws".parse().unwrap();
        for (name, expected) in [("wss", true), ("ws", true), ("tcp", true), ("quic-v1", false)] {
            assert_eq!(has_component(&wss, name), expected, "{name}");
        }
    }
}
