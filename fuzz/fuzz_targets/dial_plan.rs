//! Dial plans for any candidates, under any policy and ranker.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::dial_plan(data));
