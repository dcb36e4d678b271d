//! The engine that compares and sets does what every engine must, although a third of its commits
//! fail.

use std::time::Duration;

use peermark_peerstore::{Config, Peerstore, Shared};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::peerstore::cas::Cas;
use peermark_testkit::peerstore::fixtures::{numbers, peer};
use peermark_testkit::peerstore::ops::{Profile, Program};
use peermark_testkit::properties::{config, run_program};
use peermark_testkit::rng::Rng;

peermark_testkit::peerstore_conformance!(make);

fn make(config: Config) -> Cas {
    Cas::new(Shared::new(config))
}

/// What programs do to it is what they do to the model, whatever the engine.
#[test]
fn programs_equal_the_model() {
    let mut rng = Rng::new(1);
    for _ in 0..8 {
        for profile in Profile::ALL {
            let program = Program::random(&mut rng, profile, 200);
            run_program(&program, &Peerstore::new(make(config(profile))), 50);
        }
    }
}

/// Each case above would be as good as nothing if transitions ran only once.
#[test]
fn g1_transitions_are_run_again_after_a_conflict() {
    let store = Peerstore::new(make(Config::default()));
    for (index, secs) in (0..30).zip(1..) {
        let (now, ttl) = (Timestamp::from_secs(secs), Duration::from_secs(100));
        let reported = store.report(&peer(index), &numbers(0..2), &Source::DHT, ttl, now);
        assert_eq!(reported.map(|reported| reported.added), Ok(2));
    }
    assert_eq!(store.engine().commits(), 44);
}
