//! Addresses as a record holds them: normalised once, on entry (R2).
//!
//! Normalising decides what is the same address. It takes the multiaddr bytes of an entry and
//! answers the front part of them that is kept, or why the entry is skipped. It copies nothing, so
//! that a certified record can point into the envelope that proves it.

use core::fmt;

use multiaddr::{Multiaddr, PeerId, Protocol};

use crate::text::write_component;

/// The longest address that is read, in bytes. A path over two relays with certificate hashes
/// takes about 200, an I2P destination in full (`/garlic64`) takes 391.
pub const MAX_ADDRESS_LEN: usize = 512;

/// Why an address entry is not among the addresses of a record (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is counted where a record skips addresses")]
pub enum AddressDefect {
    /// No bytes, or none besides the peer's own id.
    #[error("address is empty")]
    Empty,
    /// More than [`MAX_ADDRESS_LEN`] bytes.
    #[error("address exceeds {MAX_ADDRESS_LEN} bytes")]
    TooLong,
    /// A protocol code that is not known here, so that nothing behind it can be read.
    #[error("address has an unknown protocol")]
    UnknownProtocol,
    /// No multiaddr, or one that has another, shorter encoding.
    #[error("address is no well-formed multiaddr")]
    Malformed,
    /// It ends in `/p2p/` and the id of another peer.
    #[error("address ends in the peer id of another peer")]
    ForeignPeerId,
    /// A component without the value it needs: a name, a zone, a path, an I2P destination. go-libp2p
    /// skips such an address as well, js-libp2p refuses the whole record for it.
    #[error("address has an empty name or path")]
    EmptyValue,
    /// A name or a zone with a slash in it, which as text would be two components. go-libp2p skips
    /// such an address as well.
    #[error("address has a name with a slash in it")]
    SlashInName,
}

/// A well-formed, non-empty multiaddr, borrowed.
///
/// Out of a certified record, or out of [`normalize_address`], it is without the peer's own
/// `/p2p/` suffix.
///
/// [`Display`](fmt::Display) never shows a component that is not there, and
/// [`parse_address`](crate::parse_address) reads it back, but for a few binary forms whose text
/// multiaddr refuses: onion addresses with port 0, garlic addresses of odd lengths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address<'a> {
    bytes: &'a [u8],
}

impl<'a> Address<'a> {
    /// Reads an address whoever it is of: a multiaddr of 1 to [`MAX_ADDRESS_LEN`] bytes, any
    /// `/p2p/` suffix included. [`normalize_address`] is the way for an address of a known peer.
    ///
    /// # Errors
    ///
    /// [`AddressDefect`], other than a foreign peer id.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, AddressDefect> {
        if bytes.len() > MAX_ADDRESS_LEN {
            return Err(AddressDefect::TooLong);
        }
        if bytes.is_empty() {
            return Err(AddressDefect::Empty);
        }
        let checked = |component: Result<Component<'a>, AddressDefect>| component?.check();
        match (Components { rest: bytes }).find_map(|component| checked(component).err()) {
            Some(defect) => Err(defect),
            None => Ok(Self { bytes }),
        }
    }

    /// Takes the bytes of an [`Address`] back, without reading them again. For a store that kept
    /// them: what is not a well-formed multiaddr shows nothing, or only its front, as text.
    #[must_use]
    pub const fn dangerous_assume_normalized(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The binary form.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The address as an owned [`Multiaddr`].
    #[must_use]
    pub fn to_multiaddr(&self) -> Multiaddr {
        Components { rest: self.bytes }.filter_map(Result::ok).map(|c| c.protocol).collect()
    }
}

impl From<Address<'_>> for Multiaddr {
    fn from(address: Address<'_>) -> Self {
        address.to_multiaddr()
    }
}

impl AsRef<[u8]> for Address<'_> {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for component in (Components { rest: self.bytes }).filter_map(Result::ok) {
            write_component(f, &component.protocol)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The form in which an address of `peer` is stored and compared (R2, S13): without the peer's own
/// `/p2p/` suffix.
///
/// It takes the bytes of a multiaddr, from anywhere, and answers a part of them.
///
/// # Errors
///
/// [`AddressDefect`] when no receiver would keep it, an address that ends in somebody else's peer
/// id among them.
///
/// # Examples
///
/// ```
/// use multiaddr::{Multiaddr, PeerId};
/// use peermark_provenance::{AddressDefect, normalize_address};
///
/// let alice: PeerId = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let bob: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse()?;
/// let address: Multiaddr = format!("/ip4/192.0.2.1/tcp/4001/p2p/{alice}").parse()?;
/// assert_eq!(normalize_address(address.as_ref(), &alice)?.to_string(), "/ip4/192.0.2.1/tcp/4001");
/// assert_eq!(normalize_address(address.as_ref(), &bob), Err(AddressDefect::ForeignPeerId));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn normalize_address<'a>(
    address: &'a [u8],
    peer: &PeerId,
) -> Result<Address<'a>, AddressDefect> {
    normalize(address, peer).map(Address::dangerous_assume_normalized)
}

/// The front part of `address` that is kept for `peer`, or why it is skipped.
///
/// Idempotent: what is kept is kept whole when it is normalised again.
fn normalize<'a>(address: &'a [u8], peer: &PeerId) -> Result<&'a [u8], AddressDefect> {
    if address.len() > MAX_ADDRESS_LEN {
        return Err(AddressDefect::TooLong);
    }
    let mut kept = address;
    loop {
        let mut components = Components { rest: kept };
        let mut last = Last::Nothing;
        loop {
            #[cfg(feature = "steps")]
            peermark_wire::steps::count(1);
            last = if components.skip_plain() {
                Last::Other
            } else {
                match components.next().transpose()? {
                    Some(Component { protocol: Protocol::P2p(id), bytes }) => {
                        Last::PeerId(id, bytes.len())
                    }
                    Some(component) => {
                        component.check()?;
                        Last::Other
                    }
                    None => break,
                }
            };
        }
        match last {
            Last::Nothing => return Err(AddressDefect::Empty),
            Last::PeerId(id, suffix) => {
                if id != *peer {
                    return Err(AddressDefect::ForeignPeerId);
                }
                let len = kept.len().saturating_sub(suffix);
                kept = kept.get(..len).unwrap_or_default();
            }
            Last::Other => return Ok(kept),
        }
    }
}

/// Returns the front part of `address` that stands before the peer ids at its end: those of `peer`
/// alone, or those of anybody where none is named.
///
/// It refuses nothing, and is for addresses that are dialed as they are; where one is to be kept for a
/// peer, [`normalize_address`] tells a foreign id apart.
///
/// # Examples
///
/// ```
/// use multiaddr::{Multiaddr, PeerId};
/// use peermark_provenance::strip_peer_id;
///
/// let alice: PeerId = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let bob: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse()?;
/// let bare: Multiaddr = "/ip4/192.0.2.1/tcp/4001".parse()?;
/// let address: Multiaddr = format!("{bare}/p2p/{alice}").parse()?;
/// assert_eq!(strip_peer_id(&address, Some(&alice)), bare.as_ref());
/// assert_eq!(strip_peer_id(&address, Some(&bob)), address.as_ref());
/// assert_eq!(strip_peer_id(&address, None), bare.as_ref());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn strip_peer_id<'a>(address: &'a Multiaddr, peer: Option<&PeerId>) -> &'a [u8] {
    let bytes: &[u8] = address.as_ref();
    let mut components = Components { rest: bytes };
    let mut kept = 0;
    loop {
        let stays = components.skip_plain()
            || match components.next() {
                None => break,
                Some(Ok(Component { protocol: Protocol::P2p(id), .. })) => {
                    peer.is_some_and(|peer| *peer != id)
                }
                Some(_) => true,
            };
        if stays {
            kept = bytes.len().saturating_sub(components.rest.len());
        }
    }
    bytes.get(..kept).unwrap_or_default()
}

/// What an address ends in.
enum Last {
    Nothing,
    /// Which, and the bytes that the component takes.
    PeerId(PeerId, usize),
    Other,
}

/// One component of a multiaddr and its bytes.
struct Component<'a> {
    protocol: Protocol<'a>,
    bytes: &'a [u8],
}

impl Component<'_> {
    /// Refuses values that decode but are of no use (R2): empty ones, and names with a slash.
    /// A path may have slashes.
    fn check(&self) -> Result<(), AddressDefect> {
        let (value, is_name): (&[u8], bool) = match &self.protocol {
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name)
            | Protocol::Sni(name)
            | Protocol::Ip6zone(name) => (name.as_bytes(), true),
            Protocol::Unix(path)
            | Protocol::HttpPath(path)
            | Protocol::Ws(path)
            | Protocol::Wss(path) => (path.as_bytes(), false),
            Protocol::Garlic32(destination) | Protocol::Garlic64(destination) => {
                (destination, false)
            }
            _ => return Ok(()),
        };
        if value.is_empty() {
            Err(AddressDefect::EmptyValue)
        } else if is_name && value.contains(&b'/') {
            Err(AddressDefect::SlashInName)
        } else {
            Ok(())
        }
    }
}

struct Components<'a> {
    rest: &'a [u8],
}

impl Components<'_> {
    /// Steps over one component of those that nearly all addresses are made of: their values have
    /// one length and any content. Returns whether it did; [`next`](Iterator::next) reads what is
    /// left. It is there because decoding these took half of the time of a record's addresses.
    fn skip_plain(&mut self) -> bool {
        let len = match self.rest {
            [0x04, ..] => 5,
            [0x06, ..] => 3,
            [0x29, ..] => 17,
            [0x91, 0x02, ..] => 4,
            [0xcd, 0x03, ..] => 2,
            _ => return false,
        };
        let rest = self.rest.get(len..);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = Result<Component<'a>, AddressDefect>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match Protocol::from_bytes(self.rest) {
            Ok((protocol, rest)) => {
                let len = self.rest.len().saturating_sub(rest.len());
                let bytes = self.rest.get(..len).unwrap_or_default();
                self.rest = rest;
                // Code 4770 with the path "/" says what 477 alone says (4780 and 478 likewise).
                let root_path = match &protocol {
                    Protocol::Ws(path) | Protocol::Wss(path) => path == "/" && bytes.len() != 2,
                    _ => false,
                };
                if root_path {
                    Err(AddressDefect::Malformed)
                } else {
                    Ok(Component { protocol, bytes })
                }
            }
            Err(error) => {
                self.rest = &[];
                Err(match error {
                    multiaddr::Error::UnknownProtocolId(_) => AddressDefect::UnknownProtocol,
                    _ => AddressDefect::Malformed,
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_at_the_end_are_stripped() {
        let ids = [1, 2].map(|n| PeerId::from_bytes(&[0, 1, n]).unwrap());
        let [ours, other] = ids;
        let (ip, relay) = ("/ip4/192.0.2.1/tcp/1", format!("/ip4/192.0.2.1/tcp/1/p2p/{other}"));
        let cases = [
            (String::new(), None, String::new()),
            (ip.to_owned(), None, ip.to_owned()),
            (format!("/p2p/{ours}"), None, String::new()),
            (format!("/p2p/{ours}"), Some(&other), format!("/p2p/{ours}")),
            (format!("{ip}/p2p/{ours}/p2p/{ours}"), Some(&ours), ip.to_owned()),
            (format!("{relay}/p2p/{ours}"), Some(&ours), relay.clone()),
            (format!("{relay}/p2p/{ours}"), None, ip.to_owned()),
            (
                format!("{ip}/p2p/{ours}/p2p/{other}"),
                Some(&ours),
                format!("{ip}/p2p/{ours}/p2p/{other}"),
            ),
            (format!("{relay}/p2p-circuit/p2p/{ours}"), None, format!("{relay}/p2p-circuit")),
        ];
        for (given, peer, expected) in cases {
            let given: Multiaddr = given.parse().unwrap();
            let expected: Multiaddr = expected.parse().unwrap();
            assert_eq!(strip_peer_id(&given, peer), expected.as_ref(), "{given}");
        }
        // One that is written longer than it must be stays as well.
        let long = Multiaddr::try_from(vec![0xa2, 0x25, 1, b'/']).unwrap();
        assert_eq!(strip_peer_id(&long, None), long.as_ref());
    }

    /// Every two-byte start of a component, with values of all lengths behind it.
    #[test]
    fn skipping_plain_components_is_reading_them() {
        let mut skipped = std::collections::BTreeSet::new();
        for start in 0..=u16::MAX {
            for value in 0..20 {
                let bytes = [&start.to_be_bytes()[..], &vec![0xff; value]].concat();
                let mut components = Components { rest: &bytes };
                if components.skip_plain() {
                    let (protocol, rest) = Protocol::from_bytes(&bytes).unwrap();
                    assert_eq!(components.rest, rest, "{bytes:02x?}");
                    skipped.insert(protocol.tag());
                }
                assert!(components.rest.len() <= bytes.len());
            }
        }
        assert_eq!(Vec::from_iter(skipped), ["ip4", "ip6", "quic-v1", "tcp", "udp"]);
    }
}
