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
            scope: Scope::of(address),
            circuit: None,
            target: None,
        };
        for (place, component) in address.iter().enumerate() {
            traits.take(place, &component);
        }
        traits
    }

    fn take(&mut self, place: usize, component: &Protocol<'_>) {
        if !matches!(component, Protocol::P2pCircuit | Protocol::P2p(_)) && self.circuit.is_some() {
            return;
        }
        match component {
            Protocol::Ip6(_) | Protocol::Dns6(_) if place == 0 => self.family = Family::Ip6,
            Protocol::Ip4(_) | Protocol::Dns4(_) | Protocol::Dns(_) | Protocol::Dnsaddr(_)
                if place == 0 =>
            {
                self.family = Family::Ip4;
            }
            Protocol::Tcp(port) => {
                self.port = Some(*port);
                self.transport = Transport::Tcp;
            }
            Protocol::Udp(port) => self.port = Some(*port),
            Protocol::QuicV1 => self.transport = Transport::QuicV1,
            Protocol::Quic => self.transport = Transport::Quic,
            Protocol::WebTransport => self.transport = Transport::WebTransport,
            Protocol::WebRTCDirect => self.transport = Transport::WebRtcDirect,
            Protocol::P2p(peer) => self.target = Some(*peer),
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

    /// Where the host is; `None` where there is none.
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
