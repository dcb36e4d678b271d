//! Ten thousand peers that name one victim (C4).

use std::collections::BTreeSet;

use peermark_dial_policy::Candidate;
use peermark_dialer::{DIALS_PER_VICTIM, Discovery, Limits, PEERS_PER_TARGET};
use peermark_provenance::DialOutcome;

use crate::support::{CONNECTED, FAILED, Node, address, any, hearsay, peer, user};

const PEERS: u32 = 10_000;
const VICTIM: &str = "/ip4/203.1.1.1/tcp/443";

/// Every peer names what `spelling` answers for it, in a request of its own, `every` milliseconds one
/// after another; every dial ends in this way at once. Answers how many dials there were.
fn flood(
    node: &mut Node,
    every: u64,
    result: DialOutcome,
    spelling: impl Fn(u32) -> String,
) -> usize {
    flood_of(node, every, result, |number| hearsay(&spelling(number)))
}

fn flood_of(
    node: &mut Node,
    every: u64,
    result: DialOutcome,
    named: impl Fn(u32) -> Candidate,
) -> usize {
    let mut dials = 0;
    let mut now = 0;
    for number in 0..PEERS {
        let candidates = [named(number)];
        node.ask_for(number, any(), now + 30_000, &candidates, Discovery::Done);
        dials += settle(node, result);
        let stats = node.dialer.stats();
        assert!(stats.targets <= 200 && stats.backed_off <= 200, "{stats:?}");
        assert_eq!((stats.requests, stats.waiting), (0, 0), "everything is answered");
        node.pass(every);
        now += every;
    }
    dials
}

fn settle(node: &mut Node, result: DialOutcome) -> usize {
    let mut dials = 0;
    loop {
        node.said();
        let under_way = node.under_way();
        if under_way.is_empty() {
            return dials;
        }
        dials += under_way.len();
        for (id, ..) in under_way {
            node.ended(id, result);
        }
    }
}

/// What strangers get of an ip:port and of a network, in silences: a quarter is kept.
fn limits() -> (usize, usize) {
    let limits = Limits::default();
    (limits.dials_per_target * 3 / 4, limits.dials_per_network * 3 / 4)
}

#[test]
fn c4_ten_thousand_peers_that_name_one_victim_lead_to_few_connections() {
    assert_eq!(
        (PEERS_PER_TARGET, DIALS_PER_VICTIM, Limits::default().dials_per_target),
        (8, 256, 8)
    );
    // Six in silence, or four times as many that were answered by somebody else.
    let expected = [(FAILED, 6), (DialOutcome::WrongPeer, 24), (DialOutcome::Cancelled, 6)];
    for (result, most) in expected {
        let mut node = Node::new();
        assert_eq!(flood(&mut node, 0, result, |_| VICTIM.to_owned()), most, "{result:?}");
        assert!(most <= 4 * PEERS_PER_TARGET);
    }
}

#[test]
fn c4_the_user_gets_what_is_kept_and_no_more() {
    for (result, most) in [(FAILED, 8), (DialOutcome::WrongPeer, 32)] {
        let mut node = Node::new();
        let dials = flood_of(&mut node, 0, result, |_| user(VICTIM));
        assert_eq!(dials, most, "{result:?}");
        // A flood of strangers first: what is kept is still there.
        let mut node = Node::new();
        let by_strangers = flood(&mut node, 0, result, |_| VICTIM.to_owned());
        let by_user = flood_of(&mut node, 0, result, |_| user(VICTIM));
        assert_eq!(by_strangers + by_user, most, "{result:?}");
        assert!(by_user > 0);
    }
}

#[test]
fn c4_however_its_address_is_spelled() {
    let mut node = Node::new();
    let spellings = [
        VICTIM,
        "/ip6/::ffff:203.1.1.1/tcp/443",
        "/ip6/64:ff9b::cb01:101/tcp/443/ws",
        "/ip6/2002:cb01:101::1/tcp/443",
        "/ip4/203.1.1.1/udp/443/quic-v1",
        "/ip4/203.1.1.1/tcp/443/tls/ws",
    ];
    let spelling = |number: u32| spellings[usize::try_from(number).unwrap() % 6].to_owned();
    assert_eq!(flood(&mut node, 0, FAILED, spelling), limits().0);
}

#[test]
fn c4_many_ports_and_hosts_of_one_network_share_its_budget() {
    let (_, most) = limits();
    let mut node = Node::new();
    let port = |number: u32| format!("/ip4/203.1.1.1/tcp/{}", 1 + number);
    assert_eq!(flood(&mut node, 0, FAILED, port), most);
    let mut node = Node::new();
    let host = |number: u32| format!("/ip4/203.1.1.{}/tcp/443", number % 256);
    assert_eq!(flood(&mut node, 0, FAILED, host), most);
    let mut node = Node::new();
    let host = |number: u32| format!("/ip6/2606:4700:1:{number:x}::1/tcp/443");
    assert_eq!(flood(&mut node, 0, FAILED, host), most);
    let mut node = Node::new();
    let name = |number: u32| format!("/dns4/N{number}.x{}.Example.COM./tcp/443", number % 7);
    assert_eq!(flood(&mut node, 0, FAILED, name), most);
}

#[test]
fn c4_over_hours_it_is_so_many_in_each_window() {
    let mut node = Node::new();
    // Three hours: 18 windows, and the one that it begins in.
    let dials = flood(&mut node, 1_080, FAILED, |_| VICTIM.to_owned());
    let windows = usize::try_from(1_080 * u64::from(PEERS) / 600_000).unwrap() + 1;
    let most = limits().0;
    assert!(dials <= most * windows, "{dials} dials in {windows} windows");
    assert!(dials >= most * (windows - 1), "{dials} dials in {windows} windows");
}

#[test]
fn c4_all_at_once_they_wait_and_are_told() {
    let mut node = Node::new();
    for number in 0..PEERS {
        node.ask_for(number, any(), 30_000, &[hearsay(VICTIM)], Discovery::Done);
    }
    assert_eq!(node.said().len(), limits().0);
    let stats = node.dialer.stats();
    assert_eq!(stats.waiting, usize::try_from(PEERS).unwrap() - limits().0);
    assert_eq!(settle(&mut node, FAILED), limits().0);
    assert_eq!(node.errors.len(), usize::try_from(PEERS).unwrap());
    assert_eq!(node.dialer.stats().waiting, 0);
}

#[test]
fn c4_peers_that_are_there_are_all_reached() {
    // Ten thousand behind one host and port: a gateway, say.
    let mut node = Node::new();
    let peers = usize::try_from(PEERS).unwrap();
    for number in 0..PEERS {
        node.ask_for(number, any(), 30_000, &[hearsay(VICTIM)], Discovery::Done);
    }
    assert_eq!(settle(&mut node, CONNECTED), peers);
    assert!(node.errors.is_empty());
    assert_eq!(node.dialer.stats().targets, 0);
}

#[test]
fn c4_a_peer_that_is_not_there_counts_once() {
    // Whoever names a host in many ways is one of those whom it is dialed for, and no more.
    let mut node = Node::new();
    let (most, _) = limits();
    let spelled: Vec<_> = (0..64).map(|n| hearsay(&format!("{VICTIM}/sni/n{n}.com"))).collect();
    let mut dials = 0;
    for number in 0..20 {
        node.ask_for(number, any(), 30_000, &spelled, Discovery::Done);
        dials += settle(&mut node, FAILED);
    }
    // And not more than eight times, however many ways there are.
    assert_eq!(dials, most * PEERS_PER_TARGET);
    assert!(dials < DIALS_PER_VICTIM);
}

/// Peers name one victim under these spellings, in every order, and their dials end in these ways; some
/// are told to stop after something was sent. Every second time it is one of the first forty that
/// asks again, by hand, after a connection of its own. Returns how many connections the victim sees, and
/// for how many peers.
fn tricks(peers: u32, spellings: &[&str], endings: &[DialOutcome]) -> (usize, usize) {
    let mut node = Node::new();
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(random >> 33).unwrap() % below
    };
    let (mut seen, mut of) = (0, BTreeSet::new());
    for turn in 0..2 * peers {
        let number = if turn % 2 == 0 { turn / 2 } else { u32::try_from(next(40)).unwrap() };
        let now = node.now();
        let inbound = address("/ip4/198.18.7.7/tcp/50000");
        node.dialer.connected(&peer(number), &inbound, now);
        node.dialer.disconnected(&peer(number), &inbound, now);
        let named = [(); 2].map(|()| hearsay(spellings[next(spellings.len())]));
        let mut request = node.new_request(number, any(), 30_000, &named);
        request.ignore_backoff = next(2) == 0;
        let asked = node.request(request);
        node.said();
        for _ in 0..4 {
            for (id, _, address) in node.under_way() {
                let is_name = address.to_string().starts_with("/dns4");
                let ip = "203.1.1.1".parse().unwrap();
                let goes_there = !is_name || node.dialer.resolved(id, ip, now).is_ok();
                let ending = endings[next(endings.len())];
                if goes_there && ending != DialOutcome::NotStarted {
                    seen += 1;
                    of.insert(number);
                }
                if next(3) == 0 && node.cancel(asked) {
                    node.said();
                }
                node.ended(id, if goes_there { ending } else { DialOutcome::NotStarted });
            }
            node.said();
        }
        node.cancel(asked);
        node.said();
        for (id, ..) in node.under_way() {
            node.ended(id, DialOutcome::NotStarted);
        }
        node.said();
    }
    (seen, of.len())
}

#[test]
fn c4_all_tricks_together_stay_within_the_bound() {
    let name = "/dns4/x.attacker.com/tcp/443";
    let plain = [
        VICTIM,
        "/ip6/::ffff:203.1.1.1/tcp/443",
        "/ip6/64:ff9b::cb01:101/tcp/443/ws",
        "/ip4/203.1.1.1/udp/443/quic-v1",
    ];
    let every = [&plain[..], &[name]].concat();
    let ways = [FAILED, DialOutcome::Cancelled, DialOutcome::WrongPeer, DialOutcome::NotStarted];
    let within = |(seen, of): (usize, usize), what: &str| {
        assert!(seen <= DIALS_PER_VICTIM, "{seen} connections: {what}");
        assert!(of <= 4 * PEERS_PER_TARGET, "for {of} peers: {what}");
        assert!(seen >= limits().0, "{seen} connections: it is not dialed at all: {what}");
    };
    within(tricks(PEERS, &every, &ways), "everything");
    for spellings in [&every[..], &plain, &[name]] {
        for way in &ways[..3] {
            within(tricks(PEERS / 20, spellings, &[*way]), &format!("{way:?}, {spellings:?}"));
        }
        within(tricks(PEERS / 20, spellings, &ways[1..]), &format!("no silence, {spellings:?}"));
    }
}
