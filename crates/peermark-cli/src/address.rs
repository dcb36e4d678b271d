//! Multiaddrs as text that says what is there.
//!
//! Some components hold free text: names and paths. In the text form of a multiaddr a slash in
//! them would look like the next component, and a control character does things to a terminal. So
//! they are written percent-encoded, as the addresses of a certified record are, and read back the
//! same way: `/unix/%2Ftmp%2Fx` is the path `/tmp/x`.

use std::borrow::Cow;

use multiaddr::{Multiaddr, Protocol};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Reads a multiaddr from text.
pub(crate) fn parse(text: &str) -> Result<Multiaddr, String> {
    let address: Multiaddr = text.parse().map_err(|error| format!("no multiaddr: {error}"))?;
    if address.is_empty() {
        return Err("no multiaddr: it has no component".to_owned());
    }
    let components = address.iter().map(|component| match free_text(&component) {
        Some(text) => {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| {
                format!("no multiaddr: /{} is no UTF-8 when decoded", component.tag())
            })?;
            Ok(with_text(&component, text.into_owned()))
        }
        None => Ok(component.acquire()),
    });
    components.collect()
}

/// Writes a multiaddr as text that is safe to show.
pub(crate) fn text(address: &Multiaddr) -> String {
    /// What would end a component, or do something to a terminal.
    const COMPONENT: &AsciiSet = &CONTROLS.add(b'/').add(b'%').add(b' ');
    let component = |component: Protocol<'_>| match free_text(&component) {
        Some(text) => format!("/{}/{}", component.tag(), utf8_percent_encode(text, COMPONENT)),
        None => component.to_string(),
    };
    address.iter().map(component).collect()
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

#[cfg(test)]
mod tests {
    use super::{parse, text};

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
            assert_eq!(text(&parse(given).unwrap()), given);
        }
    }

    #[test]
    fn a_path_is_decoded() {
        let bytes = parse("/unix/%2Ftmp%2Fx").unwrap().to_vec();
        assert_eq!(bytes, b"\x90\x03\x06/tmp/x");
    }

    #[test]
    fn what_is_no_multiaddr_is_refused() {
        for given in ["", "/", "x", "/nosuch/1", "/ip4/300.0.0.1", "/tcp/70000", "/unix/%ff"] {
            assert!(parse(given).is_err(), "{given}");
        }
    }
}
