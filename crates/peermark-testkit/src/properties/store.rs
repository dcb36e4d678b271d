//! The peerstore: any sequence of operations, and any bytes.

mod consume;
mod crowd;
mod mirror;
mod row;
mod run;

use peermark_peerstore::{Config, Peerstore, Secret};

use crate::peerstore::ops::{Profile, Program};

pub use consume::store_consume;
pub use row::{row_comes_back, store_row};
pub use run::run_program;

/// Rules P1 to P6 and S1 to S16 over a sequence of operations.
///
/// The bytes are a [`Program`]. Where its limits leave room for all peers, a
/// [model](crate::peerstore::model::Model) does the same: each operation has the answer that the
/// model gives, and afterwards every read of that peer does, now and then of every peer. Where they
/// do not, the answers have to fit what can be read before and after, and nothing is evicted for
/// something of a lower class. Whoever subscribed knows, by the snapshot and the events, what the
/// store has. In the end everything expires, and nothing is left.
///
/// After each operation the store proves its own invariants, in a program of more than a few
/// operations after every few.
///
/// # Panics
///
/// When that does not hold.
pub fn store_ops(data: &[u8]) {
    let program = Program::decode(data);
    let check_every = if program.ops.len() <= 64 { 1 } else { 16 };
    run_program(&program, &Peerstore::in_memory(config(program.profile)), check_every);
}

/// The configuration that programs of a profile run with, whatever the engine.
#[must_use]
pub fn config(profile: Profile) -> Config {
    let mut config = Config::default();
    config.limits = profile.limits();
    config.secret = SECRET;
    config
}

/// The secret of every store here: a program does the same in each run.
const SECRET: Secret = Secret::from_bytes(*b"not much of one!");
