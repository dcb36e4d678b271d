//! From a payload to a certified record. Built with the fake checksum in the place of Ed25519.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::certified_flow(data));
