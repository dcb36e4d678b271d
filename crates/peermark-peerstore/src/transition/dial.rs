//! What a dialer learned comes back (P6).

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{DialOutcome, TrustClass, normalize_address};

use super::report::Put;
use super::{Need, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::{Claimant, PeerEntry, ReportedAddress, StoredClaim};
use crate::event::Cause;
use crate::outcome::{DialReported, Lifetime, Room};

/// Reports how a dial ended.
#[derive(Clone, Copy, Debug)]
pub struct ReportDial<'a> {
    peer: PeerId,
    address: &'a Multiaddr,
    outcome: DialOutcome,
    ttl: Duration,
}

impl<'a> ReportDial<'a> {
    /// Who was dialed where, how it ended, and how long that is to count.
    #[must_use]
    pub const fn new(
        peer: PeerId,
        address: &'a Multiaddr,
        outcome: DialOutcome,
        ttl: Duration,
    ) -> Self {
        Self { peer, address, outcome, ttl }
    }

    /// Whether the outcome says something about the address.
    const fn teaches(&self) -> bool {
        !matches!(self.outcome, DialOutcome::Cancelled | DialOutcome::NotStarted)
    }

    fn needed(&self, entry: &PeerEntry, cx: &Context<'_>) -> Option<Need> {
        let address = normalize_address(self.address.as_ref(), &self.peer).ok()?;
        let address = address.as_bytes();
        let known = entry.reported_at(address);
        let certified = entry.record.contains(address);
        let success = self.outcome == DialOutcome::Success && !cx.clamp(self.ttl).is_zero();
        let stored = success || (certified && self.teaches());
        if !stored || known.is_some_and(|known| known.claim(&Claimant::Dialed).is_some()) {
            return None;
        }
        let cost = ReportedAddress::cost_of(address.len(), &Claimant::Dialed);
        let bytes = cost.saturating_add(entry.beside_to_make());
        Some(Need {
            record: false,
            bytes,
            class: if success { TrustClass::Dialed } else { TrustClass::Certified },
            group: EXEMPT,
        })
    }
}

impl Transition for ReportDial<'_> {
    type Answer = DialReported;
    type Plan = ();

    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, ()) {
        (self.needed(entry, cx), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> DialReported {
        let mut reported = DialReported::default();
        let Ok(address) = normalize_address(self.address.as_ref(), &self.peer) else {
            return reported;
        };
        let address = address.as_bytes();
        let ttl = cx.clamp(self.ttl);
        if self.outcome == DialOutcome::Success && !ttl.is_zero() {
            let claim = StoredClaim::new(Claimant::Dialed, cx.now(), ttl, EXEMPT);
            let (put, evicted) = entry.put_claim(address, claim, Lifetime::Extend, EXEMPT, cx);
            reported.evicted = evicted;
            if put == Put::NoRoom {
                return reported;
            }
        }
        if self.outcome == DialOutcome::WrongPeer {
            entry.drop_claim(address, &Claimant::Dialed);
        }
        if entry.reported_at(address).is_none() && !entry.record.contains(address) {
            return reported;
        }
        reported.known = true;
        if !self.teaches() {
            return reported;
        }
        // A certified address that nobody reported: its history needs a place.
        if let Some(known) = entry.extra_mut().address_or_new(address, EXEMPT) {
            match self.outcome {
                DialOutcome::Success => known.dials.succeeded(cx.now()),
                DialOutcome::Failure | DialOutcome::WrongPeer => known.dials.failed(cx.now()),
                DialOutcome::Cancelled | DialOutcome::NotStarted => {}
            }
        }
        reported
    }

    fn refuse(&self, _: Room) -> DialReported {
        DialReported::default()
    }

    fn cause(&self) -> Cause {
        Cause::Dial
    }
}
