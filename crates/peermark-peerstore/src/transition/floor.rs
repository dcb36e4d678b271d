//! A floor comes back from a copy of a store (S3): replays stay out of what is restored.

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::Seq;
use peermark_provenance::{Source, Timestamp};

use super::{Need, Transition};
use crate::context::Context;
use crate::entry::{Floor, PeerEntry};
use crate::event::Cause;
use crate::outcome::{PayloadDigest, Room};

/// Raises the floor of a peer. A floor that is as high stays, and a record below it goes.
#[derive(Clone, Copy, Debug)]
pub struct RaiseFloor<'a> {
    peer: PeerId,
    seq: Seq,
    digest: PayloadDigest,
    life: Duration,
    source: &'a Source,
}

impl<'a> RaiseFloor<'a> {
    /// To this record, for as long as `life`, and no longer than a floor that begins now. It is
    /// charged to whoever says so.
    #[must_use]
    pub const fn new(
        peer: PeerId,
        (seq, digest): (Seq, PayloadDigest),
        life: Duration,
        source: &'a Source,
    ) -> Self {
        Self { peer, seq, digest, life, source }
    }
}

impl Transition for RaiseFloor<'_> {
    /// Whether it was raised.
    type Answer = bool;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> bool {
        let live = entry.has_live_record(cx.now);
        let held = entry.floor().filter(|floor| live || floor.until > cx.floor_now);
        if self.life.is_zero() || held.is_some_and(|held| held.seq >= self.seq) {
            return false;
        }
        if entry.has_record() {
            entry.scrap_record();
        }
        let life = u32::try_from(self.life.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let floor = Floor {
            seq: self.seq,
            digest: self.digest,
            accepted: cx.now,
            until: cx.floor_now.saturating_add(life).min(cx.floor_until()),
            group: if entry.is_empty() { cx.group(self.source) } else { entry.group },
            lives_until: Timestamp::EPOCH,
        };
        entry.extra_from(self.peer.multihash_bytes()).floor = Some(floor);
        true
    }

    fn refuse(&self, _: Room) -> bool {
        false
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}
