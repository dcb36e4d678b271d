//! D4: who may dial which scope, for addresses, for names, and for what names resolve to.

use std::net::IpAddr;

use peermark_dial_policy::{
    Any, Candidate, Classes, Family, Refusal, Scope, Scopes, Transport, check_address, check_scope,
};
use peermark_provenance::TrustClass;
use peermark_provenance::TrustClass::{Certified, ThirdParty, User};

use crate::support::{OTHER, PEER, address, hearsay, of, target};

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
    check("/ip4/10.0.0.1/tcp/1", Ok(()));
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
    check("/ip6/::ffff:10.0.0.1/tcp/80", Ok(()));
}

#[test]
fn d4_names_have_the_scope_that_they_tell() {
    for protocol in ["dns", "dns4", "dns6", "dnsaddr"] {
        check(&format!("/{protocol}/example.com/tcp/1"), Ok(()));
        check(&format!("/{protocol}/localhost/tcp/1"), Ok(()));
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
