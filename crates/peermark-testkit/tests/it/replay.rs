//! Every property over everything that is kept, and over seeded mutations of it.
//!
//! `PEERMARK_SEED` sets the seed of the mutations (a decimal number), `PEERMARK_MUTATIONS` how
//! many there are in total.

use peermark_envelope::{DecodeError, Envelope, Limits};
use peermark_testkit::corpus::{self, Seed};
use peermark_testkit::mutate::mutate;
use peermark_testkit::properties::{self, Property};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

/// At least so many mutations run in total, unless somebody asks for another number.
const MUTATIONS: usize = 100_000;

/// How the mutations are divided: cheap properties take more of them. The numbers are parts of
/// their sum.
const SHARES: [(&str, usize); 12] = [
    ("wire", 30),
    ("public_key", 15),
    ("envelope_open", 10),
    ("envelope_fixpoint", 15),
    ("peer_record", 15),
    ("certified_flow", 5),
    ("oracle_diff", 15),
    ("store_ops", 1),
    ("store_consume", 3),
    ("store_row", 5),
    ("dial_plan", 5),
    ("dialer_events", 1),
];

#[test]
fn every_property_holds_for_its_corpus() {
    let mut ran = 0;
    for (target, property) in properties::ALL {
        for seed in seeds(target) {
            check(target, property, &seed.name, &seed.bytes);
            ran += 1;
        }
    }
    let crashes = corpus::crashes().len();
    assert!(ran > 1000 && crashes > 0, "{ran} inputs, {crashes} of them kept");
}

#[test]
fn what_is_kept_is_kept_for_a_target() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(corpus::TARGETS.iter().any(|target| name == **target), "{name:?} is never run");
    }
}

#[test]
fn w1_the_seeds_stand_on_both_sides_of_the_limits() {
    let largest = Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap();
    for (limits, limit) in [(Limits::default(), 8 * 1024), (largest, 64 * 1024)] {
        let sizes = seeds("envelope_open").into_iter().filter(|seed| {
            seed.name.ends_with(&format!("{limit}-limit"))
                || seed.name.ends_with(&format!("{limit}-above"))
        });
        let mut decoded = [0, 0];
        for seed in sizes {
            let fits = seed.name.ends_with("limit");
            assert_eq!(seed.bytes.len(), if fits { limit } else { limit + 1 }, "{}", seed.name);
            let result = Envelope::decode_with(&seed.bytes, limits);
            match result {
                Ok(_) => assert!(fits, "{}", seed.name),
                Err(error) => {
                    let got = limit + 1;
                    assert_eq!(error, DecodeError::TooLarge { limit, got }, "{}", seed.name);
                }
            }
            decoded[usize::from(fits)] += 1;
        }
        assert_eq!(decoded, [2, 2]);
    }
}

#[test]
fn every_property_holds_for_seeded_mutations() {
    let total = variable("PEERMARK_MUTATIONS", MUTATIONS);
    let seed: u64 = variable("PEERMARK_SEED", 1);
    println!("{total} mutations of seed {seed}");
    let parts: usize = SHARES.iter().map(|(_, share)| share).sum();
    let ran: usize = std::thread::scope(|scope| {
        let threads = SHARES.map(|(target, share)| {
            let count = (total * share).div_ceil(parts);
            scope.spawn(move || run_mutations(target, seed, count))
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(ran >= total, "{ran} of {total} mutations");
}

fn run_mutations(target: &str, seed: u64, count: usize) -> usize {
    let (_, property) = properties::ALL.into_iter().find(|(name, _)| *name == target).unwrap();
    let seeds = seeds(target);
    let mut ran = 0;
    for number in 0..count {
        // Each mutation has a generator of its own, so that one can be repeated alone.
        let mut rng =
            Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(u64::try_from(number).unwrap()));
        let (origin, other) = (rng.pick(&seeds), rng.pick(&seeds));
        let bytes = mutate(&mut rng, &origin.bytes, &other.bytes);
        let title = format!("mutation {number} of seed {seed}, from {}", origin.name);
        check(target, property, &title, &bytes);
        ran += 1;
    }
    ran
}

/// Runs a property and says, when it panics, on what.
fn check(target: &str, property: Property, title: &str, bytes: &[u8]) {
    let result = std::panic::catch_unwind(|| property(bytes));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(result.is_ok(), "{target} does not hold for {title}: {hex}");
}

fn seeds(target: &str) -> Vec<Seed> {
    corpus::seeds().filter(|seed| seed.target == target).collect()
}
