//! Order independence (P3): what happens to a peer at one time makes the same store in every order.
//!
//! `PEERMARK_ORDERS` says how many programs run, `PEERMARK_SEED` sets the seed. Each is run in several
//! orders, and then read now and later, connected and after the disconnect.

use std::sync::LazyLock;
use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_peer_record::{CertifiedRecord, Dialect};
use peermark_peerstore::{Config, Delivery, Limits, PeerState, Peerstore, Secret};
use peermark_provenance::{DialOutcome, Source, Timestamp};
use peermark_testkit::peerstore::fixtures::{heard_from, itself, key, numbers, peer, signed};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

const PROGRAMS: usize = 1_000;
/// Orders of one program.
const ORDERS: usize = 6;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug)]
enum Event {
    Record {
        seq: usize,
        content: usize,
        dialect: usize,
        delivery: Delivery,
        as_bytes: bool,
    },
    Report {
        from: u32,
        source: Source,
        ttl: Duration,
    },
    Dialed {
        address: u32,
        ttl: Duration,
    },
    Connect,
    /// What another store knows, which was told these.
    Join {
        told: Vec<Event>,
        is_own: bool,
    },
}

/// Contents of one sequence number: one address, two, the same turned, two others, three, and none.
fn contents() -> [Vec<Multiaddr>; 6] {
    let turned = numbers(0..2).into_iter().rev().collect();
    [numbers(5..6), numbers(0..2), turned, numbers(2..4), numbers(3..6), Vec::new()]
}

static RECORDS: LazyLock<Vec<Vec<[CertifiedRecord; 2]>>> = LazyLock::new(|| {
    let dialects = [Dialect::PeerRecord, Dialect::RoutingState];
    let sign = |seq, content: &Vec<Multiaddr>| {
        dialects.map(|dialect| signed(&key(1), dialect, seq, content))
    };
    (1..4).map(|seq| contents().iter().map(|content| sign(seq, content)).collect()).collect()
});

fn store() -> Peerstore {
    let mut limits = Limits::default();
    (limits.peers, limits.records, limits.floors) = (64, 64, 64);
    limits.aging_step = DAY * 365;
    let mut config = Config::default();
    (config.limits, config.secret) = (limits, Secret::from_bytes([7; 16]));
    let store = Peerstore::in_memory(config);
    assert_eq!(store.floor(&peer(1), START), Ok(None));
    store
}

fn ttl(rng: &mut Rng) -> Duration {
    *rng.pick(&[HOUR, HOUR * 30, DAY * 5, DAY * 30, Duration::MAX])
}

fn event(rng: &mut Rng, depth: usize) -> Event {
    let sources = [
        Source::DHT,
        heard_from(1),
        heard_from(2),
        Source::PUBSUB.reported_by(peer(9)),
        Source::PEER_EXCHANGE,
        itself(peer(1)),
        itself(peer(1)),
        Source::MANUAL,
    ];
    let source = *rng.pick(&sources);
    match rng.below(10) {
        0 => Event::Dialed { address: u32::try_from(rng.below(6)).unwrap(), ttl: ttl(rng) },
        1 => Event::Report { from: u32::try_from(rng.below(6)).unwrap(), source, ttl: ttl(rng) },
        2 | 3 => Event::Connect,
        4 if depth == 0 => {
            let told = (0..1 + rng.below(3)).map(|_| event(rng, 1));
            // Of a withdrawal no envelope is kept: another store is told of a floor, which is a hint.
            let is_whole =
                |event: &Event| !matches!(event, Event::Connect | Event::Record { content: 5, .. });
            let told = told.filter(is_whole).collect();
            Event::Join { told, is_own: rng.one_in(2) }
        }
        _ => {
            let mut delivery = Delivery::new(source, ttl(rng));
            if rng.one_in(3) {
                delivery = delivery.met(HOUR * u32::try_from(rng.below(200)).unwrap());
            }
            // Each content has one dialect: which was seen of one that is forgotten is not known.
            let (seq, content) = (rng.below(3), rng.below(6));
            let as_bytes = rng.one_in(2);
            Event::Record { seq, content, dialect: content % 2, delivery, as_bytes }
        }
    }
}

fn tell(store: &Peerstore, event: &Event, now: Timestamp) {
    let alice = peer(1);
    match event {
        Event::Record { seq, content, dialect, delivery, as_bytes } => {
            let record = &RECORDS[*seq][*content][*dialect];
            if *as_bytes && delivery.age.is_none() {
                let bytes = record.as_bytes();
                let _ = store.consume(bytes, &delivery.source, delivery.ttl, now).unwrap();
            } else {
                let _ = store.deliver(record, *delivery, now).unwrap();
            }
        }
        Event::Report { from, source, ttl } => {
            let _ = store.report(&alice, &numbers(*from..from + 2), source, *ttl, now).unwrap();
        }
        Event::Dialed { address, ttl } => {
            let address = &numbers(*address..address + 1)[0];
            store.dialed(&alice, address, DialOutcome::Success, *ttl, now).unwrap();
        }
        Event::Connect => assert!(store.connected(&alice, now).unwrap()),
        Event::Join { told, is_own } => {
            let other = self::store();
            for event in told {
                tell(&other, event, now);
            }
            if let Some(state) = other.state(&alice, now).unwrap() {
                let join = state.verify().unwrap();
                let join = if *is_own { join.trusting_times().keeping_sources() } else { join };
                let _ = store.join(&join, &Source::PEER_EXCHANGE, now).unwrap();
            }
        }
    }
}

/// All that can be told from outside.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    state: Option<PeerState>,
    certified: Vec<Multiaddr>,
    record: Option<Vec<u8>>,
    contact: Option<Timestamp>,
    proof: Option<String>,
}

fn seen(store: &Peerstore, now: Timestamp) -> Seen {
    let alice = peer(1);
    let mut state = store.state(&alice, now).unwrap();
    if let Some(state) = &mut state {
        // It depends on which group brought the peer first, and decides only which floors go first.
        if let Some(accepted) = &mut state.accepted {
            accepted.is_known = false;
        }
        for known in &mut state.addresses {
            known.claims.sort_by_key(|claim| (claim.kind, claim.reporter));
        }
    }
    let contact = store.view(&alice, now, |view| {
        view.and_then(|view| view.record()).and_then(|record| record.contact())
    });
    // One that ended is there until somebody looks at the entry.
    let has_accepted = state.as_ref().is_some_and(|state| state.accepted.is_some());
    let proof = store.equivocation(&alice).unwrap().filter(|_| has_accepted);
    Seen {
        state,
        certified: store.certified_addresses(&alice, now).unwrap(),
        record: store.signed_record(&alice, now).unwrap().map(|bytes| bytes.to_vec()),
        contact: contact.unwrap(),
        proof: proof.map(|proof| format!("{} {} {}", proof.seq.value(), proof.held, proof.got)),
    }
}

/// What is seen now, and in some days, of a peer that disconnects meanwhile.
fn lives(events: &[Event], order: &[usize], disconnects: usize) -> Vec<Seen> {
    let store = store();
    for index in order {
        tell(&store, &events[*index], START);
    }
    let mut all = vec![seen(&store, START)];
    for (step, hours) in [1, 29, 60, 100, 24 * 4, 24 * 6].into_iter().enumerate() {
        let now = START.saturating_add(HOUR * (hours * u32::try_from(step + 1).unwrap()));
        if step == disconnects {
            store.disconnected(&peer(1), now).unwrap();
        }
        if step % 2 == 0 {
            let _ = store.sweep(now, 100).unwrap();
        }
        all.push(seen(&store, now));
        store.check().unwrap();
    }
    all
}

#[test]
fn p3_what_happens_at_one_time_makes_the_same_store_in_every_order() {
    let programs = variable("PEERMARK_ORDERS", PROGRAMS);
    let seed: u64 = variable("PEERMARK_SEED", 1);
    for number in 0..programs {
        let number = u64::try_from(number).unwrap();
        let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
        let events: Vec<_> = (0..2 + rng.below(7)).map(|_| event(&mut rng, 0)).collect();
        let disconnects = rng.below(7);
        let mut order: Vec<_> = (0..events.len()).collect();
        let first = lives(&events, &order, disconnects);
        for _ in 1..ORDERS {
            for at in (1..order.len()).rev() {
                order.swap(at, rng.below(at + 1));
            }
            let other = lives(&events, &order, disconnects);
            if let Some(step) = (0..first.len()).find(|step| first[*step] != other[*step]) {
                let (events, order) = shorten(events, order, disconnects);
                let told: Vec<_> = order.iter().map(|index| &events[*index]).collect();
                let in_order: Vec<_> = (0..events.len()).collect();
                let (a, b) =
                    (lives(&events, &in_order, disconnects), lives(&events, &order, disconnects));
                let at = (0..a.len()).find(|at| a[*at] != b[*at]).unwrap_or(step);
                panic!(
                    "program {number} of seed {seed}, step {at}, disconnected at {disconnects}:\n\
                     {events:#?}\nin order:\n{:#?}\nand as {told:#?}:\n{:#?}",
                    a[at], b[at]
                );
            }
        }
    }
}

/// Leaves out events as long as two orders differ.
fn shorten(
    mut events: Vec<Event>,
    mut order: Vec<usize>,
    disconnects: usize,
) -> (Vec<Event>, Vec<usize>) {
    loop {
        let shorter = (0..events.len()).find_map(|gone| {
            let mut fewer = events.clone();
            fewer.remove(gone);
            let rest = order.iter().filter(|index| **index != gone);
            let rest: Vec<_> = rest.map(|index| index - usize::from(*index > gone)).collect();
            let in_order: Vec<_> = (0..fewer.len()).collect();
            let differs =
                lives(&fewer, &in_order, disconnects) != lives(&fewer, &rest, disconnects);
            differs.then_some((fewer, rest))
        });
        match shorter {
            Some(shorter) => (events, order) = shorter,
            None => return (events, order),
        }
    }
}
