//! The files that `cargo xtask codegen` writes for the testkit. Taken as files: depending on the
//! testkit would turn on step counting in what is measured.

#![expect(
    clippy::all,
    elided_lifetimes_in_paths,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    reason = "written by pb-rs, which has a style of its own, and only read here"
)]

#[path = "../../../peermark-testkit/src/generated/envelope.rs"]
#[rustfmt::skip]
pub(super) mod envelope;
#[path = "../../../peermark-testkit/src/generated/keys.rs"]
#[rustfmt::skip]
pub(super) mod keys;
#[path = "../../../peermark-testkit/src/generated/peer_record.rs"]
#[rustfmt::skip]
pub(super) mod peer_record;

// Nothing here decodes private keys. Naming the type keeps it from counting as dead code.
const _: usize = size_of::<keys::PrivateKey<'static>>();
