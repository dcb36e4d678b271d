//! What other implementations make of the addresses in a record. `docs/interop.md` says of which
//! releases this holds.

use core::fmt;

use multiaddr::{Multiaddr, Protocol};

/// An implementation of libp2p that reads peer records and not all addresses that are read here.
/// rust- and py-libp2p take every address that is signed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Implementation {
    /// go-libp2p.
    Go,
    /// js-libp2p.
    Js,
    /// nim-libp2p.
    Nim,
}

/// `go-libp2p`, `js-libp2p` or `nim-libp2p`.
impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Go => "go-libp2p",
            Self::Js => "js-libp2p",
            Self::Nim => "nim-libp2p",
        })
    }
}

/// What an implementation does with a record because of an address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the address or the record")]
pub enum Effect {
    /// It reads the record without the address.
    SkipsAddress,
    /// It reads nothing of the record.
    RefusesRecord,
}

/// That an implementation does not read an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Objection {
    /// Which one.
    pub implementation: Implementation,
    /// What it does then.
    pub effect: Effect,
    /// The component that it does not read: `x-parity-ws`.
    pub component: &'static str,
}

/// Returns who does not read this address, and for which component; each implementation once, at the
/// first component that it does not read.
///
/// # Examples
///
/// ```
/// use peermark_peer_record::{Effect, Implementation, objections};
///
/// let found = objections(&"/ip4/192.0.2.1/tcp/443/x-parity-ws/chat".parse()?);
/// let js = found.iter().find(|objection| objection.implementation == Implementation::Js);
/// assert_eq!(js.map(|objection| objection.effect), Some(Effect::RefusesRecord));
/// assert_eq!(objections(&"/ip4/192.0.2.1/udp/443/quic-v1".parse()?), []);
/// # Ok::<(), multiaddr::Error>(())
/// ```
#[must_use]
pub fn objections(address: &Multiaddr) -> Vec<Objection> {
    let mut found: Vec<Objection> = Vec::new();
    for component in address {
        for &(implementation, effect) in unread(&component) {
            if found.iter().all(|earlier| earlier.implementation != implementation) {
                found.push(Objection { implementation, effect, component: component.tag() });
            }
        }
    }
    found
}

/// Returns who refuses a record of these addresses although no single address is the reason:
/// nim-libp2p wants at least one that it reads, unless the record has none at all.
#[must_use]
pub fn objections_to_all(addresses: &[Multiaddr]) -> Option<Implementation> {
    let unread_by_nim = |address: &Multiaddr| {
        objections(address).iter().any(|objection| objection.implementation == Implementation::Nim)
    };
    (!addresses.is_empty() && addresses.iter().all(unread_by_nim)).then_some(Implementation::Nim)
}

/// Who does not read a component. The one place where this is written down.
fn unread(component: &Protocol<'_>) -> &'static [(Implementation, Effect)] {
    use Effect::{RefusesRecord, SkipsAddress};
    use Implementation::{Go, Js, Nim};
    use Protocol as P;
    match component {
        // A length of 0 is no length for js, which then reads the 0 as a protocol.
        P::Dns(value)
        | P::Dns4(value)
        | P::Dns6(value)
        | P::Dnsaddr(value)
        | P::Sni(value)
        | P::Ip6zone(value)
        | P::Unix(value)
        | P::HttpPath(value)
            if value.is_empty() =>
        {
            &[(Js, RefusesRecord), (Go, SkipsAddress), (Nim, SkipsAddress)]
        }
        P::Dns(name)
        | P::Dns4(name)
        | P::Dns6(name)
        | P::Dnsaddr(name)
        | P::Sni(name)
        | P::Ip6zone(name)
            if name.contains('/') =>
        {
            &[(Go, SkipsAddress), (Nim, SkipsAddress)]
        }
        // Codes of rust-libp2p's own.
        P::Ws(path) | P::Wss(path) if path != "/" => {
            &[(Js, RefusesRecord), (Go, SkipsAddress), (Nim, SkipsAddress)]
        }
        // js expects a length in front of the number.
        P::Memory(_) => &[(Js, RefusesRecord), (Nim, SkipsAddress)],
        P::Onion(_, 0) => &[(Go, SkipsAddress)],
        P::Onion3(address) if address.port() == 0 => &[(Go, SkipsAddress)],
        P::Unix(path) if !path.starts_with('/') || path.ends_with('/') => &[(Go, SkipsAddress)],
        P::P2pWebSocketStar | P::P2pWebRtcStar => &[(Go, SkipsAddress)],
        P::P2pStardust => &[(Go, SkipsAddress), (Nim, SkipsAddress)],
        P::Garlic64(destination) if destination.len() < 386 => {
            &[(Go, SkipsAddress), (Nim, SkipsAddress)]
        }
        P::Garlic32(hash) if hash.len() < 35 && hash.len() != 32 => {
            &[(Go, SkipsAddress), (Nim, SkipsAddress)]
        }
        P::Certhash(_)
        | P::Garlic32(_)
        | P::Garlic64(_)
        | P::HttpPath(_)
        | P::Ipcidr(_)
        | P::Noise
        | P::Sni(_)
        | P::WebRTC
        | P::WebRTCDirect
        | P::WebTransport => &[(Nim, SkipsAddress)],
        _ => &[],
    }
}
