//! How long a record is kept, and who keeps it alive (S4); how long its floor lasts (S3).
//!
//! The numbers belong to a peer and a sequence number: they outlive the record, and a record that
//! returns takes them up again. They join in any order to the same numbers (G2).

use peermark_provenance::Timestamp;

use crate::clock::Moment;
use crate::limits::{Limits, whole_secs};

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// The numbers of one sequence number of a peer. Seconds are of aging; 0 stands for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// The end that deliveries offered, in store time: the latest, uncut.
    pub(crate) end: Timestamp,
    /// First acceptance here.
    pub(crate) first: u32,
    /// Last contact here; later than now where a user's time to live reaches beyond.
    pub(crate) contact: u32,
    /// Last contact elsewhere, as somebody claims.
    pub(crate) claimed: u32,
    /// Last delivery that counted.
    pub(crate) last: u32,
    /// Until when the floor lasts.
    pub(crate) floor: u32,
}

impl Life {
    /// Both, of one sequence number.
    #[inline]
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            end: self.end.max(other.end),
            first: self.first.min(other.first),
            contact: self.contact.max(other.contact),
            claimed: self.claimed.max(other.claimed),
            last: self.last.max(other.last),
            floor: self.floor.max(other.floor),
        }
    }

    /// What a refused delivery changes: it offers an end all the same, and renews no floor.
    pub(crate) fn offer(self, other: Self) -> Self {
        Self {
            end: self.end.max(other.end),
            first: self.first.min(other.first),
            claimed: self.claimed.max(other.claimed),
            ..self
        }
    }

    /// Until when deliveries can keep the record alive: `record_age` after the last contact, or after
    /// the first acceptance where there was none.
    fn bound(&self, limits: &Limits) -> u32 {
        let claimed = if limits.believe_ages { self.claimed } else { 0 };
        let met = self.contact.max(claimed);
        let since = if met == 0 { self.first } else { met };
        since.saturating_add(whole_secs(limits.record_age))
    }

    /// Whether a record with these numbers is alive: while its end and its bound are ahead.
    pub(crate) fn is_alive(&self, at: Moment, limits: &Limits) -> bool {
        at.now < self.ends(at, limits)
    }

    /// When the record ends, in store time, if aging follows it from now on: not later than that.
    #[inline]
    pub(crate) fn ends(&self, at: Moment, limits: &Limits) -> Timestamp {
        let bound = u64::from(self.bound(limits)).saturating_mul(NANOS);
        let left = bound.saturating_sub(at.aging);
        self.end.min(Timestamp::from_nanos(at.now.as_nanos().saturating_add(left)))
    }

    /// With a floor that ends no earlier than the record may (S3).
    pub(crate) fn lasting(self, at: Moment, limits: &Limits) -> Self {
        let left = self.ends(at, limits).saturating_since(at.now);
        let until = if left.is_zero() { 0 } else { at.aging_begun_after(left) };
        Self { floor: self.floor.max(until), ..self }
    }

    /// Whether the floor lasts.
    pub(crate) fn has_floor(&self, at: Moment) -> bool {
        self.floor > at.aging_secs()
    }
}
