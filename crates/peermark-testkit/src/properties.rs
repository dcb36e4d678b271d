//! What must hold for any bytes at all: one function for each fuzz target, shared with the tests.
//!
//! A property takes bytes, does everything that its layer can do with them, and panics when
//! something does not hold. None of them looks for a crash alone: each compares with a [model],
//! with an [oracle], or with the same thing done another way.
//!
//! # Linear cost
//!
//! Every property counts what the readers do and holds it to [`steps_allowed`]. A pass over a
//! message costs at most 7/4 steps for each byte: a field of a tag of `m` bytes and a value of `n`
//! counts 1 for the field and 1 for each varint, and `m` or `n` more where a varint is longer than
//! one byte; `m = n = 2` is the worst. The longest way, bytes to certified record, reads a byte at
//! most five times: in the envelope, twice in the record (fields, then entries), in the entry, and
//! as a component of an address, which is walked again for each own peer id at its end, at most
//! twelve times in the 512 bytes of an address. That is 4 * 7/4 + 12/2 = 13 steps for each byte; sorting
//! the at most 256 addresses of a record adds at most 2 for each. 16 leaves room for what is not
//! worth counting exactly, and none for anything that grows faster than its input.
//!
//! [model]: crate::model
//! [oracle]: crate::oracle

mod dial;
mod dialer;
mod envelope;
mod flow;
mod key;
mod oracle_diff;
mod record;
mod store;
mod wire;

use peermark_wire::steps;

pub use dial::dial_plan;
pub use dialer::{EVENT_LEN, dialer_events};
pub use envelope::{envelope_fixpoint, envelope_open};
pub use flow::certified_flow;
pub use key::public_key;
pub use oracle_diff::oracle_diff;
pub use record::peer_record;
pub use store::{config, row_comes_back, run_program, store_consume, store_ops, store_row};
pub use wire::wire;

/// A function that panics when its property does not hold for these bytes.
pub type Property = fn(&[u8]);

/// Every property under the name of its fuzz target.
pub const ALL: [(&str, Property); 12] = [
    ("wire", wire),
    ("public_key", public_key),
    ("envelope_open", envelope_open),
    ("envelope_fixpoint", envelope_fixpoint),
    ("peer_record", peer_record),
    ("certified_flow", certified_flow),
    ("oracle_diff", oracle_diff),
    ("store_ops", store_ops),
    ("store_consume", store_consume),
    ("store_row", store_row),
    ("dial_plan", dial_plan),
    ("dialer_events", dialer_events),
];

/// How many steps one decoding of an input of `len` bytes may take: `16 * len + 64`.
#[must_use]
pub fn steps_allowed(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX).saturating_mul(16).saturating_add(64)
}

/// Runs one decoding of `len` bytes and holds it to [`steps_allowed`].
///
/// # Panics
///
/// When it takes more steps.
pub fn linear<T>(len: usize, work: impl FnOnce() -> T) -> T {
    let (result, took) = steps::measure(work);
    let allowed = steps_allowed(len);
    assert!(took <= allowed, "{took} steps for {len} bytes, {allowed} are allowed");
    result
}
