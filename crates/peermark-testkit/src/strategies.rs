//! Proptest strategies for every layer: what is valid, what is valid in disguise, what is hostile.
//!
//! | layer | valid | in disguise | hostile |
//! |---|---|---|---|
//! | varints | [`varint`] | [`long_varint`] | [`hostile_varint`] |
//! | messages | [`message`] | [`disguised`] | [`hostile_message`] |
//! | keys | [`public_key`] | | [`hostile_public_key`] |
//! | purposes | [`purpose`] | | |
//! | addresses | [`address`] | [`address_of`] | [`hostile_address`] |
//! | peer records | [`peer_record`] | | [`hostile_peer_record`] |
//! | envelopes | [`envelope`] | [`disguised`] | [`mutated`] |
//! | certified records | [`certified`] | [`disguised`] | [`mutated`] |
//!
//! In disguise is what means the same and is written in another way. [`mutated`] damages what any
//! other strategy makes.

mod address;
mod envelope;
mod message;
mod record;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

pub use address::{address, address_of, hostile_address};
pub use envelope::{
    PURPOSES, Sealed, certified, envelope, hostile_public_key, keypair_number, public_key, purpose,
};
pub use message::{
    disguised, field, hostile_message, hostile_varint, long_varint, message, value, varint,
};
pub use record::{Payload, hostile_peer_record, peer_record};

use crate::mutate::mutate;
use crate::rng::Rng;
use crate::variable;

/// Damages what `strategy` makes; it may come out whole.
pub fn mutated<S>(strategy: S) -> impl Strategy<Value = Vec<u8>>
where
    S: Strategy<Value = Vec<u8>> + Clone,
{
    (any::<u64>(), strategy.clone(), strategy)
        .prop_map(|(seed, bytes, other)| mutate(&mut Rng::new(seed), &bytes, &other))
}

/// A runner of `cases` cases that are the same in every run; `PEERMARK_SEED` chooses others.
///
/// # Panics
///
/// When `PEERMARK_SEED` is no decimal number.
#[must_use]
pub fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(variable("PEERMARK_SEED", 1)),
        failure_persistence: None,
        ..Config::default()
    })
}
