//! What an address is, read once: transport, family, port, scope, relay, and what is wrong with it.

use core::fmt;
use std::net::{IpAddr, Ipv6Addr};

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_scope::Scope;

use crate::refusal::Refusal;

/// What an address is, as far as dialing it depends on that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    pub(crate) transport: Transport,
    pub(crate) family: Family,
    pub(crate) port: Option<u16>,
    pub(crate) scope: Option<Scope>,
    pub(crate) circuit: Option<Circuit>,
    /// The peer id at the end, which is that of whoever is dialed.
    pub(crate) target: Option<PeerId>,
    /// What is wrong with it, whatever the target and the policy (D4, D5, D10).
    pub(crate) defect: Option<Refusal>,
    /// What runs there, of those of which one supersedes another (D9).
    pub(crate) layer: Layer,
    pub(crate) is_nat64: bool,
    /// An IPv4 address of 169.254.0.0/16, however it is spelled: for the user alone (D4).
    pub(crate) is_ip4_link_local: bool,
}

/// The transports of one host and port of which one supersedes another (D9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    QuicV1,
    /// What QUIC, version 1, supersedes: its draft, and WebTransport.
    OverQuic,
    Tcp,
    /// What TCP supersedes: a WebSocket without TLS.
    Ws,
    Other,
}

/// How one gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// QUIC, version 1.
    QuicV1,
    /// QUIC, draft 29.
    Quic,
    /// WebTransport.
    WebTransport,
    /// TCP, and what runs over it: TLS, WebSocket.
    Tcp,
    /// WebRTC to a host.
    WebRtcDirect,
    /// Something else: onion and garlic routing, memory, unix sockets, a bare host.
    Other,
}

/// `quic-v1`, `quic`, `webtransport`, `tcp`, `webrtc-direct` or `other`.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::QuicV1 => "quic-v1",
            Self::Quic => "quic",
            Self::WebTransport => "webtransport",
            Self::Tcp => "tcp",
            Self::WebRtcDirect => "webrtc-direct",
            Self::Other => "other",
        })
    }
}

/// The family of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two, and what is neither")]
pub enum Family {
    /// An IPv6 address, or a name that resolves to such.
    Ip6,
    /// An IPv4 address, or a name that resolves to such, or to either.
    Ip4,
    /// No host of the Internet.
    Neither,
}

/// The relay of a circuit (D5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circuit {
    pub(crate) relay: Option<PeerId>,
    pub(crate) hops: usize,
}

/// What an address begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HostKind {
    None,
    /// An IP address or a name of one: it needs a port.
    Ip,
    /// What says by itself how to get there: `dnsaddr`, a hidden service, a socket of this host.
    Whole,
}

/// What is read of an address while it is read.
struct Reader {
    traits: Traits,
    host: HostKind,
    /// Names two hosts, ports or peers where one is meant (D4).
    is_ambiguous: bool,
    zone: Option<Refusal>,
    has_zone: bool,
    is_link_local: bool,
    is_network: bool,
    /// Something that is neither of the transports of [`Layer`] nor a part of them.
    has_more: bool,
    is_ws: bool,
}

impl Traits {
    /// Reads an address.
    #[must_use]
    pub fn of(address: &Multiaddr) -> Self {
        let traits = Self {
            transport: Transport::Other,
            family: Family::Neither,
            port: None,
            scope: None,
            circuit: None,
            target: None,
            defect: None,
            layer: Layer::Other,
            is_nat64: false,
            is_ip4_link_local: false,
        };
        let mut reader = Reader {
            traits,
            host: HostKind::None,
            is_ambiguous: false,
            zone: None,
            has_zone: false,
            is_link_local: false,
            is_network: false,
            has_more: false,
            is_ws: false,
        };
        let mut components = address.iter().peekable();
        // A zone says on which link the host is that follows it.
        if let Some(Protocol::Ip6zone(zone)) = components.peek() {
            reader.has_zone = true;
            reader.zone = zone.is_empty().then_some(Refusal::EmptyZone);
            components.next();
            if !matches!(components.peek(), Some(Protocol::Ip6(_))) {
                reader.zone = reader.zone.or(Some(Refusal::MisplacedZone));
            }
        }
        for (place, component) in components.enumerate() {
            reader.take(place, &component);
        }
        reader.finish()
    }
}

impl Reader {
    fn take(&mut self, place: usize, component: &Protocol<'_>) {
        match component {
            Protocol::Ip6(ip) => self.read_ip(place, (*ip).into()),
            Protocol::Ip4(ip) => self.read_ip(place, (*ip).into()),
            Protocol::Dns6(name) => self.read_name(place, name, Family::Ip6),
            Protocol::Dns4(name) | Protocol::Dns(name) => self.read_name(place, name, Family::Ip4),
            Protocol::Dnsaddr(name) => {
                self.read_host(place, HostKind::Whole, Family::Ip4, Some(Scope::of_name(name)));
            }
            // What is inside of this host has no family, and is ranked with what has none.
            Protocol::Unix(_) | Protocol::Memory(_) => {
                let scope = Some(Scope::Loopback);
                self.read_host(place, HostKind::Whole, Family::Neither, scope);
            }
            Protocol::Onion(_, port) => self.read_hidden(place, Some(*port)),
            Protocol::Onion3(onion) => self.read_hidden(place, Some(onion.port())),
            Protocol::Garlic32(_) | Protocol::Garlic64(_) => self.read_hidden(place, None),
            Protocol::Tcp(port) => {
                self.read_port(*port);
                self.read_transport(Transport::Tcp);
            }
            Protocol::Udp(port) | Protocol::Sctp(port) | Protocol::Dccp(port) => {
                self.read_port(*port);
            }
            Protocol::QuicV1 => self.read_transport(Transport::QuicV1),
            Protocol::Quic => self.read_transport(Transport::Quic),
            Protocol::WebTransport => self.read_transport(Transport::WebTransport),
            Protocol::WebRTCDirect => self.read_transport(Transport::WebRtcDirect),
            // The other way round is how the zone is written behind the address, as text has it.
            Protocol::Ip6zone(_) if place == 1 && self.traits.family == Family::Ip6 => {
                self.zone = Some(Refusal::MisplacedZone);
            }
            Protocol::Ip6zone(_) => self.is_ambiguous = true,
            Protocol::Ipcidr(_) => self.is_network = true,
            Protocol::P2p(peer) => {
                self.is_ambiguous |= self.traits.target.is_some_and(|other| other != *peer);
                self.traits.target = Some(*peer);
            }
            Protocol::P2pCircuit => {
                let relay = self.traits.target.take();
                match &mut self.traits.circuit {
                    Some(circuit) => circuit.hops = circuit.hops.saturating_add(1),
                    None => self.traits.circuit = Some(Circuit { relay, hops: 1 }),
                }
            }
            Protocol::Ws(_) if self.traits.circuit.is_none() => self.is_ws = true,
            Protocol::Certhash(_) => {}
            _ => self.has_more = true,
        }
    }

    fn read_ip(&mut self, place: usize, ip: IpAddr) {
        self.read_host(place, HostKind::Ip, family_of(ip), Some(Scope::of_ip(ip)));
        let IpAddr::V6(six) = ip else {
            self.traits.is_ip4_link_local |= matches!(ip, IpAddr::V4(ip) if ip.is_link_local());
            return;
        };
        self.is_link_local |= six.is_unicast_link_local();
        self.traits.is_nat64 |= place == 0 && is_nat64(six);
        let inside = peermark_scope::embedded_ipv4(six);
        self.traits.is_ip4_link_local |= inside.is_some_and(|ip| ip.is_link_local());
    }

    fn read_name(&mut self, place: usize, name: &str, family: Family) {
        match name.strip_suffix('.').unwrap_or(name).parse() {
            Ok(ip) => self.read_ip(place, ip),
            Err(_) => self.read_host(place, HostKind::Ip, family, Some(Scope::of_name(name))),
        }
    }

    fn read_hidden(&mut self, place: usize, port: Option<u16>) {
        self.read_host(place, HostKind::Whole, Family::Neither, None);
        if let Some(port) = port {
            self.read_port(port);
        }
    }

    /// A host. There is one, in front; some transports look for it from the other end.
    fn read_host(&mut self, place: usize, host: HostKind, family: Family, scope: Option<Scope>) {
        if place == 0 {
            self.host = host;
            (self.traits.family, self.traits.scope) = (family, scope);
        } else {
            self.is_ambiguous = true;
        }
    }

    /// A port. There is one, and none behind a relay.
    fn read_port(&mut self, port: u16) {
        self.is_ambiguous |= self.traits.port.is_some() || self.traits.circuit.is_some();
        self.traits.port = self.traits.port.or(Some(port));
    }

    /// A transport; behind a relay it says how to go on, not how to get there.
    fn read_transport(&mut self, transport: Transport) {
        if self.traits.circuit.is_none() {
            self.traits.transport = transport;
        }
    }

    fn finish(self) -> Traits {
        let layer = match self.traits.transport {
            _ if self.has_more || self.is_ws && self.traits.transport != Transport::Tcp => {
                Layer::Other
            }
            Transport::QuicV1 => Layer::QuicV1,
            Transport::Quic | Transport::WebTransport => Layer::OverQuic,
            Transport::Tcp if self.is_ws => Layer::Ws,
            Transport::Tcp => Layer::Tcp,
            Transport::WebRtcDirect | Transport::Other => Layer::Other,
        };
        Traits { defect: self.defect(), layer, ..self.traits }
    }

    /// The first of what is wrong with the address by itself.
    fn defect(&self) -> Option<Refusal> {
        let traits = &self.traits;
        let has_relay = traits.circuit.as_ref().is_some_and(|circuit| circuit.relay.is_some());
        let lacks_port = traits.port.is_none()
            && match self.host {
                HostKind::Ip => true,
                HostKind::None => traits.circuit.is_none(),
                HostKind::Whole => false,
            };
        if self.is_ambiguous {
            Some(Refusal::Ambiguous)
        } else if self.zone.is_some() {
            self.zone
        } else if self.is_link_local && !self.has_zone {
            Some(Refusal::NoZone)
        } else if self.is_network || lacks_port {
            Some(Refusal::NoTransport)
        } else if traits.port == Some(0) {
            Some(Refusal::PortZero)
        } else if traits.circuit.as_ref().is_some_and(|circuit| circuit.hops != 1) {
            Some(Refusal::ManyRelays)
        } else if traits.circuit.is_some() && !has_relay {
            Some(Refusal::UnnamedRelay)
        } else if self.host == HostKind::None && (!has_relay || traits.port.is_some()) {
            Some(Refusal::NoHost)
        } else {
            None
        }
    }
}

/// The family by which an address is reached: one that is mapped into IPv6 is IPv4's.
fn family_of(ip: IpAddr) -> Family {
    match ip {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_none() => Family::Ip6,
        IpAddr::V4(_) | IpAddr::V6(_) => Family::Ip4,
    }
}

/// Whether an address is written for NAT64 (RFC 6052).
const fn is_nat64(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..])
}

impl Traits {
    /// How one gets there; of a circuit, to its relay.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Returns what is wrong with the address, whatever the target and the policy (D4, D5, D10).
    #[must_use]
    pub const fn defect(&self) -> Option<Refusal> {
        self.defect
    }

    /// The family of the host.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The port, where there is one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Where the host is; `None` where there is none. A socket or memory of this host is loopback.
    #[must_use]
    pub const fn scope(&self) -> Option<Scope> {
        self.scope
    }

    /// Whether it leads over a relay.
    #[must_use]
    pub const fn is_circuit(&self) -> bool {
        self.circuit.is_some()
    }

    /// The relay of a circuit, where it is named.
    #[must_use]
    pub fn relay(&self) -> Option<&PeerId> {
        self.circuit.as_ref()?.relay.as_ref()
    }
}
