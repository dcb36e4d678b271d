//! Random writes to a file of blocks, and one bit that changes.

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: redb_checked::testing::hide_contained_panics(),
    |data: &[u8]| redb_checked::testing::flipped_bit(data)
);
