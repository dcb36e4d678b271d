//! Generated from `proto/*.proto` by `cargo xtask codegen`; not to be edited.
//!
//! An oracle for tests and a contender in benchmarks. It trusts nested lengths: show it only bytes
//! that `peermark-wire` accepted.

#![expect(
    missing_docs,
    reason = "generated; the proto files document the fields"
)]

#[rustfmt::skip]
pub mod envelope;
#[rustfmt::skip]
pub mod keys;
#[rustfmt::skip]
pub mod peer_record;
