//! Scans: blocks in any state, and pairs without a tree.

use std::collections::{BTreeMap, BTreeSet};

use redb::{Builder, StorageBackend, TableDefinition};

use super::KIND;
use super::view::{file, value};
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::testing::{Dice, TestDisk};
use crate::{Checked, DEFAULT_MAX_PAGE, Error, LeafShape, Scan, State, View};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
const NAMES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("names");
const FIXED: TableDefinition<'_, u64, u64> = TableDefinition::new("fixed");
const LISTS: TableDefinition<'_, &str, u64> = TableDefinition::new("lists");

/// A row that can be recognized: a checksum that covers the key, and some bytes.
fn row(key: u64, len: usize) -> Vec<u8> {
    let bytes = Dice(key).bytes(len);
    [sum(key, &bytes).to_le_bytes().as_slice(), &bytes].concat()
}

fn sum(key: u64, bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, key)
}

/// The key of a row, if it is one.
fn recognize(key: &[u8], value: &[u8]) -> Option<u64> {
    let key = u64::from_le_bytes(key.try_into().ok()?);
    let (stated, bytes) = value.split_first_chunk()?;
    (sum(key, bytes) == u64::from_le_bytes(*stated)).then_some(key)
}

/// The lengths of rows: a few are on pages of several blocks.
fn len(key: u64) -> usize {
    let lens = [330, 40, 0, 700, 4_000, 330, 12, 330];
    if key % 97 == 5 { 60_000 } else { lens[usize::try_from(key % 8).unwrap()] }
}

const COUNT: u64 = 2_000;

/// Returns the key of a row, if it is one.
type IsRow<'a> = &'a dyn Fn(&[u8], &[u8]) -> Option<u64>;

/// A closed file of rows, written in several commits, beside other tables.
fn rows() -> Vec<u8> {
    let disk = TestDisk::default();
    let checked = Checked::create(disk.clone(), KIND).unwrap();
    let database = Builder::new().create_with_backend(checked).unwrap();
    for first in (0..COUNT).step_by(200) {
        let mut transaction = database.begin_write().unwrap();
        transaction.set_two_phase_commit(true);
        {
            let mut rows = transaction.open_table(ROWS).unwrap();
            let mut names = transaction.open_table(NAMES).unwrap();
            let mut fixed = transaction.open_table(FIXED).unwrap();
            let mut lists = transaction.open_table(LISTS).unwrap();
            for key in first..first + 200 {
                rows.insert(key, row(key, len(key)).as_slice()).unwrap();
                names.insert(&*key.to_string(), row(key, 20).as_slice()).unwrap();
                fixed.insert(key, !key).unwrap();
                lists.insert(&*key.to_string(), key).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    database.close().unwrap();
    disk.bytes()
}

/// The rows that a scan finds, and those of them that are sound.
fn found(bytes: &[u8]) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let disk = TestDisk::with(bytes.to_vec());
    let (mut all, mut sound) = (BTreeSet::new(), BTreeSet::new());
    let shape = LeafShape::of::<u64, &[u8]>();
    let blocks = Scan::new(&disk).leaves(shape, DEFAULT_MAX_PAGE, |pair| {
        if let Some(key) = recognize(pair.key, pair.value) {
            all.insert(key);
            if pair.is_sound {
                sound.insert(key);
            }
        }
    });
    assert_eq!(blocks.unwrap(), u64::try_from((bytes.len() - HEAD).div_ceil(STRIDE)).unwrap());
    assert!(disk.bytes() == bytes);
    (all, sound)
}

#[test]
fn all_rows_of_a_sound_file_are_found() {
    let (all, sound) = found(&rows());
    assert!(all.iter().copied().eq(0..COUNT));
    assert_eq!(sound, all);
}

#[test]
fn tables_of_every_shape_are_found() {
    let disk = TestDisk::with(rows());
    let checked = Checked::open(disk, KIND).unwrap();
    let find = |shape, is_row: IsRow<'_>| {
        let mut keys = BTreeSet::new();
        let scan = checked.scan();
        scan.leaves(shape, BLOCK, |pair| keys.extend(is_row(pair.key, pair.value))).unwrap();
        keys
    };
    let named = |key: &[u8]| std::str::from_utf8(key).ok()?.parse::<u64>().ok();
    let number = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
    let names = find(LeafShape::of::<&str, &[u8]>(), &|key, value| {
        recognize(&named(key)?.to_le_bytes(), value)
    });
    let fixed = find(LeafShape::of::<u64, u64>(), &|key, value| {
        number(key).filter(|key| *key < COUNT && number(value) == Some(!key))
    });
    let lists = find(LeafShape::of::<&str, u64>(), &|key, value| {
        named(key).filter(|key| number(value) == Some(*key))
    });
    for keys in [names, fixed, lists] {
        assert!(keys.iter().copied().eq(0..COUNT));
    }
}

#[test]
fn damage_costs_little_more_than_itself() {
    let image = rows();
    let mut lost = 0;
    for seed in 0..12 {
        let mut bytes = image.clone();
        let mut dice = Dice(seed);
        for _ in 0..40 {
            let at = dice.below(bytes.len() - 64);
            bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
        }
        let (all, sound) = found(&bytes);
        assert!(sound.is_subset(&all));
        lost += usize::try_from(COUNT).unwrap() - all.len();
    }
    // 480 places in 8 MB, most of which is rows of 60,000 bytes.
    assert!(lost < 480, "{lost}");
}

#[test]
fn a_damaged_head_is_guessed() {
    let image = rows();
    let mut heads = BTreeMap::<u64, BTreeSet<u64>>::new();
    let disk = TestDisk::with(image.clone());
    let shape = LeafShape::of::<u64, &[u8]>();
    let scan = Scan::new(&disk);
    scan.leaves(shape, DEFAULT_MAX_PAGE, |pair| {
        if let Some(key) = recognize(pair.key, pair.value) {
            heads.entry(pair.block).or_default().insert(key);
        }
    })
    .unwrap();
    let mut tried = 0;
    for (block, keys) in heads.into_iter().step_by(7) {
        let mut bytes = image.clone();
        let at = HEAD + usize::try_from(block).unwrap() * STRIDE;
        // Type, padding and number of pairs.
        bytes[at..at + 4].fill(0xaa);
        let (all, sound) = found(&bytes);
        assert!(all.is_superset(&keys), "{block}");
        assert!(sound.len() < all.len() || keys.is_subset(&sound));
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn rows_are_found_without_superblocks_and_header() {
    let mut bytes = rows();
    bytes[..HEAD + STRIDE].fill(0x5a);
    assert!(matches!(View::new(TestDisk::with(bytes.clone()), KIND), Err(Error::OtherKind)));
    assert!(found(&bytes).0.iter().copied().eq(0..COUNT));
    // Cut off within a block.
    bytes.truncate(bytes.len() / 2 + 100);
    let (all, sound) = found(&bytes);
    assert!(!all.is_empty() && sound.is_subset(&all));
}

#[test]
fn old_versions_are_found_too() {
    let disk = TestDisk::with(file(false, true));
    let mut versions = BTreeSet::new();
    let scan = Scan::new(&disk);
    scan.leaves(LeafShape::of::<u64, &[u8]>(), BLOCK, |pair| {
        let key = pair.key.try_into().map_or(u64::MAX, u64::from_le_bytes);
        versions.extend((1..4).filter(|version| key < 500 && pair.value == value(key, *version)));
    })
    .unwrap();
    assert!(versions.contains(&1) && versions.contains(&2), "{versions:?}");
}

#[test]
fn blocks_are_visited_in_every_state() {
    let (disk, blocks) = super::bytes::filled(200);
    blocks.set_len(super::bytes::at(203)).unwrap();
    disk.flip(HEAD + 5 * STRIDE + 17, 4);
    disk.flip(HEAD + 150 * STRIDE + BLOCK + 12, 1);
    let place = u64::try_from(HEAD + 70 * STRIDE).unwrap();
    disk.fail_reads(place..place + 1);
    // Cut off within the last block.
    let mut bytes = disk.bytes();
    bytes.truncate(bytes.len() - 100);
    let cut = TestDisk::with(bytes);
    cut.fail_reads(place..place + 1);
    for disk in [disk, cut] {
        let mut states = BTreeMap::new();
        let count = Scan::new(&disk).each(|number, bytes, state| {
            assert_eq!(bytes.len(), BLOCK);
            match state {
                State::Sound => {
                    assert_eq!(bytes, super::bytes::content(number.try_into().unwrap()));
                }
                State::Damaged => {
                    let content = super::bytes::content(number.try_into().unwrap());
                    let wrong = bytes.iter().zip(&content).filter(|(a, b)| a != b).count();
                    assert!(wrong <= 1);
                }
                State::Unwritten | State::Unreadable => assert_eq!(bytes, [0; BLOCK]),
            }
            if state != State::Sound {
                states.insert(number, state);
            }
        });
        assert_eq!(count.unwrap(), 203);
        let expected = [
            (5, State::Damaged),
            (70, State::Unreadable),
            (150, State::Damaged),
            (200, State::Unwritten),
            (201, State::Unwritten),
            (202, State::Unwritten),
        ];
        assert!(states.into_iter().eq(expected));
    }
}

#[test]
fn a_file_without_blocks_is_scanned() {
    for len in [0, 1, HEAD - 1, HEAD] {
        let disk = TestDisk::with(vec![7; len]);
        assert_eq!(Scan::new(&disk).each(|_, _, _| panic!("a block")).unwrap(), 0);
    }
    let disk = TestDisk::with(vec![1; HEAD + 1]);
    let mut states = Vec::new();
    Scan::new(&disk).each(|_, _, state| states.push(state)).unwrap();
    assert_eq!(states, [State::Damaged]);
    let shape = LeafShape { key: Some(usize::MAX), value: None };
    Scan::new(&disk).leaves(shape, 0, |_| ()).unwrap();
}

#[test]
fn a_hostile_head_costs_no_more_than_its_block() {
    // Every block looks like a page that claims as many pairs as there can be, in every shape.
    let (disk, blocks) = super::bytes::filled(3);
    blocks.set_len(super::bytes::at(64)).unwrap();
    let mut page = vec![0xff; BLOCK];
    page[0] = 1;
    for number in 0..64 {
        blocks.write(super::bytes::at(number), &page).unwrap();
    }
    for key in [None, Some(0), Some(8), Some(usize::MAX)] {
        for value in [None, Some(0), Some(8), Some(usize::MAX)] {
            let mut pairs = 0u64;
            let shape = LeafShape { key, value };
            Scan::new(&disk).leaves(shape, DEFAULT_MAX_PAGE, |_| pairs += 1).unwrap();
            assert!(pairs <= 64 * 65_535, "{shape:?}: {pairs}");
        }
    }
}
