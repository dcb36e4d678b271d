//! D5: circuits.

use peermark_dial_policy::{Any, CertifiedOnly, HappyEyeballs, Refusal, Target};
use peermark_provenance::TrustClass::{Certified, ThirdParty, User};

use crate::support::{OTHER, PEER, RELAY, checked, hearsay, of, peer, target};

const LOCAL: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

/// Where this node says who it is, what becomes of the address.
fn check(address: &str, expected: Result<(), Refusal>) {
    let mut target = target();
    target.local = Some(peer(LOCAL));
    let plan = checked(&target, &[hearsay(address)], &Any::default(), &HappyEyeballs::default());
    assert_eq!(plan.refused().first().map_or(Ok(()), |no| Err(no.reason)), expected, "{address}");
}

#[test]
fn d5_one_relay_that_is_named_and_no_end() {
    for host in ["/ip4/1.2.3.4/tcp/1", "/dns/example.com/udp/1/quic-v1", ""] {
        check(&format!("{host}/p2p/{RELAY}/p2p-circuit"), Ok(()));
        check(&format!("{host}/p2p/{RELAY}/p2p-circuit/p2p/{PEER}"), Ok(()));
        check(&format!("{host}/p2p/{RELAY}/p2p-circuit/webrtc/p2p/{PEER}"), Ok(()));
        let other = format!("{host}/p2p/{RELAY}/p2p-circuit/p2p/{OTHER}");
        check(&other, Err(Refusal::OtherPeer));
        for end in [format!("/p2p/{PEER}"), String::new()] {
            check(&format!("{host}/p2p-circuit{end}"), Err(Refusal::UnnamedRelay));
            for relay in [PEER, LOCAL] {
                let through_an_end = format!("{host}/p2p/{relay}/p2p-circuit{end}");
                check(&through_an_end, Err(Refusal::RelayIsAnEnd));
            }
            let two = format!("{host}/p2p/{RELAY}/p2p-circuit/p2p/{OTHER}/p2p-circuit{end}");
            check(&two, Err(Refusal::ManyRelays));
            let unnamed = format!("{host}/p2p-circuit/p2p-circuit{end}");
            check(&unnamed, Err(Refusal::ManyRelays));
        }
    }
}

#[test]
fn d5_a_node_that_does_not_say_who_it_is_may_dial_through_anybody_else() {
    let through = format!("/ip4/1.2.3.4/tcp/1/p2p/{LOCAL}/p2p-circuit");
    let target = Target::new(peer(PEER));
    let plan = checked(&target, &[hearsay(&through)], &Any::default(), &HappyEyeballs::default());
    assert_eq!(plan.dials().len(), 1);
}

#[test]
fn d5_behind_the_relay_there_is_no_host_and_before_it_one_peer() {
    let relay = format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}");
    for behind in
        ["/ip4/10.0.0.1", "/tcp/22", "/ip4/10.0.0.1/tcp/22", "/dns/localhost", "/memory/1"]
    {
        let address = format!("{relay}/p2p-circuit{behind}/p2p/{PEER}");
        check(&address, Err(Refusal::Ambiguous));
    }
    check(&format!("{relay}/p2p/{OTHER}/p2p-circuit"), Err(Refusal::Ambiguous));
    check(&format!("{relay}/p2p/{RELAY}/p2p-circuit"), Ok(()));
    check(&format!("/p2p/{RELAY}/ip4/10.0.0.1/tcp/1/p2p-circuit"), Err(Refusal::Ambiguous));
}

#[test]
fn d5_certified_only_dials_a_circuit_that_is_certified_as_a_whole() {
    let relay = format!("/ip4/1.2.3.4/tcp/1/p2p/{RELAY}");
    let circuit = format!("{relay}/p2p-circuit");
    let candidates = [
        of(&circuit, &[Certified]),
        // The relay's own record says where the relay is, and nothing of the peer behind it.
        of(&format!("/ip4/1.2.3.5/tcp/1/p2p/{RELAY}/p2p-circuit"), &[ThirdParty, User]),
    ];
    let policy = CertifiedOnly::default();
    let plan = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
    assert_eq!(plan.dials().iter().map(|dial| dial.candidate()).collect::<Vec<_>>(), [0]);
    assert_eq!(plan.refused()[0].reason, Refusal::Class(User));
}

#[test]
fn d5_the_scope_of_a_circuit_is_that_of_its_relay() {
    let circuit = |ip: &str| format!("/ip4/{ip}/tcp/1/p2p/{RELAY}/p2p-circuit");
    let loopback = peermark_dial_policy::Scope::Loopback;
    check(&circuit("127.0.0.1"), Err(Refusal::Scope(loopback)));
    let metadata = peermark_dial_policy::Scope::Metadata;
    check(&circuit("169.254.169.254"), Err(Refusal::Scope(metadata)));
    check(&circuit("1.2.3.4").replace("/tcp/1", "/tcp/0"), Err(Refusal::PortZero));
    let traits = hearsay(&circuit("1.2.3.4")).traits().clone();
    assert!(traits.is_circuit());
    assert_eq!(traits.relay(), Some(&peer(RELAY)));
    assert!(!hearsay("/ip4/1.2.3.4/tcp/1").traits().is_circuit());
    assert_eq!(hearsay("/ip4/1.2.3.4/tcp/1").traits().relay(), None);
}
