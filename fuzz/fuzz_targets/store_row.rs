//! Any bytes as an entry that a store keeps in a file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::store_row(data));
