//! Writers, which refuse a damaged file before they write.

use redb::{Builder, ReadableDatabase};

use super::KIND;
use super::view::{TABLE, commit, file, value};
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::testing::TestDisk;
use crate::{Checked, Error, View};

/// The blocks that the rows of a file are on, by a scan.
fn pages(bytes: &[u8], version: u64) -> Vec<usize> {
    let mut pages = Vec::new();
    let disk = TestDisk::with(bytes.to_vec());
    crate::Scan::new(&disk)
        .leaves(crate::LeafShape::of::<u64, &[u8]>(), 1 << 16, |pair| {
            let key = pair.key.try_into().map_or(u64::MAX, u64::from_le_bytes);
            if key < 500 && pair.value == value(key, version) {
                pages.push(usize::try_from(pair.block).unwrap());
            }
        })
        .unwrap();
    pages.sort_unstable();
    pages.dedup();
    pages
}

fn damaged(bytes: &[u8], block: usize) -> TestDisk {
    let disk = TestDisk::with(bytes.to_vec());
    disk.flip(HEAD + block * STRIDE + 77, 1);
    disk
}

#[test]
fn a_damaged_file_that_was_not_closed_is_refused_and_left_alone() {
    let image = file(false, true);
    for block in pages(&image, 2) {
        let disk = damaged(&image, block);
        let before = disk.bytes();
        let refused = Checked::open_for_writing(disk.clone(), KIND).unwrap_err();
        let number = u64::try_from(block).unwrap();
        assert!(
            matches!(&refused, Error::Damaged { blocks, count: 1 } if *blocks == [number]),
            "{block}: {refused}"
        );
        assert_eq!(disk.changes(), 0);
        assert!(disk.bytes() == before);
        drop(View::new(disk, KIND).unwrap().database().unwrap());
    }
}

#[test]
fn what_nothing_leads_to_may_be_damaged() {
    let image = file(false, true);
    let live = pages(&image, 2);
    let mut opened = 0;
    // What was written of version 3 was never committed: a power loss may leave it half written.
    for block in pages(&image, 3).into_iter().filter(|block| !live.contains(block)) {
        let disk = damaged(&image, block);
        let checked = Checked::open_for_writing(disk.clone(), KIND).unwrap();
        assert_eq!(disk.changes(), 0);
        assert_eq!(checked.damage_count(), 0);
        let database = Builder::new().create_with_backend(checked).unwrap();
        commit(&database, 0..10, 4, true);
        database.close().unwrap();
        assert!(Checked::open(disk, KIND).unwrap().was_sealed());
        opened += 1;
    }
    assert!(opened > 0);
}

#[test]
fn a_sound_file_is_opened_and_written_to() {
    for is_closed in [true, false] {
        for two in [true, false] {
            let disk = TestDisk::with(file(is_closed, two));
            let checked = Checked::open_for_writing(disk.clone(), KIND).unwrap();
            assert_eq!(disk.changes(), 0);
            let mut builder = Builder::new();
            let database = builder.set_cache_size(4 * BLOCK).create_with_backend(checked).unwrap();
            commit(&database, 0..10, 4, two);
            let table = database.begin_read().unwrap().open_table(TABLE).unwrap();
            assert_eq!(table.get(3).unwrap().unwrap().value(), value(3, 4));
            assert_eq!(table.get(13).unwrap().unwrap().value(), value(13, 2));
        }
    }
}

#[test]
fn the_properties_hold_for_their_seeds() {
    use crate::testing::{any_file, flipped_bit, seeds};

    for (target, name, data) in seeds() {
        let property = if target == "checked_flip" { flipped_bit } else { any_file };
        let held = std::panic::catch_unwind(|| property(&data));
        assert!(held.is_ok(), "{target} {name}");
    }
}
