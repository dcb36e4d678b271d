//! Public keys, private keys and peer ids over arbitrary bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| peermark_testkit::properties::public_key(data));
