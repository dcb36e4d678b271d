//! Envelopes, decoded and opened for several purposes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::envelope_open(data));
