//! Any bytes into a peerstore. Built with the fake checksum in the place of Ed25519.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::store_consume(data));
