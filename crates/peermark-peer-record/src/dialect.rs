//! The two deployed dialects of a signed peer record.

use core::fmt;
use core::str::FromStr;

use peermark_envelope::{Purpose, purpose};

/// What go-, js-, py- and nim-libp2p sign peer records for. The payload type is two bytes, `03 01`,
/// and not the varint of the multicodec `0x0301`.
pub const PEER_RECORD: Purpose = purpose!("libp2p-peer-record", &[0x03, 0x01]);

/// What the text of RFC 0003 says, and what rust-libp2p signs by default.
pub const ROUTING_STATE: Purpose =
    purpose!("libp2p-routing-state", b"/libp2p/routing-state-record");

/// Which of the two purposes a peer record was signed for.
///
/// The payload is the same in both; the signature is not, so a record of one dialect never opens
/// as the other. Sequence numbers are shared (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "a third dialect would be a new protocol")]
pub enum Dialect {
    /// [`PEER_RECORD`], the default for issuing.
    #[default]
    PeerRecord,
    /// [`ROUTING_STATE`].
    RoutingState,
}

impl Dialect {
    /// The purpose to sign and open with.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::PeerRecord => PEER_RECORD,
            Self::RoutingState => ROUTING_STATE,
        }
    }

    pub(crate) fn of(purpose: Purpose) -> Self {
        if purpose == ROUTING_STATE { Self::RoutingState } else { Self::PeerRecord }
    }
}

/// `peer-record` or `routing-state`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PeerRecord => "peer-record",
            Self::RoutingState => "routing-state",
        })
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "peer-record" => Ok(Self::PeerRecord),
            "routing-state" => Ok(Self::RoutingState),
            _ => Err(UnknownDialect),
        }
    }
}

/// Text that names no [`Dialect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no dialect of that name: it is peer-record or routing-state")]
#[non_exhaustive]
pub struct UnknownDialect;

/// The dialects that a receiver reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "any, or one of the two")]
pub enum Dialects {
    /// Both. The payload type of the envelope says which it is.
    #[default]
    Any,
    /// One alone.
    Only(Dialect),
}

impl Dialects {
    /// The purposes to open an envelope with.
    #[must_use]
    pub const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Any => &[PEER_RECORD, ROUTING_STATE],
            Self::Only(Dialect::PeerRecord) => &[PEER_RECORD],
            Self::Only(Dialect::RoutingState) => &[ROUTING_STATE],
        }
    }
}

impl From<Dialect> for Dialects {
    fn from(dialect: Dialect) -> Self {
        Self::Only(dialect)
    }
}
