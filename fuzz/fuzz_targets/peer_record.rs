//! Payloads of peer records, without signatures.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::peer_record(data));
