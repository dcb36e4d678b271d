//! Addresses that failed are left alone for a while, twice as long each time (C4).

use std::collections::BTreeMap;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_provenance::Timestamp;

use crate::limits::Limits;

/// Which addresses of which peers are left alone, and until when. Shared by all requests.
#[derive(Debug, Default)]
pub(crate) struct Backoff(BTreeMap<(PeerId, Multiaddr), Left>);

#[derive(Clone, Copy, Debug)]
struct Left {
    until: Timestamp,
    times: u32,
}

impl Backoff {
    /// Until when an address is left alone, if it is.
    pub(crate) fn until(
        &self,
        peer: &PeerId,
        address: &Multiaddr,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let left = self.0.get(&(*peer, address.clone()))?;
        (left.until > now).then_some(left.until)
    }

    pub(crate) fn failed(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        limits: &Limits,
        now: Timestamp,
    ) {
        let known = self.0.get(&(peer, address.clone()));
        // Who was left alone long enough starts over.
        let forgiven = |left: &&Left| now <= left.until.saturating_add(limits.backoff_most);
        let times = known.filter(forgiven).map_or(0, |left| left.times);
        let factor = 1u32.checked_shl(times).unwrap_or(u32::MAX);
        let wait: Duration = limits.backoff.saturating_mul(factor).min(limits.backoff_most);
        let left = Left { until: now.saturating_add(wait), times: times.saturating_add(1).min(31) };
        self.0.insert((peer, address.clone()), left);
        if self.0.len() > limits.remembered {
            let mut ends: Vec<_> = self.0.values().map(|left| left.until).collect();
            ends.sort_unstable();
            if let Some(middle) = ends.get(ends.len() / 2).copied() {
                self.0.retain(|_, left| left.until > middle);
            }
        }
    }

    pub(crate) fn succeeded(&mut self, peer: &PeerId, address: &Multiaddr) {
        self.0.remove(&(*peer, address.clone()));
    }

    pub(crate) fn sweep(&mut self, limits: &Limits, now: Timestamp) {
        self.0.retain(|_, left| now <= left.until.saturating_add(limits.backoff_most));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
