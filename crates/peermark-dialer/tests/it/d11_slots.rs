//! No group of addresses keeps another from its slot (D11).

use std::sync::Arc;

use peermark_dial_policy::{Candidate, HappyEyeballs};
use peermark_dialer::{Config, Discovery};

use crate::support::{
    FAILED, Node, address, any, certified, certified_first, certified_only, dial, hearsay, user,
};

const PUBLIC: &str = "/ip4/203.1.1.1/tcp/4001";

fn node() -> Node {
    let mut config = Config::default();
    config.ranker = Arc::new(HappyEyeballs::default());
    Node::of(config)
}

/// When `text` is dialed, where nothing answers.
fn dialed_at(node: &mut Node, text: &str) -> u64 {
    loop {
        let said = node.said();
        if said.contains(&dial(text)) {
            return node.millis();
        }
        let until = node.until.expect("it waits for something");
        node.pass(until - node.millis());
        assert!(node.millis() < 30_000, "{text} is never dialed");
    }
}

fn many(count: u8, make: impl Fn(u8) -> Candidate) -> Vec<Candidate> {
    (1..=count).map(make).collect()
}

#[test]
fn d11_b5_private_addresses_that_hang_do_not_hold_up_the_public_one() {
    for class in [hearsay, certified, user] {
        let mut node = node();
        let mut all = many(29, |n| class(&format!("/ip4/10.0.0.{n}/tcp/4001")));
        all.push(certified(PUBLIC));
        node.ask(any(), &all);
        let at = dialed_at(&mut node, PUBLIC);
        assert!(at <= 500, "{at} ms");
    }
}

#[test]
fn d11_public_addresses_of_strangers_that_hang_do_not_hold_up_the_certified_one() {
    let mut node = node();
    let mut all = many(63, |n| hearsay(&format!("/ip4/198.{n}.0.1/tcp/4001")));
    all.push(certified(PUBLIC));
    node.ask(any(), &all);
    let at = dialed_at(&mut node, PUBLIC);
    assert!(at <= 500, "{at} ms");
}

#[test]
fn d11_a_strict_request_that_comes_later_finds_a_slot() {
    let mut node = Node::new();
    let all = many(40, |n| hearsay(&format!("/ip4/198.{n}.0.1/tcp/4001")));
    node.ask(any(), &all);
    assert_eq!(node.said().len(), 6);
    node.pass(1_000);
    let with: Vec<_> = all.iter().cloned().chain([certified(PUBLIC)]).collect();
    node.ask(certified_only(), &with);
    node.says(&[dial(PUBLIC)]);
}

#[test]
fn d11_many_groups_get_one_slot_each_before_one_gets_its_second() {
    let mut node = Node::new();
    let mut all = Vec::new();
    for n in 1..=4 {
        all.push(certified(&format!("/ip4/1.1.{n}.1/tcp/1")));
        all.push(user(&format!("/ip4/2.2.{n}.1/tcp/1")));
        all.push(certified(&format!("/ip4/3.3.{n}.1/udp/1/quic-v1")));
        all.push(user(&format!("/ip4/4.4.{n}.1/udp/1/quic-v1")));
        all.push(certified(&format!("/ip4/10.5.{n}.1/tcp/1")));
        all.push(user(&format!("/ip4/10.6.{n}.1/tcp/1")));
    }
    node.ask(any(), &all);
    let said = node.said();
    assert_eq!(said.len(), 8);
    let groups: std::collections::BTreeSet<_> = said
        .iter()
        .map(|line| line["dial /ip4/".len()..].split('.').take(2).collect::<Vec<_>>().join("."))
        .collect();
    assert_eq!(groups.len(), 6, "{said:?}");
}

#[test]
fn d11_a_stage_that_waits_for_a_failure_keeps_no_slot() {
    let mut node = Node::new();
    let mut all = many(8, |n| certified(&format!("/ip4/198.{n}.0.1/tcp/4001")));
    all.push(hearsay(PUBLIC));
    node.ask_for(1, certified_first(), 90_000, &all, Discovery::Done);
    assert_eq!(node.said().len(), 8);
    for candidate in all.iter().take(8) {
        node.dialed(&candidate.address().to_string(), FAILED);
    }
    node.says(&[dial(PUBLIC)]);
    let _ = address(PUBLIC);
}
