//! Taking back: addresses, the claims of one source, everything, the floor.

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{Seq, SourceKind, normalize_address};

use super::{Need, Transition};
use crate::context::Context;
use crate::entry::{Claimant, Marks, PeerEntry};
use crate::event::Cause;
use crate::outcome::{PayloadDigest, Room};

/// Removes addresses with all claims on them. With its last certified address a record goes (S5).
/// The same record does not bring them back by a third party's hand; contact, or a newer one, does.
#[derive(Clone, Copy, Debug)]
pub struct RemoveAddresses<'a> {
    peer: PeerId,
    addresses: &'a [Multiaddr],
}

impl<'a> RemoveAddresses<'a> {
    /// Whose, and which.
    #[must_use]
    pub const fn new(peer: PeerId, addresses: &'a [Multiaddr]) -> Self {
        Self { peer, addresses }
    }
}

impl Transition for RemoveAddresses<'_> {
    /// How many were there.
    type Answer = usize;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> usize {
        let normal = |address: &'_ Multiaddr| {
            normalize_address(address.as_ref(), &self.peer).ok().map(|a| a.as_bytes().to_vec())
        };
        let addresses = self.addresses.iter().filter_map(normal);
        addresses.filter(|address| entry.remove_address(address, Marks::REMOVED, cx)).count()
    }

    fn refuse(&self, _: Room) -> usize {
        0
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}

/// Takes back what sources of one kind claim. What others claim too stays, and so does a record:
/// it is no claim of who delivered it.
#[derive(Clone, Copy, Debug)]
pub struct Retract(SourceKind);

impl Retract {
    /// The kind.
    #[must_use]
    pub const fn new(kind: SourceKind) -> Self {
        Self(kind)
    }
}

impl Transition for Retract {
    /// How many claims there were.
    type Answer = usize;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), _: &Context<'_>) -> usize {
        let mut gone = 0usize;
        if let Some(extra) = &mut entry.extra {
            for address in &mut extra.addresses {
                gone = gone.saturating_add(address.retain(|claim| !is_by(&claim.by, self.0)));
            }
        }
        entry.tidy();
        gone
    }

    fn refuse(&self, _: Room) -> usize {
        0
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}

/// Changes how long the claims of sources of one kind live from now.
#[derive(Clone, Copy, Debug)]
pub struct SetLifetime {
    kind: SourceKind,
    ttl: Duration,
}

impl SetLifetime {
    /// The kind, and how long its claims live from now; not at all when zero.
    #[must_use]
    pub const fn new(kind: SourceKind, ttl: Duration) -> Self {
        Self { kind, ttl }
    }
}

impl Transition for SetLifetime {
    /// How many claims there are.
    type Answer = usize;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> usize {
        let ttl = cx.clamp(self.ttl);
        if ttl.is_zero() {
            return Retract(self.kind).run(entry, (), cx);
        }
        let mut changed = 0usize;
        let addresses = entry.extra.iter_mut().flat_map(|extra| &mut extra.addresses);
        let claims = addresses.flat_map(|address| &mut address.claims);
        for claim in claims.filter(|claim| is_by(&claim.by, self.kind)) {
            claim.ttl = ttl;
            claim.ends = cx.now().saturating_add(ttl);
            changed = changed.saturating_add(1);
        }
        changed
    }

    fn refuse(&self, _: Room) -> usize {
        0
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}

fn is_by(by: &Claimant, kind: SourceKind) -> bool {
    matches!(by, Claimant::Source(other, _) if *other == kind)
}

/// Removes everything but the floor, and that the peer is connected (S3).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say")]
pub struct Clear;

impl Transition for Clear {
    /// Whether there was an address.
    type Answer = bool;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> bool {
        let had = entry.has_record() || !entry.reported().is_empty();
        if let Some(extra) = &mut entry.extra {
            extra.addresses = Vec::new();
            if let Some(floor) = &mut extra.rest.floor {
                floor.marks = floor.marks.with(Marks::REMOVED);
            }
        }
        if entry.has_record() {
            entry.scrap_record(Marks::REMOVED, cx);
        }
        had
    }

    fn refuse(&self, _: Room) -> bool {
        false
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }
}

/// Removes everything, the floor with it: the one way to accept an older record again (S3).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say")]
pub struct ForgetFloor;

impl Transition for ForgetFloor {
    /// What the floor was.
    type Answer = Option<(Seq, PayloadDigest)>;
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, entry: &mut PeerEntry, (): (), cx: &Context<'_>) -> Self::Answer {
        let floor = entry.floor_at(cx.at, cx.limits);
        Clear.run(entry, (), cx);
        if let Some(extra) = &mut entry.extra {
            extra.rest.floor = None;
            extra.rest.outside = None;
            extra.rest.evidence = None;
        }
        floor.map(|floor| (floor.seq, floor.digest))
    }

    fn refuse(&self, _: Room) -> Self::Answer {
        None
    }

    fn cause(&self) -> Cause {
        Cause::Removal
    }

    fn forgets(&self) -> bool {
        true
    }
}
