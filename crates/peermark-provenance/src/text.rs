//! Multiaddrs as text that says what is there.
//!
//! Some components hold free text: names and paths. In the text form of a multiaddr a slash in
//! them would look like the next component, and a control character does things to a terminal. They
//! are written percent-encoded here and read back the same way, so that `/unix/%2Ftmp%2Fx` is the
//! path `/tmp/x`, as js- and py-libp2p write it.

use std::borrow::Cow;
use std::{fmt, iter};

use multiaddr::{Multiaddr, PeerId, Protocol};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What would end a component, or do something to a terminal.
const COMPONENT: &AsciiSet = &CONTROLS.add(b'/').add(b'%').add(b' ');

/// Reads a multiaddr from text, free text in it percent-decoded.
///
/// A peer id may be written in base58 or as a version 1 CID in any multibase, wherever it is in the
/// address; one slash at the end is ignored, as go- and js-libp2p do (R2).
///
/// # Errors
///
/// [`AddressTextError`] when it is no multiaddr, or has no component.
///
/// # Examples
///
/// ```
/// use peermark_provenance::{address_text, parse_address};
///
/// let address = parse_address("/unix/%2Ftmp%2Fx")?;
/// assert_eq!(address.as_ref(), b"\x90\x03\x06/tmp/x");
/// assert_eq!(address_text(&address), "/unix/%2Ftmp%2Fx");
/// # Ok::<(), peermark_provenance::AddressTextError>(())
/// ```
pub fn parse_address(text: &str) -> Result<Multiaddr, AddressTextError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.is_empty() {
        return Err(AddressTextError::Empty);
    }
    let mut parts = text.split('/');
    if parts.next() != Some("") {
        return Err(AddressTextError::Malformed);
    }
    let mut address = Multiaddr::empty();
    while let Some(name) = parts.next() {
        let component =
            match name {
                "p2p" | "ipfs" => {
                    let id = parts.next().ok_or(AddressTextError::Malformed)?;
                    Protocol::P2p(peer_id(id)?)
                }
                name => Protocol::from_str_parts(iter::once(name).chain(&mut parts)).map_err(
                    |error| match error {
                        multiaddr::Error::UnknownProtocolString(_) => {
                            AddressTextError::UnknownProtocol
                        }
                        _ => AddressTextError::Malformed,
                    },
                )?,
            };
        address.push(match free_text(&component) {
            Some(text) => {
                let text = percent_decode_str(text).decode_utf8();
                let text = text.map_err(|_| AddressTextError::NotUtf8)?;
                with_text(&component, text.into_owned())
            }
            None => component,
        });
    }
    Ok(address)
}

/// Reads a peer id in either of the two forms of the peer id specification.
fn peer_id(text: &str) -> Result<PeerId, AddressTextError> {
    /// Version 1, and the multicodec of a libp2p key.
    const CID_PREFIX: [u8; 2] = [0x01, 0x72];
    /// The longest peer id has 44 bytes, and base2 needs eight characters for each.
    const MAX_CID: usize = 1 + 8 * (CID_PREFIX.len() + 44);
    // No multibase starts with either, and every multihash of a peer id does.
    let read = if text.len() > MAX_CID {
        None
    } else if text.starts_with('1') || text.starts_with("Qm") {
        text.parse().ok()
    } else {
        let cid = multibase::decode(text).ok().map(|(_, bytes)| bytes);
        cid.as_deref()
            .and_then(|cid| cid.strip_prefix(&CID_PREFIX))
            .and_then(|multihash| PeerId::from_bytes(multihash).ok())
    };
    read.ok_or(AddressTextError::Malformed)
}

/// Writes a multiaddr as text, free text in it percent-encoded.
#[must_use]
pub fn address_text(address: &Multiaddr) -> String {
    let mut text = String::new();
    for component in address {
        let written = write_component(&mut text, &component);
        debug_assert!(written.is_ok(), "a string takes every write");
    }
    text
}

/// Writes one component with the slash in front.
pub(crate) fn write_component(out: &mut impl fmt::Write, component: &Protocol<'_>) -> fmt::Result {
    match free_text(component) {
        Some(text) => {
            write!(out, "/{}/{}", component.tag(), utf8_percent_encode(text, COMPONENT))
        }
        None => write!(out, "{component}"),
    }
}

fn free_text<'a>(component: &'a Protocol<'_>) -> Option<&'a str> {
    match component {
        Protocol::Dns(text)
        | Protocol::Dns4(text)
        | Protocol::Dns6(text)
        | Protocol::Dnsaddr(text)
        | Protocol::Ip6zone(text)
        | Protocol::Sni(text)
        | Protocol::Unix(text) => Some(text),
        _ => None,
    }
}

fn with_text(component: &Protocol<'_>, text: String) -> Protocol<'static> {
    let text = Cow::Owned(text);
    match component {
        Protocol::Dns(_) => Protocol::Dns(text),
        Protocol::Dns4(_) => Protocol::Dns4(text),
        Protocol::Dns6(_) => Protocol::Dns6(text),
        Protocol::Dnsaddr(_) => Protocol::Dnsaddr(text),
        Protocol::Ip6zone(_) => Protocol::Ip6zone(text),
        Protocol::Sni(_) => Protocol::Sni(text),
        Protocol::Unix(_) => Protocol::Unix(text),
        // The others hold no free text.
        other => other.clone().acquire(),
    }
}

/// Why text is no multiaddr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressTextError {
    /// No component.
    #[error("no multiaddr: it has no component")]
    Empty,
    /// A component's name that is not known here.
    #[error("no multiaddr: a protocol in it is unknown")]
    UnknownProtocol,
    /// No slash in front, a value that is missing, or one that its component cannot have.
    #[error("no multiaddr: a component in it is malformed")]
    Malformed,
    /// A name or path that is no UTF-8 once it is percent-decoded.
    #[error("no multiaddr: a name or path in it is no utf-8 when decoded")]
    NotUtf8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was() {
        for given in [
            "/ip4/192.0.2.1/tcp/4001",
            "/ip6/fe80::1/ip6zone/eth0/udp/1/quic-v1",
            "/dns4/example.com/tcp/443/tls/sni/example.com/ws",
            "/unix/%2Ftmp%2Fx",
            "/dns/a%20b%25c%1B[2J/tcp/1",
            "/dnsaddr/%C3%A9",
        ] {
            assert_eq!(address_text(&parse_address(given).unwrap()), given);
        }
    }

    #[test]
    fn what_is_no_multiaddr_is_refused() {
        for (given, expected) in [
            ("", AddressTextError::Empty),
            ("x", AddressTextError::Malformed),
            ("/", AddressTextError::Empty),
            ("//", AddressTextError::UnknownProtocol),
            ("/nosuch/1", AddressTextError::UnknownProtocol),
            ("/ip4/300.0.0.1", AddressTextError::Malformed),
            ("/ip4", AddressTextError::Malformed),
            ("/tcp/70000", AddressTextError::Malformed),
            ("/unix/%ff", AddressTextError::NotUtf8),
        ] {
            assert_eq!(parse_address(given), Err(expected), "{given}");
        }
    }
}
