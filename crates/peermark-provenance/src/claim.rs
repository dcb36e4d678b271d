//! One reason to believe in one address.

use crate::class::TrustClass;
use crate::seq::Seq;
use crate::source::{Source, SourceKind, SourceKinds};
use crate::time::{Expiry, Timestamp};

/// That an address is in the peer's current certified record.
///
/// Whoever makes one vouches for the proof: a store that holds the record, or a dialer with a store
/// of its own. It is not something that a source can report (P2).
///
/// ```compile_fail,E0451
/// use peermark_provenance::{Certification, Seq, SourceKinds};
///
/// let forged = Certification { seq: Seq::new(1), delivered_by: SourceKinds::NONE };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Certification {
    seq: Seq,
    delivered_by: SourceKinds,
}

impl Certification {
    /// States that a record with this sequence number verified, is the peer's current one, and
    /// lists the address. Only for whoever holds that record: everything that is judged by
    /// provenance believes it.
    #[must_use]
    pub const fn dangerous_assume_verified(seq: Seq, delivered_by: SourceKinds) -> Self {
        Self { seq, delivered_by }
    }

    /// The record's sequence number.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The kinds of source that delivered this very record.
    #[must_use]
    pub const fn delivered_by(&self) -> SourceKinds {
        self.delivered_by
    }
}

/// What a claim rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "policies have to judge each kind")]
pub enum ClaimKind {
    /// A signature of the peer.
    Certified(Certification),
    /// A handshake with the peer that succeeded on this address.
    Dialed,
    /// The word of a source.
    Reported(Source),
}

/// One reason to believe in one address, and until when (P1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    kind: ClaimKind,
    first_seen: Timestamp,
    last_seen: Timestamp,
    expiry: Expiry,
}

impl Claim {
    /// A source says so.
    #[must_use]
    pub const fn reported(source: Source, seen: Timestamp, expiry: Expiry) -> Self {
        Self::new(ClaimKind::Reported(source), seen, expiry)
    }

    /// A handshake showed it.
    #[must_use]
    pub const fn dialed(seen: Timestamp, expiry: Expiry) -> Self {
        Self::new(ClaimKind::Dialed, seen, expiry)
    }

    /// A record proves it.
    #[must_use]
    pub const fn certified(certification: Certification, seen: Timestamp, expiry: Expiry) -> Self {
        Self::new(ClaimKind::Certified(certification), seen, expiry)
    }

    const fn new(kind: ClaimKind, seen: Timestamp, expiry: Expiry) -> Self {
        Self { kind, first_seen: seen, last_seen: seen, expiry }
    }

    /// First seen at one time, last seen at another.
    #[must_use]
    pub const fn seen(self, first: Timestamp, last: Timestamp) -> Self {
        Self { first_seen: first, last_seen: last, ..self }
    }

    /// What it rests on.
    #[must_use]
    pub const fn kind(&self) -> &ClaimKind {
        &self.kind
    }

    /// When it was made first.
    #[must_use]
    pub const fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    /// When it was made last.
    #[must_use]
    pub const fn last_seen(&self) -> Timestamp {
        self.last_seen
    }

    /// When it ends.
    #[must_use]
    pub const fn expiry(&self) -> Expiry {
        self.expiry
    }

    /// The class that this claim alone gives an address (P5).
    ///
    /// A record that the user handed in is both: the user vouches for it.
    #[must_use]
    pub fn class(&self) -> TrustClass {
        match &self.kind {
            ClaimKind::Dialed => TrustClass::Dialed,
            ClaimKind::Certified(certification) => {
                let user = certification.delivered_by().iter().any(SourceKind::is_user);
                if user { TrustClass::User } else { TrustClass::Certified }
            }
            ClaimKind::Reported(source) if source.kind().is_user() => TrustClass::User,
            ClaimKind::Reported(source) if source.kind() == SourceKind::Identify => {
                TrustClass::Direct
            }
            ClaimKind::Reported(_) => TrustClass::ThirdParty,
        }
    }
}
