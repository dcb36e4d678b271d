//! Where new sequence numbers come from.

use peermark_provenance::{Seq, Timestamp};

/// Yields sequence numbers that strictly increase, whatever the clock does (R4).
///
/// Each is `max(last + 1, nanoseconds since 1970)`. Following the clock lets a peer that lost its
/// state continue above what it issued before; following `last` covers clocks that stand still, run
/// backwards or show a time before 1970. Store [`last`](Self::last) and
/// [`restore`](Self::restore) it, and not even a reset clock makes a peer repeat itself.
///
/// # Examples
///
/// ```
/// use peermark_peer_record::SeqSource;
/// use peermark_provenance::Timestamp;
///
/// let mut seqs = SeqSource::new();
/// let noon = Timestamp::from_nanos(1_000);
/// assert_eq!(seqs.next(noon)?.value(), 1_000);
/// assert_eq!(seqs.next(noon)?.value(), 1_001);
/// assert_eq!(seqs.next(Timestamp::EPOCH)?.value(), 1_002);
///
/// let mut restored = SeqSource::restore(seqs.last());
/// assert_eq!(restored.next(noon)?.value(), 1_003);
/// # Ok::<(), peermark_peer_record::SeqExhausted>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SeqSource {
    last: Seq,
}

impl SeqSource {
    /// A source for a peer that has issued nothing yet, or does not know.
    #[must_use]
    pub const fn new() -> Self {
        Self::restore(Seq::new(0))
    }

    /// A source that continues above `last`.
    #[must_use]
    pub const fn restore(last: Seq) -> Self {
        Self { last }
    }

    /// The last sequence number that was yielded, to be stored; 0 when none was.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// The next sequence number.
    ///
    /// A clock that shows a time before 1970 or the end of time, [`Timestamp::MAX`], is ignored.
    ///
    /// # Errors
    ///
    /// [`SeqExhausted`] when the last one was [`Seq::MAX`].
    pub fn next(&mut self, now: Timestamp) -> Result<Seq, SeqExhausted> {
        let nanoseconds = if now == Timestamp::MAX { 0 } else { now.as_nanos() };
        let successor = self.last.value().checked_add(1).ok_or(SeqExhausted)?;
        self.last = Seq::new(successor.max(nanoseconds));
        Ok(self.last)
    }
}

/// There is no sequence number above the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no sequence number is left above {}", u64::MAX)]
#[non_exhaustive]
pub struct SeqExhausted;
