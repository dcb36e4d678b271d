//! One host is one dial, whatever its spelling (D9).

use core::fmt;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_provenance::strip_peer_id;

use crate::traits::{Traits, Transport};

/// The host that an address connects to first, in one spelling.
///
/// Equal for all spellings of one host: an IPv4 address mapped into IPv6 (RFC 4291) or written for
/// NAT64 (RFC 6052) is that IPv4 address, an IP address written as a name is that address, and the
/// case of a name and the dot at its end do not matter. `/dns`, `/dns4`, `/dns6` and `/dnsaddr` of
/// one name are different hosts: each resolves to other addresses. A link-local address includes its
/// zone. An IPv4 address inside of 6to4 or Teredo is another host: the way there is another.
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::HostKey;
///
/// let key = |text: &str| text.parse().map(|address| HostKey::of(&address));
/// assert_eq!(key("/ip6/::ffff:1.2.3.4/tcp/1")?, key("/ip4/1.2.3.4/udp/2/quic-v1")?);
/// assert_eq!(key("/dns4/EXAMPLE.com./tcp/1")?, key("/dns4/example.com/tcp/1")?);
/// assert_ne!(key("/dns4/example.com/tcp/1")?, key("/dns/example.com/tcp/1")?);
/// assert_eq!(key("/p2p-circuit")?, None);
/// # Ok::<(), multiaddr::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey(Host);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Zoned(Ipv6Addr, Box<str>),
    Name(NameKind, Box<str>),
    /// An onion or garlic address, a socket or memory of this host: its component as text.
    Other(Box<str>),
    /// A relay that is named by its id alone.
    Relay(PeerId),
}

/// How a name is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the four protocols of names")]
pub enum NameKind {
    /// `/dns`: to IPv4 and IPv6 addresses.
    Dns,
    /// `/dns4`: to IPv4 addresses.
    Dns4,
    /// `/dns6`: to IPv6 addresses.
    Dns6,
    /// `/dnsaddr`: to whole multiaddrs.
    Dnsaddr,
}

impl HostKey {
    /// Returns the host of an address; `None` where it names none.
    #[must_use]
    pub fn of(address: &Multiaddr) -> Option<Self> {
        let mut components = address.iter();
        let first = components.next()?;
        Some(match plain(first) {
            Protocol::Ip6zone(zone) => match components.next()? {
                Protocol::Ip6(ip) => Self(Host::Zoned(ip, Box::from(&*zone))),
                _ => return None,
            },
            Protocol::P2p(relay) if components.next() == Some(Protocol::P2pCircuit) => {
                Self(Host::Relay(relay))
            }
            other => return Self::of_component(&other),
        })
    }

    /// Returns the key of an IP address.
    #[must_use]
    pub fn of_ip(ip: IpAddr) -> Self {
        Self(match plain_ip(ip) {
            IpAddr::V4(ip) => Host::Ip4(ip),
            IpAddr::V6(ip) => Host::Ip6(ip),
        })
    }

    fn of_component(component: &Protocol<'_>) -> Option<Self> {
        let name = |kind, name: &str| Self(Host::Name(kind, Box::from(name)));
        Some(match component {
            Protocol::Ip4(ip) => Self(Host::Ip4(*ip)),
            Protocol::Ip6(ip) => Self(Host::Ip6(*ip)),
            Protocol::Dns(of) => name(NameKind::Dns, of),
            Protocol::Dns4(of) => name(NameKind::Dns4, of),
            Protocol::Dns6(of) => name(NameKind::Dns6, of),
            Protocol::Dnsaddr(of) => name(NameKind::Dnsaddr, of),
            Protocol::Onion(..)
            | Protocol::Onion3(_)
            | Protocol::Garlic32(_)
            | Protocol::Garlic64(_)
            | Protocol::Unix(_)
            | Protocol::Memory(_) => Self(Host::Other(component.to_string().into())),
            _ => return None,
        })
    }

    /// Returns the IP address, where it is one; IPv4 where it was spelled as IPv6.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match &self.0 {
            Host::Ip4(ip) => Some(IpAddr::V4(*ip)),
            Host::Ip6(ip) | Host::Zoned(ip, _) => Some(IpAddr::V6(*ip)),
            Host::Name(..) | Host::Other(_) | Host::Relay(_) => None,
        }
    }

    /// Returns the name of the DNS, where it is one, in lower case and without the dot at its end,
    /// and how it is resolved.
    #[must_use]
    pub fn name(&self) -> Option<(NameKind, &str)> {
        match &self.0 {
            Host::Name(kind, name) => Some((*kind, name)),
            _ => None,
        }
    }

    /// Returns the relay, where it is named by its peer id alone.
    #[must_use]
    pub const fn relay(&self) -> Option<&PeerId> {
        match &self.0 {
            Host::Relay(relay) => Some(relay),
            _ => None,
        }
    }
}

/// The host, the way a multiaddr writes it.
impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.0 {
            Host::Ip4(ip) => ip.to_string(),
            Host::Ip6(ip) => ip.to_string(),
            Host::Zoned(ip, zone) => format!("{ip}%{}", zone.escape_default()),
            Host::Name(_, text) | Host::Other(text) => text.escape_default().to_string(),
            Host::Relay(relay) => relay.to_string(),
        };
        f.pad(&text)
    }
}

/// What is dialed: host, port and transport, in one spelling.
///
/// Two addresses with one key are one dial (D9). Beside what [`HostKey`] evens out, `/wss` is
/// `/tls/ws`, and the peer id at the end does not matter. Everything else does: a certificate hash, the
/// path of a WebSocket, the relay of a circuit.
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::DialKey;
///
/// let key = |text: &str| text.parse().map(|address| DialKey::of(&address));
/// let wss = key("/dns4/Example.com/tcp/443/wss/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")?;
/// assert_eq!(wss, key("/dns4/example.com/tcp/443/tls/ws")?);
/// assert_ne!(wss, key("/dns4/example.com/tcp/443/ws")?);
/// assert_eq!(wss.address(), &"/dns4/example.com/tcp/443/tls/ws".parse()?);
/// # Ok::<(), multiaddr::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialKey(Multiaddr);

impl DialKey {
    /// Returns the key of an address.
    #[must_use]
    pub fn of(address: &Multiaddr) -> Self {
        let bare = strip_peer_id(address, None);
        // A peer's id is all of some addresses; what is left of it names nothing.
        let stripped = if bare.len() == address.len() {
            address.clone()
        } else {
            Multiaddr::try_from(bare.to_vec()).unwrap_or_else(|_| address.clone())
        };
        if stripped.iter().all(|component| is_plain(&component)) {
            return Self(stripped);
        }
        let mut plain_form = Multiaddr::empty();
        // A zone belongs to the address as it is written.
        let mut components = stripped.iter();
        for component in &mut components {
            match component {
                Protocol::Wss(path) if path == "/" => {
                    plain_form.push(Protocol::Tls);
                    plain_form.push(Protocol::Ws(path));
                }
                Protocol::Ip6zone(_) => {
                    plain_form.push(component);
                    break;
                }
                other => plain_form.push(plain(other)),
            }
        }
        components.for_each(|component| plain_form.push(component));
        Self(plain_form)
    }

    /// Returns the address in its plain spelling: without the peer id at the end, IPv4 as IPv4, names
    /// in lower case and without a dot at their end, `/wss` as `/tls/ws`.
    #[must_use]
    pub const fn address(&self) -> &Multiaddr {
        &self.0
    }

    /// Returns the host; `None` where the address names none.
    #[must_use]
    pub fn host(&self) -> Option<HostKey> {
        HostKey::of(&self.0)
    }

    /// The bytes of host and port; all of them where it has no such two.
    pub(crate) fn place(&self) -> &[u8] {
        let whole: &[u8] = self.0.as_ref();
        let mut rest = whole;
        while let Ok((component, behind)) = Protocol::from_bytes(rest) {
            rest = behind;
            match component {
                Protocol::Tcp(_) | Protocol::Udp(_) | Protocol::Sctp(_) | Protocol::Dccp(_) => {
                    let len = whole.len().saturating_sub(rest.len());
                    return whole.get(..len).unwrap_or(whole);
                }
                Protocol::Ip6zone(_) | Protocol::Ip4(_) | Protocol::Ip6(_) => {}
                Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) => {}
                _ => break,
            }
        }
        whole
    }

    /// Returns the port, where there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        Traits::of(&self.0).port()
    }

    /// Returns the transport; of a circuit, that to its relay.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Traits::of(&self.0).transport()
    }
}

/// Whether a component is spelled the plain way.
fn is_plain(component: &Protocol<'_>) -> bool {
    match component {
        Protocol::Ip6(ip) => plain_ip((*ip).into()).is_ipv6(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => {
            is_plain_name(name) && name.parse::<IpAddr>().is_err()
        }
        Protocol::Dnsaddr(name) => is_plain_name(name),
        Protocol::Wss(path) => path != "/",
        _ => true,
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.ends_with('.') && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The plain spelling of a component.
fn plain(component: Protocol<'_>) -> Protocol<'_> {
    let host = |ip| match ip {
        IpAddr::V4(ip) => Protocol::Ip4(ip),
        IpAddr::V6(ip) => Protocol::Ip6(ip),
    };
    let resolved = |name: &str| name.parse::<IpAddr>().ok().map(plain_ip).map(host);
    match component {
        Protocol::Ip6(ip) => host(plain_ip(ip.into())),
        Protocol::Dns(name) => {
            let name = plain_name(name);
            resolved(&name).unwrap_or(Protocol::Dns(name))
        }
        Protocol::Dns4(name) => {
            let name = plain_name(name);
            resolved(&name).unwrap_or(Protocol::Dns4(name))
        }
        Protocol::Dns6(name) => {
            let name = plain_name(name);
            resolved(&name).unwrap_or(Protocol::Dns6(name))
        }
        Protocol::Dnsaddr(name) => Protocol::Dnsaddr(plain_name(name)),
        other => other,
    }
}

/// A name in lower case, without the dot at its end.
fn plain_name(name: Cow<'_, str>) -> Cow<'_, str> {
    if is_plain_name(&name) {
        return name;
    }
    Cow::Owned(name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase())
}

/// An IPv4 address as one, where it is mapped into IPv6 or written for NAT64.
fn plain_ip(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => match six.segments() {
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => ip,
        },
        IpAddr::V4(_) => ip,
    }
}
