//! The results of updates: values, since nothing here is a failure of the store (S1).

use core::fmt;

use peermark_identity::PeerId;
use peermark_provenance::{AddressDefect, Seq};

/// The SHA-256 of a record's payload: what a floor remembers of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadDigest(pub(crate) [u8; 32]);

impl PayloadDigest {
    /// The digest of this payload.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self(peermark_identity::sha256(payload))
    }

    /// A digest that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for PayloadDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PayloadDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The result of applying a certified record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a record that verified is not always one that was stored"]
#[non_exhaustive]
pub struct Applied {
    /// The peer that signed it.
    pub peer: PeerId,
    /// Its sequence number.
    pub seq: Seq,
    /// The outcome.
    pub outcome: Outcome,
    /// Addresses that are in the store now and were not before.
    pub added: u16,
    /// Addresses that the record before listed, and this one does not (P4). Those that somebody
    /// else also claims are counted, and stay.
    pub withdrawn: u16,
    /// Addresses of the record that were not stored: skipped when it was decoded (R2), or above
    /// the cap.
    pub dropped: u16,
    /// Addresses that others reported and that had to go, so that the peer keeps to its cap (S11).
    pub evicted: u16,
    /// Whether the two payloads that prove a contradiction are others than before.
    pub(crate) is_news: bool,
}

/// The ways a record can go (S1, S2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers have to tell these apart")]
pub enum Outcome {
    /// It is the first that is held of this peer.
    Inserted,
    /// It is newer than the one that was held.
    Replaced {
        /// The sequence number of the one before.
        from: Seq,
    },
    /// It lists the same addresses as the one that was accepted with this sequence number.
    Refreshed {
        /// Whether it lives longer for it (S4).
        extended: bool,
    },
    /// It is older than one that was accepted; nothing changed.
    Stale {
        /// The highest sequence number that was accepted.
        held: Seq,
    },
    /// It has the sequence number of one that was accepted, and lists other addresses: the peer signed
    /// both. Which of them is held does not depend on the order in which they came (S2).
    Contradiction {
        /// The payload that was held before.
        held: PayloadDigest,
        /// The payload of this one.
        got: PayloadDigest,
        /// Whether this one is held now.
        replaced: bool,
    },
    /// It is good, and the store does not take it; nothing changed.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

impl Outcome {
    /// Whether the store took it, or has it.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(
            self,
            Self::Inserted
                | Self::Replaced { .. }
                | Self::Refreshed { .. }
                | Self::Contradiction { replaced: true, .. }
        )
    }

    /// The outcome without its details.
    #[must_use]
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Inserted => OutcomeKind::Inserted,
            Self::Replaced { .. } => OutcomeKind::Replaced,
            Self::Refreshed { .. } => OutcomeKind::Refreshed,
            Self::Stale { .. } => OutcomeKind::Stale,
            Self::Contradiction { .. } => OutcomeKind::Contradiction,
            Self::Refused { .. } => OutcomeKind::Refused,
        }
    }
}

/// An [`Outcome`] without its details, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "as many as there are outcomes")]
pub enum OutcomeKind {
    /// [`Outcome::Inserted`].
    Inserted,
    /// [`Outcome::Replaced`].
    Replaced,
    /// [`Outcome::Refreshed`].
    Refreshed,
    /// [`Outcome::Stale`].
    Stale,
    /// [`Outcome::Contradiction`].
    Contradiction,
    /// [`Outcome::Refused`].
    Refused,
}

impl OutcomeKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Inserted,
        Self::Replaced,
        Self::Refreshed,
        Self::Stale,
        Self::Contradiction,
        Self::Refused,
    ];
}

/// `inserted`, `replaced`, `refreshed`, `stale`, `contradiction` or `refused`.
impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inserted => "inserted",
            Self::Replaced => "replaced",
            Self::Refreshed => "refreshed",
            Self::Stale => "stale",
            Self::Contradiction => "contradiction",
            Self::Refused => "refused",
        })
    }
}

/// Why a good record, or a report of addresses, is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Identify speaks for the peer at the other end, and for nobody else (S16).
    #[error("identify cannot report another peer than the connected one")]
    NotItself,
    /// What would be stored would have ended: the time to live is zero, it is older than anything may
    /// become, or time itself is at its end.
    #[error("no time to live")]
    NoTime,
    /// A record that ended, or that its deliverer says is too old: contact with the peer brings it
    /// back, or a newer one (S4).
    #[error("the record's life has ended: only the peer itself can bring it back")]
    Expired,
    /// The user removed this record: contact with the peer brings it back, or a newer one.
    #[error("the user removed the record: only the peer itself can bring it back")]
    Removed,
    /// There is no room, and nothing that may be evicted for it (S11).
    #[error("no room: {0}")]
    NoRoom(#[from] Room),
}

/// What there is no room in (S11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Room {
    /// [`Limits::peers`](crate::Limits::peers).
    #[error("the cap on peers is reached")]
    Peers,
    /// [`Limits::records`](crate::Limits::records).
    #[error("the cap on records is reached")]
    Records,
    /// [`Limits::bytes`](crate::Limits::bytes).
    #[error("the cap on bytes is reached")]
    Bytes,
    /// [`Limits::addresses_per_peer`](crate::Limits::addresses_per_peer).
    #[error("the peer's better addresses reach its cap")]
    Addresses,
    /// [`Limits::share`](crate::Limits::share).
    #[error("the share of this network or kind of source is reached")]
    Share,
}

/// The result of a report of addresses: the counts add up to what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[must_use = "not every address that is reported is stored"]
#[non_exhaustive]
pub struct Reported {
    /// Addresses that are in the store now and were not before.
    pub added: usize,
    /// Addresses that were there and have a new claim, or one that was changed: it lives longer,
    /// or as long as it was set to.
    pub updated: usize,
    /// Addresses whose claim stays as it is: it lives longer already.
    pub unchanged: usize,
    /// Addresses that lost a claim, by a time to live of zero.
    pub removed: usize,
    /// Addresses that cannot be stored: no multiaddr, of another peer (S13), or more than one call looks
    /// at.
    pub dropped: usize,
    /// The first reason for which one was dropped.
    pub defect: Option<AddressDefect>,
    /// Addresses for which there is no room.
    pub refused: usize,
    /// The first reason for which one was refused; for all of them where the whole was.
    pub refusal: Option<Refusal>,
    /// Addresses and claims that had to go for these, so that the peer keeps to its caps (S11).
    pub evicted: usize,
}

/// The result of reporting a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DialReported {
    /// Whether the store has the address now, and with it what was learned.
    pub known: bool,
    /// Addresses that had to go for it, so that the peer keeps to its cap (S11).
    pub evicted: usize,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Peers of which nothing is left but, maybe, their floor.
    pub peers: usize,
    /// Records that were scrapped (S5).
    pub records: usize,
    /// Addresses that expired.
    pub addresses: usize,
    /// Floors whose life is over.
    pub floors: usize,
    /// Whether something is due that this call did not get to.
    pub more: bool,
}

/// How a time to live changes a claim that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "longer, or exactly")]
pub enum Lifetime {
    /// The claim lives until the later of the two ends.
    #[default]
    Extend,
    /// The claim lives as long as is said now.
    Set,
}

/// The result of joining what another store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[must_use = "not all that is joined is stored"]
#[non_exhaustive]
pub struct Joined {
    /// The outcome of its record, or of the floor that stands for it.
    pub record: Option<Applied>,
    /// Addresses that are in the store now and were not before, those of the record aside.
    pub added: usize,
    /// Claims that came or live longer.
    pub updated: usize,
    /// Addresses that cannot be stored, or for which there is no room, and claims beyond what one call
    /// looks at.
    pub refused: usize,
    /// Addresses and claims that had to go for these and for the record, so that the peer keeps to its
    /// caps (S11).
    pub evicted: usize,
    /// Why none of it was stored: there is no room for all of it. Nothing changed then.
    pub refusal: Option<Refusal>,
    /// Whether the two payloads that prove a contradiction are others than before.
    pub(crate) is_news: bool,
}
