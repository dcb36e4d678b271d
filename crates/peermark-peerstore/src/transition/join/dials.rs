//! What dialing taught another store (P6).

use core::cmp::Ordering;
use core::time::Duration;

use peermark_provenance::{Timestamp, normalize_address};

use super::JoinState;
use crate::context::{Context, EXEMPT};
use crate::entry::PeerEntry;
use crate::state::{AddressState, DialState};

impl JoinState<'_> {
    /// What dialing taught, of the addresses that the store has: the later success, and the failures
    /// since.
    pub(super) fn join_dials(&self, entry: &mut PeerEntry, cx: &Context<'_>) {
        if !self.join.keeps_sources {
            return;
        }
        for AddressState { address, dials, .. } in &self.join.addresses {
            let Ok(address) = normalize_address(address.as_ref(), &self.join.peer) else {
                continue;
            };
            let address = address.as_bytes();
            let is_new = entry.reported_at(address).is_none();
            if *dials == DialState::default() || (is_new && !entry.record.contains(address)) {
                continue;
            }
            let before = |age: Duration| {
                let nanos = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
                Timestamp::from_nanos(cx.now().as_nanos().saturating_sub(nanos))
            };
            let (success, failure) = (dials.success.map(before), dials.failure.map(before));
            if let Some(known) = entry.extra_mut().address_or_new(address, EXEMPT) {
                let held = &mut known.dials;
                held.failures = match success.cmp(&held.last_success) {
                    Ordering::Greater => dials.failures,
                    Ordering::Equal => held.failures.max(dials.failures),
                    Ordering::Less => held.failures,
                };
                held.last_success = held.last_success.max(success);
                held.last_failure = held.last_failure.max(failure);
            }
        }
    }
}
