//! What we accept, as generated code reads it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::oracle_diff(data));
