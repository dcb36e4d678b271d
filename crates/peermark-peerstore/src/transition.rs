//! What is done to one peer's entry: the rules, as pure functions.
//!
//! A [`Transition`] is data. It looks at an entry, says what it would take, and changes it; it
//! asks no clock, holds no lock and touches nothing else, so that an engine may run it under a
//! lock, inside a transaction, or again and again until a compare-and-set succeeds. Time to live
//! crosses it as a duration, so that whoever stores the entry counts by one clock (G1).

mod apply;
mod connect;
mod dial;
mod floor;
mod join;
mod record;
mod remove;
mod report;

use peermark_peer_record::CertifiedRecord;
use peermark_provenance::TrustClass;

use crate::context::Context;
use crate::entry::PeerEntry;
use crate::event::Cause;
use crate::outcome::Room;

pub use apply::{ApplyRecord, Delivery, Repeat};
pub use connect::SetConnected;
pub use dial::ReportDial;
pub use floor::RaiseFloor;
pub use join::{Join, JoinState};
pub use remove::{Clear, ForgetFloor, RemoveAddresses, Retract, SetLifetime};
pub use report::{ADDRESSES_PER_CALL, ReportAddresses};

/// A change of one peer's entry.
///
/// [`update`](crate::update) runs it, all of it atomically for the peer:
///
/// 1. It removes what has ended: [`PeerEntry::expire`].
/// 2. It asks [`need`](Self::need), which also returns a plan. Where something is needed, it makes room
///    by evicting others; where it cannot, it returns [`refuse`](Self::refuse) and stores nothing.
/// 3. It calls [`run`](Self::run) with the plan, on the entry that `need` saw, and stores the entry, or
///    [what is left](PeerEntry::remnant) when the entry is empty.
pub trait Transition {
    /// What the caller learns.
    type Answer;

    /// What was decided when the entry was looked at, so that it is decided once.
    type Plan;

    /// What storing the result would take, `None` when nothing is added; and what is to be done.
    fn need(&self, entry: &PeerEntry, cx: &Context<'_>) -> (Option<Need>, Self::Plan);

    /// Changes the entry as planned: the entry and the context are those that [`need`](Self::need)
    /// was given, and the plan is what it answered. Who runs it again asks again.
    ///
    /// Whatever it is given, the invariants of the entry hold afterwards.
    fn run(&self, entry: &mut PeerEntry, plan: Self::Plan, cx: &Context<'_>) -> Self::Answer;

    /// The answer where there is no room. The entry stays as it is.
    fn refuse(&self, room: Room) -> Self::Answer;

    /// What subscribers are told that it was.
    fn cause(&self) -> Cause;

    /// The records that it brings. What an engine loads for it need not verify those again.
    fn brings(&self) -> Brought<'_> {
        Brought::default()
    }

    /// Whether nothing is left of the peer afterwards, its floor included, whatever there was: an
    /// engine may run it on a new entry when what it holds cannot be read.
    fn forgets(&self) -> bool {
        false
    }
}

/// Records that are verified already: those that a [`Transition`] brings.
///
/// Most deliveries are repeats, so that what is held is what arrives, and one signature is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought<'a> {
    records: [Option<&'a CertifiedRecord>; 2],
}

impl<'a> Brought<'a> {
    /// One record, or the two of a contradiction.
    #[must_use]
    pub const fn new(records: [Option<&'a CertifiedRecord>; 2]) -> Self {
        Self { records }
    }

    /// The one of this envelope, byte for byte.
    #[must_use]
    pub fn record_of(self, envelope: &[u8]) -> Option<&'a CertifiedRecord> {
        self.records.into_iter().flatten().find(|record| record.as_bytes() == envelope)
    }
}

/// What storing the result of a [`Transition`] would take, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "engines act on all of it")]
pub struct Need {
    /// Whether there will be a record where there is none.
    pub record: bool,
    /// Bytes in addition.
    pub bytes: u64,
    /// The class of what is added: what has a higher one is not evicted for it.
    pub class: TrustClass,
    /// The group that is charged; [`EXEMPT`](crate::EXEMPT) for none.
    pub group: u16,
}
