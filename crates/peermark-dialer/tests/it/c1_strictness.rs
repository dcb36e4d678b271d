//! A request is completed by what its own policy admits, and by nothing else (C1).

use std::sync::Arc;

use peermark_dial_policy::{Any, CertifiedOnly, Scopes};
use peermark_dialer::{Config, Discovery};
use peermark_testkit::dialer::world::Policy;

use crate::support::{
    A, B, C, CONNECTED, FAILED, Node, address, all_failed, any, cancel, certified, certified_first,
    certified_only, dial, hearsay, over, peer, user, user_certified,
};

#[test]
fn c1_a_tolerant_connection_does_not_satisfy_a_strict_request() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), certified(B)]);
    node.ask(certified_only(), &[hearsay(A), certified(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(A, CONNECTED);
    // The dial of the certified one goes on: the strict request wants it.
    node.says(&[over(0, A)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(1, B)]);
    node.ask(certified_only(), &[hearsay(A)]);
    node.says(&["2 failed: every known address is refused".to_owned()]);
}

#[test]
fn c1_a_strict_request_makes_no_tolerant_one_wait() {
    let mut node = Node::new();
    node.ask(certified_only(), &[certified(B), hearsay(A)]);
    node.says(&[dial(B)]);
    node.ask(any(), &[certified(B), hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.says(&[over(1, A)]);
    node.dialed(B, FAILED);
    node.says(&[all_failed(0)]);
}

#[test]
fn c1_a_strict_connection_satisfies_a_tolerant_request() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), certified(B)]);
    node.ask(certified_only(), &[hearsay(A), certified(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B), cancel(A), over(1, B)]);
}

#[test]
fn c1_an_inbound_connection_completes_whoever_admits_its_address() {
    let mut node = Node::new();
    let all = [certified(A), hearsay(B)];
    node.ask(certified_only(), &all);
    node.ask(certified_first(), &all);
    node.ask(user_certified(), &all);
    node.says(&[dial(A)]);
    // Dialed from somewhere: for a strict one that proves nothing, and `user_certified` knows better.
    node.connected(C);
    node.says(&[over(1, C)]);
    // Known, and only for those who have nothing better.
    node.connected(B);
    node.says(&[]);
    node.connected(A);
    node.says(&[over(0, A), over(2, A), cancel(A)]);
}

#[test]
fn c1_spare_addresses_count_where_there_are_no_better_ones() {
    let mut node = Node::new();
    node.ask(user_certified(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.connected(B);
    node.says(&[over(0, B), cancel(A)]);
    node.ask_for(2, user_certified(), 9_000, &[user(B)], Discovery::Done);
    node.says(&[dial(B)]);
    node.dialer.connected(&peer(2), &address(C), node.now());
    node.says(&[]);
}

#[test]
fn c1_a_connection_into_a_scope_that_is_not_admitted_satisfies_nobody() {
    let public: Policy = {
        let mut policy = Any::default();
        policy.scopes = Scopes::PUBLIC;
        Arc::new(policy)
    };
    let home = "/ip4/192.168.1.7/tcp/4001";
    let mut node = Node::new();
    node.ask(public.clone(), &[hearsay(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.connected(home);
    node.says(&[over(1, home)]);
    node.learn(&[hearsay(A), hearsay(home)], Discovery::Done);
    node.says(&[]);
    node.ask(public, &[hearsay(A), hearsay(home)]);
    node.says(&[]);
    node.dialed(A, CONNECTED);
    node.says(&[over(0, A), over(2, A)]);
}

#[test]
fn c1_no_connection_at_this_nodes_own_address_satisfies_anybody() {
    let mut config = Config::default();
    config.own = vec![address(B)];
    let mut node = Node::of(config);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.connected(B);
    node.says(&[]);
}

#[test]
fn c1_what_becomes_certified_does_for_those_who_waited_for_that() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), certified(B)]);
    node.ask(certified_only(), &[hearsay(A), certified(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(A, CONNECTED);
    node.says(&[over(0, A)]);
    node.learn(&[certified(A), certified(B)], Discovery::Done);
    node.says(&[over(1, A), cancel(B)]);
}

#[test]
fn c1_what_is_not_certified_any_more_satisfies_no_strict_request() {
    let mut node = Node::new();
    node.ask(certified_only(), &[certified(A), certified(B)]);
    node.says(&[dial(A), dial(B)]);
    node.learn(&[hearsay(A), certified(B)], Discovery::Done);
    node.says(&[cancel(A)]);
    node.dialed(A, CONNECTED);
    node.says(&[]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B)]);
    let strict: Policy = Arc::new(CertifiedOnly::default());
    node.ask(strict, &[hearsay(A), certified(B)]);
    node.says(&[over(1, B)]);
}

#[test]
fn c1_what_one_attempt_has_no_room_for_is_no_worse() {
    let mut node = Node::with(|limits| limits.addresses_per_request = 1);
    node.ask(certified_only(), &[certified(A), certified(B)]);
    node.says(&[dial(A)]);
    node.connected(B);
    node.says(&[over(0, B), cancel(A)]);
}
