//! Who told us.

use core::fmt;
use core::str::FromStr;
use std::net::IpAddr;

use multiaddr::PeerId;

/// The ways in which addresses arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// The user typed it in.
    Manual,
    /// The user's list of peers to start from.
    Bootstrap,
    /// The peer itself, by libp2p's identify protocol over an authenticated connection.
    Identify,
    /// A distributed hash table.
    Dht,
    /// A message of a publish-subscribe protocol.
    Pubsub,
    /// A rendezvous point.
    Rendezvous,
    /// Multicast DNS on the local network.
    Mdns,
    /// Another peer's list of peers.
    PeerExchange,
    /// Where a connection came from.
    Observed,
    /// The application, by a number of its own choosing.
    Application(u16),
}

impl SourceKind {
    /// All kinds; the application's with number 0.
    pub const ALL: [Self; 10] = [
        Self::Manual,
        Self::Bootstrap,
        Self::Identify,
        Self::Dht,
        Self::Pubsub,
        Self::Rendezvous,
        Self::Mdns,
        Self::PeerExchange,
        Self::Observed,
        Self::Application(0),
    ];

    /// Whether it speaks for the user.
    #[must_use]
    pub const fn is_user(self) -> bool {
        matches!(self, Self::Manual | Self::Bootstrap)
    }

    /// Its place in [`Self::ALL`]: 0 to 9, the same for all numbers of an application.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Manual => 0,
            Self::Bootstrap => 1,
            Self::Identify => 2,
            Self::Dht => 3,
            Self::Pubsub => 4,
            Self::Rendezvous => 5,
            Self::Mdns => 6,
            Self::PeerExchange => 7,
            Self::Observed => 8,
            Self::Application(_) => 9,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Bootstrap => "bootstrap",
            Self::Identify => "identify",
            Self::Dht => "dht",
            Self::Pubsub => "pubsub",
            Self::Rendezvous => "rendezvous",
            Self::Mdns => "mdns",
            Self::PeerExchange => "peer-exchange",
            Self::Observed => "observed",
            Self::Application(_) => "application",
        }
    }
}

/// `manual`, `dht`, … and `application-7`.
impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(id) => f.pad(&format!("application-{id}")),
            other => f.pad(other.name()),
        }
    }
}

/// Text that names no [`SourceKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownSource;

impl fmt::Display for UnknownSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no source of that name")
    }
}

impl core::error::Error for UnknownSource {}

impl FromStr for SourceKind {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(id) = text.strip_prefix("application-") {
            return id.parse().map(Self::Application).map_err(|_| UnknownSource);
        }
        let named = Self::ALL.into_iter().find(|kind| kind.name() == text);
        named.filter(|kind| !matches!(kind, Self::Application(_))).ok_or(UnknownSource)
    }
}

/// A set of kinds of source, the numbers of applications aside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SourceKinds(u16);

impl SourceKinds {
    /// No kind.
    pub const NONE: Self = Self(0);

    /// With `kind` in it.
    #[must_use]
    pub fn with(self, kind: SourceKind) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `kind` is in it.
    #[must_use]
    pub fn contains(self, kind: SourceKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether one of them [speaks for the user](SourceKind::is_user).
    #[must_use]
    pub fn has_user(self) -> bool {
        self.contains(SourceKind::Manual) || self.contains(SourceKind::Bootstrap)
    }

    /// The kinds, in the order of [`SourceKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SourceKind> {
        SourceKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    /// The set as a number of ten bits, for storing.
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        self.0
    }

    /// The set of [`Self::to_bits`]; bits that stand for nothing are dropped.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0x3ff)
    }

    fn bit(kind: SourceKind) -> u16 {
        u32::try_from(kind.index()).ok().and_then(|index| 1u16.checked_shl(index)).unwrap_or(0)
    }
}

impl From<SourceKind> for SourceKinds {
    fn from(kind: SourceKind) -> Self {
        Self::NONE.with(kind)
    }
}

impl fmt::Debug for SourceKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Who told us something: a kind, the peer that did where there is one, and from where it spoke.
///
/// `certified` is none of them: that is proven, not told (P2).
///
/// # Examples
///
/// ```
/// use peermark_provenance::{Source, SourceGroup, SourceKind};
///
/// let source = Source::DHT.heard_from("192.0.2.7".parse()?);
/// assert_eq!(source.kind(), SourceKind::Dht);
/// assert_eq!(source.group(), SourceGroup::Ipv4([192, 0]));
/// assert_eq!(Source::DHT.group(), SourceGroup::Kind(SourceKind::Dht));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    kind: SourceKind,
    reporter: Option<PeerId>,
    from: Option<IpAddr>,
}

impl Source {
    /// The user.
    pub const MANUAL: Self = Self::of(SourceKind::Manual);
    /// The user's list of peers to start from.
    pub const BOOTSTRAP: Self = Self::of(SourceKind::Bootstrap);
    /// A distributed hash table.
    pub const DHT: Self = Self::of(SourceKind::Dht);
    /// A publish-subscribe protocol.
    pub const PUBSUB: Self = Self::of(SourceKind::Pubsub);
    /// A rendezvous point.
    pub const RENDEZVOUS: Self = Self::of(SourceKind::Rendezvous);
    /// The local network.
    pub const MDNS: Self = Self::of(SourceKind::Mdns);
    /// Another peer's list of peers.
    pub const PEER_EXCHANGE: Self = Self::of(SourceKind::PeerExchange);
    /// Where a connection came from.
    pub const OBSERVED: Self = Self::of(SourceKind::Observed);

    /// The peer itself, by identify over an authenticated connection. It speaks for nobody else
    /// (S16).
    #[must_use]
    pub const fn identify(peer: PeerId) -> Self {
        Self { reporter: Some(peer), ..Self::of(SourceKind::Identify) }
    }

    /// The application.
    #[must_use]
    pub const fn application(id: u16) -> Self {
        Self::of(SourceKind::Application(id))
    }

    /// A source of this kind, of which nothing else is known. For [`SourceKind::Identify`] without
    /// a reporter a store refuses everything: take [`Self::identify`].
    #[must_use]
    pub const fn of(kind: SourceKind) -> Self {
        Self { kind, reporter: None, from: None }
    }

    /// Reported by this peer.
    #[must_use]
    pub const fn reported_by(self, peer: PeerId) -> Self {
        Self { reporter: Some(peer), ..self }
    }

    /// Heard from this address: what the budget of its network is charged with (S11).
    #[must_use]
    pub const fn heard_from(self, ip: IpAddr) -> Self {
        Self { from: Some(ip), ..self }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        self.kind
    }

    /// The peer that told us.
    #[must_use]
    pub const fn reporter(&self) -> Option<&PeerId> {
        self.reporter.as_ref()
    }

    /// From where it spoke.
    #[must_use]
    pub const fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// What shares a budget with this source (S11).
    #[inline]
    #[must_use]
    pub fn group(&self) -> SourceGroup {
        match self.from.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => {
                let [a, b, ..] = ip.octets();
                SourceGroup::Ipv4([a, b])
            }
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.octets();
                SourceGroup::Ipv6([a, b, c, d])
            }
            None if self.reporter.is_some() => SourceGroup::Reporters(self.kind),
            None => SourceGroup::Kind(self.kind),
        }
    }
}

impl From<SourceKind> for Source {
    fn from(kind: SourceKind) -> Self {
        Self::of(kind)
    }
}

/// The kind, and the reporter behind it where there is one.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reporter {
            Some(peer) => write!(f, "{} ({peer})", self.kind),
            None => fmt::Display::fmt(&self.kind, f),
        }
    }
}

/// Sources that share one budget: those of one network, or else those of one kind (S11).
///
/// Peer ids are free, networks are not: an attacker with a million peer ids still has only its own
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the four are the rule")]
pub enum SourceGroup {
    /// An IPv4 network of 16 bits.
    Ipv4([u8; 2]),
    /// An IPv6 network of 32 bits.
    Ipv6([u8; 4]),
    /// A kind of source that names the reporting peer, and not its network.
    Reporters(SourceKind),
    /// A kind of source that names neither: routing events of a distributed hash table, a bulk import.
    Kind(SourceKind),
}

impl fmt::Display for SourceGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4([a, b]) => write!(f, "{a}.{b}.0.0/16"),
            Self::Ipv6([a, b, c, d]) => write!(f, "{a:02x}{b:02x}:{c:02x}{d:02x}::/32"),
            Self::Reporters(kind) => write!(f, "{kind} (reporters)"),
            Self::Kind(kind) => fmt::Display::fmt(kind, f),
        }
    }
}
