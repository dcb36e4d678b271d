//! Made-up candidates: the addresses that peers are known by, and what speaks for them.

use anyhow::{Context as _, Result};
use peermark::Multiaddr;
use peermark::dial_policy::{Candidate, PeerId};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKinds, Timestamp,
};

use crate::harness::Random;

/// When candidates are made. What holds then holds for an hour.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_000_000);

const UNTIL: Expiry = Expiry::At(Timestamp::from_secs(1_003_600));
const OVER: Expiry = Expiry::At(Timestamp::from_secs(999_999));

/// What an address looks like. The first eight lead to the Internet, each to a network of its own,
/// and to nobody's relay twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Quic4,
    Tcp6,
    Circuit4,
    Tcp4,
    WebSocket,
    Quic6,
    WebTransport4,
    Quic6Name,
    /// The secrets of a machine in a cloud: no policy dials them.
    Metadata,
    WebTransport6,
    Private,
    Circuit6,
    TcpName,
    WebRtc,
    PrivateQuic,
    /// To many hosts at once: for nobody either.
    Multicast,
}

impl Shape {
    pub(super) const ALL: [Self; 16] = [
        Self::Quic4,
        Self::Tcp6,
        Self::Circuit4,
        Self::Tcp4,
        Self::WebSocket,
        Self::Quic6,
        Self::WebTransport4,
        Self::Quic6Name,
        Self::Metadata,
        Self::WebTransport6,
        Self::Private,
        Self::Circuit6,
        Self::TcpName,
        Self::WebRtc,
        Self::PrivateQuic,
        Self::Multicast,
    ];
    /// Those that lead to the Internet, of the first eight.
    pub(super) const PUBLIC: usize = 8;

    /// The address of this shape at host `n`.
    pub(super) fn address(self, n: usize) -> Result<Multiaddr> {
        /// The hash of a certificate, as WebTransport and WebRTC have it.
        const HASH: &str = "certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g";
        let [.., a, b, c] = n.to_be_bytes();
        let net = a % 60 + 20;
        let ip4 = format!("/ip4/{net}.{b}.{c}.7");
        let ip6 = format!("/ip6/2a00:{a:x}{b:02x}:{c:x}::7");
        let name = format!("node.n{n}.network");
        let text = match self {
            Self::Quic4 => format!("{ip4}/udp/4001/quic-v1"),
            Self::Tcp4 => format!("{ip4}/tcp/4001"),
            Self::Quic6 => format!("{ip6}/udp/4001/quic-v1"),
            Self::Tcp6 => format!("{ip6}/tcp/4001"),
            Self::Circuit4 => {
                format!("{ip4}/udp/4001/quic-v1/p2p/{}/p2p-circuit", peer(n)?)
            }
            Self::Circuit6 => format!("{ip6}/tcp/4001/p2p/{}/p2p-circuit", peer(n)?),
            Self::WebSocket => format!("/dns4/{name}/tcp/443/tls/ws"),
            Self::WebTransport4 => format!("{ip4}/udp/4001/quic-v1/webtransport/{HASH}"),
            Self::WebTransport6 => format!("{ip6}/udp/4001/quic-v1/webtransport/{HASH}"),
            Self::Quic6Name => format!("/dns6/{name}/udp/443/quic-v1"),
            Self::TcpName => format!("/dns/{name}/tcp/4001"),
            Self::WebRtc => format!("{ip4}/udp/4003/webrtc-direct/{HASH}"),
            Self::Private => format!("/ip4/10.{a}.{b}.{c}/tcp/4001"),
            Self::PrivateQuic => format!("/ip4/192.168.{b}.{c}/udp/4001/quic-v1"),
            Self::Metadata => format!("/ip4/169.254.169.254/tcp/{}", 80 + n % 60_000),
            Self::Multicast => format!("/ip4/224.0.{b}.{c}/udp/4001/quic-v1"),
        };
        text.parse().with_context(|| format!("no address: {text}"))
    }
}

/// What speaks for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The peer's record, and strangers.
    Certified,
    /// A record that is over.
    CertifiedOnce,
    Dht,
    Pubsub,
    /// The peer, without a signature.
    Identify,
    /// A dial that once got there.
    Dialed,
    User,
    /// Somebody, too long ago.
    NobodyNow,
}

impl Told {
    pub(super) fn provenance(self) -> Result<Provenance> {
        let proof = Certification::dangerous_assume_verified(Seq::new(7), SourceKinds::NONE);
        let told = |source, until| Claim::reported(source, NOW, until);
        let dht = told(Source::DHT, UNTIL);
        Ok(match self {
            Self::Certified => Provenance::new([Claim::certified(proof, NOW, UNTIL), dht]),
            Self::CertifiedOnce => Provenance::new([Claim::certified(proof, NOW, OVER), dht]),
            Self::Dht => Provenance::new([dht]),
            Self::Pubsub => Provenance::new([dht, told(Source::PUBSUB, UNTIL)]),
            Self::Identify => Provenance::new([told(Source::identify(peer(0)?), UNTIL)]),
            Self::Dialed => Provenance::new([Claim::dialed(NOW, UNTIL), dht]),
            Self::User => Provenance::new([told(Source::MANUAL, UNTIL)]),
            Self::NobodyNow => Provenance::new([told(Source::DHT, OVER)]),
        })
    }

    /// Of 16 addresses of a peer that is known well: 6 certified, 8 hearsay of all kinds, one of the
    /// user, one of nobody.
    pub(super) fn some(random: &mut Random) -> Self {
        match random.below(16) {
            0..6 => Self::Certified,
            6 => Self::CertifiedOnce,
            7..10 => Self::Dht,
            10 => Self::Pubsub,
            11 | 12 => Self::Identify,
            13 => Self::Dialed,
            14 => Self::User,
            _ => Self::NobodyNow,
        }
    }
}

/// A candidate, read as a dialer would read it.
pub(super) fn candidate(shape: Shape, n: usize, told: Told) -> Result<Candidate> {
    Ok(Candidate::new(shape.address(n)?, &told.provenance()?, NOW))
}

/// The peer with this number: it has no key that anybody knows.
pub(super) fn peer(n: usize) -> Result<PeerId> {
    // An identity multihash of an Ed25519 key.
    let mut bytes = [0x5a; 38];
    bytes[..6].copy_from_slice(&[0, 36, 8, 1, 18, 32]);
    bytes[6..14].copy_from_slice(&n.to_be_bytes());
    PeerId::from_bytes(&bytes).context("no peer id")
}
