//! D4: names, and what a multiaddr starts with.

use peermark_scope::Scope;

#[test]
fn d4_names_have_the_scope_that_they_tell() {
    let check = |name: &str, expected| {
        assert_eq!(Scope::of_name(name), expected, "{name}");
        assert_eq!(Scope::of_name(&name.to_uppercase()), expected, "{name}");
    };
    for name in ["example.com", "example.com.", "bootstrap.libp2p.io", "x.mylocal", "a.b.c.dev"] {
        check(name, Scope::Global);
    }
    for name in ["localhost", "localhost.", "a.localhost"] {
        check(name, Scope::Loopback);
    }
    for name in ["printer", "mylocal", "printer.local", "db.internal", "nas.home.arpa", "x.lan"] {
        check(name, Scope::Private);
    }
    for name in ["a.test", "a.example", "invalid", "a.alt", "a.onion", "", ".", "0x7f.1", "1.1"] {
        check(name, Scope::Reserved);
    }
    // RFC 6762, appendix G, and what host files say.
    for name in ["a.intranet", "private", "x.private", "a.corp", "a.home", "a.localdomain"] {
        check(name, Scope::Private);
    }
    for name in ["localhost.localdomain", "a.localhost.localdomain.", "localhost6.localdomain6"] {
        check(name, Scope::Loopback);
    }
    for name in ["metadata.google.internal", "metadata.goog.", "instance-data.ec2.internal"] {
        check(name, Scope::Metadata);
    }
    for name in ["x.metadata.goog", "metadata", "instance-data.", "metadata.tencentyun.com"] {
        check(name, Scope::Metadata);
    }
    check("metadata.example.com", Scope::Global);
    check("a.metadata", Scope::Global);
    // No label is empty, so that a second dot at the end hides nothing.
    for name in ["localhost..", "example.com..", "a..com", ".com"] {
        check(name, Scope::Reserved);
    }
    check("notmetadata.goog", Scope::Global);
    check("10.0.0.1", Scope::Private);
    check("1.1.1.1", Scope::Global);
    check("::1", Scope::Loopback);
    check("169.254.169.254", Scope::Metadata);
}

#[test]
fn d4_an_address_has_the_scope_of_its_host() {
    let check = |address: &str, expected| {
        assert_eq!(Scope::of(&address.parse().unwrap()), expected, "{address}");
    };
    check("/ip4/10.0.0.1/tcp/1", Some(Scope::Private));
    check("/ip6/::1/udp/1/quic-v1", Some(Scope::Loopback));
    for protocol in ["dns", "dns4", "dns6", "dnsaddr"] {
        check(&format!("/{protocol}/example.com/tcp/1"), Some(Scope::Global));
        check(&format!("/{protocol}/localhost/tcp/1"), Some(Scope::Loopback));
    }
    // Behind a zone, an address is one of this link; it does not start with a host.
    check("/ip6zone/eth0/ip6/fe80::1/tcp/1", None);
    check("/memory/1", None);
    check("", None);
}

#[test]
fn scopes_have_names() {
    let names: std::collections::HashSet<_> = Scope::ALL.iter().map(Scope::to_string).collect();
    assert_eq!(names.len(), Scope::ALL.len());
    let local: Vec<_> = Scope::ALL.into_iter().filter(|scope| scope.is_local()).collect();
    assert_eq!(
        local,
        [Scope::Private, Scope::UniqueLocal, Scope::Shared, Scope::LinkLocal, Scope::Loopback]
    );
}
