//! The reader and the three messages over arbitrary bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::wire(data));
