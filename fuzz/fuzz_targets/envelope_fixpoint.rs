//! The canonical form of envelopes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::envelope_fixpoint(data));
