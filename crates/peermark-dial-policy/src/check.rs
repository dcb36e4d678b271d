//! What is asked of every address before it is dialed, and again of what a name resolved to.

use std::net::IpAddr;

use multiaddr::{Multiaddr, PeerId};

use crate::candidate::Candidate;
use crate::host::DialKey;
use crate::policy::DialPolicy;
use crate::refusal::Refusal;

/// Who dials whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target<'a> {
    /// The peer to be dialed.
    pub peer: PeerId,
    /// This node's peer id: it does not dial itself.
    pub local: Option<PeerId>,
    /// The addresses that this node listens on, as they are seen from outside: nobody else is there.
    /// Circuits among them do not count: others listen behind the same relay.
    pub own: &'a [Multiaddr],
    /// How many addresses one attempt dials at most.
    pub most: usize,
    /// Whether this node has a route to IPv4 addresses. Where it has none, an IPv4 host that is
    /// written for NAT64 is reached that way alone, and both spellings are dialed (D9).
    pub has_ipv4: bool,
}

impl Target<'_> {
    /// How many addresses one attempt dials when nothing else is said.
    pub const MOST: usize = 64;
    /// How many candidates are looked at; those behind are refused.
    pub const MAX_CANDIDATES: usize = 65_536;

    /// Makes a target of a peer, for a node that says nothing of itself.
    #[must_use]
    pub const fn new(peer: PeerId) -> Self {
        Self { peer, local: None, own: &[], most: Self::MOST, has_ipv4: true }
    }
}

/// Checks that an address leads where the policy lets addresses like it lead (D4): to be asked again
/// for each address that a name resolved to.
///
/// # Errors
///
/// [`Refusal::Scope`]; [`Refusal::Ambiguous`] where it names two hosts, of which a scope would say
/// nothing, and the refusals of zones.
pub fn check_scope(
    candidate: &Candidate,
    policy: &(impl DialPolicy + ?Sized),
) -> Result<(), Refusal> {
    let is_of_host = |defect: &Refusal| {
        use Refusal::{Ambiguous, EmptyZone, MisplacedZone, NoHost, NoZone};
        matches!(defect, Ambiguous | EmptyZone | MisplacedZone | NoZone | NoHost)
    };
    if let Some(defect) = candidate.traits().defect.filter(is_of_host) {
        return Err(defect);
    }
    match candidate.scope() {
        Some(scope) if !is_admitted(candidate, policy) => Err(Refusal::Scope(scope)),
        _ => Ok(()),
    }
}

fn is_admitted(candidate: &Candidate, policy: &(impl DialPolicy + ?Sized)) -> bool {
    let (Some(scope), scopes) = (candidate.scope(), policy.scopes()) else { return true };
    scopes.admits(scope, candidate.classes())
        || candidate.is_nearby() && candidate.is_live() && scopes.admits_nearby(scope)
}

/// Checks an address for what is wrong with it whatever the policy (D4, D5, D10): to be asked again,
/// with [`check_scope`], for each address that a `dnsaddr` stands for.
///
/// # Errors
///
/// It is one's own, ambiguous, without transport or host, at port 0, of another peer, or a circuit
/// that cannot be.
pub fn check_address(target: &Target<'_>, candidate: &Candidate) -> Result<(), Refusal> {
    let traits = candidate.traits();
    if target.local == Some(target.peer) || is_own(target, candidate) {
        return Err(Refusal::Oneself);
    }
    if let Some(defect) = traits.defect {
        return Err(defect);
    }
    if traits.target.is_some_and(|end| end != target.peer) {
        return Err(Refusal::OtherPeer);
    }
    let relay = traits.circuit.as_ref().and_then(|circuit| circuit.relay);
    match relay {
        Some(relay) if relay == target.peer || Some(relay) == target.local => {
            Err(Refusal::RelayIsAnEnd)
        }
        _ => Ok(()),
    }
}

/// Whether this node listens there, whatever peer id either has at its end, and however the host is
/// spelled.
fn is_own(target: &Target<'_>, candidate: &Candidate) -> bool {
    let key = candidate.dial_key();
    let is_same = |own: &Multiaddr| {
        // That they begin alike is quick to see, and seldom so.
        (own.as_ref().starts_with(key.address().as_ref()) || may_be_respelled(own.as_ref()))
            && DialKey::of(own) == *key
    };
    !candidate.traits().is_circuit() && target.own.iter().any(is_same)
}

/// Whether an address is perhaps in another than the plain spelling: told by the codes of its
/// components, since most addresses of most nodes are plain.
fn may_be_respelled(address: &[u8]) -> bool {
    match address {
        // IPv6 of the prefixes that IPv4 is embedded in; names.
        [0x29, 0, 0 | 0x64, ..] | [0x35..=0x38, ..] => true,
        // wss
        _ => address.windows(2).any(|code| code == [0xde, 0x03]),
    }
}

/// Returns the socket address of an address that starts with an IP address and a TCP or UDP port;
/// `None` for a name, a circuit's target, or a zone, which needs the number of the interface.
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::socket_address;
///
/// let address = "/ip6/::ffff:1.2.3.4/tcp/4001".parse()?;
/// assert_eq!(socket_address(&address), Some("1.2.3.4:4001".parse()?));
/// assert_eq!(socket_address(&"/dns/example.com/tcp/4001".parse()?), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn socket_address(address: &Multiaddr) -> Option<std::net::SocketAddr> {
    use multiaddr::Protocol;
    let mut components = address.iter();
    let ip: IpAddr = match components.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.to_canonical(),
        _ => return None,
    };
    match components.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some((ip, port).into()),
        _ => None,
    }
}
