//! Why a request, or one address of it, came to nothing.

use core::fmt;
use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_dial_policy::{Nothing, Refusal};
use peermark_provenance::address_text;

/// Why a request is over without a connection: one error, with every address's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialError {
    /// Why it is over.
    pub cause: Cause,
    /// What became of each address, up to [`Limits::reasons`](crate::Limits::reasons): those that
    /// were dialed first.
    pub addresses: Vec<(Multiaddr, Failure)>,
    /// How many more there were.
    pub omitted: usize,
}

/// Why a request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Its deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// Every address that its policy admits failed.
    #[error("every address failed")]
    AllFailed,
    /// There was nothing to dial (D3).
    #[error(transparent)]
    Nothing(#[from] Nothing),
}

/// What became of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The policy, or the plan, does not dial it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was dialed in vain.
    #[error("dial failed")]
    Failed,
    /// Another peer is there.
    #[error("peer id mismatch")]
    WrongPeer,
    /// It failed before, and is not dialed for so long.
    #[error("failed before; not dialed again for {:.0} s", .wait.as_secs_f64().ceil())]
    BackedOff {
        /// How long it is left alone, from when that was asked.
        wait: Duration,
    },
    /// Too many dials to its host, its network or its relay were in vain (C4).
    #[error("too many recent failures to this host")]
    TargetExhausted,
    /// This node did not start a dial of it: limits, no transport, no route, a block list (C7).
    #[error("not started by this node")]
    NotStarted,
    /// It was not dialed, or had not ended, when the request was over.
    #[error("still in progress")]
    Unfinished,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        for (address, failure) in &self.addresses {
            write!(f, "; {}: {failure}", address_text(address))?;
        }
        if self.omitted > 0 {
            write!(f, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl core::error::Error for DialError {}

/// There are as many requests as the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: {limit} are open, which is the limit")]
#[non_exhaustive]
pub struct TooManyRequests {
    /// [`Limits::requests`](crate::Limits::requests).
    pub limit: usize,
}

/// A name resolved to an address that must not be dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not to be dialed: {0}")]
pub struct NotAdmitted(pub Failure);
