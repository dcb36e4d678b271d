//! What an address is, read once: transport, family, port, scope, relay.

use core::fmt;

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_scope::Scope;

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
    /// Whether it names two hosts, ports or peers where one is meant, so that who dials it decides
    /// which: a host that the scope was not taken from, for instance (D4).
    pub(crate) ambiguous: bool,
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

impl Traits {
    /// Reads an address.
    #[must_use]
    pub fn of(address: &Multiaddr) -> Self {
        let mut traits = Self {
            transport: Transport::Other,
            family: Family::Neither,
            port: None,
            scope: None,
            circuit: None,
            target: None,
            ambiguous: false,
        };
        // A zone says on which link the host is that follows it.
        let is_zone = |component: &Protocol<'_>| matches!(component, Protocol::Ip6zone(_));
        let zone = usize::from(address.iter().next().as_ref().is_some_and(is_zone));
        for (place, component) in address.iter().skip(zone).enumerate() {
            traits.take(place, &component);
        }
        traits
    }

    fn take(&mut self, place: usize, component: &Protocol<'_>) {
        match component {
            Protocol::Ip6(ip) => self.read_host(place, Family::Ip6, Scope::of_ip((*ip).into())),
            Protocol::Ip4(ip) => self.read_host(place, Family::Ip4, Scope::of_ip((*ip).into())),
            Protocol::Dns6(name) => self.read_host(place, Family::Ip6, Scope::of_name(name)),
            Protocol::Dns4(name) | Protocol::Dns(name) | Protocol::Dnsaddr(name) => {
                self.read_host(place, Family::Ip4, Scope::of_name(name));
            }
            // What is inside of this host has no family, and is ranked with what has none.
            Protocol::Unix(_) | Protocol::Memory(_) => {
                self.read_host(place, Family::Neither, Scope::Loopback);
            }
            Protocol::Onion(_, port) => self.read_port(*port),
            Protocol::Onion3(onion) => self.read_port(onion.port()),
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
            Protocol::Ip6zone(_) => self.ambiguous = true,
            Protocol::P2p(peer) => {
                self.ambiguous |= self.target.is_some_and(|other| other != *peer);
                self.target = Some(*peer);
            }
            Protocol::P2pCircuit => {
                let relay = self.target.take();
                match &mut self.circuit {
                    Some(circuit) => circuit.hops = circuit.hops.saturating_add(1),
                    None => self.circuit = Some(Circuit { relay, hops: 1 }),
                }
            }
            _ => {}
        }
    }

    /// A host. There is one, in front; some transports look for it from the other end.
    fn read_host(&mut self, place: usize, family: Family, scope: Scope) {
        if place == 0 {
            (self.family, self.scope) = (family, Some(scope));
        } else {
            self.ambiguous = true;
        }
    }

    /// A port. There is one, and none behind a relay.
    fn read_port(&mut self, port: u16) {
        self.ambiguous |= self.port.is_some() || self.circuit.is_some();
        self.port = self.port.or(Some(port));
    }

    /// A transport; behind a relay it says how to go on, not how to get there.
    fn read_transport(&mut self, transport: Transport) {
        if self.circuit.is_none() {
            self.transport = transport;
        }
    }

    /// How one gets there; of a circuit, to its relay.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
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
