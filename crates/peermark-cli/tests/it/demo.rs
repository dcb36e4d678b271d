//! `peermark demo`: two screens, the same each time.

use crate::support::peermark;

#[test]
fn the_story_is_two_screens_and_goes_as_told() {
    let run = peermark(["demo"], b"").expect(0);
    let text = run.text();
    assert!(text.lines().count() <= 90, "{text}");
    assert!(text.lines().all(|line| line.len() <= 120), "{text}");
    for part in [
        "Alice signs",
        "Mallory relays",
        "verified   12D3KooW",
        "refused at signature: one bit",
        "refused at payload-type: ",
        "wrong domain",
        "refused at peer-id: ",
        "refused at key: ",
        "verified   go-libp2p ",
        "verified   js-libp2p ",
        "verified   py-libp2p ",
        "verified   rust-libp2p ",
        "outcome    inserted: 2 added, 0 withdrawn",
        "/quic-v1    certified    record 1, identify      48 h",
        "third-party  dht, pubsub              1 h",
        "user         manual              for ever",
        "outcome    replaced seq 1: 1 added, 2 withdrawn",
        "/quic-v1    direct       identify ",
        "outcome    contradiction",
        "held       ef894c33",
        "not held   fb6c5181",
        "1 record scrapped, 3 addresses gone",
        "Bob restarts",
        "outcome    stale: seq 1 is below 2",
        "floor      seq 2, though the record is gone",
        "certified-only   now, 0 ms            /ip4/192.0.2.44/udp/4001/quic-v1",
        "certified-first  now, 0 ms ",
        "after-failure, 0 ms",
        "any              now, 0 ms ",
        "refused              /ip4/169.254.169.254/tcp/80: the policy",
    ] {
        assert!(squeezed(text).contains(squeezed(part).trim()), "no {part:?} in\n{text}");
    }
    assert_eq!(run.stderr, "");
    assert_eq!(peermark(["demo"], b"").expect(0).stdout, run.stdout);
}

/// Without what aligns columns.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
