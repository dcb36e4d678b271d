//! A peer connects or disconnects (S7).

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
            // What the peer delivered before it connected has so much left when it disconnects.
            let left = entry.record_ends(cx.at, cx.limits);
            let left = left.map(|ends| ends.saturating_since(cx.now()));
            let extra = entry.extra_mut();
            extra.connected = true;
            extra.record_ttl = left.unwrap_or_default();
        } else {
            let held = entry.is_record_held();
            let extra = entry.extra_mut();
            extra.connected = false;
            for claim in extra.addresses.iter_mut().flat_map(|address| &mut address.claims) {
                claim.release(cx.now());
            }
            let ttl = core::mem::take(&mut extra.record_ttl);
            if held {
                // A disconnect counts as a contact (S4).
                let mut life = entry.life();
                life.end = life.end.max(cx.now().saturating_add(ttl));
                life.contact = life.contact.max(cx.at.aging_secs_begun());
                let floor = crate::limits::whole_secs(cx.limits.floor_life);
                life.floor = life.floor.max(cx.at.aging_secs_begun().saturating_add(floor));
                entry.set_life(life);
            }
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
