//! Addresses that failed are left alone for a while, twice as long each time (C4, C7).

use std::collections::HashMap;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};

use crate::limits::Limits;
use crate::moment::Moment;
use crate::request::{RETRY, RETRY_MOST};

/// How often an inbound connection clears back-off.
const CLEARED_EVERY: Duration = Duration::from_secs(60);

/// Which addresses of which peers are left alone, and until when. Shared by all requests.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    peers: HashMap<PeerId, Left>,
    /// How many addresses there are.
    len: usize,
}

#[derive(Debug, Default)]
struct Left {
    addresses: Vec<Address>,
    /// When an inbound connection cleared some.
    cleared: Option<Moment>,
}

#[derive(Debug)]
struct Address {
    address: Multiaddr,
    until: Moment,
    times: u32,
    /// Whether the peer answered here before.
    answered: bool,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Failed,
    NotStarted,
}

/// Why an address is not dialed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It failed.
    Failed(Moment),
    /// This node did not start a dial of it.
    NotStarted(Moment),
}

impl Backoff {
    /// Why an address is left alone now, if it is.
    pub(crate) fn wait(&self, peer: &PeerId, address: &Multiaddr, now: Moment) -> Option<Wait> {
        if self.peers.is_empty() {
            return None;
        }
        let left = self.peers.get(peer)?;
        let known = left.addresses.iter().find(|known| known.address == *address)?;
        (known.until > now).then_some(match known.why {
            Why::Failed => Wait::Failed(known.until),
            Why::NotStarted => Wait::NotStarted(known.until),
        })
    }

    /// An address failed.
    pub(crate) fn failed(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        answered: bool,
        limits: &Limits,
        now: Moment,
    ) {
        self.add(
            peer,
            address,
            (Why::Failed, answered),
            (limits.backoff, limits.backoff_most),
            now,
        );
        self.bound(limits);
    }

    /// This node did not start a dial of an address. Returns when it may be tried again.
    pub(crate) fn not_started(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        limits: &Limits,
        now: Moment,
    ) -> Moment {
        let until = self.add(peer, address, (Why::NotStarted, false), (RETRY, RETRY_MOST), now);
        self.bound(limits);
        until
    }

    fn add(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        (why, answered): (Why, bool),
        (first, most): (Duration, Duration),
        now: Moment,
    ) -> Moment {
        let left = self.peers.entry(peer).or_default();
        let known = left.addresses.iter_mut().find(|known| known.address == *address);
        // What was left alone long enough starts over.
        let times = match &known {
            Some(known) if known.why == why && now <= known.until.saturating_add(most) => {
                known.times
            }
            _ => 0,
        };
        let factor = 1u32.checked_shl(times).unwrap_or(u32::MAX);
        let until = now.saturating_add(first.saturating_mul(factor).min(most));
        let times = times.saturating_add(1).min(31);
        match known {
            Some(known) => {
                (known.until, known.times, known.why) = (until, times, why);
                known.answered |= answered;
            }
            None => {
                let address = address.clone();
                left.addresses.push(Address { address, until, times, answered, why });
                self.len = self.len.saturating_add(1);
            }
        }
        until
    }

    /// Forgets, where more is remembered than allowed, half of it: what is nearest to its end.
    fn bound(&mut self, limits: &Limits) {
        if self.len <= limits.remembered {
            return;
        }
        let all = self.peers.values().flat_map(|left| &left.addresses);
        let mut ends: Vec<_> = all.map(|known| known.until).collect();
        ends.sort_unstable();
        if let Some(middle) = ends.get(ends.len() / 2).copied() {
            self.retain(|_, known| known.until > middle);
        }
    }

    fn retain(&mut self, keep: impl Fn(&PeerId, &Address) -> bool) {
        self.peers.retain(|peer, left| {
            left.addresses.retain(|known| keep(peer, known));
            !left.addresses.is_empty()
        });
        self.len = self.peers.values().map(|left| left.addresses.len()).sum();
    }

    /// The peer was reached at an address.
    pub(crate) fn succeeded(&mut self, peer: &PeerId, address: &Multiaddr) {
        let Some(left) = self.peers.get_mut(peer) else { return };
        let before = left.addresses.len();
        left.addresses.retain(|known| known.address != *address);
        self.len = self.len.saturating_sub(before.saturating_sub(left.addresses.len()));
        if left.addresses.is_empty() && left.cleared.is_none() {
            self.peers.remove(peer);
        }
    }

    /// The peer opened a connection: what answered before is dialed again, once a minute. Returns
    /// whether something was cleared.
    pub(crate) fn inbound(&mut self, peer: &PeerId, now: Moment) -> bool {
        let Some(left) = self.peers.get_mut(peer) else { return false };
        if left.cleared.is_some_and(|cleared| now < cleared.saturating_add(CLEARED_EVERY)) {
            return false;
        }
        let before = left.addresses.len();
        left.addresses.retain(|known| !known.answered || known.why == Why::NotStarted);
        let cleared = before.saturating_sub(left.addresses.len());
        self.len = self.len.saturating_sub(cleared);
        if cleared > 0 {
            left.cleared = Some(now);
        }
        cleared > 0
    }

    /// Forgets what failed of one peer.
    pub(crate) fn clear(&mut self, peer: &PeerId) {
        if let Some(left) = self.peers.get_mut(peer) {
            let before = left.addresses.len();
            left.addresses.retain(|known| known.why == Why::NotStarted);
            self.len = self.len.saturating_sub(before.saturating_sub(left.addresses.len()));
            if left.addresses.is_empty() && left.cleared.is_none() {
                self.peers.remove(peer);
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear_all(&mut self) {
        *self = Self::default();
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&mut self, limits: &Limits, now: Moment) {
        for left in self.peers.values_mut() {
            left.addresses.retain(|known| now <= known.until.saturating_add(limits.backoff_most));
            let is_over = |cleared: &Moment| now >= cleared.saturating_add(CLEARED_EVERY);
            if left.cleared.as_ref().is_some_and(is_over) {
                left.cleared = None;
            }
        }
        self.peers.retain(|_, left| !left.addresses.is_empty() || left.cleared.is_some());
        self.len = self.peers.values().map(|left| left.addresses.len()).sum();
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}
