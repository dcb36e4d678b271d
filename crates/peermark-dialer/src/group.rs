//! The groups that share the slots of a peer, so that none starves another (D11).

use peermark_dial_policy::{Candidate, Transport};
use peermark_provenance::TrustClass;

/// A class, a scope and a transport, as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Group(u16);

/// The classes below this number are worth a slot that others may not take.
const WORTHY: u16 = 3;

impl Group {
    pub(crate) fn of(candidate: &Candidate) -> Self {
        let class = match candidate.class() {
            Some(TrustClass::User) => 0,
            Some(TrustClass::Dialed) => 1,
            Some(TrustClass::Certified) => 2,
            Some(TrustClass::Direct) => 3,
            _ => 4,
        };
        let traits = candidate.traits();
        let scope = match candidate.scope() {
            _ if traits.is_circuit() => 0,
            None => 1,
            Some(scope) if scope.is_local() => 2,
            Some(_) => 3,
        };
        let transport = match traits.transport() {
            Transport::QuicV1 => 0,
            Transport::Quic => 1,
            Transport::WebTransport => 2,
            Transport::Tcp => 3,
            Transport::WebRtcDirect => 4,
            _ => 5,
        };
        Self((class << 8) | (scope << 4) | transport)
    }

    /// Whether its class is user, dialed or certified.
    pub(crate) const fn is_worthy(self) -> bool {
        self.0 >> 8 < WORTHY
    }
}
