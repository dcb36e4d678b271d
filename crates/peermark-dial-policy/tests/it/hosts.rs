//! D9: one host is one dial, whatever its spelling.

use std::collections::BTreeSet;

use peermark_dial_policy::{DialKey, HostKey, NameKind, Transport};

use crate::support::{OTHER, PEER, RELAY, address};

fn host(text: &str) -> Option<HostKey> {
    HostKey::of(&address(text))
}

#[test]
fn d9_every_spelling_of_a_host_has_one_key() {
    let spellings: [&[&str]; 7] = [
        &[
            "/ip4/1.2.3.4/tcp/1",
            "/ip6/::ffff:1.2.3.4/tcp/1",
            "/ip6/::ffff:102:304/udp/9/quic-v1",
            "/ip6/64:ff9b::1.2.3.4/tcp/1",
            "/dns/1.2.3.4/tcp/1",
            "/dns4/1.2.3.4./tcp/1",
            "/dns6/::FFFF:1.2.3.4/tcp/1",
        ],
        &["/ip6/2a00::2/tcp/1", "/dns6/2A00:0::2/tcp/1", "/dns/2a00::2/udp/1/quic-v1"],
        &["/dns4/example.com/tcp/1", "/dns4/EXAMPLE.com/tcp/2", "/dns4/Example.Com./tcp/1"],
        &["/dns/example.com/tcp/1", "/dns/example.COM./tcp/1"],
        &["/dns6/example.com/tcp/1", "/dns6/example.COM./tcp/1"],
        &["/dnsaddr/example.com", "/dnsaddr/EXAMPLE.com."],
        &["/ip6zone/eth0/ip6/fe80::1/tcp/1", "/ip6zone/eth0/ip6/fe80::1/udp/1/quic-v1"],
    ];
    let mut seen = BTreeSet::new();
    for same in spellings {
        let keys: BTreeSet<_> = same.iter().map(|text| host(text)).collect();
        assert_eq!(keys.len(), 1, "{keys:?}");
        let key = keys.into_iter().next().flatten().unwrap();
        assert!(seen.insert(key), "{same:?}: two hosts have one key");
    }
}

#[test]
fn d9_different_hosts_have_different_keys() {
    let relay = format!("/p2p/{RELAY}/p2p-circuit");
    let other = format!("/p2p/{OTHER}/p2p-circuit");
    let hosts = [
        "/ip4/1.2.3.4/tcp/1",
        // Other ways to an IPv4 host, and the forms that were given up.
        "/ip6/2002:102:304::1/tcp/1",
        "/ip6/2001:0:1:2:3:4:fefd:fcfb/tcp/1",
        "/ip6/::1.2.3.4/tcp/1",
        "/ip6/64:ff9b:1::1.2.3.4/tcp/1",
        "/ip6/fe80::1/tcp/1",
        "/ip6zone/eth0/ip6/fe80::1/tcp/1",
        "/ip6zone/eth1/ip6/fe80::1/tcp/1",
        "/dnsaddr/1.2.3.4",
        "/dns/example.com/tcp/1",
        "/dns4/example.com/tcp/1",
        "/dns6/example.com/tcp/1",
        "/dnsaddr/example.com",
        "/dns/www.example.com/tcp/1",
        "/unix/a",
        "/unix/A",
        "/memory/1",
        &relay,
        &other,
    ];
    let keys: BTreeSet<_> = hosts.iter().map(|text| host(text).unwrap()).collect();
    assert_eq!(keys.len(), hosts.len(), "{keys:?}");
    for nowhere in ["/tcp/22", "/p2p-circuit", "/ip6zone/eth0/ip4/1.2.3.4/tcp/1"] {
        assert_eq!(host(nowhere), None, "{nowhere}");
    }
    assert_eq!(host(&format!("/p2p/{PEER}")), None);
    assert_eq!(host(&relay).unwrap().relay().unwrap().to_string(), RELAY);
    assert_eq!(host("/dns/A.b./tcp/1").unwrap().name(), Some((NameKind::Dns, "a.b")));
    assert_eq!(host("/ip6/::ffff:1.2.3.4").unwrap().ip(), Some("1.2.3.4".parse().unwrap()));
    assert_eq!(HostKey::of_ip("64:ff9b::1.2.3.4".parse().unwrap()).to_string(), "1.2.3.4");
}

#[test]
fn d9_a_dial_key_is_host_port_and_transport() {
    let same = |a: &str, b: &str| DialKey::of(&address(a)) == DialKey::of(&address(b));
    let wss = "/dns/example.com/tcp/443/wss";
    for (a, b) in [
        (wss, "/dns/example.com/tcp/443/tls/ws"),
        (wss, "/dns/EXAMPLE.com./tcp/443/wss"),
        (wss, &format!("{wss}/p2p/{PEER}")),
        (wss, &format!("/dns/Example.com/tcp/443/tls/ws/p2p/{OTHER}")),
        ("/ip4/1.2.3.4/tcp/1", "/ip6/::ffff:1.2.3.4/tcp/1"),
        (
            &format!("/ip6/::ffff:1.2.3.4/tcp/1/wss/p2p/{RELAY}/p2p-circuit/p2p/{PEER}"),
            &format!("/ip4/1.2.3.4/tcp/1/tls/ws/p2p/{RELAY}/p2p-circuit"),
        ),
    ] {
        assert!(same(a, b), "{a} {b}");
    }
    for (a, b) in [
        (wss, "/dns/example.com/tcp/443/ws"),
        (wss, "/dns/example.com/tcp/444/wss"),
        (wss, "/dns4/example.com/tcp/443/wss"),
        (wss, "/dns/example.com/tcp/443/tls/sni/example.com/ws"),
        (wss, "/dns/example.com/tcp/443/x-parity-wss/%2Fpath"),
        ("/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/udp/1"),
        ("/ip4/1.2.3.4/udp/1/quic", "/ip4/1.2.3.4/udp/1/quic-v1"),
        ("/ip6zone/a/ip6/fe80::1/tcp/1", "/ip6zone/A/ip6/fe80::1/tcp/1"),
        (
            &format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}/p2p-circuit"),
            &format!("/ip4/1.2.3.4/tcp/1/p2p/{OTHER}/p2p-circuit"),
        ),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
    let key = DialKey::of(&address("/ip6/::ffff:1.2.3.4/udp/9/quic-v1"));
    assert_eq!((key.port(), key.transport()), (Some(9), Transport::QuicV1));
    assert_eq!(key.host(), host("/ip4/1.2.3.4"));
    assert_eq!(DialKey::of(key.address()), key);
}
