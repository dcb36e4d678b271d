//! Why an address is not dialed (D3).

use peermark_provenance::TrustClass;
use peermark_scope::Scope;

/// Why an address is not in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No claim on it holds.
    #[error("no unexpired claim")]
    NotLive,
    /// The policy asks for more.
    #[error("the policy does not admit {0} addresses")]
    Class(TrustClass),
    /// It was certified; the record has expired.
    #[error("the record that certified it has expired")]
    RecordOver,
    /// The peer signed another record with the same sequence number, and the policy refuses that.
    #[error("the record that certifies it is contradicted by another of the same peer")]
    RecordContested,
    /// Better addresses are known, and the policy dials these only where there are none.
    #[error("better addresses are known")]
    BetterKnown,
    /// It leads where addresses like it may not lead (D4).
    #[error("the policy does not admit the scope {0}")]
    Scope(Scope),
    /// It names a second host, port or peer where one is meant: which of them is dialed would depend
    /// on the dialer, and only one was judged (D4).
    #[error("it names more than one host, port or peer")]
    Ambiguous,
    /// A link-local IPv6 address says nothing without the link (D4).
    #[error("a link-local address needs a zone: /ip6zone/eth0/ip6/fe80::1/..")]
    NoZone,
    /// Its zone is empty (D4).
    #[error("its zone is empty")]
    EmptyZone,
    /// Its zone is not directly before an IPv6 address (D4).
    #[error("its zone is not directly before an ipv6 address: /ip6zone/eth0/ip6/fe80::1/..")]
    MisplacedZone,
    /// No transport can dial it: it has neither port nor transport (D10).
    #[error("no transport can dial it: it has neither port nor transport")]
    NoTransport,
    /// It names neither a host nor a hidden service (D4).
    #[error("it names no host")]
    NoHost,
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
    /// As many better ones are dialed as one attempt may.
    #[error("dial limit reached by better addresses")]
    TooMany,
    /// Another spelling of it is dialed (D9), or it is among the candidates more than once.
    #[error("it is dialed already")]
    Repeated {
        /// The candidate that is dialed in its place.
        dialed: usize,
    },
}
