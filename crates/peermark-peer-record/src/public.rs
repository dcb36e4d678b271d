//! Which addresses are worth publishing.

use multiaddr::{Multiaddr, Protocol};
use peermark_scope::Scope;

/// Returns whether a stranger on the public Internet can be expected to dial this address (R5).
///
/// It can not if the address
///
/// - names a host anywhere whose [`Scope`] is not global, be it an IP address, an IPv4 address
///   embedded in an IPv6 one, or a name; in front of a circuit or behind it;
/// - says neither port nor transport after its host (`/ip4/1.1.1.1`), or a network (`/ipcidr`);
/// - has port 0 anywhere: `tcp`, `udp`, `sctp`, `dccp`, `onion`, `onion3`;
/// - is bound to one host or link (`/unix`, `/memory`, `/ip6zone`), or names no host at all;
/// - is a circuit that does not name its relay, or one over more than one relay.
///
/// A circuit that names its relay by id alone is public: the relay is looked up. `/dnsaddr`, onion
/// and I2P addresses need no port of their own.
///
/// # Examples
///
/// ```
/// use peermark_peer_record::is_public;
///
/// assert!(is_public(&"/ip4/1.1.1.1/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip4/192.168.1.2/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip6/::ffff:10.0.0.1/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip4/1.1.1.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn is_public(address: &Multiaddr) -> bool {
    let components: Vec<Protocol<'_>> = address.iter().collect();
    if !components.iter().all(may_be_public) {
        return false;
    }
    let mut legs = components.split(|component| matches!(component, Protocol::P2pCircuit));
    match (legs.next(), legs.next(), legs.next()) {
        (Some(direct), None, _) => is_complete(direct),
        (Some([to_relay @ .., Protocol::P2p(_)]), Some(behind), None) => {
            (to_relay.is_empty() || is_complete(to_relay))
                && (!behind.iter().any(is_host) || is_complete(behind))
        }
        _ => false,
    }
}

/// Whether the component can be part of an address that is public.
fn may_be_public(component: &Protocol<'_>) -> bool {
    let of_name = |name: &str| Scope::of_name(name) == Scope::Global;
    match component {
        Protocol::Ip4(ip) => Scope::of_ip((*ip).into()) == Scope::Global,
        Protocol::Ip6(ip) => Scope::of_ip((*ip).into()) == Scope::Global,
        Protocol::Dns(name)
        | Protocol::Dns4(name)
        | Protocol::Dns6(name)
        | Protocol::Dnsaddr(name) => of_name(name),
        Protocol::Tcp(port)
        | Protocol::Udp(port)
        | Protocol::Sctp(port)
        | Protocol::Dccp(port)
        | Protocol::Onion(_, port) => *port != 0,
        Protocol::Onion3(address) => address.port() != 0,
        Protocol::Unix(_) | Protocol::Memory(_) | Protocol::Ip6zone(_) | Protocol::Ipcidr(_) => {
            false
        }
        _ => true,
    }
}

fn is_host(component: &Protocol<'_>) -> bool {
    matches!(
        component,
        Protocol::Ip4(_)
            | Protocol::Ip6(_)
            | Protocol::Dns(_)
            | Protocol::Dns4(_)
            | Protocol::Dns6(_)
            | Protocol::Dnsaddr(_)
            | Protocol::Onion(..)
            | Protocol::Onion3(_)
            | Protocol::Garlic32(_)
            | Protocol::Garlic64(_)
    )
}

/// Whether the components name one host first, and how to reach it.
fn is_complete(leg: &[Protocol<'_>]) -> bool {
    let Some((host, rest)) = leg.split_first() else { return false };
    if !is_host(host) || rest.iter().any(is_host) {
        return false;
    }
    match host {
        Protocol::Ip4(_)
        | Protocol::Ip6(_)
        | Protocol::Dns(_)
        | Protocol::Dns4(_)
        | Protocol::Dns6(_) => rest.iter().any(|component| {
            // HTTP has a port without being told.
            matches!(
                component,
                Protocol::Tcp(_)
                    | Protocol::Udp(_)
                    | Protocol::Sctp(_)
                    | Protocol::Dccp(_)
                    | Protocol::Http
                    | Protocol::Https
            )
        }),
        // A name that stands for whole addresses, and hosts that have their port in them or none.
        _ => true,
    }
}
