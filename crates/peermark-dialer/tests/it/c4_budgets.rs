//! What a dial counts, where, and who is dialed all the same (C4).

use peermark_dial_policy::Candidate;
use peermark_dialer::{Discovery, Failure, Limits};
use peermark_provenance::DialOutcome;

use crate::support::{
    CONNECTED, FAILED, Node, all_failed, any, certified, dial, hearsay, over, peer, user,
};

const HOST: &str = "/ip4/203.1.1.1/tcp/443";
const HONEST: u32 = 90_000;

/// A request for a peer that is dialed, and how that ended.
fn dialed(node: &mut Node, number: u32, named: &Candidate, result: DialOutcome) -> bool {
    let now = node.millis();
    let one = std::slice::from_ref(named);
    let asked = node.ask_for(number, any(), now + 30_000, one, Discovery::Done);
    node.said();
    let Some((id, ..)) = node.under_way().first().cloned() else {
        assert_eq!(node.errors[&asked].addresses[0].1, Failure::TargetExhausted);
        return false;
    };
    node.ended(id, result);
    node.said();
    true
}

/// How many of these peers are dialed.
fn count(
    node: &mut Node,
    peers: std::ops::Range<u32>,
    named: impl Fn(u32) -> Candidate,
    result: DialOutcome,
) -> usize {
    peers.filter(|number| dialed(node, *number, &named(*number), result)).count()
}

/// An honest peer is dialed at its certified address, at once.
#[track_caller]
fn is_dialed(node: &mut Node, text: &str) {
    let now = node.millis();
    let asked = node.ask_for(HONEST, any(), now + 30_000, &[certified(text)], Discovery::Done);
    node.says(&[dial(text)]);
    node.dialed_for(HONEST, text, CONNECTED);
    node.says(&[over(asked, text)]);
    node.dialer.disconnected(&peer(HONEST), &crate::support::address(text), node.now());
}

fn relay(number: u32) -> String {
    format!("/ip4/203.1.1.1/tcp/4001/p2p/{}/p2p-circuit", peer(70_000 + number))
}

#[test]
fn c4_b4_made_up_peers_do_not_close_the_door_of_a_peer_that_was_found_there() {
    let mut node = Node::new();
    is_dialed(&mut node, HOST);
    // Silence: a flood, and one from the network around it, for as many windows as one likes.
    for _ in 0..5 {
        assert_eq!(count(&mut node, 0..1_000, |_| hearsay(HOST), FAILED), 6);
        let beside = |n: u32| certified(&format!("/ip4/203.1.1.{}/tcp/{}", 2 + n % 250, 1 + n));
        count(&mut node, 1_000..2_000, beside, FAILED);
        is_dialed(&mut node, HOST);
        node.pass(600_000);
        node.said();
    }
}

#[test]
fn c4_b4_the_peer_that_answers_for_others_is_found_there() {
    let mut node = Node::new();
    let mut dials = 0;
    for number in 0..1_000 {
        node.ask_for(number, any(), 30_000, &[certified(HOST)], Discovery::Done);
        node.said();
        for (id, ..) in node.under_way() {
            dials += 1;
            node.answered_by(id, HONEST);
        }
        node.said();
    }
    assert_eq!(dials, 24);
    // It never was dialed: that it answered is enough.
    is_dialed(&mut node, HOST);
    // Without its id, nothing is known of it.
    let mut node = Node::new();
    assert_eq!(count(&mut node, 0..1_000, |_| hearsay(HOST), DialOutcome::WrongPeer), 24);
    assert!(!dialed(&mut node, HONEST, &certified(HOST), CONNECTED));
    assert!(dialed(&mut node, HONEST, &user(HOST), CONNECTED));
}

#[test]
fn c4_b4_what_a_store_remembers_of_success_counts_as_found() {
    let mut node = Node::new();
    count(&mut node, 0..1_000, |_| hearsay(HOST), FAILED);
    assert!(!dialed(&mut node, HONEST, &certified(HOST), CONNECTED));
    assert!(dialed(&mut node, HONEST, &crate::support::dialed_before(HOST), CONNECTED));
}

#[test]
fn c4_what_is_kept_is_bounded_too() {
    let mut node = Node::new();
    let found = 100..150;
    assert_eq!(count(&mut node, found.clone(), |_| hearsay(HOST), CONNECTED), 50);
    for number in found.clone() {
        let address = crate::support::address(HOST);
        node.dialer.disconnected(&peer(number), &address, node.now());
    }
    // All of those are silent now: eight of them, and no more, whatever comes.
    assert_eq!(count(&mut node, found, |_| hearsay(HOST), FAILED), 8);
    assert_eq!(count(&mut node, 0..100, |_| hearsay(HOST), FAILED), 0);
}

#[test]
fn c4_silences_and_answers_are_one_budget() {
    let mut node = Node::new();
    assert_eq!(count(&mut node, 0..4, |_| user(HOST), FAILED), 4);
    assert_eq!(count(&mut node, 4..100, |_| user(HOST), DialOutcome::WrongPeer), 16);
    assert_eq!(count(&mut node, 100..200, |_| user(HOST), FAILED), 0);
}

#[test]
fn c4_what_was_not_sent_counts_nowhere() {
    let mut node = Node::new();
    let named = |n: u32| hearsay(&format!("/ip4/203.1.1.{}/tcp/443", n % 3));
    for number in 0..300 {
        let asked = node.ask_for(number, any(), 30_000, &[named(number)], Discovery::Done);
        assert_eq!(node.said().len(), 1, "{number}");
        let (id, ..) = node.under_way()[0];
        node.ended(id, DialOutcome::NotStarted);
        node.cancel(asked);
        node.said();
    }
    assert_eq!(node.dialer.stats().targets, 0);
    is_dialed(&mut node, HOST);
}

#[test]
fn c4_what_was_cancelled_counts_at_its_host_and_a_quarter_in_its_network() {
    let cancelled = DialOutcome::Cancelled;
    let mut node = Node::new();
    assert_eq!(count(&mut node, 0..50, |_| hearsay(HOST), cancelled), 6);
    let port = |n: u32| hearsay(&format!("/ip4/203.1.1.1/tcp/{}", 1_000 + n));
    let most = Limits::default().dials_per_network;
    assert_eq!(count(&mut Node::new(), 0..1_000, port, cancelled), most * 3);
    // Of a peer that was found there it counts nothing.
    let mut node = Node::new();
    let found = 100..150;
    for result in [CONNECTED, cancelled, cancelled] {
        assert_eq!(count(&mut node, found.clone(), |_| hearsay(HOST), result), 50);
        for number in found.clone() {
            let address = crate::support::address(HOST);
            node.dialer.disconnected(&peer(number), &address, node.now());
        }
    }
}

#[test]
fn c4_b2_dead_peers_behind_a_relay_do_not_close_it() {
    let mut node = Node::new();
    let text = relay(0);
    let address = crate::support::address("/ip4/203.1.1.1/tcp/4001");
    node.dialer.connected(&peer(70_000), &address, node.now());
    assert_eq!(count(&mut node, 0..8, |_| hearsay(&text), FAILED), 8);
    assert_eq!(count(&mut node, 8..40, |_| hearsay(&text), DialOutcome::Cancelled), 32);
    is_dialed(&mut node, &text);
    // A relay is bothered with so many circuits in vain, and what is kept is kept.
    let most = Limits::default().circuits_per_relay;
    assert_eq!(count(&mut node, 100..1_000, |_| hearsay(&text), FAILED), most * 3 / 4 - 8);
    is_dialed(&mut node, &text);
    assert_eq!(count(&mut node, 1_000..2_000, |_| user(&text), FAILED), most / 4);
}

#[test]
fn c4_b2_a_circuit_over_a_connected_relay_is_no_new_connection() {
    let mut node = Node::new();
    // The ip:port is closed to strangers.
    count(&mut node, 0..100, |_| hearsay("/ip4/203.1.1.1/tcp/4001"), FAILED);
    assert!(!dialed(&mut node, 200, &certified(&relay(0)), CONNECTED));
    let address = crate::support::address("/ip4/203.1.1.1/tcp/4001");
    node.dialer.connected(&peer(70_000), &address, node.now());
    is_dialed(&mut node, &relay(0));
    // And another relay's id at that place is another relay, at the same place.
    assert!(!dialed(&mut node, 201, &certified(&relay(1)), CONNECTED));
}

#[test]
fn c4_b2_a_relay_that_healthy_peers_were_cancelled_at_stays_open() {
    let mut node = Node::new();
    let text = relay(0);
    // The first circuit proved the relay.
    is_dialed(&mut node, &text);
    assert_eq!(count(&mut node, 0..50, |_| hearsay(&text), DialOutcome::Cancelled), 50);
    is_dialed(&mut node, &text);
}

#[test]
fn c4_a_victim_that_is_called_a_relay_is_counted_by_ip_and_port() {
    let mut node = Node::new();
    let dials = count(&mut node, 0..1_000, |number| certified(&relay(number)), FAILED);
    assert_eq!(dials, 6);
    assert_eq!(count(&mut node, 0..9, |_| hearsay("/ip4/203.1.1.1/tcp/4001"), FAILED), 6);
}

#[test]
fn c4_b3_a_suffix_that_anybody_has_names_under_is_not_closed() {
    let mut node = Node::new();
    for suffix in ["libp2p.direct", "github.io", "co.uk"] {
        let name = |n: u32| hearsay(&format!("/dns4/1-2-3-4.k{n}.{suffix}/tcp/443"));
        assert_eq!(count(&mut node, 0..200, name, FAILED), 200, "{suffix}");
        is_dialed(&mut node, &format!("/dns4/4-3-2-1.honest.{suffix}/tcp/443"));
    }
    // A domain that one registered is one.
    let name = |n: u32| hearsay(&format!("/dns4/n{n}.example.co.uk/tcp/443"));
    assert_eq!(count(&mut node, 0..200, name, FAILED), 48);
}

#[test]
fn c4_one_peer_is_dialed_at_one_place_so_many_times_however_its_back_off_is_cleared() {
    let mut node = Node::new();
    let mut dials = 0;
    for _ in 0..50 {
        let mut request = node.new_request(1, any(), 30_000, &[hearsay(HOST)]);
        request.ignore_backoff = true;
        node.request(request);
        let now = node.now();
        node.dialer.network_changed(now);
        node.said();
        for (id, ..) in node.under_way() {
            dials += 1;
            node.ended(id, FAILED);
        }
        node.said();
    }
    assert_eq!(dials, 8);
    node.pass(600_000);
    node.said();
    let asked = node.ask_for(1, any(), 700_000, &[hearsay(HOST)], Discovery::Done);
    node.says(&[dial(HOST)]);
    node.dialed(HOST, FAILED);
    node.says(&[all_failed(asked)]);
}

#[test]
fn c4_what_a_name_reached_last_is_what_was_reached() {
    let name = "/dns4/a.example.com/tcp/443";
    let victim: std::net::IpAddr = "203.1.1.1".parse().unwrap();
    let own: std::net::IpAddr = "9.9.9.9".parse().unwrap();
    let mut sent = 0;
    let mut node = Node::new();
    for number in 0..200u32 {
        node.ask_for(number, any(), 30_000, &[user(name)], Discovery::Done);
        node.said();
        let Some((id, ..)) = node.under_way().first().cloned() else { break };
        let now = node.now();
        sent += usize::from(node.dialer.resolved(id, victim, now).is_ok());
        let _ = node.dialer.resolved(id, own, now);
        // It gets to a host of the attacker's own, behind the victim.
        node.ended(id, CONNECTED);
        node.said();
    }
    assert!(sent <= 8, "{sent} connections to the victim");
}
