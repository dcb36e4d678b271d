//! What the rules are told beside the entry: the time, the limits, the secret.

use core::time::Duration;

use peermark_provenance::{Source, SourceGroup, SourceKind, Timestamp};

use crate::limits::Limits;
use crate::secret::Secret;

/// What a [`Transition`](crate::Transition) may look at beside the entry.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The time, which never goes back (S14).
    pub now: Timestamp,
    /// The time that floors live by, in seconds: it does not jump forward either (S14).
    pub floor_now: u32,
    /// The limits.
    pub limits: &'a Limits,
    /// What keys the choice of victims.
    pub secret: &'a Secret,
}

/// How many groups have a budget each. Which networks share one is for the secret to decide, so
/// that nobody can aim at a budget; with 4,096 few do.
pub const GROUPS: u16 = 1 << 12;

impl<'a> Context<'a> {
    /// The context of one moment, for engines.
    #[must_use]
    pub const fn new(
        now: Timestamp,
        floor_now: u32,
        limits: &'a Limits,
        secret: &'a Secret,
    ) -> Self {
        Self { now, floor_now, limits, secret }
    }

    /// The budget that this source is charged to: 0 to [`GROUPS`] less one (S11).
    #[must_use]
    pub fn group(&self, source: &Source) -> u16 {
        let hash = match source.group() {
            SourceGroup::Ipv4([a, b]) => self.secret.hash(&[4, a, b]),
            SourceGroup::Ipv6([a, b, c, d]) => self.secret.hash(&[6, a, b, c, d]),
            SourceGroup::Kind(SourceKind::Application(id)) => {
                let [low, high] = id.to_le_bytes();
                self.secret.hash(&[1, low, high])
            }
            SourceGroup::Kind(kind) => {
                self.secret.hash(&[0, u8::try_from(kind.index()).unwrap_or(0)])
            }
        };
        let [low, high, ..] = hash.to_le_bytes();
        u16::from_le_bytes([low, high]) & const { GROUPS - 1 }
    }

    /// Until when a floor lasts that is accepted now. The second that has begun counts as a whole
    /// one, so that none ends early.
    pub(crate) fn floor_until(&self) -> u32 {
        self.floor_now.saturating_add(1).saturating_add(self.limits.floor_life_secs())
    }

    /// A time to live within the limits.
    pub(crate) fn clamp(&self, ttl: Duration) -> Duration {
        ttl.min(self.limits.ttl)
    }
}
