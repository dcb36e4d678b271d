//! Back-off can be forgotten, and what this node did not start teaches nothing (C7).

use std::sync::Arc;

use peermark_dial_policy::NoDelay;
use peermark_dialer::{Config, Failure};
use peermark_provenance::DialOutcome;

use crate::support::{
    A, B, CONNECTED, FAILED, Node, address, all_failed, any, certified, certified_first, dial,
    hearsay, late, over, peer,
};

const NOT_STARTED: DialOutcome = DialOutcome::NotStarted;

fn fails(node: &mut Node, text: &str) {
    let asked = node.ask(any(), &[hearsay(text)]);
    node.says(&[dial(text)]);
    node.dialed(text, FAILED);
    node.says(&[all_failed(asked)]);
}

#[test]
fn c7_a_network_change_clears_back_off_also_for_who_waits() {
    let mut node = Node::new();
    fails(&mut node, A);
    let asked = node.ask_for(1, any(), 30_000, &[hearsay(A)], peermark_dialer::Discovery::Running);
    node.says(&[]);
    let now = node.now();
    node.dialer.network_changed(now);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.says(&[over(asked, A)]);
}

#[test]
fn c7_a_network_change_makes_what_was_not_started_due() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, NOT_STARTED);
    node.says(&[]);
    let now = node.now();
    node.dialer.network_changed(now);
    // Another request for the same address shares the dial.
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[all_failed(0), all_failed(1)]);
}

#[test]
fn c7_a_request_by_hand_ignores_back_off() {
    let mut node = Node::new();
    fails(&mut node, A);
    let asked = node.ask(any(), &[hearsay(A)]);
    node.says(&[all_failed(asked)]);
    let mut request = node.new_request(1, any(), 30_000, &[hearsay(A)]);
    request.ignore_backoff = true;
    node.request(request);
    node.says(&[dial(A)]);
}

#[test]
fn c7_an_inbound_connection_clears_what_answered_before_once_a_minute() {
    let mut node = Node::new();
    let inbound = "/ip4/7.7.7.7/tcp/50000";
    let flap = |node: &mut Node| {
        let now = node.now();
        node.dialer.connected(&peer(1), &address(inbound), now);
        node.dialer.disconnected(&peer(1), &address(inbound), now);
    };
    // A answered once; B never did.
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.said();
    node.dialer.disconnected(&peer(1), &address(A), node.now());
    fails(&mut node, A);
    fails(&mut node, B);
    flap(&mut node);
    let asked = node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[all_failed(asked)]);
    assert!(matches!(node.errors[&asked].addresses[1].1, Failure::BackedOff { .. }));
    // Not again within a minute.
    flap(&mut node);
    let asked = node.ask(any(), &[hearsay(A)]);
    node.says(&[all_failed(asked)]);
    node.pass(4_000);
    flap(&mut node);
    let asked = node.ask(any(), &[hearsay(A)]);
    node.says(&[all_failed(asked)]);
    node.pass(60_000);
    fails(&mut node, A);
    flap(&mut node);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
}

#[test]
fn c7_b16_what_was_not_started_is_no_failure_and_is_tried_again_after_a_second() {
    let mut node = Node::new();
    let asked = node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, NOT_STARTED);
    node.says(&[]);
    assert_eq!(node.until, Some(1_000));
    // Nor sooner for somebody else.
    let other = node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    node.pass(999);
    node.says(&[]);
    node.pass(1);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.says(&[over(asked, A), over(other, A)]);
    assert_eq!(node.dialer.stats().backed_off, 0);
}

#[test]
fn c7_what_is_not_started_keeps_nobody_from_the_next() {
    let mut node = Node::new();
    node.ask(certified_first(), &[certified(A), hearsay(B)]);
    node.says(&[dial(A)]);
    node.dialed(A, NOT_STARTED);
    node.says(&[dial(B)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B)]);
    // And a policy that has no other waits, and tries a few times.
    let mut config = Config::default();
    config.ranker = Arc::new(NoDelay);
    let mut node = Node::of(config);
    node.ask_for(1, any(), 90_000, &[hearsay(A)], peermark_dialer::Discovery::Done);
    let mut tries = 0;
    for _ in 0..100 {
        node.said();
        if node.under_way().is_empty() && node.until.is_none() {
            break;
        }
        for (id, ..) in node.under_way() {
            tries += 1;
            node.ended(id, NOT_STARTED);
        }
        node.pass(500);
    }
    assert_eq!(tries, 6);
    assert_eq!(node.errors[&0].addresses, [(address(A), Failure::NotStarted)]);
    // At its deadline it is told why.
    let mut node = Node::new();
    node.ask_for(1, any(), 900, &[hearsay(A)], peermark_dialer::Discovery::Done);
    node.said();
    node.dialed(A, NOT_STARTED);
    node.said();
    node.pass(900);
    node.says(&[late(0)]);
    assert_eq!(node.errors[&0].addresses, [(address(A), Failure::NotStarted)]);
}
