//! Several requests for one peer: one dial, one connection (C1).

use peermark_dialer::Discovery;
use peermark_provenance::DialOutcome;

use crate::support::{
    A, B, CONNECTED, FAILED, Node, address, all_failed, any, cancel, certified, certified_first,
    dial, hearsay, late, over, peer,
};

#[test]
fn c1_two_requests_share_a_dial() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    node.dialed(A, CONNECTED);
    node.says(&[over(0, A), over(1, A)]);
    node.ask(any(), &[]);
    node.says(&[over(2, A)]);
    assert_eq!(node.dialer.stats().requests, 0);
}

#[test]
fn c1_a_dial_that_waits_for_room_is_shared_too() {
    let mut node = Node::with(|limits| limits.dials = 1);
    node.ask_for(2, any(), 9_000, &[hearsay(B)], Discovery::Done);
    node.says(&[dial(B)]);
    node.ask(any(), &[hearsay(A)]);
    node.ask(any(), &[hearsay(A)]);
    node.says(&[]);
    assert_eq!(node.dialer.stats().waiting, 1);
    node.dialed_for(2, B, FAILED);
    node.says(&[all_failed(0), dial(A)]);
    assert!(node.cancel(1));
    node.says(&[]);
    node.dialed(A, CONNECTED);
    node.says(&[over(2, A)]);
}

#[test]
fn c1_a_request_reuses_the_connection_until_it_closes() {
    let mut node = Node::new();
    node.connected(A);
    node.connected(A);
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[over(0, A)]);
    let now = node.now();
    node.dialer.disconnected(&peer(1), &address(A), now);
    node.ask(any(), &[hearsay(B)]);
    node.says(&[over(1, A)]);
    node.dialer.disconnected(&peer(1), &address(A), now);
    node.ask(any(), &[hearsay(B)]);
    node.says(&[dial(B)]);
    // What was never there does not go either.
    node.dialer.disconnected(&peer(1), &address(A), now);
    assert_eq!(node.dialer.stats().peers, 1);
}

#[test]
fn c1_an_address_is_dialed_once_whatever_stands_at_its_end() {
    let mut node = Node::new();
    let long = format!("{A}/p2p/{}", peer(1));
    node.ask(any(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.ask(any(), &[hearsay(&long)]);
    node.learn(&[hearsay(&long), hearsay(A)], Discovery::Done);
    node.says(&[]);
    node.connected(&long);
    node.says(&[over(0, A), over(1, A), cancel(A)]);
    node.dialer.disconnected(&peer(1), &address(&long), node.now());
    node.dialed(A, DialOutcome::Cancelled);
    node.says(&[]);
    assert_eq!(node.dialer.stats().peers, 0);
}

#[test]
fn c1_the_first_success_wins_and_the_losers_are_cancelled() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), hearsay(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B), cancel(A)]);
    // It connected before it heard of that: the next request has the use of it.
    node.dialed(A, CONNECTED);
    node.says(&[]);
    node.dialer.disconnected(&peer(1), &address(B), node.now());
    node.ask(any(), &[]);
    node.says(&[over(1, A)]);
}

#[test]
fn c1_each_request_has_its_own_deadline() {
    // The joiner's deadline counts, not that of who came first (js-libp2p).
    let mut node = Node::new();
    node.ask_for(1, any(), 10_000, &[hearsay(A)], Discovery::Done);
    node.ask_for(1, any(), 2_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A)]);
    assert_eq!(node.until, Some(2_000));
    node.pass(1_999);
    node.says(&[]);
    node.pass(1);
    node.says(&[late(1)]);
    assert_eq!(node.until, Some(10_000));
    node.pass(8_000);
    node.says(&[late(0), cancel(A)]);
    assert_eq!(node.until, None);
    node.ask_for(1, any(), 0, &[hearsay(B)], Discovery::Done);
    node.says(&[late(2)]);
}

#[test]
fn c1_who_joined_early_is_done_by_an_address_that_it_did_not_know() {
    // go-libp2p: it waits 15 s though the peer got connected.
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A)]);
    node.ask(certified_first(), &[hearsay(A)]);
    node.says(&[dial(A)]);
    node.connected(B);
    node.says(&[over(0, B), over(1, B), cancel(A)]);
}

#[test]
fn c1_a_connection_is_for_its_peer() {
    let mut node = Node::new();
    node.ask(any(), &[certified(A)]);
    node.says(&[dial(A)]);
    let now = node.now();
    node.dialer.connected(&peer(2), &address(A), now);
    node.says(&[]);
    node.ask_for(2, any(), 9_000, &[], Discovery::Done);
    node.says(&[over(1, A)]);
}

#[test]
fn c1_one_host_spelled_in_many_ways_is_one_dial() {
    let spelled = [
        "/ip4/1.2.3.4/tcp/443/tls/ws",
        "/ip6/::ffff:1.2.3.4/tcp/443/wss",
        "/ip4/1.2.3.4/tcp/443/wss",
        "/ip6/64:ff9b::102:304/tcp/443/tls/ws",
    ];
    let mut node = Node::new();
    // In one request, and in many that know one spelling each.
    node.ask(any(), &spelled.map(hearsay));
    assert_eq!(node.said().len(), 1);
    for text in spelled {
        let mut all = spelled.map(hearsay).to_vec();
        all.retain(|candidate| candidate.address() == &address(text));
        node.ask(any(), &all);
        let said = node.said();
        assert!(said.is_empty(), "{text}: {said:?}");
    }
    let (id, ..) = node.under_way().remove(0);
    node.ended(id, CONNECTED);
    assert_eq!(node.said().len(), 5);
    // Names, too.
    let names = ["/dns4/EXAMPLE.com/tcp/1", "/dns4/example.com./tcp/1", "/dns4/example.com/tcp/1"];
    let mut node = Node::new();
    node.ask(any(), &names.map(hearsay));
    assert_eq!(node.said().len(), 1);
}
