//! What the tests, the fuzz targets and the benchmarks of the workspace share.
//!
//! Not published, and not for use outside: it panics where a library must not.
//!
//! # What is here, in the order one meets it
//!
//! - [`vectors`]: records, keys and envelopes that other implementations made, each with what must
//!   come of it. The files are in `vectors/` and say where they come from.
//! - [`keys`]: keypairs of all four types that are the same in every run.
//! - [`strategies`]: proptest strategies for every layer, valid and hostile.
//! - [`rng`] and [`mutate`]: seeded mutations of bytes and of messages.
//! - [`model`]: the layers once more, in the plainest way, to compare with.
//! - [`oracle`] and [`generated`]: what the code that pb-rs generates makes of what we accepted.
//! - [`properties`]: what must hold for any bytes at all, one function for each fuzz target.
//! - [`peerstore`]: what every engine for peerstores must do, as cases to run, an engine that
//!   compares and sets, and the store once more, in the plainest way.
//! - [`dialer`]: an oracle that watches a dial coordinator, and networks to dial in, in virtual time.
//! - [`variable()`]: what makes a test longer, or another one; it fails on what it cannot read.
//! - [`corpus`]: where the fuzz targets start, and every input that ever broke one.
//!
//! ```
//! use peermark_peer_record::CertifiedRecord;
//! use peermark_testkit::vectors::{self, Expect};
//!
//! for vector in vectors::all() {
//!     let result = CertifiedRecord::verify(&vector.envelope, vector.dialects);
//!     assert_eq!(result.is_ok(), vector.expect == Expect::Accept, "{}", vector.name);
//! }
//! ```

pub mod corpus;
pub mod dialer;
pub mod generated;
pub mod keys;
pub mod model;
pub mod mutate;
pub mod oracle;
pub mod peerstore;
#[cfg(feature = "properties")]
pub mod properties;
pub mod rng;
pub mod strategies;
mod variable;
pub mod vectors;

pub use variable::variable;
