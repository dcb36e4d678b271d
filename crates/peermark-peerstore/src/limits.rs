//! What a store may hold, and for how long: every cap in one place, each with its reason (S11).

use std::num::NonZeroU32;
use std::time::Duration;

/// The limits of a store.
///
/// What is above a limit is evicted or refused, by the rules of `docs/storage-contract.md`, and
/// counted either way.
///
/// # Examples
///
/// ```
/// use peermark_peerstore::Limits;
///
/// let mut limits = Limits::default();
/// limits.peers = 10_000;
/// assert_eq!(limits.addresses_per_peer, 64);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Peers with an address, or connected. 262,144: some ten times the largest deployed network.
    pub peers: usize,
    /// Certified records; at least one byte of each is signed by somebody. As many as peers.
    pub records: usize,
    /// Addresses of one peer. 64, go-libp2p's number; more than the largest honest records list.
    pub addresses_per_peer: usize,
    /// Claims on one address, the certified one and that of a handshake not counted. 8: nobody
    /// believes the ninth witness more than the eighth.
    pub claims_per_address: usize,
    /// Bytes that the entries take, by the store's own reckoning. 512 MiB.
    pub bytes: u64,
    /// Floors of peers of which nothing else is held. 1,000,000.
    pub floors: usize,
    /// How long a floor outlives the last acceptance of a record, in whole seconds, rounded up.
    /// Seven days: longer than records are passed around, and short enough that a peer which once
    /// signed the highest sequence number there is comes back.
    pub floor_life: Duration,
    /// How much one step of the clock ages floors at most. One hour: a clock that jumps forward by
    /// years reopens no replay (S14), a store that is asked once an hour ages them in time.
    pub floor_step: Duration,
    /// How long after its first acceptance a record may be kept, however often it is refreshed.
    /// Seven days, as long as its floor.
    pub record_age: Duration,
    /// The longest time to live; a longer one is cut to it. A hundred years, which stands for ever
    /// and keeps all arithmetic far from its ends.
    pub ttl: Duration,
    /// Pairs of records that prove an equivocation, one pair for each peer. 1,024.
    pub evidence: usize,
    /// Subscriptions at a time. 1,024.
    pub subscribers: usize,
    /// Events that wait for one subscriber before it has to start over. 1,024.
    pub events: usize,
    /// The part of peers, bytes and floors that one group of sources can hold, as its
    /// denominator: 16 is a sixteenth. Users and peers that were dialed do not count.
    pub share: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            peers: 1 << 18,
            records: 1 << 18,
            addresses_per_peer: 64,
            claims_per_address: 8,
            bytes: 512 << 20,
            floors: 1_000_000,
            floor_life: DAY.saturating_mul(7),
            floor_step: Duration::from_secs(60 * 60),
            record_age: DAY.saturating_mul(7),
            ttl: DAY.saturating_mul(36_525),
            evidence: 1024,
            subscribers: 1024,
            events: 1024,
            share: const { NonZeroU32::new(16).expect("is not zero") },
        }
    }
}

impl Limits {
    /// What one group may hold of `total`: its share, and at least one.
    #[must_use]
    pub fn share_of(&self, total: u64) -> u64 {
        total.checked_div(self.share.get().into()).unwrap_or(total).max(1)
    }

    /// The floor's life in whole seconds, rounded up.
    #[must_use]
    pub fn floor_life_secs(&self) -> u32 {
        let nanos = u64::from(self.floor_life.subsec_nanos() > 0);
        let secs = self.floor_life.as_secs().saturating_add(nanos);
        u32::try_from(secs).unwrap_or(u32::MAX)
    }
}
