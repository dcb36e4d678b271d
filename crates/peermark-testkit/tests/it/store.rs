//! The peerstore against the model: random programs, and properties of any program.
//!
//! `PEERMARK_SEED` sets the seed (a decimal number), `PEERMARK_STORE_OPS` how many operations run
//! in total. A program that fails is made as short as it goes and printed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use peermark_peerstore::{Lifetime, PayloadDigest, Peerstore, Usage};
use peermark_provenance::{DialOutcome, Timestamp};
use peermark_testkit::peerstore::model::Known;
use peermark_testkit::peerstore::ops::universe::{self, RecordRef};
use peermark_testkit::peerstore::ops::{self, Answer, OP_LEN, Op, Profile, Program};
use peermark_testkit::properties::{config, run_program};
use peermark_testkit::rng::Rng;
use peermark_testkit::strategies::runner;
use peermark_testkit::variable;
use proptest::prelude::*;

/// So many operations run in total, unless somebody asks for another number.
const OPS: usize = 200_000;

/// Operations of a program: short ones meet in few things, long ones run full.
const LENGTHS: [usize; 4] = [12, 60, 300, 1500];

#[test]
fn seeded_programs_equal_the_model() {
    let total = variable("PEERMARK_STORE_OPS", OPS);
    let seed: u64 = variable("PEERMARK_SEED", 1);
    println!("{total} operations of seed {seed}");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let ran: usize = std::thread::scope(|scope| {
        let run = |thread| scope.spawn(move || run_programs(seed, thread, threads, total));
        let threads: Vec<_> = (0..threads).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(ran >= total, "{ran} of {total} operations");
}

#[test]
fn any_program_equals_the_model() {
    let held = runner(400).run(&ops::program(60), |program| {
        run_program(&program, &store(program.profile), 8);
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

/// What adds, extends, deletes and expires, of one peer, in short sequences.
#[test]
fn s6_a_hundred_thousand_sequences_equal_the_model() {
    /// A report, a set, a change of times, a retraction, a removal, a step of the clock, a step to
    /// where the next claim ends.
    const KINDS: [u8; 7] = [14, 26, 29, 31, 32, 48, 53];
    let seed: u64 = variable("PEERMARK_SEED", 1);
    let run = |half: u64| {
        for number in (half..100_000).step_by(2) {
            let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
            let mut op = |_| {
                let [_, _, b, c, d, e]: [u8; OP_LEN] = std::array::from_fn(|_| rng.byte());
                Op::decode([*rng.pick(&KINDS), 0, b % 16, c, d, e])
            };
            let ops = (0..6).map(&mut op).collect();
            let program = Program { profile: Profile::Narrow, ops };
            check(&format!("sequence {number} of seed {seed}"), &program);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(0));
        run(1);
    });
}

/// What commutes: records and claims at one time, with any age, of any content and by anybody.
/// A content that is not one of the first two is forgotten, and with it how it was signed: each is signed
/// in one way here. Whether a connection holds a record depends on which came first (S7): records of a connected peer
/// are another matter.
fn claim() -> impl Strategy<Value = Op> {
    ops::op().prop_filter_map("does not commute", |op| {
        let near = |record: RecordRef| RecordRef {
            peer: record.peer % 2 * 5,
            dialect: record.payload % 3,
            ..record
        };
        match op {
            Op::Apply(record, source, ttl, age) => Some(Op::Apply(near(record), source, ttl, age)),
            Op::Consume(record, source, ttl, age) => {
                Some(Op::Consume(near(record), source, ttl, age))
            }
            Op::Report(peer, letters, source, ttl, _) if !ttl.is_zero() => {
                Some(Op::Report(peer % 2 * 5, letters, source, ttl, Lifetime::Extend))
            }
            Op::Dialed(peer, letter, DialOutcome::Success, ttl) if !ttl.is_zero() => {
                Some(Op::Dialed(peer % 2 * 5, letter, DialOutcome::Success, ttl))
            }
            _ => None,
        }
    })
}

#[test]
fn p3_claims_and_records_in_any_order_give_the_same_store() {
    let claims = prop::collection::vec(claim(), 0..24);
    let orders = claims.prop_flat_map(|claims| (Just(claims.clone()), Just(claims).prop_shuffle()));
    let held = runner(4000).run(&orders, |(one, other)| {
        let in_order = |ops: &[Op]| {
            let store = store(Profile::Default);
            ops.iter().for_each(|op| drop(op.perform(&store, NOON)));
            everything(&store, NOON)
        };
        let (one, other) = (in_order(&one), in_order(&other));
        // Which group pays for what came first is not seen, nor are bytes that it decides.
        prop_assert_eq!(one.0, other.0);
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

#[test]
fn s15_two_stores_that_are_told_the_same_are_equal() {
    let held = runner(300).run(&ops::program(120), |program| {
        let stores = [store(program.profile), store(program.profile)];
        let mut now = NOON;
        for op in &program.ops {
            match op {
                Op::Advance(by) => now = now.saturating_add(*by),
                Op::ToNextEnd { .. } => now = stores[0].next_expiry().unwrap_or(now),
                _ => {
                    let [one, other] = stores.each_ref().map(|store| op.perform(store, now));
                    prop_assert_eq!(one, other, "{:?}", op);
                }
            }
        }
        let [one, other] = stores.each_ref().map(|store| everything(store, now));
        prop_assert_eq!(one, other);
        prop_assert_eq!(stores[0].next_expiry(), stores[1].next_expiry());
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

#[test]
fn s12_nothing_panics_at_the_end_of_time() {
    for now in [Timestamp::EPOCH, Timestamp::from_nanos(u64::MAX - 1), Timestamp::MAX] {
        let mut rng = Rng::new(now.as_nanos());
        for profile in Profile::ALL {
            let store = store(profile);
            for op in Program::random(&mut rng, profile, 2000).ops {
                let answer = op.perform(&store, now);
                assert!(
                    !matches!(answer, Answer::Invalid(_)) || matches!(op, Op::ConsumeBroken(..))
                );
            }
            assert_eq!(store.check(), Ok(()), "{profile:?} at {now}");
            let (read, _) = everything(&store, now);
            let is_over = |known: &Known| known.provenance.expiry().is_some_and(|e| e.is_over(now));
            assert!(!read.iter().flat_map(|peer| &peer.addresses).any(is_over), "{profile:?}");
        }
    }
}

const NOON: Timestamp = Timestamp::from_secs(1_700_000_000);

fn store(profile: Profile) -> Peerstore {
    Peerstore::in_memory(config(profile))
}

/// All that can be read of one peer.
#[derive(Debug, PartialEq)]
struct Read {
    addresses: Vec<Known>,
    record: Option<Vec<u8>>,
    floor: Option<(u64, String)>,
    contradiction: Option<(u64, PayloadDigest, PayloadDigest)>,
    connected: bool,
}

/// All that can be read, and what it takes.
fn everything(store: &Peerstore, now: Timestamp) -> (Vec<Read>, Usage) {
    let read = |id: &peermark_identity::PeerId| Read {
        addresses: store.addresses(id, now).unwrap().into_iter().map(Known::from).collect(),
        record: store.signed_record(id, now).unwrap().map(|bytes| bytes.to_vec()),
        floor: store.floor(id, now).unwrap().map(|(seq, of)| (seq.value(), of.to_string())),
        contradiction: store
            .equivocation(id)
            .unwrap()
            .map(|proof| (proof.seq.value(), proof.held, proof.got)),
        connected: store.view(id, now, |view| view.is_some_and(|v| v.is_connected())).unwrap(),
    };
    (universe::peer_ids().iter().map(read).collect(), store.usage())
}

/// The programs whose number is `thread` modulo `threads`, until its share of `total` ran.
fn run_programs(seed: u64, thread: usize, threads: usize, total: usize) -> usize {
    let mut ran = 0;
    for number in (thread..).step_by(threads) {
        if ran >= total.div_ceil(threads) {
            break;
        }
        // Each program has a generator of its own, so that one can be repeated alone.
        let number = u64::try_from(number).unwrap();
        let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
        let (profile, len) = (*rng.pick(&Profile::ALL), *rng.pick(&LENGTHS));
        let program = Program::random(&mut rng, profile, len);
        check(&format!("program {number} of seed {seed}"), &program);
        ran += len;
    }
    ran
}

/// Runs a program, and when it fails says which is the shortest that does.
fn check(title: &str, program: &Program) {
    if runs(program).is_ok() {
        return;
    }
    let mut short = program.clone();
    let mut step = short.ops.len();
    while step > 0 {
        let mut at = 0;
        while at < short.ops.len() {
            let mut shorter = short.clone();
            shorter.ops.drain(at..(at + step).min(short.ops.len()));
            if runs(&shorter).is_ok() { at += step } else { short = shorter }
        }
        step /= 2;
    }
    let error = runs(&short).expect_err("what failed a moment ago");
    panic!("{title} does not hold, {error}, in {short:?}");
}

/// Runs a program; the error is what it panicked with.
fn runs(program: &Program) -> Result<(), String> {
    let check_every = if program.ops.len() <= 64 { 8 } else { 128 };
    let run = || run_program(program, &store(program.profile), check_every);
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(_) => "a panic without a message".to_owned(),
    })
}
