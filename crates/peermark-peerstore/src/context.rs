//! What the rules are told beside the entry: the time, the limits, the secret.

use core::time::Duration;

use peermark_provenance::{Source, SourceGroup, SourceKind, Timestamp};

use crate::clock::Moment;
use crate::limits::Limits;
use crate::secret::Secret;

/// What a [`Transition`](crate::Transition) may look at beside the entry.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The moment (S14).
    pub at: Moment,
    /// The limits.
    pub limits: &'a Limits,
    /// The key that victims are chosen by.
    pub secret: &'a Secret,
}

/// The group of what no budget is charged with: users, and peers that were dialed.
pub const EXEMPT: u16 = u16::MAX;

/// Groups of networks. The secret decides which networks share one, so that nobody can aim at a
/// budget; with 4,096 few do.
const NETWORKS: u16 = 1 << 12;
/// Groups of the kinds of source that name neither a reporter nor a network: one for each kind, and
/// the last [`APPLICATIONS`] for the numbers of applications.
const KINDS: u16 = 64;
const APPLICATIONS: u16 = 48;

/// The groups that have a budget each (S11).
pub const GROUPS: u16 = NETWORKS + KINDS;

impl<'a> Context<'a> {
    /// The context of one moment.
    #[must_use]
    pub const fn new(at: Moment, limits: &'a Limits, secret: &'a Secret) -> Self {
        Self { at, limits, secret }
    }

    /// Store time.
    pub(crate) const fn now(&self) -> Timestamp {
        self.at.now
    }

    /// The budget that this source is charged to: 0 to [`GROUPS`] less one (S11). Kinds that
    /// [`Limits::exempt`] names have the group of their kind, whatever else the source says.
    #[inline]
    #[must_use]
    pub fn group(&self, source: &Source) -> u16 {
        let kind = source.kind();
        let group = source.group();
        if self.limits.exempt.contains(kind) {
            return self.kind_group(kind);
        }
        let hash = match group {
            SourceGroup::Kind(kind) => return self.kind_group(kind),
            SourceGroup::Ipv4([a, b]) => self.secret.hash(&[4, a, b]),
            SourceGroup::Ipv6([a, b, c, d]) => self.secret.hash(&[6, a, b, c, d]),
            SourceGroup::Reporters(SourceKind::Application(id)) => {
                let [low, high] = id.to_le_bytes();
                self.secret.hash(&[1, low, high])
            }
            SourceGroup::Reporters(kind) => self.secret.hash(&[0, index_of(kind)]),
        };
        low_bits(hash) & const { NETWORKS - 1 }
    }

    fn kind_group(&self, kind: SourceKind) -> u16 {
        let place = match kind {
            SourceKind::Application(id) => {
                let slot = low_bits(self.secret.hash(&id.to_le_bytes())).checked_rem(APPLICATIONS);
                const { KINDS - APPLICATIONS }.saturating_add(slot.unwrap_or(0))
            }
            kind => u16::from(index_of(kind)),
        };
        NETWORKS.saturating_add(place)
    }

    /// A time to live within the limits.
    pub(crate) fn clamp(&self, ttl: Duration) -> Duration {
        ttl.min(self.limits.ttl)
    }
}

/// The kind of source that a group is the budget of; `None` for a group of networks.
pub(crate) fn kind_of(group: u16) -> Option<SourceKind> {
    let place = group.checked_sub(NETWORKS)?;
    if place >= const { KINDS - APPLICATIONS } {
        return (place < KINDS).then_some(SourceKind::Application(0));
    }
    SourceKind::ALL.get(usize::from(place)).copied()
}

/// The groups of kinds.
pub(crate) const fn kind_groups() -> core::ops::Range<u16> {
    NETWORKS..GROUPS
}

fn index_of(kind: SourceKind) -> u8 {
    u8::try_from(kind.index()).unwrap_or(0)
}

fn low_bits(hash: u64) -> u16 {
    let [low, high, ..] = hash.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_group_that_says_which_it_is() {
        let (limits, secret) = (Limits::default(), Secret::from_bytes([7; 16]));
        let cx = Context::new(Moment::default(), &limits, &secret);
        for kind in SourceKind::ALL {
            let group = cx.group(&Source::of(kind));
            assert_eq!(kind_of(group), Some(kind), "{kind}");
            assert!(kind_groups().contains(&group));
        }
        let application = cx.group(&Source::application(999));
        assert_eq!(kind_of(application), Some(SourceKind::Application(0)));
        let network = Source::DHT.heard_from([192, 0, 2, 1].into());
        assert_eq!(kind_of(cx.group(&network)), None);
        let mut limits = limits.clone();
        limits.exempt = SourceKind::Dht.into();
        let cx = Context::new(Moment::default(), &limits, &secret);
        assert_eq!(kind_of(cx.group(&network)), Some(SourceKind::Dht));
    }
}
