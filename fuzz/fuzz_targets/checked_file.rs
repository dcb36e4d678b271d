//! Any bytes as a file of blocks, or as changes to one that redb wrote.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redb_checked::testing::any_file(data));
