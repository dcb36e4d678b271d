//! How dialers sort addresses: a comparison that reads the components of both, each time anew.
//!
//! It answers the order in which ours dials, and nothing else: no delays and no reasons, and nothing
//! about circuits that cannot be, about this node itself, or about what stands there twice.

use std::net::IpAddr;

use libp2p_core::multiaddr::Protocol;
use peermark::Multiaddr;
use peermark::dial_policy::{Candidate, DialPolicy, Scope, Start, Transport};

/// The addresses that the policy dials, each with its stage, in order.
pub(super) fn sorted<'a>(
    candidates: &'a [Candidate],
    policy: &(impl DialPolicy + ?Sized),
) -> Vec<(usize, &'a Multiaddr)> {
    let mut dials = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let Ok(stage) = policy.judge(candidate) else { continue };
        let address = candidate.address();
        let admits = |scope| policy.scopes().admits(scope, candidate.classes());
        if Scope::of(address).is_none_or(admits) {
            dials.push((stage, address));
        }
    }
    dials.sort_by(|(stage, a), (other, b)| {
        stage.cmp(other).then_with(|| Rank::of(a).cmp(&Rank::of(b)))
    });
    let best = dials.first().map(|(stage, _)| *stage);
    dials.retain(|(stage, _)| {
        policy.stages().get(*stage) != Some(&Start::IfNone) || best == Some(*stage)
    });
    dials
}

/// What an address is sorted by: the smaller, the earlier.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    group: u8,
    transport: u8,
    port: u16,
}

impl Rank {
    /// Reads the address once.
    fn of(address: &Multiaddr) -> Self {
        let (mut is_near, mut is_ip4, mut is_circuit) = (false, false, false);
        let (mut transport, mut port) = (Transport::Other, 0);
        for component in address.iter() {
            match component {
                Protocol::Ip4(ip) => (is_ip4, is_near) = (true, near(Scope::of_ip(ip.into()))),
                Protocol::Ip6(ip) => is_near = near(Scope::of_ip(IpAddr::from(ip))),
                Protocol::Dns6(name) => is_near = near(Scope::of_name(&name)),
                Protocol::Dns(name) | Protocol::Dns4(name) => {
                    (is_ip4, is_near) = (true, near(Scope::of_name(&name)));
                }
                Protocol::Tcp(number) => (transport, port) = (Transport::Tcp, number),
                Protocol::Udp(number) => port = number,
                Protocol::QuicV1 => transport = Transport::QuicV1,
                Protocol::WebTransport => transport = Transport::WebTransport,
                Protocol::WebRTCDirect => transport = Transport::WebRtcDirect,
                Protocol::P2pCircuit => {
                    is_circuit = true;
                    break;
                }
                _ => {}
            }
        }
        let group = match (is_circuit, is_near) {
            (true, _) => 2,
            (false, is_near) => u8::from(!is_near),
        };
        let family = u8::from(is_ip4);
        let (transport, port) = match transport {
            Transport::QuicV1 => (family, port),
            Transport::WebTransport => (2 + family, port),
            Transport::Tcp => (4 + family, port),
            // These keep the order in which they came.
            Transport::WebRtcDirect => (6, 0),
            _ => (7, 0),
        };
        Self { group, transport, port }
    }
}

fn near(scope: Scope) -> bool {
    scope.is_local() || matches!(scope, Scope::Metadata | Scope::Unspecified)
}
