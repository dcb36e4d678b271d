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
        ("a.intranet", false),
        ("a.private", false),
        ("LocalHost.LocalDomain.", false),
        ("a.localdomain", false),
        ("localhost..", false),
        ("metadata.google.internal", false),
        ("metadata.goog", false),
        ("instance-data.ec2.internal", false),
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

#[test]
fn r5_a_host_that_is_not_public_is_found_anywhere_in_an_address() {
    let relay = crate::keypair(9).peer_id();
    let circuit = format!("p2p/{relay}/p2p-circuit");
    check(&format!("/ip4/1.1.1.1/tcp/1/{circuit}"), true);
    check(&format!("/dns/example.com/tcp/443/wss/{circuit}/webrtc"), true);
    for host in ["ip4/10.0.0.1", "ip6/::1", "dns/nas.local", "dns4/localhost", "dns6/host"] {
        check(&format!("/{host}/tcp/1"), false);
        check(&format!("/{host}/tcp/1/{circuit}"), false);
        check(&format!("/{circuit}/{host}/tcp/1"), false);
        check(&format!("/ip4/1.1.1.1/tcp/1/{circuit}/{host}/tcp/1"), false);
        check(&format!("/ip4/1.1.1.1/tcp/1/{host}/tcp/1"), false);
    }
    check("/dnsaddr/nas.local", false);
    check(&format!("/{circuit}/unix/a"), false);
    check(&format!("/{circuit}/memory/1"), false);
    check(&format!("/{circuit}/ip6zone/eth0/ip6/fe80::1/tcp/1"), false);
}

#[test]
fn r5_an_address_without_port_and_transport_is_not_public() {
    let relay = crate::keypair(9).peer_id();
    for text in ["/ip4/1.1.1.1", "/ip6/2606:4700::1111", "/dns/example.com", "/dns4/example.com"] {
        check(text, false);
        check(&format!("{text}/p2p/{relay}/p2p-circuit"), false);
        check(&format!("{text}/http-path/x"), false);
        check(&format!("{text}/tls/sni/example.com"), false);
        check(&format!("/p2p/{relay}/p2p-circuit{text}"), false);
        check(&format!("{text}/tcp/443"), true);
        check(&format!("{text}/udp/443/quic-v1/webtransport"), true);
        check(&format!("{text}/https"), true);
    }
    check("/ip4/1.1.1.0/ipcidr/24", false);
    check("/ip4/1.1.1.0/ipcidr/24/tcp/1", false);
    // These name no host, or not the relay.
    for text in ["/tcp/22", "/webrtc", "/http-path/x", "/p2p-circuit", "/p2p-circuit/webrtc"] {
        check(text, false);
    }
    check(&format!("/p2p/{relay}"), false);
    check("/ip4/1.1.1.1/tcp/1/p2p-circuit", false);
    check(&format!("/p2p/{relay}/p2p-circuit/p2p/{relay}/p2p-circuit"), false);
    // Which of two hosts is meant is anyone's guess.
    check("/ip4/1.1.1.1/tcp/1/ip4/8.8.8.8/tcp/1", false);
    // A name that stands for whole addresses.
    check("/dnsaddr/bootstrap.libp2p.io", true);
}

#[test]
fn r5_nobody_listens_on_port_0() {
    for transport in ["tcp", "udp", "sctp", "dccp"] {
        check(&format!("/ip4/1.1.1.1/{transport}/0"), false);
        check(&format!("/ip4/1.1.1.1/{transport}/1"), true);
        check(&format!("/ip4/1.1.1.1/{transport}/1/{transport}/0"), false);
    }
    // The text form of onion addresses has no port 0; the binary form does.
    for (address, port) in [
        ("onion/timaq4ygg2iegci7", 2),
        ("onion3/ahov4dkry7gnu3cjqx6fmt2bipw5elszahov4dkry7gnu3cjqx6fmt2b", 2),
    ] {
        let open = multiaddr(&format!("/{address}:1"));
        assert!(is_public(&open), "{open}");
        let mut bytes = open.to_vec();
        let end = bytes.len() - port;
        bytes[end..].fill(0);
        assert!(!is_public(&bytes.try_into().unwrap()), "{address}");
    }
}
