//! S11: which sources share a budget; names of kinds; sets of kinds.

use peermark_provenance::{Source, SourceGroup, SourceKind, SourceKinds};

#[test]
fn s11_sources_of_one_network_share_a_group() {
    let check = |ip: &str, expected: SourceGroup, text: &str| {
        let group = Source::DHT.heard_from(ip.parse().unwrap()).group();
        assert_eq!(group, expected, "{ip}");
        assert_eq!(group.to_string(), text);
        assert_eq!(Source::MANUAL.heard_from(ip.parse().unwrap()).group(), expected, "{ip}");
    };
    check("192.0.2.1", SourceGroup::Ipv4([192, 0]), "192.0.0.0/16");
    check("192.0.255.255", SourceGroup::Ipv4([192, 0]), "192.0.0.0/16");
    check("192.1.0.0", SourceGroup::Ipv4([192, 1]), "192.1.0.0/16");
    // Mapped into IPv6, an IPv4 address is the same network.
    check("::ffff:192.0.2.1", SourceGroup::Ipv4([192, 0]), "192.0.0.0/16");
    check("2001:db8:1::1", SourceGroup::Ipv6([0x20, 1, 0x0d, 0xb8]), "2001:0db8::/32");
    check("2001:db8:ffff::", SourceGroup::Ipv6([0x20, 1, 0x0d, 0xb8]), "2001:0db8::/32");
    check("2001:db9::", SourceGroup::Ipv6([0x20, 1, 0x0d, 0xb9]), "2001:0db9::/32");
    for kind in SourceKind::ALL {
        assert_eq!(Source::of(kind).group(), SourceGroup::Kind(kind));
    }
}

#[test]
fn kinds_have_names_that_read_back() {
    for kind in SourceKind::ALL.into_iter().chain([SourceKind::Application(65_535)]) {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    for text in ["", "Dht", "application", "application-", "application-65536", "application-x"] {
        assert!(text.parse::<SourceKind>().is_err(), "{text}");
    }
    assert_eq!(SourceKind::PeerExchange.to_string(), "peer-exchange");
}

#[test]
fn sets_hold_what_was_put_in() {
    let mut set = SourceKinds::NONE;
    for (count, kind) in SourceKind::ALL.into_iter().enumerate() {
        assert_eq!(kind.index(), count);
        assert!(!set.contains(kind));
        set = set.with(kind);
        assert!(set.contains(kind));
        assert_eq!(set.iter().count(), count + 1);
    }
    assert_eq!(SourceKinds::from_bits(set.to_bits()), set);
    assert_eq!(SourceKinds::from_bits(u16::MAX), set);
    let two = SourceKinds::from(SourceKind::Dht).union(SourceKind::Application(7).into());
    let kinds = [SourceKind::Dht, SourceKind::Application(0)];
    assert_eq!(two.iter().collect::<Vec<_>>(), kinds);
}

#[test]
fn a_source_shows_who_reported() {
    let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse().unwrap();
    assert_eq!(Source::DHT.to_string(), "dht");
    assert_eq!(Source::identify(peer).to_string(), format!("identify ({peer})"));
    assert_eq!(Source::identify(peer).reporter(), Some(&peer));
    assert_eq!(Source::application(3).kind(), SourceKind::Application(3));
}
