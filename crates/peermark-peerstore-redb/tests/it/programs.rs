//! Random programs on a store in a file, beside the model that every engine has to equal (F1).

use peermark_peerstore::Peerstore;
use peermark_peerstore_redb::{Options, Redb};
use peermark_testkit::peerstore::ops::{OP_LEN, Profile, Program};
use peermark_testkit::properties::{config, run_program};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;
use redb::backends::InMemoryBackend;

/// Operations, over all programs; more by `PEERMARK_STORE_OPS`.
const OPS: usize = 6_000;
/// Operations of a program.
const LENGTH: usize = 120;

#[test]
fn f1_random_programs_do_what_the_model_does() {
    let programs = variable("PEERMARK_STORE_OPS", OPS).div_ceil(LENGTH);
    let mut rng = Rng::new(0x0f11e);
    for number in 0..programs {
        let mut bytes = rng.bytes(1 + OP_LEN * LENGTH);
        bytes[0] = u8::try_from(number % Profile::ALL.len()).unwrap();
        let program = Program::decode(&bytes);
        let disk = InMemoryBackend::new();
        let engine = Redb::open_on(disk, config(program.profile), &Options::default()).unwrap();
        run_program(&program, &Peerstore::new(engine), 16);
    }
}
