//! Operations on a peerstore, against the model. Built with the fake checksum in the place of Ed25519.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::store_ops(data));
