//! `peermark demo`: one screen, the same each time.

use crate::support::peermark;

#[test]
fn the_story_is_one_screen_and_goes_as_told() {
    let run = peermark(["demo"], b"").expect(0);
    let text = run.text();
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
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
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert_eq!(run.stderr, "");
    assert_eq!(peermark(["demo"], b"").expect(0).stdout, run.stdout);
}
