//! Which addresses are worth publishing.

use multiaddr::{Multiaddr, Protocol};
use peermark_scope::Scope;

/// Whether others can be expected to reach this address, judged by its first component, and by its
/// port: nobody listens on port 0.
///
/// A host is public whose [`Scope`] is global, whether it is an IP address, an IPv4 address embedded in
/// an IPv6 one, or a name. An address that starts with `/p2p/`, a relay to be looked up by its id, is
/// public; in-process and zone-bound addresses are not.
///
/// # Examples
///
/// ```
/// use peermark_peer_record::is_public;
///
/// assert!(is_public(&"/ip4/1.1.1.1/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip4/192.168.1.2/tcp/4001".parse()?));
/// assert!(!is_public(&"/ip6/::ffff:10.0.0.1/tcp/4001".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn is_public(address: &Multiaddr) -> bool {
    if address.iter().any(|part| matches!(part, Protocol::Tcp(0) | Protocol::Udp(0))) {
        return false;
    }
    match address.iter().next() {
        Some(
            Protocol::P2p(_)
            | Protocol::Onion(..)
            | Protocol::Onion3(_)
            | Protocol::Garlic32(_)
            | Protocol::Garlic64(_),
        ) => true,
        _ => Scope::of(address) == Some(Scope::Global),
    }
}
