//! A peer connects or disconnects (S7).

use core::time::Duration;

use super::{Need, Transition};
use crate::context::{Context, EXEMPT};
use crate::entry::PeerEntry;
use crate::event::Cause;
use crate::outcome::Room;
use peermark_provenance::TrustClass;

/// Says whether a peer is connected.
///
/// It is a state, not a time to live: say it when the first connection opens and when the last one
/// closes.
#[derive(Clone, Copy, Debug)]
pub struct SetConnected(bool);

impl SetConnected {
    /// It is, or is not.
    #[must_use]
    pub const fn new(connected: bool) -> Self {
        Self(connected)
    }
}

impl Transition for SetConnected {
    /// Whether the store knows now.
    type Answer = bool;
    type Plan = ();

    fn need(&self, entry: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        let fresh = self.0 && !entry.is_connected();
        let bytes = entry.beside_to_make();
        let need = Need { record: false, bytes, class: TrustClass::Dialed, group: EXEMPT };
        (fresh.then_some(need), ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> bool {
        if self.0 == entry.is_connected() {
            return true;
        }
        if self.0 {
            // What was delivered before it connected has so much left when it disconnects.
            let left = super::record::life_of(entry).end.saturating_since(cx.now());
            let extra = entry.extra_mut();
            extra.connected = true;
            extra.record_ttl = left;
        } else {
            let life = entry.life_now(cx.at, cx.limits);
            let extra = entry.extra_mut();
            extra.connected = false;
            extra.record_ttl = Duration::ZERO;
            for claim in extra.addresses.iter_mut().flat_map(|address| &mut address.claims) {
                claim.release(cx.now());
            }
            entry.set_life(life);
        }
        entry.tidy();
        true
    }

    fn refuse(&self, _: Room) -> bool {
        false
    }

    fn cause(&self) -> Cause {
        Cause::Connection
    }
}
