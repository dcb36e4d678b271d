//! Stages: what waits for what (D2), also where better addresses turn up late.

use peermark_dialer::Config;
use peermark_dialer::Discovery::{Done, Running};

use crate::support::{
    A, B, C, CONNECTED, D, FAILED, Node, all_failed, any, cancel, certified, certified_first, dial,
    head_start, hearsay, over, user, user_certified,
};

#[test]
fn d2_after_failure_waits_until_all_better_ones_failed() {
    let mut node = Node::new();
    node.ask(certified_first(), &[hearsay(A), certified(B), certified(C)]);
    node.says(&[dial(B), dial(C)]);
    node.dialed(B, FAILED);
    node.pass(20_000);
    node.says(&[]);
    node.dialed(C, FAILED);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.says(&[over(0, A)]);
}

#[test]
fn d2_a_head_start_is_counted_from_the_stage_before() {
    let mut node = Node::new();
    node.ask(head_start(300), &[hearsay(A), certified(B)]);
    node.says(&[dial(B)]);
    assert_eq!(node.until, Some(300));
    node.pass(299);
    node.says(&[]);
    node.pass(1);
    node.says(&[dial(A)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B), cancel(A)]);

    let mut node = Node::new();
    node.ask(head_start(300), &[hearsay(A), certified(B)]);
    node.says(&[dial(B)]);
    node.dialed(B, FAILED);
    node.says(&[dial(A)]);
}

#[test]
fn d2_spares_are_dialed_only_while_there_is_nothing_better() {
    let mut node = Node::new();
    node.ask_for(1, user_certified(), 9_000, &[hearsay(A)], Running);
    node.says(&[dial(A)]);
    node.learn(&[hearsay(A), certified(B)], Running);
    node.says(&[cancel(A), dial(B)]);
    node.dialed(B, FAILED);
    node.says(&[]);
    // That the better one failed does not make it nothing.
    node.learn(&[hearsay(A), certified(B), hearsay(C)], Done);
    node.says(&[all_failed(0)]);
}

#[test]
fn d2_what_was_not_dialed_waits_for_better_ones_that_turn_up() {
    let mut node = Node::with(|limits| limits.dials_per_peer = 1);
    node.ask_for(1, certified_first(), 9_000, &[hearsay(A), hearsay(B)], Running);
    node.says(&[dial(A)]);
    node.learn(&[hearsay(A), hearsay(B), certified(C)], Running);
    node.says(&[]);
    // Not the hearsay that stood in line before it.
    node.dialed(A, FAILED);
    node.says(&[dial(C)]);
    node.dialed(C, FAILED);
    node.says(&[dial(B)]);
}

#[test]
fn d2_a_schedule_that_was_held_back_begins_anew() {
    let quic = |n: u8| format!("/ip4/9.9.{n}.9/udp/9/quic-v1");
    let tcp = |n: u8| format!("/ip4/9.9.{n}.9/tcp/9");
    let mut node = Node::of(Config::default());
    let known = [hearsay(&quic(1)), hearsay(&tcp(2))];
    node.ask_for(1, certified_first(), 90_000, &known, Running);
    node.says(&[dial(&quic(1))]);
    assert_eq!(node.until, Some(250));
    node.pass(100);
    let known = [hearsay(&quic(1)), hearsay(&tcp(2)), certified(&quic(3))];
    node.learn(&known, Running);
    node.says(&[dial(&quic(3))]);
    node.pass(900);
    node.says(&[]);
    assert_eq!(node.until, Some(90_000));
    node.dialed(&quic(3), FAILED);
    node.says(&[]);
    assert_eq!(node.until, Some(1_250));
    node.pass(250);
    node.says(&[dial(&tcp(2))]);
}

#[test]
fn d2_a_stage_whose_better_ones_went_does_not_wait_for_them() {
    let mut node = Node::new();
    node.ask_for(1, certified_first(), 9_000, &[hearsay(A), certified(B)], Running);
    node.says(&[dial(B)]);
    node.learn(&[hearsay(A)], Running);
    node.says(&[cancel(B), dial(A)]);
}

#[test]
fn d2_no_timer_spins_where_a_stage_in_the_middle_went() {
    // Stage by stage with head starts; the one in the middle began long before the first did.
    let mut node = Node::new();
    node.ask_for(1, head_start(300), 90_000, &[hearsay(A)], Running);
    node.says(&[dial(A)]);
    node.pass(5_000);
    node.learn(&[hearsay(A), hearsay(C), certified(B)], Running);
    node.says(&[dial(B)]);
    assert_eq!(node.until, Some(5_300));
    node.learn(&[hearsay(C), certified(B)], Running);
    node.says(&[cancel(A)]);
    assert_eq!(node.until, Some(5_300));
    node.pass(300);
    node.says(&[dial(C)]);
}

#[test]
fn d2_each_request_has_its_own_stages() {
    let mut node = Node::new();
    let all = [hearsay(A), certified(B), user(D)];
    node.ask(certified_first(), &all);
    node.ask(user_certified(), &all);
    node.says(&[dial(B), dial(D)]);
    node.ask(any(), &all);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    // `user_certified` has better ones, and wants none of this.
    node.says(&[over(0, A), over(2, A)]);
    node.dialed(D, CONNECTED);
    node.says(&[over(1, D), cancel(B)]);
}
