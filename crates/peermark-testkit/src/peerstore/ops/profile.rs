//! The limits that programs run under.

use std::time::Duration;

use peermark_peerstore::{Limits, Share};
use peermark_provenance::SourceKind;

/// Which limits a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as many as programs can choose")]
pub enum Profile {
    /// The default limits.
    Default,
    /// Three addresses for each peer, two claims on each, two events for each subscriber.
    Narrow,
    /// Floors and records that last for an hour or two.
    Short,
    /// Fewer peers, records, bytes and floors than there are in the universe, whoever fills them.
    Crowded,
    /// The same, and a share of it for each group of sources.
    Shared,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Default, Self::Narrow, Self::Short, Self::Crowded, Self::Shared];

    /// Those in which nothing is evicted for another peer, so that a model can tell what happens.
    pub const ROOMY: [Self; 3] = [Self::Default, Self::Narrow, Self::Short];

    /// Whether nothing is evicted for another peer.
    #[must_use]
    pub fn is_roomy(self) -> bool {
        Self::ROOMY.contains(&self)
    }

    /// The limits.
    #[must_use]
    pub fn limits(self) -> Limits {
        let mut limits = Limits::default();
        // Whoever fills a store: all of it.
        let unshared = |limits: &mut Limits| {
            let all = Share::new(1, 1);
            (limits.share, limits.kind_share, limits.kinds_share) = (all, all, all);
        };
        match self {
            Self::Default => {}
            Self::Narrow => {
                limits.peers = 1000;
                limits.addresses_per_peer = 3;
                limits.claims_per_address = 2;
                limits.events = 2;
                limits.subscribers = 2;
                limits.believe_ages = true;
            }
            Self::Short => {
                limits.peers = 1000;
                limits.floor_life = Duration::from_millis(3_600_500);
                limits.empty_floor_life = Duration::from_secs(1800);
                limits.outside_floor_life = Duration::from_secs(900);
                limits.aging_step = Duration::from_secs(600);
                limits.record_age = Duration::from_secs(7200);
                limits.ttl = Duration::from_secs(24 * 3600);
            }
            Self::Crowded => {
                limits.peers = 4;
                limits.records = 2;
                limits.floors = 3;
                limits.bytes = 6000;
                limits.evidence = 1;
                unshared(&mut limits);
            }
            Self::Shared => {
                limits.peers = 5;
                limits.floors = 4;
                limits.bytes = 9000;
                limits.evidence = 2;
                limits.share = Share::new(1, 2);
                limits.exempt = SourceKind::Application(0).into();
            }
        }
        limits
    }
}
