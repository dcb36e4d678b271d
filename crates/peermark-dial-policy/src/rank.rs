//! When each address of a stage is dialed (D6).

use core::fmt;
use std::time::Duration;

use peermark_scope::Scope;

use crate::plan::Dial;
use crate::traits::{Family, Traits, Transport};

/// What an address is ranked by: the smaller, the earlier. From the highest bits down: 2 of the
/// group, 4 of transport and family, 16 of the port; then 16 for the place among the candidates,
/// so that what is equal stays in order, and what is read but not ranked by: 2 of the kind of
/// transport, 2 of the family, 22 of a fingerprint of the address.
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

impl RankKey {
    /// The key of an address that is this, and has these bytes before the peer id at its end.
    pub(crate) fn of(traits: &Traits, bytes: &[u8]) -> Self {
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
        Self(ranked | (kind << KIND) | (family << FAMILY) | fingerprint(bytes))
    }

    /// The key with the place among the candidates in it.
    pub(crate) fn at(self, place: u16) -> u64 {
        self.0 | (u64::from(place) << PLACE)
    }
}

/// FNV-1a, folded. Whoever wants two addresses of one fingerprint finds them; that costs a
/// comparison of the two.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> FAMILY) ^ (hash >> (FAMILY + FAMILY))) & FINGERPRINT
}

/// The place among the candidates of what [`RankKey::at`] answered.
pub(crate) fn place_of(key: u64) -> usize {
    usize::try_from((key >> PLACE) & 0xffff).unwrap_or(usize::MAX)
}

/// The fingerprint of the address.
pub(crate) const fn fingerprint_of(key: u64) -> u64 {
    key & FINGERPRINT
}

/// The group of what [`RankKey::at`] answered.
pub(crate) const fn group_of(key: u64) -> Group {
    match key >> GROUP {
        0 => Group::Private,
        1 => Group::Public,
        2 => Group::Relay,
        _ => Group::Other,
    }
}

const fn kind_of(key: u64) -> Kind {
    match (key >> KIND) & 3 {
        0 => Kind::Quic,
        1 => Kind::Tcp,
        _ => Kind::Other,
    }
}

const fn is_ip4(key: u64) -> bool {
    (key >> FAMILY) & 3 == 1
}

const fn is_ip6(key: u64) -> bool {
    (key >> FAMILY) & 3 == 0
}

/// The kinds that the schedule tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Quic,
    Tcp,
    Other,
}

fn is_near(scope: Scope) -> bool {
    scope.is_local() || matches!(scope, Scope::Metadata | Scope::Unspecified)
}

impl fmt::Debug for RankKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RankKey({:#x})", self.0)
    }
}

/// Says when each address of a stage is dialed, counted from the beginning of the stage.
///
/// A dialer that sees one fail dials the next at once; the delays are for those that do not answer.
pub trait Ranker {
    /// Gives each dial of one stage its delay; the plan sorts them by that. They come in the order of
    /// group, transport, family and port, and equals in the order of the candidates.
    ///
    /// It may move them about, but has to leave each there once.
    fn rank(&self, dials: &mut [Dial]);
}

impl<R: Ranker + ?Sized> Ranker for &R {
    fn rank(&self, dials: &mut [Dial]) {
        (**self).rank(dials);
    }
}

/// All at once: for simultaneous dials through a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say")]
pub struct NoDelay;

impl Ranker for NoDelay {
    fn rank(&self, dials: &mut [Dial]) {
        for dial in dials {
            dial.delay = Duration::ZERO;
        }
    }
}

/// The happy-eyeballs schedule of go-libp2p's dial ranker: QUIC before TCP, IPv6 then IPv4, the rest
/// behind them; relays behind a public direct address; other transports a second later.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark_dial_policy::HappyEyeballs;
///
/// let mut patient = HappyEyeballs::default();
/// patient.public = Duration::from_millis(500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HappyEyeballs {
    /// Between two steps on the public Internet: 250 ms, about a round trip (RFC 8305).
    pub public: Duration,
    /// Between two steps on this host, link or site: 30 ms.
    pub private: Duration,
    /// How long relays wait where there is a public direct address: 500 ms.
    pub relay: Duration,
    /// How long other transports of the public Internet wait behind the last QUIC or TCP: 1 s.
    pub other: Duration,
    /// The same on this host, link or site: 100 ms.
    pub private_other: Duration,
}

impl Default for HappyEyeballs {
    fn default() -> Self {
        Self {
            public: Duration::from_millis(250),
            private: Duration::from_millis(30),
            relay: Duration::from_millis(500),
            other: Duration::from_secs(1),
            private_other: Duration::from_millis(100),
        }
    }
}

impl Ranker for HappyEyeballs {
    fn rank(&self, dials: &mut [Dial]) {
        let (private, rest) = split(dials, Group::Private);
        let (public, rest) = split(rest, Group::Public);
        let (relay, other) = split(rest, Group::Relay);
        let offset = if public.is_empty() { Duration::ZERO } else { self.relay };
        schedule(private, self.private, self.private_other, Duration::ZERO);
        schedule(public, self.public, self.other, Duration::ZERO);
        schedule(relay, self.public, self.other, offset);
        let last = relay.last().or(public.last()).or(private.last());
        let last = last.map_or(Duration::ZERO, |dial| dial.delay);
        for dial in other {
            dial.delay = last.saturating_add(self.other);
        }
    }
}

/// The dials of a group in front of the others; they come sorted by group.
fn split(dials: &mut [Dial], group: Group) -> (&mut [Dial], &mut [Dial]) {
    let count = dials.iter().take_while(|dial| group_of(dial.key) == group).count();
    dials.split_at_mut(count.min(dials.len()))
}

/// The schedule of one group: `step` between two of its steps, `other` behind the last.
fn schedule(dials: &mut [Dial], step: Duration, other: Duration, offset: Duration) {
    let quic = dials.iter().take_while(|dial| kind_of(dial.key) == Kind::Quic).count();
    let (quic, rest) = dials.split_at_mut(quic.min(dials.len()));
    let tcp = rest.iter().take_while(|dial| kind_of(dial.key) == Kind::Tcp).count();
    let (tcp, others) = rest.split_at_mut(tcp.min(rest.len()));

    let mut last = offset;
    let mut begin = offset;
    for steps in [quic, tcp] {
        let both = second_family_second(steps);
        for (place, dial) in steps.iter_mut().enumerate() {
            // The first; one step later the second, of the other family where there is one; the
            // rest with it, or one more step later.
            let waits = match place {
                0 => Duration::ZERO,
                1 => step,
                _ if both => step.saturating_add(step),
                _ => step,
            };
            dial.delay = begin.saturating_add(waits);
            last = dial.delay;
        }
        if !steps.is_empty() {
            begin = last.saturating_add(step);
        }
    }
    for dial in others {
        dial.delay = last.saturating_add(other);
    }
}

/// Where the first is of IPv6, moves the first of IPv4 to the second place. Answers whether there
/// is one.
fn second_family_second(dials: &mut [Dial]) -> bool {
    if !dials.first().is_some_and(|dial| is_ip6(dial.key)) {
        return false;
    }
    let Some(at) = dials.iter().position(|dial| is_ip4(dial.key)) else {
        return false;
    };
    if let Some(between) = dials.get_mut(1..=at) {
        between.rotate_right(1);
    }
    true
}
