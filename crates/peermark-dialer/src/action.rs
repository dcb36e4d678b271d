//! What the coordinator answers, and what it is told.

use core::fmt;

use multiaddr::{Multiaddr, PeerId};

use crate::error::DialError;
use crate::moment::Moment;

/// A request, as long as it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// One dial of one address. Each is answered once, by [`Dialer::dialed`](crate::Dialer::dialed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(crate) u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.0)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}", self.0)
    }
}

/// What whoever drives the coordinator has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it has to do each")]
pub enum Action {
    /// Dial this address, and prove that this peer is there. Before a socket is opened for an address
    /// that a name resolved to, ask [`Dialer::resolved`](crate::Dialer::resolved).
    Dial {
        /// What to answer with.
        attempt: AttemptId,
        /// The peer that has to be there.
        peer: PeerId,
        /// Where.
        address: Multiaddr,
    },
    /// Nobody needs this dial any more (C3). It is still to be answered: by
    /// [`DialOutcome::Cancelled`](peermark_provenance::DialOutcome::Cancelled), or by what it
    /// became before.
    Cancel {
        /// Which.
        attempt: AttemptId,
    },
    /// A request is done: there is a connection over an address that its policy admits.
    Complete {
        /// Which.
        request: RequestId,
        /// The peer.
        peer: PeerId,
        /// The address of the connection.
        address: Multiaddr,
    },
    /// A request is over without a connection.
    Fail {
        /// Which.
        request: RequestId,
        /// The peer.
        peer: PeerId,
        /// Why.
        error: DialError,
    },
    /// Nothing to do until then, or until something happens.
    WaitUntil(Option<Moment>),
}

/// Whether more addresses of a peer may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "they may, or not")]
pub enum Discovery {
    /// These are all there are: who has none left fails.
    #[default]
    Done,
    /// Somebody is looking for more: who has none left waits, until its deadline.
    Running,
}
