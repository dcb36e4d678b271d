//! The join of two stores (G2): its laws over random programs.
//!
//! `PEERMARK_JOIN_PROGRAMS` says how many programs run, `PEERMARK_SEED` sets the seed. In each, what
//! happens to one peer is told to one store, and shared out among three that join now and then. No
//! record ends before it is compared: of one that has, a store keeps the floor and no envelope, and a
//! floor from elsewhere removes nothing (S3).

use std::sync::LazyLock;
use std::time::Duration;

use peermark_peer_record::{CertifiedRecord, Dialect, Seq};
use peermark_peerstore::{
    Config, Delivery, Limits, PayloadDigest, PeerAddress, PeerState, Peerstore, Secret,
};
use peermark_provenance::{DialOutcome, Source, Timestamp};
use peermark_testkit::peerstore::fixtures::{itself, key, numbers, peer, signed};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

/// Programs, unless somebody asks for another number.
const PROGRAMS: usize = 8_000;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
/// Everything happens in so many hours.
const SPAN: usize = 150;

/// What happens, to one of three stores.
#[derive(Clone, Debug)]
enum Event {
    Record {
        seq: usize,
        content: usize,
        dialect: usize,
        delivery: Delivery,
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
    /// What the second store knows is joined into the first.
    Join(usize, usize),
}

/// Three sequence numbers, five contents with each: one, two, two, and two more of which one lists what
/// another does in another order; in both dialects.
static RECORDS: LazyLock<Vec<Vec<[CertifiedRecord; 2]>>> = LazyLock::new(|| {
    let turned = numbers(0..2).into_iter().rev().collect();
    let contents = [numbers(5..6), numbers(0..2), turned, numbers(2..4), numbers(3..6)];
    let sign = |seq, content| {
        [Dialect::PeerRecord, Dialect::RoutingState]
            .map(|dialect| signed(&key(1), dialect, seq, content))
    };
    (1..4).map(|seq| contents.iter().map(|content| sign(seq, content)).collect()).collect()
});

fn store() -> Peerstore {
    let mut limits = Limits::default();
    // A small store is made quickly, and a clock that moves by days is believed.
    (limits.peers, limits.records, limits.floors) = (64, 64, 64);
    (limits.aging_step, limits.floor_life) = (HOUR * 24 * 365, HOUR * 24 * 1000);
    let mut config = Config::default();
    (config.limits, config.secret) = (limits, Secret::from_bytes([7; 16]));
    let store = Peerstore::in_memory(config);
    // All of them begin at one time: their seconds begin together.
    assert_eq!(store.floor(&peer(1), START), Ok(None));
    store
}

/// When, what, and to which store.
type Told = (Duration, Event, usize);

fn program(rng: &mut Rng) -> Vec<Told> {
    let at = |rng: &mut Rng| {
        let millis = Duration::from_millis(u64::try_from(rng.below(3_600_000)).unwrap());
        HOUR * u32::try_from(rng.below(SPAN)).unwrap() + millis
    };
    let mut all: Vec<_> =
        (0..2 + rng.below(8)).map(|_| (at(rng), event(rng), rng.below(3))).collect();
    let joins = (0..rng.below(5)).map(|_| (at(rng), Event::Join(rng.below(3), rng.below(3)), 0));
    all.extend(joins.collect::<Vec<_>>());
    all.sort_by_key(|(at, ..)| *at);
    all
}

fn event(rng: &mut Rng) -> Event {
    let hours = [160, 170, 200, 400][rng.below(4)];
    let ttl = HOUR * hours;
    let reported = Source::DHT.reported_by(peer(9));
    match rng.below(8) {
        0 => Event::Dialed { address: u32::try_from(rng.below(6)).unwrap(), ttl },
        1 | 2 => {
            let source = *rng.pick(&[Source::DHT, reported, Source::MANUAL, itself(peer(1))]);
            Event::Report { from: u32::try_from(rng.below(6)).unwrap(), source, ttl }
        }
        _ => {
            let sources = [Source::DHT, Source::PUBSUB, itself(peer(1)), Source::MANUAL];
            let source = *rng.pick(&sources);
            let mut delivery = Delivery::new(source, ttl);
            if rng.one_in(3) {
                delivery = delivery.met(HOUR * u32::try_from(rng.below(8)).unwrap());
            }
            // A content that is not one of the first two is forgotten, and with it in which dialects it
            // was seen: here each has one.
            let (seq, content) = (rng.below(3), rng.below(5));
            Event::Record { seq, content, dialect: content % 2, delivery }
        }
    }
}

fn tell(store: &Peerstore, event: &Event, now: Timestamp) {
    let alice = peer(1);
    match event {
        Event::Record { seq, content, dialect, delivery } => {
            let record = &RECORDS[*seq][*content][*dialect];
            let _ = store.deliver(record, *delivery, now).unwrap();
        }
        Event::Report { from, source, ttl } => {
            let _ = store.report(&alice, &numbers(*from..from + 2), source, *ttl, now).unwrap();
        }
        Event::Dialed { address, ttl } => {
            let address = &numbers(*address..address + 1)[0];
            store.dialed(&alice, address, DialOutcome::Success, *ttl, now).unwrap();
        }
        Event::Join(..) => {}
    }
}

/// Joins what a store of the same owner knows.
fn join(into: &Peerstore, state: Option<PeerState>, now: Timestamp) {
    if let Some(state) = state {
        let join = state.verify().unwrap().trusting_times().keeping_sources();
        let _ = into.join(&join, &Source::PEER_EXCHANGE, now).unwrap();
    }
}

fn state(store: &Peerstore, now: Timestamp) -> Option<PeerState> {
    store.state(&peer(1), now).unwrap()
}

/// What can be read of the peer.
#[derive(Debug, PartialEq)]
struct Seen {
    addresses: Vec<PeerAddress>,
    record: Option<Vec<u8>>,
    contact: Option<Timestamp>,
    floor: Option<(Seq, PayloadDigest)>,
    contradiction: Option<(Seq, PayloadDigest, PayloadDigest)>,
    is_contradicted: bool,
}

fn seen(store: &Peerstore, now: Timestamp) -> Seen {
    let alice = peer(1);
    let (contact, is_contradicted) = store
        .view(&alice, now, |view| {
            let record = view.and_then(|view| view.record());
            let contact = record.and_then(|record| record.contact());
            (contact, view.is_some_and(|view| view.is_contradicted()))
        })
        .unwrap();
    let proof = store.equivocation(&alice).unwrap();
    Seen {
        addresses: store.addresses(&alice, now).unwrap(),
        record: store.signed_record(&alice, now).unwrap().map(|bytes| bytes.to_vec()),
        contact,
        floor: store.floor(&alice, now).unwrap(),
        contradiction: proof.map(|proof| (proof.seq, proof.held, proof.got)),
        is_contradicted,
    }
}

/// Three stores after a program, and the one that was told everything.
fn run(program: &[Told]) -> (Peerstore, [Peerstore; 3], Timestamp) {
    let (one, three) = (store(), [(); 3].map(|()| store()));
    let mut now = START;
    for (after, event, to) in program {
        now = START.saturating_add(*after);
        tell(&one, event, now);
        tell(&three[*to], event, now);
        if let Event::Join(into, from) = event {
            join(&three[*into], state(&three[*from], now), now);
        }
    }
    (one, three, now.saturating_add(Duration::from_millis(7)))
}

/// A store that knows what these know, joined one after the other.
fn joined(states: &[&Option<PeerState>], now: Timestamp) -> Peerstore {
    let store = store();
    for state in states {
        join(&store, (*state).clone(), now);
    }
    store
}

fn check(program: &[Told]) -> Result<(), &'static str> {
    let (one, three, now) = run(program);
    let states = three.each_ref().map(|store| state(store, now));
    let [a, b, c] = &states;
    let both = |store: &Peerstore| (seen(store, now), state(store, now));
    let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(what) };

    // A copy is what it is a copy of, and once more changes nothing.
    let before = both(&three[0]);
    ensure(seen(&joined(&[a], now), now) == before.0, "a copy")?;
    join(&three[0], a.clone(), now);
    ensure(both(&three[0]) == before, "idempotent")?;
    ensure(both(&joined(&[a, b], now)) == both(&joined(&[b, a], now)), "commutative")?;
    let bc = state(&joined(&[b, c], now), now);
    ensure(both(&joined(&[a, b, c], now)) == both(&joined(&[a, &bc], now)), "associative")?;

    join(&three[0], b.clone(), now);
    join(&three[0], c.clone(), now);
    for hours in [0, 30, 100, 200, 500] {
        let later = now.saturating_add(HOUR * hours);
        let same = seen(&three[0], later) == seen(&one, later);
        ensure(same, "equal to one store that was told everything")?;
    }
    ensure(three[0].check().is_ok() && one.check().is_ok(), "sound")
}

#[test]
fn g2_joins_obey_their_laws() {
    let programs = variable("PEERMARK_JOIN_PROGRAMS", PROGRAMS);
    let seed = variable("PEERMARK_SEED", 1u64);
    let run = |half: usize| {
        for number in (half..programs).step_by(2) {
            let number = u64::try_from(number).unwrap();
            let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
            let mut program = program(&mut rng);
            let Err(law) = check(&program) else { continue };
            // As short as it goes.
            let mut at = 0;
            while at < program.len() {
                let mut shorter = program.clone();
                shorter.remove(at);
                if check(&shorter) == Err(law) { program = shorter } else { at += 1 }
            }
            let (one, three, now) = run(&program);
            let states = three.each_ref().map(|store| state(store, now));
            panic!(
                "program {number} of seed {seed}: {law}: {program:#?}\n{:#?}\n{states:#?}",
                seen(&one, now)
            );
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(0));
        run(1);
    });
}
