//! Generated from `proto/*.proto` by `cargo xtask codegen`; not to be edited.
//!
//! An oracle for tests and a contender in benchmarks. It trusts nested lengths: show it only bytes
//! that `peermark-wire` accepted.

#![expect(
    clippy::all,
    clippy::exhaustive_enums,
    elided_lifetimes_in_paths,
    missing_docs,
    non_snake_case,
    unused_imports,
    reason = "written by pb-rs, which has a style of its own; the proto files document the fields"
)]

#[rustfmt::skip]
pub mod envelope;
#[rustfmt::skip]
pub mod keys;
#[rustfmt::skip]
pub mod peer_record;
