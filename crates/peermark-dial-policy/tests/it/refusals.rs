//! D3: every candidate is dialed or refused, once, and each refusal has its reason.

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, HappyEyeballs, Nothing, Refusal, Scope, Target,
    UserAndCertified,
};
use peermark_provenance::TrustClass::{Certified, ThirdParty, User};
use peermark_provenance::{Provenance, SourceKinds};

use crate::support::{
    NOW, OTHER, OVER, PEER, RELAY, address, certified, checked, claim, hearsay, of, peer, target,
};

const HERE: &str = "/ip4/1.2.3.4/tcp/4001";

#[test]
fn d3_no_address_and_all_refused_are_different_answers() {
    let check = |candidates: &[Candidate], nothing: Option<Nothing>, text: &str| {
        let ranker = HappyEyeballs::default();
        let plan = checked(&target(), candidates, &CertifiedOnly::default(), &ranker);
        assert_eq!(plan.nothing(), nothing);
        assert_eq!(nothing.map(|nothing| nothing.to_string()).unwrap_or_default(), text);
        assert_eq!(plan.stages().count(), usize::from(nothing.is_none()));
    };
    check(&[], Some(Nothing::NoAddress), "no address is known");
    check(&[hearsay(HERE)], Some(Nothing::AllRefused), "every known address is refused");
    check(&[hearsay(HERE), of(HERE, &[Certified])], None, "");
}

#[test]
fn d3_each_refusal_has_its_reason() {
    let only = CertifiedOnly::default();
    let any = Any::default();
    let ranker = HappyEyeballs::default();
    let mut target = target();
    target.own = &[];
    let over =
        |text: &str, claims: Vec<_>| Candidate::new(address(text), &Provenance::new(claims), NOW);
    let check = |candidate: Candidate, reason: Refusal, text: &str| {
        let is_policy = matches!(reason, Refusal::Class(_) | Refusal::RecordOver);
        let candidates = [candidate];
        let plan = if is_policy {
            checked(&target, &candidates, &only, &ranker)
        } else {
            checked(&target, &candidates, &any, &ranker)
        };
        assert_eq!(plan.refused()[0].reason, reason);
        assert_eq!(reason.to_string(), text);
    };
    check(over(HERE, vec![claim(ThirdParty, OVER)]), Refusal::NotLive, "no unexpired claim");
    check(
        hearsay(HERE),
        Refusal::Class(ThirdParty),
        "the policy does not admit third-party addresses",
    );
    check(
        Candidate::explicit(address(HERE)),
        Refusal::Class(User),
        "the policy does not admit user addresses",
    );
    check(
        over(HERE, vec![certified(SourceKinds::NONE, OVER)]),
        Refusal::RecordOver,
        "the record that certified it has expired",
    );
    check(
        hearsay("/ip4/0.0.0.0/tcp/1"),
        Refusal::Scope(Scope::Unspecified),
        "the policy does not admit the scope unspecified",
    );
    check(hearsay("/ip4/1.2.3.4/tcp/0"), Refusal::PortZero, "its port is 0");
    check(
        hearsay(&format!("{HERE}/p2p/{OTHER}")),
        Refusal::OtherPeer,
        "it ends in the peer id of another peer",
    );
    check(
        hearsay(&format!("{HERE}/ip4/127.0.0.1/tcp/22")),
        Refusal::Ambiguous,
        "it names more than one host, port or peer",
    );
}

#[test]
fn d3_port_0_wherever_a_port_is() {
    let check = |text: &str, expected: Option<Refusal>| {
        let plan = checked(&target(), &[hearsay(text)], &Any::default(), &HappyEyeballs::default());
        assert_eq!(plan.refused().first().map(|no| no.reason), expected, "{text}");
    };
    const ONION: &str = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd";
    for (port, refusal) in [(0, Some(Refusal::PortZero)), (1, None), (65_535, None)] {
        for host in ["/ip4/1.2.3.4", "/ip6/2a00::2", "/dns/example.com", "/ip6zone/x/ip6/2a00::1"] {
            check(&format!("{host}/tcp/{port}"), refusal);
            check(&format!("{host}/udp/{port}/quic-v1"), refusal);
            check(&format!("{host}/udp/{port}/webrtc-direct/p2p/{PEER}"), refusal);
            check(&format!("{host}/tcp/{port}/tls/ws"), refusal);
            check(&format!("{host}/tcp/{port}/p2p/{RELAY}/p2p-circuit"), refusal);
        }
    }
    check(&format!("/onion3/{ONION}:1"), None);
    check("/ip4/1.2.3.4", Some(Refusal::NoTransport));
    check("/ip4/1.2.3.4/tcp/0/tcp/1", Some(Refusal::Ambiguous));
}

#[test]
fn d3_a_node_does_not_dial_itself() {
    let check = |target: &Target<'_>, text: &str, expected: Option<Refusal>| {
        let candidates = [of(text, &[Certified])];
        let policy = CertifiedOnly::default();
        let plan = checked(target, &candidates, &policy, &HappyEyeballs::default());
        assert_eq!(plan.refused().first().map(|no| no.reason), expected, "{text}");
    };
    let mut itself = target();
    itself.local = Some(peer(PEER));
    check(&itself, HERE, Some(Refusal::Oneself));

    let circuit = format!("/ip4/5.6.7.8/tcp/1/p2p/{RELAY}/p2p-circuit");
    let own = [
        address("/ip4/1.2.3.4/udp/1/quic-v1"),
        address(HERE),
        address(&format!("/ip6/2a00::2/tcp/1/p2p/{RELAY}")),
        address(&circuit),
    ];
    let mut target = target();
    target.own = &own;
    let me = Some(Refusal::Oneself);
    check(&target, HERE, me);
    check(&target, &format!("{HERE}/p2p/{PEER}"), me);
    check(&target, "/ip6/2a00::2/tcp/1", me);
    check(&target, &format!("/ip6/2a00::2/tcp/1/p2p/{PEER}"), me);
    check(&target, "/ip4/1.2.3.4/tcp/4002", None);
    check(&target, "/ip4/1.2.3.4/udp/1", None);
    check(&target, &format!("{HERE}/ws"), None);
    // Others listen behind the same relay, and the relay is not this node.
    check(&target, &circuit, None);
    check(&target, &format!("{circuit}/p2p/{PEER}"), None);
    check(&target, "/ip4/5.6.7.8/tcp/1", None);
}

#[test]
fn d3_what_is_wrong_with_an_address_is_told_before_what_the_policy_says() {
    let candidates = [hearsay("/ip4/127.0.0.1/tcp/0"), hearsay("/ip4/224.0.0.1/tcp/1")];
    let policy = CertifiedOnly::default();
    let plan = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
    let reasons: Vec<_> = plan.refused().iter().map(|no| no.reason).collect();
    assert_eq!(reasons, [Refusal::PortZero, Refusal::Class(ThirdParty)]);
}

#[test]
fn d3_an_address_that_is_there_twice_is_dialed_once() {
    let ended = format!("{HERE}/p2p/{PEER}");
    let user = Candidate::explicit(address(&ended));
    let record = of(HERE, &[Certified]);
    let told = hearsay(HERE);
    let elsewhere = hearsay("/ip4/1.2.3.5/tcp/4001");
    let nobody = of(HERE, &[]);
    // For each candidate its stage, or its reason.
    let check = |given: &[&Candidate], expected: &[Result<usize, Refusal>]| {
        let candidates: Vec<_> = given.iter().map(|candidate| (*candidate).clone()).collect();
        let policy = CertifiedFirst::default();
        let plan = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
        let got: Vec<_> = (0..candidates.len())
            .map(|place| match plan.stage_of(place) {
                Some(stage) => Ok(stage),
                None => Err(plan.refused().iter().find(|no| no.candidate == place).unwrap().reason),
            })
            .collect();
        assert_eq!(got, expected, "{}", plan.show(&target(), "certified-first", &candidates));
    };
    let again = |dialed| Err(Refusal::Repeated { dialed });
    // The first of equals; the best stage, wherever it stands.
    check(&[&told, &told, &told], &[Ok(0), again(0), again(0)]);
    check(&[&told, &record], &[again(1), Ok(0)]);
    check(&[&record, &told], &[Ok(0), again(0)]);
    check(&[&user, &elsewhere, &told, &record], &[again(3), Ok(1), again(3), Ok(0)]);
    check(&[&user, &told], &[Ok(0), again(0)]);
    // What is refused for another reason has that one.
    check(&[&nobody, &told], &[Err(Refusal::NotLive), Ok(0)]);
    // Another port, transport or relay is another address.
    let near: Vec<_> = ["/tcp/1", "/tcp/2", "/udp/1/quic-v1", "/tcp/1/ws", "/tcp/1/p2p-circuit"]
        .map(|rest| rest.replace("/p2p-circuit", &format!("/p2p/{RELAY}/p2p-circuit")))
        .iter()
        .map(|rest| hearsay(&format!("/ip4/1.2.3.4{rest}")))
        .collect();
    check(&near.iter().collect::<Vec<_>>(), &[Ok(0); 5]);
}

#[test]
fn d3_equal_ranks_and_many_of_them_are_told_apart() {
    // 300 hosts at one port, each three times: what is dialed is each once, in their order.
    let hosts = (0..300).map(|n| format!("/ip4/1.2.{}.{}/tcp/4001", n / 250, n % 250));
    let once: Vec<_> = hosts.map(|text| hearsay(&text)).collect();
    let thrice = [once.clone(), once.clone(), once].concat();
    let mut target = target();
    target.most = usize::MAX;
    let plan = checked(&target, &thrice, &Any::default(), &HappyEyeballs::default());
    let dialed: Vec<_> = plan.dials().iter().map(|dial| dial.candidate()).collect();
    assert_eq!(dialed, (0..300).collect::<Vec<_>>());
    let repeated = |no: &peermark_dial_policy::Refused| {
        no.reason == Refusal::Repeated { dialed: no.candidate % 300 }
    };
    assert!(plan.refused().iter().all(repeated));
}

#[test]
fn d3_better_ones_are_told_from_too_many() {
    let candidates = [
        hearsay("/ip4/1.2.3.4/tcp/1"),
        of("/ip4/1.2.3.4/tcp/2", &[User]),
        of("/ip4/1.2.3.4/tcp/3", &[User]),
    ];
    let mut target = target();
    target.most = 1;
    let policy = UserAndCertified::default();
    let plan = checked(&target, &candidates, &policy, &HappyEyeballs::default());
    let reasons: Vec<_> = plan.refused().iter().map(|no| (no.candidate, no.reason)).collect();
    assert_eq!(reasons, [(0, Refusal::BetterKnown), (2, Refusal::TooMany)]);
    let texts: Vec<_> = plan.refused().iter().map(|no| no.reason.to_string()).collect();
    assert_eq!(texts, ["better addresses are known", "dial limit reached by better addresses"]);
}
