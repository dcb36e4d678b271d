//! Any bytes as a file of blocks, or as changes to one that redb wrote.

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: redb_checked::testing::hide_contained_panics(),
    |data: &[u8]| redb_checked::testing::any_file(data)
);
