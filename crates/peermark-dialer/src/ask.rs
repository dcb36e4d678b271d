//! What a caller asks for.

use std::sync::Arc;

use multiaddr::PeerId;
use peermark_dial_policy::{Candidate, DialPolicy};

use crate::action::Discovery;
use crate::moment::Moment;

/// A dial policy that many requests share. Requests that share one share its plan too.
pub type SharedPolicy = Arc<dyn DialPolicy + Send + Sync>;

/// A request for a connection to a peer.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use peermark_dial_policy::{Candidate, CertifiedFirst};
/// use peermark_dialer::{Moment, Request};
///
/// let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let request = Request {
///     candidates: vec![Candidate::explicit("/ip4/192.0.2.1/tcp/4001".parse()?)],
///     ignore_backoff: true,
///     ..Request::new(peer, Arc::new(CertifiedFirst::default()), Moment::from_secs(30))
/// };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "callers write it down, with `..Request::new(..)`")]
pub struct Request {
    /// The peer to connect to.
    pub peer: PeerId,
    /// The policy that admits addresses, and connections that exist.
    pub policy: SharedPolicy,
    /// The request fails at this moment if it was not completed.
    pub deadline: Moment,
    /// All addresses of the peer that are known now, for this request and every other one for the
    /// peer. The peer's own id at the end of an address makes no difference.
    pub candidates: Vec<Candidate>,
    /// Whether more addresses may come.
    pub discovery: Discovery,
    /// Whether this request was made by hand: the back-off of the peer's addresses is cleared (C7).
    /// The budgets of the hosts are not.
    pub ignore_backoff: bool,
}

impl Request {
    /// A request without candidates: discovery is done, back-off is respected.
    #[must_use]
    pub fn new(peer: PeerId, policy: SharedPolicy, deadline: Moment) -> Self {
        Self {
            peer,
            policy,
            deadline,
            candidates: Vec::new(),
            discovery: Discovery::Done,
            ignore_backoff: false,
        }
    }
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("peer", &self.peer)
            .field("policy", &self.policy.name())
            .field("deadline", &self.deadline)
            .field("candidates", &self.candidates)
            .field("discovery", &self.discovery)
            .field("ignore_backoff", &self.ignore_backoff)
            .finish()
    }
}
