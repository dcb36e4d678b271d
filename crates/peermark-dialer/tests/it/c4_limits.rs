//! Limits, lines and back-off (C4).

use std::time::Duration;

use peermark_dialer::{Config, Dialer, Discovery, Failure, Request};
use peermark_provenance::DialOutcome;
use peermark_testkit::dialer::world::peer;

use crate::support::{
    A, B, C, CONNECTED, D, FAILED, Node, address, all_failed, any, at, dial, hearsay, over,
};

#[test]
fn c4_requests_are_bounded() {
    let mut config = Config::default();
    config.limits.requests = 1;
    let mut dialer = Dialer::new(config);
    let mut ask = || {
        dialer.request(
            Request { candidates: vec![hearsay(A)], ..Request::new(peer(1), any(), at(9_000)) },
            at(0),
        )
    };
    let first = ask().unwrap();
    assert_eq!(ask().unwrap_err().limit, 1);
    assert!(dialer.cancel(first, at(0)));
    let again = dialer
        .request(Request { candidates: Vec::new(), ..Request::new(peer(1), any(), at(9)) }, at(0));
    assert_ne!(again.unwrap(), first);
}

#[test]
fn c4_a_peer_is_dialed_at_so_many_addresses_at_a_time() {
    let mut node = Node::with(|limits| limits.dials_per_peer = 2);
    node.ask(any(), &[hearsay(A), hearsay(B), hearsay(C), hearsay(D)]);
    node.says(&[dial(A), dial(B)]);
    // Others have room.
    node.ask_for(2, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A)]);
    node.dialed(B, FAILED);
    node.says(&[dial(C)]);
    node.dialed(A, FAILED);
    node.says(&[dial(D)]);
}

#[test]
fn c4_dials_are_bounded_and_the_line_keeps_its_order() {
    let mut node = Node::with(|limits| limits.dials = 2);
    for number in 1..=6 {
        node.ask_for(number, any(), 90_000, &[hearsay(A), hearsay(B)], Discovery::Done);
    }
    node.says(&[dial(A), dial(B)]);
    let mut order = Vec::new();
    for _ in 0..12 {
        let (id, peer, address) = node.under_way().remove(0);
        order.push((peer, address));
        node.ended(id, FAILED);
        node.said();
    }
    let expected: Vec<_> = (1..=6)
        .flat_map(|number| [(peer(number), address(A)), (peer(number), address(B))])
        .collect();
    assert_eq!(order, expected);
    let stats = node.dialer.stats();
    assert_eq!((stats.requests, stats.attempts, stats.waiting), (0, 0, 0));
}

#[test]
fn c4_whoever_has_many_addresses_does_not_keep_others_waiting() {
    let mut node = Node::with(|limits| limits.dials = 1);
    let many: Vec<_> = (1..20).map(|n| hearsay(&format!("/ip4/9.9.{n}.9/tcp/9"))).collect();
    // One after another is due: a failure makes the next one due.
    let mut config = Config::default();
    config.limits.dials = 1;
    let mut slow = Node::of(config);
    slow.ask(any(), &many);
    slow.said();
    slow.ask_for(2, any(), 9_000, &[hearsay(A)], Discovery::Done);
    slow.said();
    let (id, ..) = slow.under_way().remove(0);
    slow.ended(id, FAILED);
    slow.says(&[dial(A)]);
    // And all at once: each stands in line for itself.
    node.ask(any(), &many);
    node.said();
    node.ask_for(2, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.said();
    assert_eq!(node.dialer.stats().waiting, many.len());
}

#[test]
fn c4_a_line_before_a_busy_host_holds_up_nobody_else() {
    let mut node = Node::with(|limits| {
        (limits.dials_per_target, limits.dials_per_network) = (1, 2);
        limits.window = Duration::ZERO;
    });
    let beside = "/ip4/1.1.1.2/tcp/1";
    for number in 1..=20 {
        node.ask_for(number, any(), 9_000, &[hearsay(A)], Discovery::Done);
    }
    node.says(&[dial(A)]);
    node.ask_for(30, any(), 9_000, &[hearsay(beside)], Discovery::Done);
    node.says(&[dial(beside)]);
    node.ask_for(31, any(), 9_000, &[hearsay(beside)], Discovery::Done);
    node.ask_for(32, any(), 9_000, &[hearsay(B)], Discovery::Done);
    node.says(&[dial(B)]);
    node.dialed_for(30, beside, CONNECTED);
    node.says(&[over(20, beside), dial(beside)]);
    // One after another, all come to their turn.
    for number in 1..=20 {
        node.dialed_for(number, A, CONNECTED);
        let said = node.said();
        assert_eq!(said.len(), if number < 20 { 2 } else { 1 }, "{said:?}");
    }
}

#[test]
fn c4_a_line_behind_a_full_house_goes_on_when_its_first_leaves() {
    let mut node = Node::with(|limits| {
        (limits.dials, limits.dials_per_target) = (2, 2);
        limits.window = Duration::from_secs(2);
    });
    node.ask_for(1, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.ask_for(2, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A), dial(A)]);
    node.dialed_for(1, A, FAILED);
    node.says(&[all_failed(0)]);
    let first = node.ask_for(3, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.ask_for(4, any(), 90_000, &[hearsay(A)], Discovery::Done);
    let other = node.ask_for(9, any(), 90_000, &[hearsay(B)], Discovery::Done);
    node.says(&[dial(B)]);
    // The host has room for one by now: the first goes on to wait for any dial to end, and leaves.
    node.pass(2_000);
    node.says(&[]);
    assert!(node.cancel(first));
    node.says(&[]);
    node.dialed_for(9, B, CONNECTED);
    node.says(&[over(other, B), dial(A)]);
    node.attempt(4, A);
}

#[test]
fn c4_who_waits_for_its_own_peer_does_not_keep_a_hosts_room() {
    let mut node = Node::with(|limits| {
        (limits.dials_per_peer, limits.dials_per_target) = (1, 1);
        limits.window = Duration::ZERO;
    });
    node.ask_for(1, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A)]);
    node.ask_for(2, any(), 9_000, &[hearsay(A), hearsay(B)], Discovery::Done);
    node.ask_for(3, any(), 9_000, &[hearsay(A)], Discovery::Done);
    // The peer has room for one, and A has none.
    node.says(&[dial(B)]);
    node.dialed_for(1, A, CONNECTED);
    node.says(&[over(0, A), dial(A)]);
    node.attempt(3, A);
    node.dialed_for(3, A, CONNECTED);
    node.dialed_for(2, B, FAILED);
    node.says(&[over(2, A), dial(A)]);
    node.attempt(2, A);
}

#[test]
fn c4_a_request_in_line_ends_at_its_deadline() {
    let mut node = Node::with(|limits| limits.dials = 0);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    assert_eq!(node.until, Some(30_000));
    node.pass(30_000);
    node.says(&["0 failed: the deadline passed".to_owned()]);
    assert_eq!(node.errors[&0].addresses, [(address(A), Failure::Unfinished)]);
    assert_eq!(node.dialer.stats().waiting, 0);
}

#[test]
fn c4_an_address_that_failed_is_left_alone_twice_as_long_each_time() {
    let mut node = Node::new();
    let mut waits = Vec::new();
    for _ in 0..9 {
        let asked = node.ask(any(), &[hearsay(A)]);
        node.says(&[dial(A)]);
        node.dialed(A, FAILED);
        node.says(&[all_failed(asked)]);
        let asked = node.ask(any(), &[hearsay(A)]);
        node.says(&[all_failed(asked)]);
        let Failure::BackedOff { wait } = node.errors[&asked].addresses[0].1 else {
            panic!("{}", node.errors[&asked]);
        };
        let wait = u64::try_from(wait.as_millis()).unwrap();
        waits.push(wait / 1_000);
        // To the moment before, and to the moment.
        node.pass(wait - 1);
        let asked = node.ask(any(), &[hearsay(A)]);
        node.says(&[all_failed(asked)]);
        node.pass(1);
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    // Of another peer it is another address; and who was there is forgiven.
    node.ask_for(2, any(), u64::MAX / 2_000_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, CONNECTED);
    node.said();
    let closed = node.now();
    node.dialer.disconnected(&peer(1), &address(A), closed);
    let asked = node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.says(&[all_failed(asked)]);
    let asked = node.ask(any(), &[hearsay(A)]);
    node.said();
    let wait = Duration::from_secs(5);
    assert_eq!(node.errors[&asked].addresses[0].1, Failure::BackedOff { wait });
}

#[test]
fn c4_back_off_is_shared_by_all_requests() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(A, FAILED);
    node.says(&[]);
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[]);
    node.dialed(B, FAILED);
    node.says(&[all_failed(0), all_failed(1)]);
    let why = |request: usize| node.errors[&request].addresses[0].1;
    assert_eq!(why(0), Failure::Failed);
    assert!(matches!(why(1), Failure::BackedOff { .. }));
}

#[test]
fn c4_a_cancelled_dial_is_no_failure_of_its_address() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.cancel(0);
    node.said();
    node.dialed(A, DialOutcome::Cancelled);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
}

#[test]
fn c4_what_is_remembered_of_failures_is_bounded() {
    let mut node = Node::with(|limits| limits.remembered = 50);
    for number in 0..1_000u32 {
        let text = format!("/ip4/9.{}.{}.9/tcp/9", number / 250, number % 250);
        let asked = node.ask_for(number + 2, any(), 900_000, &[hearsay(&text)], Discovery::Done);
        node.says(&[dial(&text)]);
        node.dialed_for(number + 2, &text, FAILED);
        node.says(&[all_failed(asked)]);
        node.pass(1);
        let stats = node.dialer.stats();
        assert!(stats.backed_off <= 50 && stats.targets <= 50, "{stats:?}");
        assert_eq!(stats.peers, 0);
    }
    // And it is forgotten when it is over.
    node.pass(900_000);
    node.says(&[]);
    let stats = node.dialer.stats();
    assert_eq!((stats.backed_off, stats.targets), (0, 0));
}

#[test]
fn c4_room_that_comes_with_time_is_used() {
    let mut node = Node::with(|limits| {
        limits.dials_per_target = 2;
        limits.window = Duration::from_secs(2);
    });
    node.ask_for(1, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.ask_for(2, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A), dial(A)]);
    node.dialed_for(1, A, FAILED);
    node.ask_for(3, any(), 90_000, &[hearsay(A)], Discovery::Done);
    node.says(&[all_failed(0)]);
    // The second does not end; that the first failed counts no longer.
    assert_eq!(node.until, Some(2_000));
    node.pass(2_000);
    node.says(&[dial(A)]);
    assert_eq!(node.until, Some(90_000));
    node.attempt(3, A);
}
