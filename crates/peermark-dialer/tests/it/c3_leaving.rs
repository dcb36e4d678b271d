//! When a request leaves, what nobody needs any more is cancelled (C3).

use peermark_dialer::Discovery;
use peermark_provenance::DialOutcome;

use crate::support::{
    A, B, CONNECTED, FAILED, Node, all_failed, any, cancel, certified, certified_only, dial,
    hearsay, late, over,
};

#[test]
fn c3_one_that_leaves_does_not_cancel_for_the_other() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    assert!(node.cancel(0));
    node.says(&[]);
    assert!(!node.cancel(0));
    assert!(node.cancel(1));
    node.says(&[cancel(A)]);
    node.dialed(A, DialOutcome::Cancelled);
    node.says(&[]);
    let stats = node.dialer.stats();
    assert_eq!((stats.peers, stats.attempts, stats.requests), (0, 0, 0));
}

#[test]
fn c3_an_address_is_dialed_again_when_its_cancelled_dial_has_ended() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    let first = node.attempt(1, A);
    assert!(node.cancel(0));
    node.says(&[cancel(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    node.ended(first, DialOutcome::Cancelled);
    node.says(&[dial(A)]);
    assert_ne!(node.attempt(1, A), first);
    node.dialed(A, CONNECTED);
    node.says(&[over(1, A), over(2, A)]);
}

#[test]
fn c3_a_cancelled_dial_that_ends_otherwise_tells_what_it_tells() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    assert!(node.cancel(0));
    node.says(&[cancel(A)]);
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[dial(B)]);
    // It failed: that is not tried again at once.
    node.dialed(A, FAILED);
    node.says(&[]);
    node.dialed(B, FAILED);
    node.says(&[all_failed(1)]);

    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    assert!(node.cancel(0));
    node.says(&[cancel(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    node.dialed(A, CONNECTED);
    node.says(&[over(1, A)]);
    assert_eq!(node.dialer.stats().waiting, 0);
}

#[test]
fn c3_the_end_of_a_request_cancels_whatever_the_end() {
    let mut node = Node::new();
    node.ask_for(1, any(), 1_000, &[hearsay(A), certified(B)], Discovery::Done);
    node.ask_for(1, certified_only(), 2_000, &[hearsay(A), certified(B)], Discovery::Done);
    node.says(&[dial(A), dial(B)]);
    node.pass(1_000);
    node.says(&[late(0), cancel(A)]);
    node.dialed(B, FAILED);
    node.says(&[all_failed(1)]);
    // Answered once each, and what is not under way is no answer.
    let id = node.attempt(1, A);
    node.ended(id, DialOutcome::Cancelled);
    assert!(!node.dialer.dialed(id, FAILED, node.now()));
}

#[test]
fn c3_who_leaves_the_line_gives_up_the_place() {
    let mut node = Node::with(|limits| limits.dials = 1);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.ask_for(2, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.ask_for(3, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.says(&[]);
    assert!(node.cancel(1));
    node.says(&[]);
    node.dialed(A, CONNECTED);
    node.says(&[over(0, A), dial(A)]);
    node.attempt(3, A);
}

#[test]
fn c3_what_ended_meanwhile_is_not_cancelled() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(A, CONNECTED);
    node.dialed(B, FAILED);
    node.says(&[over(0, A)]);
}
