//! D4: each range of the registries, at its first and last address and one beyond either.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use peermark_scope::Scope::{self, *};

fn of(ip: impl Into<IpAddr>) -> Scope {
    Scope::of_ip(ip.into())
}

/// First, last, scope; the scope of the address before and of the one behind.
type Range = (&'static str, &'static str, Scope, Option<Scope>, Option<Scope>);

const IPV4: &[Range] = &[
    ("0.0.0.0", "0.0.0.0", Unspecified, None, Some(Reserved)),
    ("0.0.0.1", "0.255.255.255", Reserved, Some(Unspecified), Some(Global)),
    ("10.0.0.0", "10.255.255.255", Private, Some(Global), Some(Global)),
    ("100.64.0.0", "100.100.100.199", Shared, Some(Global), Some(Metadata)),
    ("100.100.100.200", "100.100.100.200", Metadata, Some(Shared), Some(Shared)),
    ("100.100.100.201", "100.127.255.255", Shared, Some(Metadata), Some(Global)),
    ("127.0.0.0", "127.255.255.255", Loopback, Some(Global), Some(Global)),
    ("168.63.129.16", "168.63.129.16", Metadata, Some(Global), Some(Global)),
    ("169.254.0.0", "169.254.0.22", LinkLocal, Some(Global), Some(Metadata)),
    ("169.254.0.24", "169.254.42.41", LinkLocal, Some(Metadata), Some(Metadata)),
    ("169.254.42.43", "169.254.169.253", LinkLocal, Some(Metadata), Some(Metadata)),
    ("169.254.169.254", "169.254.169.254", Metadata, Some(LinkLocal), Some(LinkLocal)),
    ("169.254.170.2", "169.254.170.2", Metadata, Some(LinkLocal), Some(LinkLocal)),
    ("169.254.170.3", "169.254.170.22", LinkLocal, Some(Metadata), Some(Metadata)),
    ("169.254.170.24", "169.254.255.255", LinkLocal, Some(Metadata), Some(Global)),
    ("172.16.0.0", "172.31.255.255", Private, Some(Global), Some(Global)),
    ("192.0.0.0", "192.0.0.8", Reserved, Some(Global), Some(Global)),
    ("192.0.0.9", "192.0.0.10", Global, Some(Reserved), Some(Reserved)),
    ("192.0.0.11", "192.0.0.191", Reserved, Some(Global), Some(Metadata)),
    ("192.0.0.193", "192.0.0.255", Reserved, Some(Metadata), Some(Global)),
    ("192.0.2.0", "192.0.2.255", Documentation, Some(Global), Some(Global)),
    ("192.88.99.0", "192.88.99.255", Reserved, Some(Global), Some(Global)),
    ("192.168.0.0", "192.168.255.255", Private, Some(Global), Some(Global)),
    ("198.18.0.0", "198.19.255.255", Benchmarking, Some(Global), Some(Global)),
    ("198.51.100.0", "198.51.100.255", Documentation, Some(Global), Some(Global)),
    ("203.0.113.0", "203.0.113.255", Documentation, Some(Global), Some(Global)),
    ("224.0.0.0", "239.255.255.255", Multicast, Some(Global), Some(Reserved)),
    ("240.0.0.0", "255.255.255.254", Reserved, Some(Multicast), Some(Multicast)),
    ("255.255.255.255", "255.255.255.255", Multicast, Some(Reserved), None),
];

const IPV6: &[Range] = &[
    ("::", "::", Unspecified, None, Some(Loopback)),
    ("::1", "::1", Loopback, Some(Unspecified), Some(Reserved)),
    ("::2", "::fffe:ffff:ffff", Reserved, Some(Loopback), None),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Private, Some(Reserved), Some(Reserved)),
    ("100::", "100::ffff:ffff:ffff:ffff", Reserved, Some(Reserved), Some(Reserved)),
    ("1fff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved, Some(Reserved), Some(Global)),
    ("2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Global, Some(Reserved), None),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Benchmarking, Some(Reserved), Some(Reserved)),
    ("2001:3::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved, Some(Reserved), Some(Global)),
    (
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        Documentation,
        Some(Global),
        Some(Global),
    ),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Documentation, Some(Global), Some(Global)),
    (
        "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Global,
        Some(Documentation),
        Some(Reserved),
    ),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved, Some(Reserved), Some(Reserved)),
    ("fc00::", "fd00:ec2::253", UniqueLocal, Some(Reserved), Some(Metadata)),
    ("fd00:ec2::254", "fd00:ec2::254", Metadata, Some(UniqueLocal), Some(UniqueLocal)),
    ("fd20:ce::254", "fd20:ce::254", Metadata, Some(UniqueLocal), Some(UniqueLocal)),
    (
        "fd20:ce::255",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        UniqueLocal,
        Some(Metadata),
        Some(Reserved),
    ),
    (
        "fe80::",
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        LinkLocal,
        Some(Reserved),
        Some(Reserved),
    ),
    (
        "fec0::",
        "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Reserved,
        Some(LinkLocal),
        Some(Multicast),
    ),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast, Some(Reserved), None),
];

#[test]
fn d4_ipv4_ranges_end_where_the_registry_says() {
    for (first, last, scope, before, after) in IPV4 {
        let [first, last] = [first, last].map(|ip| ip.parse::<Ipv4Addr>().unwrap());
        for ip in [first, last] {
            assert_eq!(of(ip), *scope, "{ip}");
        }
        let one_off = |ip: Ipv4Addr, by: i64| {
            Ipv4Addr::from(u32::try_from(i64::from(u32::from(ip)) + by).unwrap())
        };
        if let Some(before) = before {
            assert_eq!(of(one_off(first, -1)), *before, "before {first}");
        }
        if let Some(after) = after {
            assert_eq!(of(one_off(last, 1)), *after, "after {last}");
        }
    }
}

#[test]
fn d4_ipv6_ranges_end_where_the_registry_says() {
    for (first, last, scope, before, after) in IPV6 {
        let [first, last] = [first, last].map(|ip| ip.parse::<Ipv6Addr>().unwrap());
        for ip in [first, last] {
            assert_eq!(of(ip), *scope, "{ip}");
        }
        if let Some(before) = before {
            let ip = Ipv6Addr::from(u128::from(first) - 1);
            assert_eq!(of(ip), *before, "before {first}");
        }
        if let Some(after) = after {
            let ip = Ipv6Addr::from(u128::from(last) + 1);
            assert_eq!(of(ip), *after, "after {last}");
        }
    }
}

#[test]
fn d4_embedded_ipv4_is_what_it_is() {
    for (first, last, scope, ..) in IPV4 {
        for ip in [first, last].map(|ip| ip.parse::<Ipv4Addr>().unwrap()) {
            let [a, b, c, d] = ip.octets();
            let pairs = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            let [high, low] = pairs;
            let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low);
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
            let to4 = Ipv6Addr::new(0x2002, high, low, 7, 0, 0, 0, 1);
            let teredo = Ipv6Addr::new(0x2001, 0, 0x0101, 0x0101, 0, 0, !high, !low);
            for embedding in [mapped, nat64, to4, teredo] {
                assert_eq!(peermark_scope::embedded_ipv4(embedding), Some(ip), "{embedding}");
            }
            for embedding in [mapped, nat64, to4] {
                assert_eq!(of(embedding), *scope, "{embedding}");
            }
            // What Teredo embeds is told where it is special; where it is not, nobody relays it.
            let expected = if *scope == Global { Reserved } else { *scope };
            assert_eq!(of(teredo), expected, "{teredo}");
        }
    }
    // Next to the prefixes, nothing is embedded.
    for ip in ["::fffe:1.2.3.4", "::1:0:1.2.3.4", "64:ff9b:0:0:0:1:1.2.3.4", "2003:102:304::"] {
        assert_eq!(peermark_scope::embedded_ipv4(ip.parse().unwrap()), None, "{ip}");
    }
}

#[test]
fn d4_the_metadata_services_of_clouds_are_known_however_they_are_spelled() {
    for endpoint in [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.42.42",
        "169.254.0.23",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::23",
        "fd00:ec2::254",
        "fd00:42::42",
        "fd00:a9fe:a9fe::1",
        "fd20:ce::254",
        "fe80::a9fe:a9fe",
        "::ffff:168.63.129.16",
        "64:ff9b::169.254.42.42",
        "2002:a83f:8110::1",
        // A site's own NAT64, by either length of its prefix.
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:2:3:4:a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
    ] {
        assert_eq!(of(endpoint.parse::<IpAddr>().unwrap()), Metadata, "{endpoint}");
    }
    for neighbour in ["168.63.129.15", "168.63.129.17"] {
        assert_eq!(of(neighbour.parse::<IpAddr>().unwrap()), Global, "{neighbour}");
    }
    for neighbour in ["fd00:ec2::22", "fd00:42::43", "fd00:a9fe:a9fe::2"] {
        assert_eq!(of(neighbour.parse::<IpAddr>().unwrap()), UniqueLocal, "{neighbour}");
    }
    assert_eq!(of("64:ff9b:1::1.2.3.4".parse::<IpAddr>().unwrap()), Private);
}
