//! D4: who may dial which scope, for addresses, for names, and for what names resolve to.

use std::net::IpAddr;

use peermark_dial_policy::{
    Any, Candidate, Classes, Family, Nearby, Refusal, Scope, Scopes, Subnet, Transport,
    check_address, check_scope, socket_address,
};
use peermark_provenance::TrustClass::{self, Certified, Dialed, Direct, ThirdParty, User};
use peermark_provenance::{Claim, Provenance, Source, Timestamp};

use crate::support::{LATER, NOW, OTHER, PEER, address, hearsay, of, target};

/// What becomes of an address under the default scopes.
fn check(text: &str, expected: Result<(), Refusal>) {
    let candidate = hearsay(text);
    let policy = Any::default();
    let plan = peermark_dial_policy::plan(
        &target(),
        std::slice::from_ref(&candidate),
        &policy,
        &peermark_dial_policy::NoDelay,
    );
    assert_eq!(plan.refused().first().map_or(Ok(()), |no| Err(no.reason)), expected, "{text}");
    assert_eq!(check_scope(&candidate, &policy), expected, "{text}");
}

fn refused(scope: Scope) -> Result<(), Refusal> {
    Err(Refusal::Scope(scope))
}

#[test]
fn d4_addresses_have_the_scope_of_their_host_embedded_or_not() {
    check("/ip4/8.8.8.8/tcp/1", Ok(()));
    check("/ip4/10.0.0.1/tcp/1", refused(Scope::Private));
    check("/ip4/169.254.169.254/tcp/80", refused(Scope::Metadata));
    check("/ip6/fd00:ec2::254/tcp/80", refused(Scope::Metadata));
    check("/ip4/0.0.0.0/tcp/1", refused(Scope::Unspecified));
    check("/ip6/::/tcp/1", refused(Scope::Unspecified));
    check("/ip4/224.0.0.1/udp/1/quic-v1", refused(Scope::Multicast));
    check("/ip6/ff02::1/udp/1/quic-v1", refused(Scope::Multicast));
    check("/ip6/1::2/tcp/1", refused(Scope::Reserved));
    // Mapped, NAT64, 6to4, Teredo.
    check("/ip6/::ffff:169.254.169.254/tcp/80", refused(Scope::Metadata));
    check("/ip6/64:ff9b::169.254.169.254/tcp/80", refused(Scope::Metadata));
    check("/ip6/2002:a9fe:a9fe::1/tcp/80", refused(Scope::Metadata));
    check("/ip6/2001:0:1:2:3:4:5601:5601/tcp/80", refused(Scope::Metadata));
    check("/ip6/::ffff:10.0.0.1/tcp/80", refused(Scope::Private));
}

#[test]
fn d4_names_have_the_scope_that_they_tell() {
    for protocol in ["dns", "dns4", "dns6", "dnsaddr"] {
        check(&format!("/{protocol}/example.com/tcp/1"), Ok(()));
        check(&format!("/{protocol}/localhost/tcp/1"), refused(Scope::Loopback));
        check(&format!("/{protocol}/x.onion/tcp/1"), refused(Scope::Reserved));
        check(&format!("/{protocol}/169.254.169.254/tcp/80"), refused(Scope::Metadata));
        check(&format!("/{protocol}/0x7f.1/tcp/80"), refused(Scope::Reserved));
    }
}

#[test]
fn d4_a_second_host_does_not_hide_behind_the_first() {
    // There are transports that read an address from its end, and dial the host that they find.
    for behind in [
        "/ip4/127.0.0.1/tcp/22",
        "/tcp/1/ip4/127.0.0.1/tcp/22",
        "/ip6/::1/tcp/22",
        "/dns/localhost/tcp/22",
        "/tcp/1/unix/x",
        "/tcp/1/memory/1",
        "/tcp/1/tcp/22",
        "/tcp/1/udp/22",
        "/tcp/1/ip6zone/lo",
    ] {
        check(&format!("/ip4/8.8.8.8{behind}"), Err(Refusal::Ambiguous));
        check(&format!("/dns/example.com{behind}"), Err(Refusal::Ambiguous));
        check(
            &format!("/p2p/{PEER}{}", behind.replace("/tcp/1/", "/ip4/1.1.1.1/")),
            Err(Refusal::Ambiguous),
        );
    }
    check("/tcp/1/ip4/127.0.0.1", Err(Refusal::Ambiguous));
    check(&format!("/ip4/8.8.8.8/tcp/1/tls/sni/example.com/ws/p2p/{PEER}"), Ok(()));
}

#[test]
fn d4_zones_and_what_is_inside_of_this_host_have_a_scope() {
    let scope = |text: &str| hearsay(text).scope();
    assert_eq!(scope("/ip6zone/eth0/ip6/fe80::1/tcp/1"), Some(Scope::LinkLocal));
    assert_eq!(scope("/ip6zone/eth0/ip6/fe80::a9fe:a9fe/tcp/80"), Some(Scope::Metadata));
    assert_eq!(scope("/ip6zone/x/ip6/fd00:ec2::254/tcp/80"), Some(Scope::Metadata));
    assert_eq!(hearsay("/ip6zone/eth0/ip6/fe80::1/tcp/1").family(), Family::Ip6);
    assert_eq!(scope("/unix/run.sock"), Some(Scope::Loopback));
    assert_eq!(scope("/memory/7"), Some(Scope::Loopback));
    assert_eq!(scope("/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1"), None);
    assert_eq!(scope(&format!("/p2p/{PEER}")), None);
    let mut public = Any::default();
    public.scopes = Scopes::PUBLIC;
    let loopback = Err(Refusal::Scope(Scope::Loopback));
    assert_eq!(check_scope(&hearsay("/unix/run.sock"), &public), loopback);
    assert_eq!(check_scope(&hearsay("/memory/7"), &public), loopback);
}

#[test]
fn d4_what_a_name_resolves_to_is_asked_again() {
    let policy = Any::default();
    let check = |text: &str, ip: &str, becomes: &str, expected: Result<(), Refusal>| {
        let name = of(text, &[Certified, ThirdParty]);
        assert_eq!(check_scope(&name, &policy), Ok(()), "{text}");
        let resolved = name.resolved(ip.parse::<IpAddr>().unwrap());
        assert_eq!(resolved.address(), &address(becomes));
        assert_eq!(check_scope(&resolved, &policy), expected, "{text} to {ip}");
        // The provenance is that of the name.
        assert!(resolved.is_certified());
        assert_eq!(resolved.classes(), name.classes());
        assert_eq!(resolved.dials(), name.dials());
        // What the address is, is read again.
        assert_eq!(resolved.traits(), hearsay(becomes).traits());
    };
    let metadata = refused(Scope::Metadata);
    check("/dns/example.com/tcp/80", "1.2.3.4", "/ip4/1.2.3.4/tcp/80", Ok(()));
    check("/dns4/example.com/tcp/80", "169.254.169.254", "/ip4/169.254.169.254/tcp/80", metadata);
    check(
        "/dns6/example.com/udp/1/quic-v1",
        "::ffff:169.254.169.254",
        "/ip6/::ffff:169.254.169.254/udp/1/quic-v1",
        metadata,
    );
    check("/dns/example.com/tcp/80", "::", "/ip6/::/tcp/80", refused(Scope::Unspecified));
    let ended = format!("/ip4/1.2.3.4/tcp/80/p2p/{PEER}");
    check(&format!("/dns/example.com/tcp/80/p2p/{PEER}"), "1.2.3.4", &ended, Ok(()));
    // No name of a host: nothing changes.
    check("/ip4/1.2.3.4/tcp/80", "127.0.0.1", "/ip4/1.2.3.4/tcp/80", Ok(()));
    check("/dnsaddr/example.com", "127.0.0.1", "/dnsaddr/example.com", Ok(()));
}

#[test]
fn d4_what_a_dnsaddr_stands_for_is_asked_again() {
    let name = of("/dnsaddr/example.com", &[Certified]);
    // Whoever answers for the name may say anything.
    let check = |text: &str, expected: Result<(), Refusal>| {
        let resolved = name.resolved_to(address(text));
        let address = check_address(&target(), &resolved);
        assert_eq!(address.and_then(|()| check_scope(&resolved, &Any::default())), expected);
    };
    check("/ip4/1.2.3.4/tcp/1", Ok(()));
    check(&format!("/ip4/1.2.3.4/tcp/1/p2p/{PEER}"), Ok(()));
    check("/ip4/1.2.3.4/tcp/0", Err(Refusal::PortZero));
    check(&format!("/ip4/1.2.3.4/tcp/1/p2p/{OTHER}"), Err(Refusal::OtherPeer));
    check("/ip4/1.2.3.4/tcp/1/p2p-circuit", Err(Refusal::UnnamedRelay));
    check("/ip4/1.2.3.4/ip4/127.0.0.1/tcp/1", Err(Refusal::Ambiguous));
    check("/ip4/169.254.169.254/tcp/1", refused(Scope::Metadata));
    let resolved = name.resolved_to(address("/ip4/127.0.0.1/udp/1/quic-v1"));
    assert!(resolved.is_certified());
    assert_eq!(resolved.scope(), Some(Scope::Loopback));
    assert_eq!(resolved.traits().transport(), Transport::QuicV1);
    let mut public = Any::default();
    public.scopes = Scopes::PUBLIC;
    assert_eq!(check_scope(&name, &public), Ok(()));
    assert_eq!(check_scope(&resolved, &public), refused(Scope::Loopback));
}

#[test]
fn d4_every_scope_is_for_whom_it_is_said() {
    for scope in Scope::ALL {
        for class in TrustClass::ALL {
            let for_class = Classes::of([class]);
            let scopes = Scopes::PUBLIC.with(scope, for_class);
            for other in Scope::ALL {
                for classes in TrustClass::ALL.map(|class| Classes::of([class])) {
                    let expected =
                        if other == scope { classes == for_class } else { other == Scope::Global };
                    assert_eq!(scopes.admits(other, classes), expected, "{other} {classes:?}");
                }
                assert!(!scopes.admits(other, Classes::NONE));
            }
        }
    }
}

#[test]
fn d4_an_explicit_address_is_the_users() {
    let mut policy = Any::default();
    policy.scopes = Scopes::PUBLIC.with(Scope::Private, Classes::of([User]));
    let near = "/ip4/192.168.1.7/tcp/1";
    assert_eq!(check_scope(&Candidate::explicit(address(near)), &policy), Ok(()));
    assert_eq!(check_scope(&hearsay(near), &policy), refused(Scope::Private));
    assert_eq!(check_scope(&hearsay(near).by_user(), &policy), Ok(()));
}

/// What the default scopes say of an address that this class claims, said nearby or not.
fn by_default(text: &str, class: TrustClass) -> [bool; 2] {
    let policy = Any::default();
    let far = of(text, &[class]);
    [far.clone(), far.said_nearby()].map(|candidate| check_scope(&candidate, &policy).is_ok())
}

#[test]
fn d4_by_default_what_is_near_is_dialed_only_where_there_is_a_ground_for_it() {
    // This host, and the metadata services: for the user alone.
    for here in [
        "/ip4/127.0.0.1/tcp/1",
        "/ip6/::1/tcp/1",
        "/ip6/::ffff:127.0.0.1/tcp/1",
        "/dns/localhost/tcp/1",
        "/unix/run%2Fdocker.sock",
        "/memory/7",
        "/ip4/169.254.169.254/tcp/80",
        "/ip4/168.63.129.16/tcp/80",
        "/ip6/64:ff9b:1::a9fe:a9fe/tcp/80",
        "/dns/metadata.google.internal/tcp/80",
        "/dns4/metadata.goog/tcp/80",
        "/dns/instance-data.ec2.internal/tcp/80",
        // All of link-local IPv4.
        "/ip4/169.254.7.7/tcp/1",
        "/ip6/::ffff:169.254.7.7/tcp/1",
    ] {
        for class in TrustClass::ALL {
            let expected = class == User;
            assert_eq!(by_default(here, class), [expected; 2], "{here} {class}");
        }
    }
    // Private networks: for the user, for what was dialed, and for what was said nearby.
    for near in [
        "/ip4/10.0.0.7/tcp/1",
        "/ip4/192.168.1.7/udp/1/quic-v1",
        "/ip4/100.64.0.7/tcp/1",
        "/ip6/fd00::7/tcp/1",
        "/dns/printer.local/tcp/1",
    ] {
        for class in TrustClass::ALL {
            let known = [User, Dialed].contains(&class);
            assert_eq!(by_default(near, class), [known, true], "{near} {class}");
        }
    }
    // A link: for the user, and for what was said on it.
    for class in TrustClass::ALL {
        let link = "/ip6zone/eth0/ip6/fe80::7/tcp/1";
        assert_eq!(by_default(link, class), [class == User, true], "{class}");
        assert_eq!(by_default("/ip4/1.2.3.4/tcp/1", class), [true; 2]);
        assert_eq!(by_default("/ip4/224.0.0.1/udp/1/quic-v1", class), [false; 2]);
    }
    // What was said nearby and is claimed no more is not dialed.
    let nobody = of("/ip4/10.0.0.7/tcp/1", &[]).said_nearby();
    assert_eq!(check_scope(&nobody, &Any::default()), refused(Scope::Private));
}

#[test]
fn d4_mdns_is_a_ground_within_a_subnet_of_this_node() {
    let policy = Any::default();
    let home = Subnet { address: "192.168.1.7".parse().unwrap(), prefix: 24 };
    let site = Subnet { address: "fd00:7::1".parse().unwrap(), prefix: 64 };
    let subnets = [home, site];
    let check = |source: Source, text: &str, expected: bool| {
        let provenance = Provenance::new([Claim::reported(source, Timestamp::EPOCH, LATER)]);
        let candidate = Candidate::new(address(text), &provenance, NOW);
        assert!(check_scope(&candidate, &policy).is_err(), "{text}");
        let seen = candidate.seen_from(&subnets);
        assert_eq!(check_scope(&seen, &policy).is_ok(), expected, "{text}");
        // What a name resolves to is asked for again.
        assert!(!seen.resolved_to(address("/ip4/10.9.9.9/tcp/1")).is_nearby());
    };
    check(Source::MDNS, "/ip4/192.168.1.99/tcp/1", true);
    check(Source::MDNS, "/ip6/::ffff:192.168.1.99/tcp/1", true);
    check(Source::MDNS, "/ip6/fd00:7::99/tcp/1", true);
    check(Source::MDNS, "/ip6zone/eth0/ip6/fe80::9/tcp/1", true);
    check(Source::MDNS, "/ip4/192.168.2.99/tcp/1", false);
    check(Source::MDNS, "/ip6/fd00:8::99/tcp/1", false);
    check(Source::MDNS, "/ip4/127.0.0.1/tcp/1", false);
    check(Source::MDNS, "/ip4/169.254.1.1/tcp/1", false);
    check(Source::DHT, "/ip4/192.168.1.99/tcp/1", false);
    assert!(!home.contains("::1".parse().unwrap()));
    let all = Subnet { prefix: 0, ..home };
    let one = Subnet { prefix: 200, ..home };
    assert!(
        all.contains("8.8.8.8".parse().unwrap()) && !one.contains("192.168.1.8".parse().unwrap())
    );
}

#[test]
fn d4_nearby_can_be_switched_off() {
    let mut policy = Any::default();
    policy.scopes = Scopes::DEFAULT.with_nearby(Nearby::ByClass);
    let near = of("/ip4/10.0.0.7/tcp/1", &[Direct]).said_nearby();
    assert_eq!(check_scope(&near, &policy), refused(Scope::Private));
    policy.scopes = Scopes::PUBLIC.with_nearby(Nearby::Admitted);
    assert_eq!(check_scope(&near, &policy), Ok(()));
}

#[test]
fn d4_zones() {
    // The user may dial a link; nobody may without saying which.
    let check = |text: &str, expected: Result<(), Refusal>| {
        let candidate = Candidate::explicit(address(text));
        assert_eq!(check_address(&target(), &candidate), expected, "{text}");
        assert_eq!(check_scope(&candidate, &Any::default()), expected, "{text}");
    };
    check("/ip6zone/eth0/ip6/fe80::1/tcp/1", Ok(()));
    check("/ip6zone/eth0/ip6/fe80::a9fe:a9fe/tcp/1", Ok(()));
    check("/ip6/fe80::1/tcp/1", Err(Refusal::NoZone));
    check("/ip6/febf::1/udp/1/quic-v1", Err(Refusal::NoZone));
    check("/dns6/fe80::1/tcp/1", Err(Refusal::NoZone));
    check("/ip6zone/eth0/ip4/1.2.3.4/tcp/1", Err(Refusal::MisplacedZone));
    check("/ip6zone/eth0/dns/example.com/tcp/1", Err(Refusal::MisplacedZone));
    check("/ip6zone/eth0/tcp/1", Err(Refusal::MisplacedZone));
    check("/ip6/fe80::1/ip6zone/eth0/tcp/1", Err(Refusal::MisplacedZone));
    let empty = [&[0x2a, 0][..], address("/ip6/fe80::1/tcp/1").as_ref()].concat();
    let empty = Candidate::explicit(empty.try_into().unwrap());
    assert_eq!(check_scope(&empty, &Any::default()), Err(Refusal::EmptyZone));
    let name = of("/dns6/example.com/tcp/1", &[User]);
    let resolved = name.resolved("fe80::1".parse().unwrap());
    assert_eq!(check_scope(&resolved, &Any::default()), Err(Refusal::NoZone));
}

#[test]
fn d10_what_no_transport_can_dial_is_refused() {
    let onion = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd";
    let check = |text: &str, expected: Option<Refusal>| {
        let candidate = Candidate::explicit(address(text));
        let plan = peermark_dial_policy::plan(
            &target(),
            &[candidate],
            &Any::default(),
            &peermark_dial_policy::NoDelay,
        );
        assert_eq!(plan.refused().first().map(|no| no.reason), expected, "{text}");
    };
    let none = Some(Refusal::NoTransport);
    for text in [
        "/ip4/1.2.3.4",
        "/ip6/2a00::2",
        "/dns/example.com",
        "/ip4/1.2.3.4/ipcidr/24",
        "/ip4/1.2.3.4/ipcidr/24/tcp/1",
        "/http-path/x",
        "/ip4/1.2.3.4/http-path/x",
        "/webrtc",
        "/ip4/1.2.3.4/webrtc",
        "/ip4/1.2.3.4/quic-v1",
        "/quic-v1",
        "/ip4/1.2.3.4/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit",
        &format!("/p2p/{PEER}"),
    ] {
        check(text, none);
    }
    // What names neither host nor hidden service.
    check("/tcp/22", Some(Refusal::NoHost));
    check("/udp/1/quic-v1", Some(Refusal::NoHost));
    let relay = "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit";
    check(&format!("/tcp/22{relay}"), Some(Refusal::NoHost));
    // What has rules of its own.
    check("/dnsaddr/example.com", None);
    check("/unix/x", None);
    check("/memory/7", None);
    check(relay, None);
    check(&format!("/onion3/{onion}:1"), None);
    check("/ip4/1.2.3.4/tcp/1", None);
    check("/ip4/1.2.3.4/udp/1/webrtc-direct", None);
    assert_eq!(socket_address(&address("/ip4/1.2.3.4/udp/7/quic-v1")), "1.2.3.4:7".parse().ok());
    assert_eq!(socket_address(&address("/dns/example.com/tcp/1")), None);
    assert_eq!(socket_address(&address("/ip4/1.2.3.4")), None);
}
