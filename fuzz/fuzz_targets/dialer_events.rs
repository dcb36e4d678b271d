//! Events of a dial coordinator, watched by an oracle.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::dialer_events(data));
