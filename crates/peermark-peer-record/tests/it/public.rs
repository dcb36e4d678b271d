//! R5: which addresses are worth publishing.

use peermark_peer_record::is_public;

use crate::multiaddr;

fn check(text: &str, expected: bool) {
    assert_eq!(is_public(&multiaddr(text)), expected, "{text}");
}

#[test]
fn r5_ipv4_special_ranges_end_where_the_registry_says() {
    // (first, last) of each range that is not globally reachable; the neighbours are.
    let ranges = [
        ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
        ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
        ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
        ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
        ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
        ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
        ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
        ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
        ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
        ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
        ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
        ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
        ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
        ("224.0.0.0", "255.255.255.255", Some("223.255.255.255"), None),
    ];
    for (first, last, before, after) in ranges {
        for ip in [first, last] {
            check(&format!("/ip4/{ip}/tcp/1"), false);
            check(&format!("/ip6/::ffff:{ip}/tcp/1"), false);
            check(&format!("/ip6/64:ff9b::{ip}/tcp/1"), false);
        }
        for ip in [before, after].into_iter().flatten() {
            check(&format!("/ip4/{ip}/tcp/1"), true);
            check(&format!("/ip6/::ffff:{ip}/tcp/1"), true);
            check(&format!("/ip6/64:ff9b::{ip}/tcp/1"), true);
        }
    }
    check("/ip4/192.0.0.9/tcp/1", true);
    check("/ip4/192.0.0.10/tcp/1", true);
    check("/ip4/192.0.0.11/tcp/1", false);
}

#[test]
fn r5_ipv6_special_ranges_end_where_the_registry_says() {
    for (ip, expected) in [
        ("::", false),
        ("::1", false),
        ("1fff:ffff::", false),
        ("2000::", true),
        ("2001::1", false),
        ("2001:1ff:ffff::", false),
        ("2001:200::", true),
        ("2001:db7:ffff::", true),
        ("2001:db8::1", false),
        ("2001:db8:ffff::", false),
        ("2001:db9::", true),
        ("2002:0102:0304::1", true),
        ("2002:0a00:0001::1", false),
        ("2002:c0a8:0101::1", false),
        ("2606:4700::1111", true),
        ("3ffe:ffff::", true),
        ("3fff::1", false),
        ("3fff:fff:ffff::", false),
        ("3fff:1000::", true),
        ("4000::", false),
        ("fc00::1", false),
        ("fd00::1", false),
        ("fe80::1", false),
        ("ff02::1", false),
    ] {
        check(&format!("/ip6/{ip}/tcp/1"), expected);
    }
}

#[test]
fn r5_names_of_the_public_dns_are_public() {
    for (name, expected) in [
        ("example.com", true),
        ("bootstrap.libp2p.io", true),
        ("example.com.", true),
        ("notlocal", false),
        ("localhost", false),
        ("LOCALHOST.", false),
        ("a.localhost", false),
        ("printer.local", false),
        ("thelocal.com", true),
        ("mylocal", false),
        ("x.mylocal", true),
        ("db.internal", false),
        ("nas.home.arpa", false),
        ("a.test", false),
        ("a.example", false),
        ("a.invalid", false),
        ("a.alt", false),
        ("a.lan", false),
        ("a.home", false),
        ("a.corp", false),
        ("a.onion", false),
        ("a.onion.", false),
        ("10.0.0.1", false),
        ("127.0.0.1", false),
        ("1.1.1.1", true),
        ("::1", false),
        ("0x7f.1", false),
        ("0x7f.0.0.0x1", false),
        ("4.in-addr.arpa", true),
        ("", false),
    ] {
        check(&format!("/dns4/{name}/tcp/1"), expected);
    }
}

#[test]
fn r5_other_transports() {
    let relay = crate::keypair(9).peer_id();
    check(&format!("/p2p/{relay}/p2p-circuit"), true);
    check("/onion3/ahov4dkry7gnu3cjqx6fmt2bipw5elszahov4dkry7gnu3cjqx6fmt2b:1234", true);
    check("/memory/1", false);
    check("/ip4/1.1.1.1/tcp/0", false);
    check("/ip4/1.1.1.1/udp/0/quic-v1", false);
    check("/ip6zone/eth0/ip6/2606:4700::1111/tcp/1", false);
    check("/unix/a", false);
    check("", false);
}
