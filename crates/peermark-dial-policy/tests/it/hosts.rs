//! D9: one host is one dial, whatever its spelling.

use std::collections::BTreeSet;

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialKey, DialPolicy, Group, HappyEyeballs,
    HostKey, NameKind, Refusal, Target, Transport, UserAndCertified,
};
use peermark_provenance::TrustClass::{self, Certified, ThirdParty, User};

use crate::support::{OTHER, PEER, RELAY, address, checked, of, target};

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

/// What is dialed: as it is written, in which class, and what has to fail first.
type Dialed<'a> = (&'a str, TrustClass, Option<&'a str>);

fn dialed(
    target: &Target<'_>,
    given: &[(&str, TrustClass)],
    policy: &dyn DialPolicy,
    expected: &[Dialed<'_>],
) {
    let candidates: Vec<_> = given.iter().map(|(text, class)| of(text, &[*class])).collect();
    // Whatever their order.
    let mut turned = candidates.clone();
    turned.reverse();
    for candidates in [&candidates, &turned] {
        let written = |place: usize| candidates[place].plain().to_string();
        let plan = checked(target, candidates, policy, &HappyEyeballs::default());
        let got: BTreeSet<_> = plan
            .dials()
            .iter()
            .map(|dial| {
                (written(dial.candidate()), dial.class().unwrap(), dial.after().map(written))
            })
            .collect();
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|(text, class, after)| ((*text).to_owned(), *class, after.map(str::to_owned)))
            .collect();
        assert_eq!(got, expected, "{}", plan.show(target, policy.name(), candidates));
        // A superseded one is behind what it waits for, in the plan too.
        for dial in plan.dials() {
            let Some(after) = dial.after() else { continue };
            let place = |of: usize| plan.dials().iter().position(|dial| dial.candidate() == of);
            assert!(place(after).unwrap() < place(dial.candidate()).unwrap());
        }
    }
}

#[test]
fn d9_one_host_spelled_five_ways_is_one_dial() {
    let any = Any::default();
    let spellings = [
        "/ip6/::ffff:1.2.3.4/tcp/1",
        "/ip4/1.2.3.4/tcp/1",
        "/ip6/64:ff9b::1.2.3.4/tcp/1",
        "/dns4/1.2.3.4/tcp/1",
        &format!("/ip4/1.2.3.4/tcp/1/p2p/{PEER}"),
    ];
    let given = spellings.map(|text| (text, ThirdParty));
    let plain = "/ip4/1.2.3.4/tcp/1";
    dialed(&target(), &given, &any, &[(plain, ThirdParty, None)]);
    // It has the best class of all, whichever spelling that is claimed in.
    for best in 0..given.len() {
        let mut given = given;
        given[best].1 = Certified;
        for policy in
            [&any as &dyn DialPolicy, &CertifiedFirst::default(), &UserAndCertified::default()]
        {
            if best != 2 {
                dialed(&target(), &given, policy, &[(plain, Certified, None)]);
            }
        }
    }
    let names = [
        ("/dns/EXAMPLE.com/tcp/443/wss", ThirdParty),
        ("/dns/example.com./tcp/443/tls/ws", Certified),
        ("/dns/example.com/tcp/443/wss", User),
    ];
    dialed(&target(), &names, &any, &[("/dns/example.com/tcp/443/tls/ws", User, None)]);
    let different =
        [("/dns/a.com/tcp/1", User), ("/dns4/a.com/tcp/1", User), ("/dns6/a.com/tcp/1", User)];
    dialed(&target(), &different, &any, &different.map(|(text, class)| (text, class, None)));
}

#[test]
fn d9_the_plain_spelling_ranks_as_what_it_is() {
    // As IPv4: behind IPv6, and not in its place.
    let candidates =
        [of("/ip6/::ffff:1.2.3.4/tcp/1", &[ThirdParty]), of("/ip6/2a00::2/tcp/1", &[ThirdParty])];
    let plan = checked(&target(), &candidates, &Any::default(), &HappyEyeballs::default());
    let order: Vec<_> = plan.dials().iter().map(|dial| dial.candidate()).collect();
    assert_eq!(order, [1, 0]);
    assert_eq!(plan.dials()[1].group(), Group::Public);
    // The reason names what is dialed.
    let twice = [of("/ip6/::ffff:1.2.3.4/tcp/1", &[User]), of("/ip4/1.2.3.4/tcp/1", &[User])];
    let plan = checked(&target(), &twice, &Any::default(), &HappyEyeballs::default());
    assert_eq!(plan.refused()[0].reason, Refusal::Repeated { dialed: 1 });
}

#[test]
fn d9_nat64_is_another_way_where_there_is_no_ipv4_route() {
    let mut target = target();
    let given = [("/ip6/64:ff9b::1.2.3.4/tcp/1", Certified), ("/ip4/1.2.3.4/tcp/1", Certified)];
    dialed(&target, &given, &Any::default(), &[("/ip4/1.2.3.4/tcp/1", Certified, None)]);
    // Alone, it is dialed as it is.
    let alone = [given[0]];
    dialed(&target, &alone, &Any::default(), &[("/ip6/64:ff9b::102:304/tcp/1", Certified, None)]);
    target.has_ipv4 = false;
    let both =
        [("/ip6/64:ff9b::102:304/tcp/1", Certified, None), ("/ip4/1.2.3.4/tcp/1", Certified, None)];
    dialed(&target, &given, &Any::default(), &both);
}

const QUIC: &str = "/ip4/1.2.3.4/udp/1/quic-v1";
const DRAFT: &str = "/ip4/1.2.3.4/udp/1/quic";
const WEB: &str = "/ip4/1.2.3.4/udp/1/quic-v1/webtransport";
const TCP: &str = "/ip4/1.2.3.4/tcp/1";
const WS: &str = "/ip4/1.2.3.4/tcp/1/ws";
const WSS: &str = "/ip4/1.2.3.4/tcp/1/tls/ws";

#[test]
fn d9_the_better_transport_of_one_host_and_port_goes_first() {
    let all = [QUIC, DRAFT, WEB, TCP, WS, WSS];
    let any = Any::default();
    dialed(
        &target(),
        &all.map(|text| (text, Certified)),
        &any,
        &[
            (QUIC, Certified, None),
            (DRAFT, Certified, Some(QUIC)),
            (WEB, Certified, Some(QUIC)),
            (TCP, Certified, None),
            (WS, Certified, Some(TCP)),
            // Not of wss: it passes where TCP does not.
            (WSS, Certified, None),
        ],
    );
    // Another port or host is another place.
    let elsewhere = [
        ("/ip4/1.2.3.4/udp/2/quic-v1", User),
        (WEB, User),
        ("/ip4/1.2.3.5/tcp/1", User),
        (WS, User),
    ];
    dialed(&target(), &elsewhere, &any, &elsewhere.map(|(text, class)| (text, class, None)));
    // Neither of these supersedes the other.
    let drafts = [(DRAFT, User), (WEB, User)];
    dialed(&target(), &drafts, &any, &drafts.map(|(text, class)| (text, class, None)));
    // In another spelling too.
    let respelled = [("/ip6/::ffff:1.2.3.4/udp/1/quic-v1", Certified), (WEB, Certified)];
    dialed(&target(), &respelled, &any, &[(QUIC, Certified, None), (WEB, Certified, Some(QUIC))]);
    // Behind one relay, and not behind two.
    let circuit = |text: &str, relay: &str| format!("{text}/p2p/{relay}/p2p-circuit");
    let [quic, web, other] = [circuit(QUIC, RELAY), circuit(WEB, RELAY), circuit(WEB, OTHER)];
    dialed(
        &target(),
        &[(&quic, User), (&web, User), (&other, User)],
        &any,
        &[(&quic, User, None), (&web, User, Some(&quic)), (&other, User, None)],
    );
}

#[test]
fn d9_hearsay_never_silences_what_was_signed() {
    let any = Any::default();
    let check = |better: TrustClass, worse: TrustClass, expected: Option<&str>| {
        let given = [(QUIC, better), (WEB, worse)];
        dialed(&target(), &given, &any, &[(QUIC, better, None), (WEB, worse, expected)]);
    };
    check(ThirdParty, Certified, None);
    check(Certified, User, None);
    check(Certified, Certified, Some(QUIC));
    check(User, ThirdParty, Some(QUIC));
    // The class is that of all spellings.
    let given = [(QUIC, ThirdParty), ("/ip6/::ffff:1.2.3.4/udp/1/quic-v1", User), (WEB, Certified)];
    dialed(&target(), &given, &any, &[(QUIC, User, None), (WEB, Certified, Some(QUIC))]);
    // Nor does what the request does not admit, or what is in a later stage.
    let given = [(QUIC, ThirdParty), (WEB, Certified)];
    dialed(&target(), &given, &CertifiedOnly::default(), &[(WEB, Certified, None)]);
    let first = CertifiedFirst::default();
    dialed(&target(), &given, &first, &[(QUIC, ThirdParty, None), (WEB, Certified, None)]);
    // What is in a better stage does.
    let given = [(QUIC, Certified), (WEB, ThirdParty)];
    dialed(&target(), &given, &first, &[(QUIC, Certified, None), (WEB, ThirdParty, Some(QUIC))]);
    // A stage that does not begin silences nothing.
    let spare = [(QUIC, ThirdParty), (WEB, ThirdParty), (TCP, User)];
    dialed(&target(), &spare, &UserAndCertified::default(), &[(TCP, User, None)]);
}

#[test]
fn d9_a_node_knows_its_own_addresses_in_every_spelling() {
    let own = [address("/ip6/::ffff:1.2.3.4/tcp/1"), address("/dns/Example.com/tcp/443/wss")];
    let mut target = target();
    target.own = &own;
    for text in [TCP, "/ip6/::ffff:1.2.3.4/tcp/1", "/dns/example.com./tcp/443/tls/ws"] {
        let candidates = [Candidate::explicit(address(text))];
        let plan = checked(&target, &candidates, &Any::default(), &HappyEyeballs::default());
        assert_eq!(plan.refused()[0].reason, Refusal::Oneself, "{text}");
    }
}
