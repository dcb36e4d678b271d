//! What a store may hold, and for how long: every cap in one place, each with its reason (S11).

use std::time::Duration;

use peermark_provenance::SourceKinds;

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
    /// How long a floor lasts after the last delivery that counted, in whole seconds, rounded up.
    /// Seven days: longer than records are passed around, and short enough that a peer which once
    /// signed the highest sequence number there is comes back (S3).
    pub floor_life: Duration,
    /// How long the floor of a record without addresses lasts that an unknown peer signed. 48 hours;
    /// it displaces no other floor.
    pub empty_floor_life: Duration,
    /// How long a floor lasts that came from outside without its envelope. 24 hours.
    pub outside_floor_life: Duration,
    /// How much one step of the clock ages records and floors at most. One hour: a clock that jumps
    /// forward by years reopens no replay (S14), a store that is asked once an hour ages in time.
    pub aging_step: Duration,
    /// How long a record is kept after the last contact with its peer, or after its first acceptance
    /// where there was no contact, however often third parties deliver it. Seven days (S4).
    pub record_age: Duration,
    /// Whether contacts that others claim count as contacts in [`record_age`](Self::record_age): for
    /// fleets of one owner. They do not.
    pub believe_ages: bool,
    /// The longest time to live; a longer one is cut to it. A hundred years, which stands for ever
    /// and keeps all arithmetic far from its ends.
    pub ttl: Duration,
    /// Peers of which two contradicting records are kept. 1,024; above it a peer is known to have
    /// contradicted itself, and the second record is not kept.
    pub evidence: usize,
    /// Subscriptions at a time. 1,024.
    pub subscribers: usize,
    /// Events that wait for one subscriber before it has to start over. 1,024.
    pub events: usize,
    /// The part of peers, bytes, floors and evidence that the sources of one network can hold, or
    /// those of one kind that name a reporter and no network. A sixteenth. Users and peers that were
    /// dialed do not count.
    pub share: Share,
    /// The part that a kind of source can hold that names neither a reporter nor a network: kad's
    /// routing events, a bulk import. One half.
    pub kind_share: Share,
    /// The part that all such kinds can hold together. Three quarters.
    pub kinds_share: Share,
    /// Kinds of source without a share: a crawler fills what is free, and evicts only what its own
    /// kind brought. None.
    pub exempt: SourceKinds,
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
            empty_floor_life: DAY.saturating_mul(2),
            outside_floor_life: DAY,
            aging_step: Duration::from_secs(60 * 60),
            record_age: DAY.saturating_mul(7),
            believe_ages: false,
            ttl: DAY.saturating_mul(36_525),
            evidence: 1024,
            subscribers: 1024,
            events: 1024,
            share: Share::new(1, 16),
            kind_share: Share::new(1, 2),
            kinds_share: Share::new(3, 4),
            exempt: SourceKinds::NONE,
        }
    }
}

/// A part of a limit.
///
/// # Examples
///
/// ```
/// use peermark_peerstore::Share;
///
/// assert_eq!(Share::new(3, 4).of(1000), 750);
/// // A share is never nothing.
/// assert_eq!(Share::new(1, 16).of(3), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    parts: u32,
    of: u32,
}

impl Share {
    /// So many parts of so many; all of it where there are fewer parts than that, or none.
    #[must_use]
    pub const fn new(parts: u32, of: u32) -> Self {
        Self { parts, of }
    }

    /// Whether `held` is more than this share of `total`: without a division.
    #[inline]
    pub(crate) fn is_exceeded(self, total: u64, held: u64) -> bool {
        let wide = |a: u64, b: u32| u128::from(a).saturating_mul(b.into());
        let is_more = self.of > 0 && wide(held, self.of) > wide(total, self.parts);
        held > 1 && (held > total || is_more)
    }

    /// What this share is of `total`: at least one.
    #[must_use]
    pub fn of(self, total: u64) -> u64 {
        let product = u128::from(total).saturating_mul(self.parts.into());
        let part = product.checked_div(self.of.into()).unwrap_or(u128::from(total));
        u64::try_from(part).unwrap_or(u64::MAX).min(total).max(1)
    }
}

/// Nanoseconds, of what fits.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whole seconds, rounded up.
#[inline]
pub(crate) fn whole_secs(duration: Duration) -> u32 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    u32::try_from(duration.as_secs().saturating_add(begun)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_share_is_exceeded_by_more_than_it_is() {
        let shares = [(1, 1), (1, 16), (1, 2), (3, 4), (5, 4), (0, 3), (1, 0), (u32::MAX, 7)];
        for (parts, of) in shares {
            let share = Share::new(parts, of);
            for total in [0, 1, 2, 15, 16, 17, 1000, 1 << 40, u64::MAX / 3, u64::MAX] {
                let limit = share.of(total);
                for held in
                    [0, 1, 2, limit.saturating_sub(1), limit, limit.saturating_add(1), total]
                {
                    let is_more = share.is_exceeded(total, held);
                    assert_eq!(is_more, held > limit, "{held} of {total}, {parts}/{of}");
                }
            }
        }
    }
}
