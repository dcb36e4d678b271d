//! How a dial ended.

/// How a dial of one address of a peer ended: what a dialer is told, and what a store learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a dial ends in one of these")]
pub enum DialOutcome {
    /// There is a connection, and a handshake proved that the peer is at its end.
    Success,
    /// There is none: nobody answered, or not as a peer does.
    Failure,
    /// A handshake proved that another peer is there: a failure of this address, and of nothing else
    /// (C5).
    WrongPeer,
    /// It was cancelled, and ended without any of these. Nothing is learned from it.
    Cancelled,
    /// This node sent nothing: it refused to dial (limits, a block list), could not (no transport, no
    /// route), or was told to cancel before it began. Nothing is learned from it (C7).
    NotStarted,
}
