//! What a name resolved to is judged for everyone who joined, and is kept per connection (C1, D4).

use std::net::IpAddr;
use std::sync::Arc;

use peermark_dial_policy::{Any, CertifiedFirst, Refusal, Scope, Scopes};
use peermark_dialer::{Failure, NotAdmitted};
use peermark_testkit::dialer::world::Policy;

use crate::support::{
    A, B, CONNECTED, FAILED, Node, address, all_failed, any, at, certified, dial, hearsay, over,
    peer,
};

const NAME: &str = "/dns4/a.example.com/tcp/443";

fn public() -> Policy {
    let mut policy = Any::default();
    policy.scopes = Scopes::PUBLIC;
    Arc::new(policy)
}

fn public_certified_first() -> Policy {
    Arc::new(CertifiedFirst::default().with_scopes(Scopes::PUBLIC))
}

fn resolve(node: &mut Node, to: &str) -> Result<(), Failure> {
    let (id, now) = (node.attempt(1, NAME), node.now());
    let ip: IpAddr = to.parse().unwrap();
    node.dialer.resolved(id, ip, now).map_err(|NotAdmitted(failure)| failure)
}

fn private() -> Failure {
    Failure::Refused(Refusal::Scope(Scope::Private))
}

#[test]
fn c1_who_joins_after_the_name_resolved_is_judged_at_once() {
    let mut node = Node::new();
    node.ask(any(), &[certified(NAME), hearsay(B)]);
    node.says(&[dial(B), dial(NAME)]);
    assert_eq!(resolve(&mut node, "10.0.0.1"), Ok(()));
    // The certified name is refused for it, and its next stage begins: B is under way.
    node.ask(public_certified_first(), &[certified(NAME), hearsay(B)]);
    node.says(&[]);
    node.dialed(NAME, CONNECTED);
    node.says(&[over(0, NAME)]);
    node.dialed(B, FAILED);
    node.says(&[all_failed(1)]);
    assert_eq!(node.errors[&1].addresses[0], (address(NAME), private()));
    assert_eq!(node.errors[&1].addresses[1], (address(B), Failure::Failed));
}

#[test]
fn c1_a_connection_that_is_not_admitted_fails_the_address_and_the_next_stage_begins() {
    let mut node = Node::new();
    node.ask(public_certified_first(), &[certified(NAME), hearsay(B)]);
    node.says(&[dial(NAME)]);
    // The same name led into a private network before; that connection is of no use.
    let now = node.now();
    node.dialer.connected(&peer(1), &address(NAME), now);
    node.says(&[over(0, NAME), crate::support::cancel(NAME)]);
}

#[test]
fn c1_two_connections_over_one_name_are_two() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    assert_eq!(resolve(&mut node, "10.0.0.1"), Ok(()));
    node.dialed(NAME, CONNECTED);
    node.says(&[over(0, NAME)]);
    // This one does not do for a public policy; a second over the same name does.
    node.ask(public(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    assert_eq!(resolve(&mut node, "8.8.8.8"), Ok(()));
    node.dialed(NAME, CONNECTED);
    node.says(&[over(1, NAME)]);
    node.ask(public(), &[hearsay(NAME)]);
    node.says(&[over(2, NAME)]);
    // One of the two closes, and it is not said which: what is left may be either.
    let now = node.now();
    node.dialer.disconnected(&peer(1), &address(NAME), now);
    node.ask(public(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    node.ask(any(), &[hearsay(NAME)]);
    node.says(&[over(4, NAME)]);
}

#[test]
fn c1_it_can_be_said_which_connection_closed() {
    for (closed, is_public_left) in [("10.0.0.1", true), ("8.8.8.8", false)] {
        let mut node = Node::new();
        let mut attempts = Vec::new();
        for (ip, policy) in [("10.0.0.1", any()), ("8.8.8.8", public())] {
            node.ask(policy, &[hearsay(NAME)]);
            node.says(&[dial(NAME)]);
            assert_eq!(resolve(&mut node, ip), Ok(()));
            attempts.push((ip, node.attempt(1, NAME)));
            node.dialed(NAME, CONNECTED);
            node.said();
        }
        let attempt = attempts.iter().find(|(ip, _)| *ip == closed).unwrap().1;
        let now = node.now();
        node.dialer.closed(&peer(1), attempt, now);
        node.ask(public(), &[hearsay(NAME)]);
        let expected = if is_public_left { over(2, NAME) } else { dial(NAME) };
        node.says(&[expected]);
    }
}

#[test]
fn c1_what_the_candidates_say_by_the_end_is_what_counts() {
    let mut node = Node::new();
    let mut policy = Any::default();
    let user = peermark_dial_policy::Classes::of([peermark_provenance::TrustClass::User]);
    policy.scopes = Scopes::PUBLIC.with(Scope::Private, user);
    let typed = crate::support::user(NAME);
    node.ask(Arc::new(policy), &[typed, hearsay(A)]);
    node.says(&[dial(A), dial(NAME)]);
    assert_eq!(resolve(&mut node, "10.0.0.1"), Ok(()));
    // It is hearsay by now, and hearsay leads into no private network.
    node.learn(&[hearsay(NAME), hearsay(A)], peermark_dialer::Discovery::Done);
    node.says(&[]);
    node.dialed(NAME, CONNECTED);
    node.says(&[]);
    node.dialed(A, FAILED);
    node.says(&[all_failed(0)]);
    assert_eq!(node.errors[&0].addresses[1], (address(NAME), private()));
    assert!(node.now() < at(30_000));
}
