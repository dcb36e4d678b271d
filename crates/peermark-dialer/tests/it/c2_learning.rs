//! Addresses that come and go in the middle of a dial (C2).

use peermark_dialer::Discovery::{Done, Running};
use peermark_dialer::{Cause, Failure};
use peermark_provenance::DialOutcome;

use crate::support::{
    A, B, C, CONNECTED, D, FAILED, Node, all_failed, any, cancel, certified, certified_only, dial,
    hearsay, late, over,
};

#[test]
fn c2_an_address_enters_exactly_those_who_admit_it() {
    let mut node = Node::new();
    node.ask(any(), &[certified(A)]);
    node.ask(certified_only(), &[certified(A)]);
    node.says(&[dial(A)]);
    node.learn(&[certified(A), hearsay(B)], Done);
    node.says(&[dial(B)]);
    node.learn(&[certified(A), hearsay(B), certified(C)], Done);
    node.says(&[dial(C)]);
    // The tolerant one leaves: what it alone wanted goes with it.
    assert!(node.cancel(0));
    node.says(&[cancel(B)]);
    node.dialed(C, CONNECTED);
    node.says(&[over(1, C), cancel(A)]);
}

#[test]
fn c2_what_somebody_else_brings_helps_those_who_asked_before() {
    // go-libp2p does not use it until somebody asks again.
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.ask(certified_only(), &[hearsay(A), certified(B)]);
    node.says(&[dial(B)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B), cancel(A), over(1, B)]);
}

#[test]
fn c2_what_vanishes_is_cancelled_and_not_dialed() {
    let mut node = Node::with(|limits| limits.dials_per_peer = 2);
    node.ask(any(), &[hearsay(A), hearsay(B), hearsay(C)]);
    node.says(&[dial(A), dial(B)]);
    node.learn(&[hearsay(A), hearsay(D)], Done);
    node.says(&[cancel(B)]);
    node.dialed(B, DialOutcome::Cancelled);
    node.says(&[dial(D)]);
    assert_eq!(node.dialer.stats().waiting, 0);
    node.learn(&[], Done);
    node.says(&[cancel(A), cancel(D), "0 failed: no address is known".to_owned()]);
}

#[test]
fn c2_while_somebody_looks_for_more_nobody_gives_up() {
    let mut node = Node::new();
    node.ask_for(1, any(), 9_000, &[], Running);
    node.ask_for(1, certified_only(), 9_000, &[], Running);
    node.says(&[]);
    assert_eq!(node.until, Some(9_000));
    node.learn(&[hearsay(A)], Running);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[]);
    node.learn(&[hearsay(A)], Done);
    node.says(&[all_failed(0), "1 failed: every known address is refused".to_owned()]);
}

#[test]
fn c2_whoever_looks_for_more_looks_until_the_deadline() {
    let mut node = Node::new();
    node.ask_for(1, any(), 9_000, &[hearsay(A)], Running);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[]);
    assert_eq!(node.until, Some(9_000));
    node.pass(9_000);
    node.says(&[late(0)]);
    let error = &node.errors[&0];
    assert_eq!((error.cause, error.addresses[0].1), (Cause::Deadline, Failure::Failed));
}

#[test]
fn c2_what_failed_is_not_dialed_again_in_one_request() {
    let mut node = Node::with(|limits| limits.backoff = std::time::Duration::ZERO);
    node.ask_for(1, any(), 900_000, &[hearsay(A)], Running);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[]);
    // Gone, here again, better than before, and long after.
    node.learn(&[], Running);
    node.says(&[]);
    node.learn(&[certified(A), hearsay(B)], Running);
    node.says(&[dial(B)]);
    node.pass(600_000);
    node.learn(&[certified(A)], Running);
    node.says(&[cancel(B)]);
    // Another request may.
    node.ask_for(1, any(), 900_000, &[certified(A)], Running);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.dialed(B, DialOutcome::Cancelled);
    node.learn(&[certified(A)], Done);
    node.says(&[all_failed(0), all_failed(1)]);
}

#[test]
fn c2_an_address_that_comes_after_all_failed_is_dialed_at_once() {
    let mut config = peermark_dialer::Config::default();
    config.limits.dials_per_peer = 8;
    let mut node = Node::of(config);
    node.ask_for(1, any(), 9_000, &[hearsay("/ip4/1.1.1.1/udp/1/quic-v1")], Running);
    node.says(&[dial("/ip4/1.1.1.1/udp/1/quic-v1")]);
    node.dialed("/ip4/1.1.1.1/udp/1/quic-v1", FAILED);
    node.says(&[]);
    // Behind QUIC by its rank; but nobody is there any more to wait for.
    node.learn(&[hearsay("/ip4/1.1.1.1/udp/1/quic-v1"), hearsay(A)], Running);
    node.says(&[dial(A)]);
}

#[test]
fn c2_without_a_request_nothing_is_kept() {
    let mut node = Node::new();
    node.learn(&[hearsay(A)], Done);
    node.says(&[]);
    assert_eq!(node.dialer.stats().peers, 0);
    node.connected(B);
    node.learn(&[hearsay(A)], Done);
    node.ask(certified_only(), &[]);
    node.says(&["0 failed: no address is known".to_owned()]);
}

#[test]
fn c2_one_request_dials_a_bounded_number_of_addresses() {
    let mut node = Node::with(|limits| {
        limits.addresses_per_request = 5;
        limits.dials_per_target = 1_000;
    });
    node.ask_for(1, any(), 9_000, &[], Running);
    let mut dialed = 0;
    for port in 1..100 {
        let text = format!("/ip4/1.1.1.1/tcp/{port}");
        node.learn(&[hearsay(&text)], Running);
        for _ in node.said() {
            node.dialed(&text, FAILED);
            dialed += 1;
        }
    }
    assert_eq!(dialed, 5);
    // It has use for a connection all the same.
    node.connected(B);
    node.says(&[over(0, B)]);
}

#[test]
fn c2_of_too_many_addresses_the_best_classes_are_looked_at() {
    let mut node = Node::with(|limits| limits.addresses_per_peer = 2);
    node.ask(any(), &[hearsay(A), hearsay(B), certified(C), hearsay(D)]);
    let mut said = node.said();
    said.sort();
    assert_eq!(said, [dial(A), dial(C)]);
}
