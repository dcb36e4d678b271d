//! What a name turns out to be is judged once more, and counted once more (C4, D4).

use std::net::IpAddr;
use std::sync::Arc;

use peermark_dial_policy::{Any, Classes, Refusal, Scope, Scopes};
use peermark_dialer::{Discovery, Failure, NotAdmitted};
use peermark_testkit::dialer::world::Policy;

use crate::support::{
    CONNECTED, FAILED, Node, address, all_failed, any, cancel, dial, hearsay, over,
};

const NAME: &str = "/dns4/a.example.com/tcp/443";
const OTHER: &str = "/ip4/203.1.1.1/tcp/443";

fn public() -> Policy {
    let mut policy = Any::default();
    policy.scopes = Scopes::PUBLIC;
    Arc::new(policy)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn resolve(node: &mut Node, number: u32, text: &str, to: &str) -> Result<(), Failure> {
    let (id, now) = (node.attempt(number, text), node.now());
    node.dialer.resolved(id, ip(to), now).map_err(|NotAdmitted(failure)| failure)
}

#[test]
fn c4_a_name_leads_nowhere_where_its_address_would_not() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    let metadata = Err(Failure::Refused(Refusal::Scope(Scope::Metadata)));
    assert_eq!(resolve(&mut node, 1, NAME, "169.254.169.254"), metadata);
    assert_eq!(resolve(&mut node, 1, NAME, "::ffff:169.254.169.254"), metadata);
    assert_eq!(resolve(&mut node, 1, NAME, "8.8.8.8"), Ok(()));
    assert_eq!(resolve(&mut node, 1, NAME, "8.8.8.8"), Ok(()));
    node.dialed(NAME, CONNECTED);
    node.says(&[over(0, NAME)]);
}

#[test]
fn c4_what_one_request_would_not_dial_fails_for_it_alone() {
    let mut node = Node::new();
    let mut tolerant = Any::default();
    tolerant.scopes = Scopes::PUBLIC.with(Scope::Private, Classes::ALL);
    node.ask(public(), &[hearsay(NAME)]);
    let tolerant: Policy = Arc::new(tolerant);
    node.ask(Arc::clone(&tolerant), &[hearsay(NAME)]);
    node.ask(public(), &[hearsay(NAME), hearsay(OTHER)]);
    node.says(&[dial(NAME), dial(OTHER)]);
    assert_eq!(resolve(&mut node, 1, NAME, "10.0.0.1"), Ok(()));
    node.says(&[]);
    node.dialed(OTHER, FAILED);
    node.says(&[all_failed(0), all_failed(2)]);
    let error = &node.errors[&0];
    let why = Failure::Refused(Refusal::Scope(Scope::Private));
    assert_eq!(error.addresses[0], (address(NAME), why));
    node.dialed(NAME, CONNECTED);
    node.says(&[over(1, NAME)]);
    // The connection goes into a private network, whatever the name says.
    node.ask(public(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    node.ask(tolerant, &[hearsay(NAME)]);
    node.says(&[over(4, NAME)]);
}

#[test]
fn c4_names_that_resolve_to_one_victim_share_its_room() {
    let mut node = Node::new();
    let mut dialed = 0;
    for number in 0..1_000u32 {
        let text = format!("/dns4/n.d{number}.com/tcp/443");
        node.ask_for(number, any(), 30_000, &[hearsay(&text)], Discovery::Done);
        node.says(&[dial(&text)]);
        let spelled = if number % 2 == 0 { "203.1.1.1" } else { "64:ff9b::cb01:101" };
        match resolve(&mut node, number, &text, spelled) {
            Ok(()) => dialed += 1,
            Err(failure) => assert_eq!(failure, Failure::TargetExhausted),
        }
        node.dialed_for(number, &text, FAILED);
        node.said();
    }
    assert_eq!(dialed, 6);
    // Which the address itself is counted with.
    let asked = node.ask_for(5_000, any(), 30_000, &[hearsay(OTHER)], Discovery::Done);
    node.says(&[all_failed(asked)]);
    assert_eq!(node.errors[&asked].addresses[0].1, Failure::TargetExhausted);
}

#[test]
fn c4_a_name_of_many_hosts_does_not_have_them_all_dialed() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    let dialed = (1..200).filter(|n| resolve(&mut node, 1, NAME, &format!("8.8.{n}.8")).is_ok());
    assert_eq!(dialed.count(), 8);
}

#[test]
fn c4_a_dnsaddr_resolves_to_whole_addresses() {
    let name = "/dnsaddr/example.com";
    let mut node = Node::new();
    node.ask(any(), &[hearsay(name)]);
    node.says(&[dial(name)]);
    let id = node.attempt(1, name);
    let now = node.now();
    let mut to = |text: &str| node.dialer.resolved_to(id, address(text), now).map_err(|no| no.0);
    let refused = |reason| Err(Failure::Refused(reason));
    assert_eq!(to("/ip4/169.254.169.254/tcp/80"), refused(Refusal::Scope(Scope::Metadata)));
    assert_eq!(to("/ip4/8.8.8.8/tcp/0"), refused(Refusal::PortZero));
    let somebody = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";
    let theirs = format!("/ip4/8.8.8.8/tcp/443/p2p/{somebody}");
    assert_eq!(to(&theirs), refused(Refusal::OtherPeer));
    assert_eq!(to(OTHER), Ok(()));
    // It counts as the same host and port that others name.
    for number in 2..7 {
        node.ask_for(number, any(), 30_000, &[hearsay(OTHER)], Discovery::Done);
        node.says(&[dial(OTHER)]);
    }
    node.ask_for(7, any(), 30_000, &[hearsay(OTHER)], Discovery::Done);
    node.says(&[]);
    assert_eq!(node.dialer.stats().waiting, 1);
    node.dialed(name, CONNECTED);
    node.says(&[over(0, name), dial(OTHER)]);
}

#[test]
fn c4_nothing_is_resolved_for_a_dial_that_nobody_wants() {
    let mut node = Node::new();
    node.ask(any(), &[hearsay(NAME)]);
    node.says(&[dial(NAME)]);
    assert!(node.cancel(0));
    node.says(&[cancel(NAME)]);
    assert_eq!(resolve(&mut node, 1, NAME, "8.8.8.8"), Err(Failure::Unfinished));
    let id = node.attempt(1, NAME);
    node.ended(id, FAILED);
    let now = node.now();
    assert!(node.dialer.resolved(id, ip("8.8.8.8"), now).is_err());
}

#[test]
fn c4_what_was_resolved_last_is_what_was_reached() {
    let (name, reached, passed) = ("/dnsaddr/example.com", OTHER, "/ip4/203.2.2.2/tcp/443");
    let mut node = Node::new();
    node.ask(any(), &[hearsay(name)]);
    node.says(&[dial(name)]);
    let (id, now) = (node.attempt(1, name), node.now());
    // The third is the host and port of the first, by another transport.
    for resolved in [reached, passed, &format!("{reached}/ws")] {
        assert_eq!(node.dialer.resolved_to(id, address(resolved), now), Ok(()));
    }
    node.dialed(name, CONNECTED);
    node.says(&[over(0, name)]);
    // Six strangers may be silent at a host and port; one was at the other of the two.
    for (text, silent) in [(reached, 6), (passed, 5)] {
        for number in 2..2 + silent {
            let asked = node.ask_for(number, any(), 30_000, &[hearsay(text)], Discovery::Done);
            node.says(&[dial(text)]);
            node.dialed_for(number, text, FAILED);
            node.says(&[all_failed(asked)]);
        }
        let asked = node.ask_for(99, any(), 30_000, &[hearsay(text)], Discovery::Done);
        node.says(&[all_failed(asked)]);
    }
}
