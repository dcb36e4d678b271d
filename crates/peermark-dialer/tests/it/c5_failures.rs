//! What fails, and what is said of it (C5, D3).

use peermark_dial_policy::{Nothing, Refusal};
use peermark_dialer::{Cause, Discovery, Failure};
use peermark_provenance::{DialOutcome, TrustClass};

use crate::support::{
    A, B, C, CONNECTED, D, FAILED, Node, address, all_failed, any, certified, certified_only, dial,
    hearsay, over, peer,
};

#[test]
fn c5_a_wrong_peer_fails_its_address_and_nothing_else() {
    // rust-libp2p: the whole dial fails.
    let mut node = Node::new();
    node.ask(any(), &[hearsay(A), certified(B)]);
    node.ask(certified_only(), &[hearsay(A), certified(B)]);
    node.says(&[dial(A), dial(B)]);
    node.dialed(A, DialOutcome::WrongPeer);
    node.says(&[]);
    node.dialed(B, CONNECTED);
    node.says(&[over(0, B), over(1, B)]);
    // Of this peer: another one may well be there.
    node.ask_for(2, any(), 9_000, &[hearsay(A)], Discovery::Done);
    node.says(&[dial(A)]);
    node.dialed_for(2, A, CONNECTED);
    node.says(&[over(2, A)]);
}

#[test]
fn c5_all_failed_is_one_error_with_every_reason() {
    let mut node = Node::new();
    node.ask_for(2, any(), 9_000, &[hearsay(D)], Discovery::Done);
    node.says(&[dial(D)]);
    let zero = "/ip4/5.5.5.5/tcp/0";
    node.ask(any(), &[hearsay(A), hearsay(B), hearsay(C), hearsay(zero)]);
    node.says(&[dial(A), dial(B), dial(C)]);
    node.dialed(A, FAILED);
    node.dialed(C, DialOutcome::WrongPeer);
    node.says(&[]);
    node.dialed(B, DialOutcome::Cancelled);
    node.says(&[all_failed(1)]);
    let error = &node.errors[&1];
    let expected = [
        (address(A), Failure::Failed),
        (address(B), Failure::Failed),
        (address(C), Failure::WrongPeer),
        (address(zero), Failure::Refused(Refusal::PortZero)),
    ];
    assert_eq!((error.cause, error.omitted), (Cause::AllFailed, 0));
    assert_eq!(error.addresses, expected);
    let text = error.to_string();
    assert!(text.starts_with("every address failed; /ip4/1.1.1.1/tcp/1: dial failed;"), "{text}");
    assert!(text.ends_with("its port is 0"), "{text}");
}

#[test]
fn c5_the_reasons_are_bounded_and_what_is_omitted_is_counted() {
    let mut node = Node::with(|limits| limits.reasons = 3);
    let all: Vec<_> = (1..6).map(|n| format!("/ip4/9.9.{n}.9/tcp/9")).collect();
    node.ask(any(), &all.iter().map(|text| hearsay(text)).collect::<Vec<_>>());
    assert_eq!(node.said().len(), 5);
    for text in &all {
        node.dialed(text, FAILED);
    }
    node.says(&[all_failed(0)]);
    let error = &node.errors[&0];
    assert_eq!((error.addresses.len(), error.omitted), (3, 2));
    assert!(error.to_string().ends_with("; and 2 more"), "{error}");
}

#[test]
fn c5_nothing_known_and_everything_refused_are_two_answers() {
    let mut node = Node::new();
    node.ask(any(), &[]);
    node.ask_for(2, certified_only(), 9_000, &[hearsay(A)], Discovery::Done);
    node.said();
    assert_eq!(node.errors[&0].cause, Cause::Nothing(Nothing::NoAddress));
    let error = &node.errors[&1];
    assert_eq!(error.cause, Cause::Nothing(Nothing::AllRefused));
    let reason = Failure::Refused(Refusal::Class(TrustClass::ThirdParty));
    assert_eq!(error.addresses, [(address(A), reason)]);
}

#[test]
fn c5_what_failed_and_is_gone_failed_all_the_same() {
    let mut node = Node::new();
    node.ask_for(1, any(), 9_000, &[hearsay(A)], Discovery::Running);
    node.says(&[dial(A)]);
    node.dialed(A, FAILED);
    node.learn(&[], Discovery::Done);
    node.says(&[all_failed(0)]);
    assert_eq!(node.errors[&0].addresses, [(address(A), Failure::Failed)]);
}

#[test]
fn c5_this_node_is_not_dialed() {
    let mut config = peermark_dialer::Config::default();
    config.local = Some(peer(1));
    let mut node = Node::of(config);
    node.ask(any(), &[hearsay(A)]);
    node.says(&["0 failed: every known address is refused".to_owned()]);
}
