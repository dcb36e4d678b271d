//! When each address is dialed, and that the same events give the same actions (C6, D6).
//!
//! Thousands of random schedules against a model are in the testkit's tests.

use peermark_dialer::{Action, Config, Discovery};

use crate::support::{CONNECTED, FAILED, Node, all_failed, any, cancel, dial, hearsay, over};

const QUIC: &str = "/ip4/1.1.1.1/udp/1/quic-v1";
const TCP: &str = "/ip4/1.1.2.1/tcp/1";
const WS: &str = "/ip4/1.1.3.1/tcp/2/ws";

fn node() -> Node {
    let mut node = Node::of(Config::default());
    node.ask(any(), &[hearsay(QUIC), hearsay(TCP), hearsay(WS)]);
    node.says(&[dial(QUIC)]);
    node
}

#[test]
fn c6_no_dial_comes_before_its_time() {
    let mut node = node();
    assert_eq!(node.until, Some(250));
    node.pass(249);
    node.says(&[]);
    node.pass(1);
    node.says(&[dial(TCP)]);
    assert_eq!(node.until, Some(500));
    node.pass(1_000);
    node.says(&[dial(WS)]);
    assert_eq!(node.until, Some(30_000));
}

#[test]
fn c6_a_failure_starts_the_next_at_once() {
    let mut node = node();
    node.pass(10);
    node.dialed(QUIC, FAILED);
    node.says(&[dial(TCP)]);
    node.dialed(TCP, FAILED);
    node.says(&[dial(WS)]);
    node.dialed(WS, FAILED);
    node.says(&[all_failed(0)]);
}

#[test]
fn c6_two_failures_start_two() {
    let mut node = node();
    node.pass(250);
    node.says(&[dial(TCP)]);
    let four = "/ip4/1.1.4.1/tcp/3";
    let all = [hearsay(QUIC), hearsay(TCP), hearsay(WS), hearsay(four)];
    node.learn(&all, Discovery::Done);
    node.says(&[]);
    node.dialed(QUIC, FAILED);
    node.dialed(TCP, FAILED);
    node.says(&[dial(WS), dial(four)]);
}

#[test]
fn c6_what_is_left_alone_makes_room_as_a_failure_does() {
    let mut node = node();
    node.dialed(QUIC, FAILED);
    node.says(&[dial(TCP)]);
    node.ask(any(), &[hearsay(QUIC), hearsay(TCP), hearsay(WS)]);
    node.says(&[]);
    node.dialed(TCP, FAILED);
    node.says(&[dial(WS)]);
}

#[test]
fn c6_a_success_starts_nothing_more() {
    let mut node = node();
    node.pass(250);
    node.dialed(QUIC, CONNECTED);
    node.says(&[over(0, QUIC)]);
    assert_eq!(node.until, None);
    let mut node = self::node();
    node.pass(250);
    node.says(&[dial(TCP)]);
    node.dialed(TCP, CONNECTED);
    node.says(&[over(0, TCP), cancel(QUIC)]);
    node.pass(10_000);
    node.says(&[]);
}

#[test]
fn c6_time_that_goes_back_stands_still() {
    let mut node = node();
    node.pass(250);
    node.says(&[dial(TCP)]);
    let early = crate::support::at(0);
    let Action::WaitUntil(Some(until)) = node.dialer.poll(early) else { panic!("it acts") };
    assert_eq!(until, crate::support::at(500));
    assert_eq!(node.dialer.poll(early), Action::WaitUntil(Some(until)));
}

#[test]
fn c6_the_guide_shows_the_example_that_is_compiled() {
    let guide = include_str!("../../../../docs/dialing.md");
    let example = include_str!("../../examples/minimal.rs");
    let from = example.find("/// Connects to").unwrap();
    let to = example.find("\nfn main()").unwrap();
    let shown = &example[from..to];
    assert!(guide.contains(shown), "docs/dialing.md shows another loop than examples/minimal.rs");
    assert!(shown.lines().count() <= 60);
}
