//! A transport that a better one of the same host and port supersedes is dialed after it (D9).

use peermark_dialer::{Config, Discovery, Limits};

use crate::support::{
    A, CONNECTED, FAILED, Node, address, all_failed, any, cancel, certified, certified_first, dial,
    over, peer,
};

const BETTER: &str = "/ip4/9.9.9.9/tcp/4001";
const WORSE: &str = "/ip4/9.9.9.9/tcp/4001/ws";
/// Of the same host, and ranked before both.
const QUIC: &str = "/ip4/9.9.9.9/udp/4001/quic-v1";

/// With the ranker of the defaults.
fn node(change: impl FnOnce(&mut Limits)) -> Node {
    let mut config = Config::default();
    change(&mut config.limits);
    Node::of(config)
}

#[test]
fn d9_a_superseded_transport_is_dialed_when_the_better_one_failed() {
    let mut node = node(|_| {});
    node.ask(any(), &[certified(WORSE), certified(BETTER)]);
    node.says(&[dial(BETTER)]);
    // Time alone does not make it due.
    node.pass(20_000);
    node.says(&[]);
    node.dialed(BETTER, FAILED);
    node.says(&[dial(WORSE)]);
    node.dialed(WORSE, CONNECTED);
    node.says(&[over(0, WORSE)]);
}

#[test]
fn d9_a_superseded_transport_is_dialed_when_the_better_one_is_not_started() {
    let mut node = node(|_| {});
    node.ask(any(), &[certified(WORSE), certified(BETTER)]);
    node.says(&[dial(BETTER)]);
    node.dialed(BETTER, peermark_provenance::DialOutcome::NotStarted);
    node.says(&[dial(WORSE)]);
}

#[test]
fn d9_a_superseded_transport_is_not_dialed_after_a_success() {
    let mut node = node(|_| {});
    node.ask(any(), &[certified(WORSE), certified(BETTER)]);
    node.says(&[dial(BETTER)]);
    node.dialed(BETTER, CONNECTED);
    node.says(&[over(0, BETTER)]);
}

#[test]
fn d9_what_is_in_line_waits_for_a_better_transport_that_turns_up() {
    let mut node = node(|limits| limits.dials = 1);
    node.ask_for(2, any(), 30_000, &[certified(A)], Discovery::Done);
    node.says(&[dial(A)]);
    // There is no room: it stands in line.
    node.ask_for(1, certified_first(), 30_000, &[certified(WORSE)], Discovery::Running);
    node.says(&[]);
    node.learn(&[certified(WORSE), certified(BETTER)], Discovery::Done);
    node.says(&[]);
    node.dialed_for(2, A, FAILED);
    node.says(&[all_failed(0), dial(BETTER)]);
    node.dialed(BETTER, FAILED);
    node.says(&[dial(WORSE)]);
    node.dialed(WORSE, FAILED);
    node.says(&[all_failed(1)]);
}

#[test]
fn d9_what_is_under_way_is_not_called_back_for_a_better_transport() {
    let mut node = node(|_| {});
    node.ask_for(1, certified_first(), 30_000, &[certified(WORSE)], Discovery::Running);
    node.says(&[dial(WORSE)]);
    node.learn(&[certified(WORSE), certified(BETTER)], Discovery::Done);
    node.says(&[dial(BETTER)]);
    node.dialed(BETTER, FAILED);
    node.says(&[]);
    node.dialer.connected(&peer(1), &address(WORSE), node.now());
    node.says(&[over(0, WORSE), cancel(WORSE)]);
}

#[test]
fn d6_what_is_in_line_waits_as_long_as_a_new_plan_says() {
    let mut node = node(|limits| limits.dials = 2);
    node.ask_for(2, any(), 30_000, &[certified(A)], Discovery::Done);
    node.ask_for(3, any(), 30_000, &[certified(A)], Discovery::Done);
    node.says(&[dial(A), dial(A)]);
    node.ask_for(1, certified_first(), 30_000, &[certified(BETTER)], Discovery::Running);
    node.says(&[]);
    node.learn(&[certified(BETTER), certified(QUIC)], Discovery::Done);
    node.dialed_for(2, A, FAILED);
    node.dialed_for(3, A, FAILED);
    node.says(&[all_failed(0), all_failed(1), dial(QUIC)]);
    node.pass(249);
    node.says(&[]);
    node.pass(1);
    node.says(&[dial(BETTER)]);
}
