//! What an address is ranked by, packed into one number when it is read (D8).

use core::fmt;

use peermark_scope::Scope;

use crate::traits::{Family, Traits, Transport};

/// What an address is ranked by: the smaller, the earlier. From the highest bits down: 2 of the
/// group, 4 of transport and family, 16 of the port; then 16 for the place among the candidates,
/// so that what is equal stays in order, and what is read but not ranked by: 2 of the kind of
/// transport, 2 of the family, 22 of a fingerprint of host and port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RankKey(u64);

const GROUP: u32 = 62;
const ORDER: u32 = 58;
const PORT: u32 = 42;
const PLACE: u32 = 26;
const KIND: u32 = 24;
const FAMILY: u32 = 22;
const FINGERPRINT: u64 = (1 << FAMILY) - 1;

/// The groups that are ranked each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the groups of the schedule")]
pub enum Group {
    /// This host, link or site.
    Private,
    /// The public Internet, by address or by name.
    Public,
    /// Over a relay.
    Relay,
    /// What has no host: onion and garlic routing, memory.
    Other,
}

/// The kinds of transport that the schedule tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the kinds of the schedule")]
pub enum Kind {
    /// QUIC, and WebTransport over it.
    Quic,
    /// TCP, and what runs over it.
    Tcp,
    /// The others.
    Other,
}

impl RankKey {
    /// The key of an address that is this, whose host and port have these bytes.
    pub(crate) fn of(traits: &Traits, place: &[u8]) -> Self {
        let group: u64 = match traits {
            Traits { circuit: Some(_), .. } => 2,
            Traits { family: Family::Neither, .. } | Traits { scope: None, .. } => 3,
            Traits { scope: Some(scope), .. } if is_near(*scope) => 0,
            Traits { scope: Some(_), .. } => 1,
        };
        // The order of go-libp2p: QUIC of both families before WebTransport before TCP.
        let order: u64 = match (traits.transport, traits.family) {
            (Transport::QuicV1, Family::Ip6 | Family::Neither) => 0,
            (Transport::Quic, Family::Ip6 | Family::Neither) => 1,
            (Transport::QuicV1, Family::Ip4) => 2,
            (Transport::Quic, Family::Ip4) => 3,
            (Transport::WebTransport, Family::Ip6 | Family::Neither) => 4,
            (Transport::WebTransport, Family::Ip4) => 5,
            (Transport::Tcp, Family::Ip6 | Family::Neither) => 6,
            (Transport::Tcp, Family::Ip4) => 7,
            (Transport::WebRtcDirect, _) => 8,
            (Transport::Other, _) => 9,
        };
        let kind: u64 = match traits.transport {
            Transport::QuicV1 | Transport::Quic | Transport::WebTransport => 0,
            Transport::Tcp => 1,
            Transport::WebRtcDirect | Transport::Other => 2,
        };
        // Low ports are more likely to be those that somebody listens on. What has no schedule of
        // its own keeps the order in which it came.
        let (family, port) = match traits.family {
            _ if kind == 2 => (2u64, 0),
            Family::Ip6 | Family::Neither => (0, traits.port.unwrap_or(0)),
            Family::Ip4 => (1, traits.port.unwrap_or(0)),
        };
        let port = u64::from(port);
        let ranked = (group << GROUP) | (order << ORDER) | (port << PORT);
        Self(ranked | (kind << KIND) | (family << FAMILY) | fingerprint(place))
    }

    /// The key with the place among the candidates in it.
    pub(crate) fn at(self, place: u16) -> u64 {
        self.0 | (u64::from(place) << PLACE)
    }
}

/// FNV-1a, folded. An attacker can find two places of one fingerprint; that costs a comparison of
/// the two.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> FAMILY) ^ (hash >> (FAMILY + FAMILY))) & FINGERPRINT
}

/// The place among the candidates of what [`RankKey::at`] returned.
pub(crate) fn place_of(key: u64) -> usize {
    usize::try_from((key >> PLACE) & 0xffff).unwrap_or(usize::MAX)
}

/// The fingerprint of host and port.
pub(crate) const fn fingerprint_of(key: u64) -> u64 {
    key & FINGERPRINT
}

pub(crate) const fn group_of(key: u64) -> Group {
    match key >> GROUP {
        0 => Group::Private,
        1 => Group::Public,
        2 => Group::Relay,
        _ => Group::Other,
    }
}

pub(crate) const fn kind_of(key: u64) -> Kind {
    match (key >> KIND) & 3 {
        0 => Kind::Quic,
        1 => Kind::Tcp,
        _ => Kind::Other,
    }
}

pub(crate) const fn family_of(key: u64) -> Family {
    match (key >> FAMILY) & 3 {
        0 => Family::Ip6,
        1 => Family::Ip4,
        _ => Family::Neither,
    }
}

fn is_near(scope: Scope) -> bool {
    scope.is_local() || matches!(scope, Scope::Metadata | Scope::Unspecified)
}

impl fmt::Debug for RankKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RankKey({:#x})", self.0)
    }
}
