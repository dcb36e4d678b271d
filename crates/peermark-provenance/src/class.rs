//! What claims amount to.

use core::fmt;

/// How far an address can be trusted, by the best of its claims (P5). Greater is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "policies have to judge each class")]
pub enum TrustClass {
    /// Hearsay: everything else.
    ThirdParty,
    /// The peer itself said so, over an authenticated connection.
    Direct,
    /// It is in the peer's current certified record.
    Certified,
    /// A handshake with this peer succeeded on this address.
    Dialed,
    /// The user said so, by hand or in the list of peers to start from.
    User,
}

impl TrustClass {
    /// All classes, the lowest first.
    pub const ALL: [Self; 5] =
        [Self::ThirdParty, Self::Direct, Self::Certified, Self::Dialed, Self::User];
}

/// `third-party`, `direct`, `certified`, `dialed` or `user`.
impl fmt::Display for TrustClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ThirdParty => "third-party",
            Self::Direct => "direct",
            Self::Certified => "certified",
            Self::Dialed => "dialed",
            Self::User => "user",
        })
    }
}
