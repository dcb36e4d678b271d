//! D3: a plan as text, and as data.

use peermark_dial_policy::{Any, Candidate, HappyEyeballs, Target, UserAndCertified, plan};
use peermark_provenance::TrustClass::{Certified, Direct, ThirdParty, User};

use crate::support::{PEER, RELAY, of, target};

fn candidates() -> Vec<Candidate> {
    vec![
        of("/ip4/1.2.3.4/tcp/4001", &[ThirdParty]),
        of("/ip4/5.6.7.8/udp/4001/quic-v1", &[Certified]),
        of("/dns/example.com/tcp/443/tls/ws", &[Certified, User]),
        of(&format!("/ip4/9.9.9.9/tcp/1/p2p/{RELAY}/p2p-circuit"), &[Certified]),
        of("/ip4/192.168.1.7/tcp/0", &[Direct]),
    ]
}

#[test]
fn d3_a_plan_reads_as_a_timeline() {
    let candidates = candidates();
    let policy = UserAndCertified::default();
    let plan = plan(&target(), &candidates, &policy, &HappyEyeballs::default());
    let target = target();
    let shown = plan.show(&target, "user-certified", &candidates);
    let expected = format!(
        "\
{PEER}, user-certified
              0         500 ms
  now
        0 ms  ████████████████  certified    /ip4/5.6.7.8/udp/4001/quic-v1
      250 ms  ········████████  user         /dns/example.com/tcp/443/tls/ws
      500 ms  ···············█  certified    /ip4/9.9.9.9/tcp/1/p2p/{RELAY}/p2p-circuit/p2p/{PEER}
  refused
    /ip4/1.2.3.4/tcp/4001: better addresses are known
    /ip4/192.168.1.7/tcp/0: its port is 0
"
    );
    assert_eq!(shown.to_string(), expected);
    // The same again, with addresses in other words.
    let short = shown.with_text(|address| format!("{} bytes", address.len()));
    assert!(short.to_string().contains("certified    11 bytes\n"), "{short}");
}

#[test]
fn d3_a_plan_of_nothing_says_why() {
    let show = |candidates: &[Candidate]| {
        let target = Target::new(target().peer);
        let plan = plan(&target, candidates, &Any::default(), &HappyEyeballs::default());
        plan.show(&target, "any", candidates).to_string()
    };
    assert_eq!(show(&[]), format!("{PEER}, any\n  nothing to dial: no address is known\n"));
    let refused = format!(
        "{PEER}, any\n  nothing to dial: every known address is refused\n  refused\n    \
         /ip4/1.2.3.4/tcp/4001: no unexpired claim\n"
    );
    assert_eq!(show(&[of("/ip4/1.2.3.4/tcp/4001", &[])]), refused);
}

#[test]
fn d3_free_text_in_an_address_stays_within_its_line() {
    let evil = of("/dns/a\n\u{1b}[31m\u{202e}.b/tcp/1", &[ThirdParty]);
    let plan =
        plan(&target(), std::slice::from_ref(&evil), &Any::default(), &HappyEyeballs::default());
    let shown = plan.show(&target(), "any", &[evil]).to_string();
    assert_eq!(shown.lines().count(), 3, "{shown:?}");
    assert!(shown.contains(r"/dns/a\n\u{1b}[31m\u{202e}.b/tcp/1"), "{shown:?}");
}

#[cfg(feature = "serde")]
#[test]
fn d3_a_plan_serializes_in_one_shape() {
    use peermark_dial_policy::{CertifiedFirst, Classes, DialPolicy as _, Precedence, Start};
    use serde_json::json;
    use std::time::Duration;

    let check = |policy: &dyn peermark_dial_policy::DialPolicy, starts: &[&str]| {
        let candidates = candidates();
        let target = target();
        let plan = plan(&target, &candidates, policy, &HappyEyeballs::default());
        let shown = serde_json::to_value(plan.show(&target, policy.name(), &candidates)).unwrap();
        let stages = shown["stages"].as_array().unwrap();
        let got: Vec<_> = stages.iter().map(|stage| stage["start"].as_str().unwrap()).collect();
        assert_eq!(got, starts);
        shown
    };
    let head_start = CertifiedFirst::default().with_head_start(Duration::from_millis(250));
    let shown = check(&head_start, &["now", "after-ms:250"]);
    let relay = format!("/ip4/9.9.9.9/tcp/1/p2p/{RELAY}/p2p-circuit/p2p/{PEER}");
    let dial = |address: &str, delay_ms: u64, class: &str| json!({ "address": address, "delay_ms": delay_ms, "class": class });
    let expected = json!({
        "peer_id": PEER,
        "policy": "certified-first",
        "stages": [
            {
                "start": "now",
                "dials": [
                    dial("/ip4/5.6.7.8/udp/4001/quic-v1", 0, "certified"),
                    dial("/dns/example.com/tcp/443/tls/ws", 250, "user"),
                    dial(&relay, 500, "certified"),
                ],
            },
            { "start": "after-ms:250", "dials": [dial("/ip4/1.2.3.4/tcp/4001", 0, "third-party")] },
        ],
        "refused": [{ "address": "/ip4/192.168.1.7/tcp/0", "reason": "its port is 0" }],
    });
    assert_eq!(shown, expected);
    let _ = check(&CertifiedFirst::default(), &["now", "after-failure"]);
    let fallback = Precedence::builder("fallback")
        .stage(Classes::of([peermark_provenance::TrustClass::Dialed]))
        .then(Start::IfNone, Classes::ALL)
        .build()
        .unwrap();
    assert_eq!(fallback.name(), "fallback");
    let _ = check(&fallback, &["if-none"]);
}

#[test]
fn d9_a_timeline_names_the_other_address() {
    let candidates = vec![
        of("/ip4/1.2.3.4/udp/1/quic-v1", &[Certified]),
        of("/ip4/1.2.3.4/udp/1/quic-v1/webtransport", &[Certified]),
        of("/ip6/::ffff:1.2.3.4/udp/1/quic-v1", &[Certified]),
    ];
    let target = target();
    let plan = plan(&target, &candidates, &Any::default(), &HappyEyeballs::default());
    let shown = plan.show(&target, "any", &candidates).to_string();
    let expected = format!(
        "\
{PEER}, any
  now
        0 ms  ████████████████  certified    /ip4/1.2.3.4/udp/1/quic-v1
       later  ················  certified    /ip4/1.2.3.4/udp/1/quic-v1/webtransport  \
         (superseded: when /ip4/1.2.3.4/udp/1/quic-v1 failed)
  refused
    /ip6/::ffff:1.2.3.4/udp/1/quic-v1: it is dialed already, as /ip4/1.2.3.4/udp/1/quic-v1
"
    );
    assert_eq!(shown, expected);
}

#[test]
fn c5_what_needs_the_peer_at_its_end_is_written_with_it() {
    let circuit = format!("/p2p/{RELAY}/p2p-circuit");
    let given = [circuit.as_str(), "/dnsaddr/example.com", "/ip4/1.2.3.4/tcp/1", "/tcp/1"];
    let candidates: Vec<_> = given.iter().map(|text| of(text, &[Direct])).collect();
    let target = target();
    let plan = plan(&target, &candidates, &Any::default(), &HappyEyeballs::default());
    let shown = plan.show(&target, "any", &candidates).to_string();
    for line in [
        format!("{circuit}/p2p/{PEER}\n"),
        format!("/dnsaddr/example.com/p2p/{PEER}\n"),
        "/ip4/1.2.3.4/tcp/1\n".to_owned(),
    ] {
        assert!(shown.contains(&line), "{shown}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn d3_the_fields_come_in_one_order() {
    let target = target();
    let plan = plan(&target, &[], &Any::default(), &HappyEyeballs::default());
    let text = serde_json::to_string(&plan.show(&target, "any", &[])).unwrap();
    let expected = format!(r#"{{"peer_id":"{PEER}","policy":"any","stages":[],"refused":[]}}"#);
    assert_eq!(text, expected);
}
