//! What is wrong with an address of the command line, and which one was probably meant.

use std::net::{IpAddr, SocketAddr};

use peermark::Multiaddr;
use peermark::peer_record::parse_address;

use crate::complaint::cut;

/// Reads an address. The error names the value, the component, and what was probably meant.
pub(crate) fn read(option: &str, text: &str) -> Result<Multiaddr, String> {
    parse_address(text).map_err(|error| {
        let wrong = component(text).map(|component| format!(": in {component:?}"));
        let meant = meant(text).map(|meant| format!("; did you mean {meant}?"));
        let [wrong, meant] = [wrong, meant].map(Option::unwrap_or_default);
        format!("{option}: {:?}: {error}{wrong}{meant}", cut(text))
    })
}

/// The first component that is not one: the end of the shortest front that never becomes an address.
fn component(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
    let mut good = 0usize;
    for end in 1..=parts.len() {
        let front = format!("/{}", parts.get(..end)?.join("/"));
        if parse_address(&front).is_ok() {
            good = end;
        }
    }
    // Its name, and its value where there is one.
    let bad = parts.get(good..good.saturating_add(2)).or_else(|| parts.get(good..))?;
    (!bad.is_empty()).then(|| cut(&format!("/{}", bad.join("/"))))
}

/// What was probably meant: an address of the usual kinds, written another way.
fn meant(text: &str) -> Option<String> {
    let host = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => format!("/ip4/{ip}"),
        IpAddr::V6(ip) => format!("/ip6/{ip}"),
    };
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(format!("{}/tcp/{}", host(socket.ip()), socket.port()));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(format!("{}/tcp/PORT", host(ip)));
    }
    // A zone is written before its address.
    if let Some((ip, rest)) = text.strip_prefix("/ip6/").and_then(|rest| rest.split_once('%')) {
        let (zone, rest) = rest.split_once('/').unwrap_or((rest, "tcp/PORT"));
        return known(format!("/ip6zone/{zone}/ip6/{ip}/{rest}"));
    }
    if let Some(front) = text.strip_suffix("/tcp").or_else(|| text.strip_suffix("/udp")) {
        return parse_address(front).ok().map(|_| format!("{text}/PORT"));
    }
    let (name, port) = text.rsplit_once(':')?;
    let port = port.parse::<u16>().ok()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !name.is_empty() && name.chars().all(is_name) {
        return known(format!("/dns/{name}/tcp/{port}"));
    }
    // The port behind the host of a multiaddr.
    known(format!("{name}/tcp/{port}"))
}

/// Only what would be read is proposed.
fn known(text: String) -> Option<String> {
    parse_address(&text).is_ok().then(|| cut(&text))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn c6_errors_name_the_value_the_component_and_what_was_meant() {
        let check = |text: &str, parts: &[&str]| {
            let error = read("--user", text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "no {part} in {error}");
            }
        };
        check("1.2.3.4", &["--user", "\"1.2.3.4\"", "did you mean /ip4/1.2.3.4/tcp/PORT?"]);
        check("192.0.2.1:4001", &["did you mean /ip4/192.0.2.1/tcp/4001?"]);
        check("[2001:db8::1]:4001", &["did you mean /ip6/2001:db8::1/tcp/4001?"]);
        check("example.com:443", &["did you mean /dns/example.com/tcp/443?"]);
        check("/ip4/192.0.2.1/tcp", &["in \"/tcp\"", "did you mean /ip4/192.0.2.1/tcp/PORT?"]);
        check("/ip4/192.0.2.300/tcp/1", &["in \"/ip4/192.0.2.300\""]);
        check("/ip4/192.0.2.1/nosuch/1", &["in \"/nosuch/1\"", "unknown"]);
        check("/ip4/192.0.2.1/tcp/70000", &["in \"/tcp/70000\""]);
        check("/ip6/fe80::1%eth0/tcp/1", &["did you mean /ip6zone/eth0/ip6/fe80::1/tcp/1?"]);
        check("/ip4/1.2.3.4:4001", &["did you mean /ip4/1.2.3.4/tcp/4001?"]);
        assert!(read("--user", "/ip4/192.0.2.1/tcp/1").is_ok());
        // No proposal where none fits.
        assert!(!read("--user", "nothing").unwrap_err().contains("did you mean"));
    }
}
