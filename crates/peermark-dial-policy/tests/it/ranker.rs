//! D6: the schedule of go-libp2p, by the cases of the test of its dial ranker, and what is ours.
//!
//! What differs from those cases is listed in `docs/dialing.md`: an IPv6 address of theirs is reserved
//! here, so another stands in its place; a relay is named, as D5 asks; WebTransport beside QUIC on one
//! host and port is superseded (D9); an address without a transport is refused (D10); and what has
//! nothing before it is dialed at once (D6).

use std::time::Duration;

use peermark_dial_policy::{Any, Group, HappyEyeballs, NoDelay, Ranker, Ranking, Scopes};

use crate::support::{RELAY, address, checked, hearsay, target};

const Q1: &str = "/ip4/1.2.3.4/udp/1/quic-v1";
const Q2: &str = "/ip4/1.2.3.4/udp/2/quic-v1";
const Q3: &str = "/ip4/1.2.3.4/udp/3/quic-v1";
const Q4: &str = "/ip4/1.2.3.4/udp/4/quic-v1";
const Q1V6: &str = "/ip6/2a00::2/udp/1/quic-v1";
const Q2V6: &str = "/ip6/2a00::2/udp/2/quic-v1";
const Q3V6: &str = "/ip6/2a00::2/udp/3/quic-v1";
const WT1: &str = "/ip4/1.2.3.5/udp/1/quic-v1/webtransport";
const T1: &str = "/ip4/1.2.3.5/tcp/1";
const T2: &str = "/ip4/1.2.3.4/tcp/2";
const T3: &str = "/ip4/1.2.3.4/tcp/3";
const T1V6: &str = "/ip6/2a00::2/tcp/1";
const WRTC1: &str = "/ip4/1.2.3.4/udp/1/webrtc-direct";
const WRTC1V6: &str = "/ip6/2a00::2/udp/1/webrtc-direct";
const ONION: &str = "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234";

/// Addresses as they are given, and the schedule: each with its milliseconds, in the order in which
/// they are dialed.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, u64)]);

/// What is ranked does not depend on who may dial it.
fn everywhere() -> Scopes {
    let all = peermark_dial_policy::Classes::ALL;
    peermark_dial_policy::Scope::ALL
        .into_iter()
        .fold(Scopes::PUBLIC, |scopes, scope| scopes.with(scope, all))
}

fn check(ranker: &dyn Ranker, cases: &[Case<'_>]) {
    for (title, given, expected) in cases {
        let candidates: Vec<_> = given.iter().map(|text| hearsay(text)).collect();
        let mut policy = Any::default();
        policy.scopes = everywhere();
        let plan = checked(&target(), &candidates, &policy, ranker);
        let got: Vec<_> = plan
            .dials()
            .iter()
            .map(|dial| (candidates[dial.candidate()].address().clone(), dial.delay()))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(text, ms)| (address(text), Duration::from_millis(*ms))).collect();
        assert_eq!(got, expected, "{title}: {}", plan.show(&target(), "any", &candidates));
    }
}

#[test]
fn d6_without_delay_all_begin_at_once() {
    check(
        &NoDelay,
        &[(
            "all transports",
            &[Q1, Q2, Q3, Q4, WT1, T1, WRTC1],
            &[(Q1, 0), (Q2, 0), (Q3, 0), (Q4, 0), (WT1, 0), (T1, 0), (WRTC1, 0)],
        )],
    );
}

#[test]
fn d6_quic() {
    check(
        &HappyEyeballs::default(),
        &[
            ("IPv4", &[Q1, Q2, Q3], &[(Q1, 0), (Q2, 250), (Q3, 250)]),
            ("IPv6", &[Q1V6, Q2V6, Q3V6], &[(Q1V6, 0), (Q2V6, 250), (Q3V6, 250)]),
            ("one of each", &[Q1V6, Q2], &[(Q1V6, 0), (Q2, 250)]),
            (
                "with WebTransport",
                &[Q1V6, Q1, Q2, Q3, WT1],
                &[(Q1V6, 0), (Q1, 250), (Q2, 500), (Q3, 500), (WT1, 500)],
            ),
            (
                "WebTransport alone is of IPv4",
                &[Q1V6, Q2V6, Q3V6, WT1],
                &[(Q1V6, 0), (WT1, 250), (Q2V6, 500), (Q3V6, 500)],
            ),
        ],
    );
}

#[test]
fn d6_tcp() {
    check(
        &HappyEyeballs::default(),
        &[
            (
                "both behind both of QUIC",
                &[Q1, Q1V6, Q2V6, Q3V6, Q2, T1, T1V6, T2, T3],
                &[
                    (Q1V6, 0),
                    (Q1, 250),
                    (Q2V6, 500),
                    (Q3V6, 500),
                    (Q2, 500),
                    (T1V6, 750),
                    (T1, 1000),
                    (T2, 1250),
                    (T3, 1250),
                ],
            ),
            (
                "both behind QUIC of IPv4",
                &[Q1, T2, T1V6, T1],
                &[(Q1, 0), (T1V6, 250), (T1, 500), (T2, 750)],
            ),
            (
                "IPv4 behind QUIC of IPv4",
                &[Q1, T2, T3, T1],
                &[(Q1, 0), (T1, 250), (T2, 500), (T3, 500)],
            ),
            ("two behind QUIC of IPv4", &[Q1, T1V6, T2], &[(Q1, 0), (T1V6, 250), (T2, 500)]),
            ("alone", &[T1, T2, T1V6, T3], &[(T1V6, 0), (T1, 250), (T2, 500), (T3, 500)]),
            ("nothing", &[], &[]),
        ],
    );
}

#[test]
fn d6_relays_wait_behind_a_public_direct_address_only() {
    let tcp = &format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}/p2p-circuit");
    let quic = &format!("/ip4/1.2.3.4/udp/1/quic/p2p/{RELAY}/p2p-circuit");
    let near = "/ip4/192.168.1.7/tcp/1";
    let name = "/dns/example.com/tcp/1";
    check(
        &HappyEyeballs::default(),
        &[
            ("behind", &[Q1, Q2, tcp, quic], &[(Q1, 0), (Q2, 250), (quic, 500), (tcp, 750)]),
            ("alone", &[tcp, quic], &[(quic, 0), (tcp, 250)]),
            ("beside what is near", &[near, quic], &[(near, 0), (quic, 0)]),
            ("beside what has no host", &[ONION, quic], &[(quic, 0), (ONION, 1000)]),
            ("behind a name", &[quic, name], &[(name, 0), (quic, 500)]),
        ],
    );
}

#[test]
fn d6_other_transports_wait_behind_the_last() {
    let near = "/ip4/192.168.1.7/udp/1/webrtc-direct";
    let near_tcp = "/ip4/192.168.1.7/tcp/1";
    check(
        &HappyEyeballs::default(),
        &[
            (
                "behind QUIC",
                &[Q1, Q1V6, WRTC1, WRTC1V6, ONION],
                &[(Q1V6, 0), (Q1, 250), (WRTC1, 1250), (WRTC1V6, 1250), (ONION, 2250)],
            ),
            (
                "behind QUIC and TCP",
                &[Q1, T1, T1V6, WRTC1, WRTC1V6, ONION],
                &[(Q1, 0), (T1V6, 250), (T1, 500), (WRTC1, 1500), (WRTC1V6, 1500), (ONION, 2500)],
            ),
            ("without a host, and nothing before it", &[ONION], &[(ONION, 0)]),
            ("near", &[near, near_tcp], &[(near_tcp, 0), (near, 100)]),
        ],
    );
}

#[test]
fn d6_what_is_near_and_what_is_public_are_ranked_each_by_itself() {
    let loopback = "/ip4/127.0.0.1/tcp/1";
    let near = "/ip4/192.168.1.7/tcp/2";
    let near_v6 = "/ip6/fd00::7/tcp/3";
    check(
        &HappyEyeballs::default(),
        &[
            (
                "steps of 30 ms and of 250 ms",
                &[near, T2, loopback, T1],
                &[(loopback, 0), (T1, 0), (near, 30), (T2, 250)],
            ),
            (
                "the families of each",
                &[near, T1, T1V6, near_v6, loopback],
                &[(near_v6, 0), (T1V6, 0), (loopback, 30), (near, 60), (T1, 250)],
            ),
        ],
    );
}

#[test]
fn d6_a_name_is_ranked_as_public_and_one_of_a_site_as_near() {
    let name = "/dns4/example.com/tcp/2";
    let site = "/dns/printer.local/tcp/2";
    check(
        &HappyEyeballs::default(),
        &[
            ("a name", &[name, T1], &[(T1, 0), (name, 250)]),
            ("of a site", &[T1, site, T2], &[(site, 0), (T1, 0), (T2, 250)]),
        ],
    );
}

#[test]
fn d6_what_is_equal_stays_in_order() {
    let [a, b, c, d] = ["9.9.9.9", "1.1.1.1", "8.8.8.8", "4.4.4.4"].map(|ip| format!("/ip4/{ip}"));
    let all = [&a, &b, &c, &d].map(|ip| format!("{ip}/tcp/4001"));
    let [a, b, c, d] = all.each_ref().map(String::as_str);
    let more = [WRTC1V6, "/ip4/1.1.1.1/udp/9/webrtc-direct", WRTC1];
    check(
        &HappyEyeballs::default(),
        &[
            ("as given", &[a, b, c, d], &[(a, 0), (b, 250), (c, 250), (d, 250)]),
            ("the other way", &[d, c, b, a], &[(d, 0), (c, 250), (b, 250), (a, 250)]),
            ("whatever the port", &more, &[(more[0], 0), (more[1], 0), (more[2], 0)]),
        ],
    );
}

#[test]
fn d6_a_relay_that_is_named_by_its_id_alone_is_of_the_other_transports() {
    let circuit = |host: &str| format!("{host}/udp/1/quic-v1/p2p/{RELAY}/p2p-circuit");
    let by_id = format!("/p2p/{RELAY}/p2p-circuit");
    let [six, four] = ["/ip6/2a00::2", "/ip4/1.2.3.4"].map(circuit);
    let expected: &[(&str, u64)] = &[(&six, 0), (&four, 250), (&by_id, 1250)];
    check(
        &HappyEyeballs::default(),
        &[("first", &[&by_id, &six, &four], expected), ("last", &[&six, &four, &by_id], expected)],
    );
}

#[test]
fn d6_low_ports_first_and_drafts_behind() {
    let draft = "/ip4/1.2.3.4/udp/1/quic";
    let draft_v6 = "/ip6/2a00::2/udp/1/quic";
    let wt_v6 = "/ip6/2a00::2/udp/1/quic-v1/webtransport";
    check(
        &NoDelay,
        &[
            (
                "of each transport",
                &[T3, T1V6, WT1, wt_v6, draft, Q3, draft_v6, Q2V6],
                &[
                    (Q2V6, 0),
                    (draft_v6, 0),
                    (Q3, 0),
                    (draft, 0),
                    (wt_v6, 0),
                    (WT1, 0),
                    (T1V6, 0),
                    (T3, 0),
                ],
            ),
            ("ports", &[T3, T2, T1], &[(T1, 0), (T2, 0), (T3, 0)]),
        ],
    );
}

#[test]
fn d6_delays_are_of_ones_own_choosing_and_never_overflow() {
    let mut ranker = HappyEyeballs::default();
    ranker.public = Duration::MAX;
    ranker.other = Duration::MAX;
    ranker.relay = Duration::MAX;
    let relay = format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}/p2p-circuit");
    let candidates = [Q1V6, Q1, Q2, T1V6, T1, WRTC1, &relay, ONION].map(hearsay);
    let plan = checked(&target(), &candidates, &Any::default(), &ranker);
    assert_eq!(plan.dials()[0].delay(), Duration::ZERO);
    assert!(plan.dials()[1..].iter().all(|dial| dial.delay() == Duration::MAX));
    // A timeline of it still has lines of the usual width.
    let text = plan.show(&target(), "any", &candidates).to_string();
    assert!(text.lines().count() > candidates.len());
}

/// The ranker is a trait: relays at once, everything else in steps of a second.
struct RelaysFirst;

impl Ranker for RelaysFirst {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        let dials = ranking.dials_mut();
        // What it does to their order does not matter.
        dials.reverse();
        let mut next = Duration::ZERO;
        for dial in dials {
            if dial.group() != Group::Relay {
                next += Duration::from_secs(1);
                dial.set_delay(next);
            }
        }
    }
}

#[test]
fn d6_the_ranker_is_a_trait() {
    let relay = &format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}/p2p-circuit");
    let case: Case<'_> = ("own", &[Q1, T1, relay], &[(relay, 0), (T1, 1000), (Q1, 2000)]);
    check(&RelaysFirst, &[case]);
    check(&&RelaysFirst, &[case]);
}

#[test]
fn d6_an_address_with_nothing_before_it_is_dialed_at_once() {
    let circuit = &format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}/p2p-circuit");
    let by_id = &format!("/p2p/{RELAY}/p2p-circuit");
    for lone in [WRTC1, ONION, circuit, by_id, "/dnsaddr/example.com", "/memory/1", Q1, T1] {
        check(&HappyEyeballs::default(), &[("alone", &[lone], &[(lone, 0)])]);
    }
    // Behind what is better they wait.
    check(
        &HappyEyeballs::default(),
        &[
            ("webrtc", &[WRTC1, T2], &[(T2, 0), (WRTC1, 1000)]),
            ("dnsaddr", &["/dnsaddr/example.com", T2], &[(T2, 0), ("/dnsaddr/example.com", 1000)]),
        ],
    );
}
