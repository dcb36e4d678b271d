//! Why an address is not dialed (D3).

use peermark_provenance::TrustClass;
use peermark_scope::Scope;

/// Why an address is not in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No claim on it holds.
    #[error("nobody claims it now")]
    NotLive,
    /// The policy asks for more.
    #[error("the policy does not admit {0} addresses")]
    Class(TrustClass),
    /// It was certified; the record is over.
    #[error("the record that certified it is over")]
    RecordOver,
    /// The peer signed another record with the same sequence number.
    #[error("the record that certifies it is contradicted by another of the same peer")]
    RecordContested,
    /// Better addresses are known, and the policy dials these only where there are none.
    #[error("better addresses are known")]
    BetterKnown,
    /// It leads where addresses like it may not lead (D4).
    #[error("the policy does not admit the scope {0}")]
    Scope(Scope),
    /// It names a second host, port or peer where one is meant: who dials it would decide which, and
    /// judge nothing (D4).
    #[error("it names more than one host, port or peer")]
    Ambiguous,
    /// Its port is 0, where nobody listens.
    #[error("its port is 0")]
    PortZero,
    /// It is an address of this node, or of this node's peer id.
    #[error("it is this node's own")]
    Oneself,
    /// It ends in the peer id of another peer than the one to be dialed.
    #[error("it ends in the peer id of another peer")]
    OtherPeer,
    /// A circuit over more than one relay (D5).
    #[error("it leads over more than one relay")]
    ManyRelays,
    /// A circuit whose relay is not named (D5).
    #[error("its relay is not named")]
    UnnamedRelay,
    /// A circuit whose relay is the peer to be dialed, or this node (D5).
    #[error("its relay is one of the two ends")]
    RelayIsAnEnd,
    /// There are as many better ones as are dialed in one attempt.
    #[error("as many better ones are dialed as one attempt may")]
    TooMany,
    /// It stands among the candidates more than once, and is dialed for another time that it does: in
    /// the best stage, or the first of equals. The id of the peer at its end makes no difference.
    #[error("it is dialed already")]
    Repeated,
}
