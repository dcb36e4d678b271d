//! Reading, writing, growing, and going on in memory.

use std::io;

use redb::StorageBackend;

use super::KIND;
use crate::Checked;
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::checked::SPOILT;
use crate::testing::{Dice, TestDisk};

/// A store of `count` blocks, each full of its number plus one.
pub(super) fn filled(count: usize) -> (TestDisk, Checked) {
    let disk = TestDisk::default();
    let blocks = Checked::create(disk.clone(), KIND).unwrap();
    blocks.set_len(at(count)).unwrap();
    for number in 0..count {
        blocks.write(at(number), &content(number)).unwrap();
    }
    (disk, blocks)
}

pub(super) fn content(number: usize) -> Vec<u8> {
    vec![u8::try_from(number + 1).unwrap(); BLOCK]
}

/// Where a block begins, for the engine.
pub(super) fn at(number: usize) -> u64 {
    u64::try_from(number * BLOCK).unwrap()
}

pub(super) fn get(blocks: &Checked, number: usize) -> Vec<u8> {
    let mut out = vec![0x55; BLOCK];
    blocks.read(at(number), &mut out).unwrap();
    out
}

/// Writes, reads and resizes at random, against the same on plain bytes.
fn follow_model(blocks: &Checked, model: &mut Vec<u8>, dice: &mut Dice, steps: usize) {
    for _ in 0..steps {
        match dice.below(10) {
            0 => {
                let mut len = dice.below(40 * BLOCK);
                if dice.below(2) == 0 {
                    len -= len % BLOCK;
                }
                blocks.set_len(u64::try_from(len).unwrap()).unwrap();
                model.resize(len, 0);
            }
            1..=5 => {
                let (start, len) = range(model.len(), dice);
                let data = dice.bytes(len);
                blocks.write(u64::try_from(start).unwrap(), &data).unwrap();
                model[start..start + len].copy_from_slice(&data);
            }
            _ => {
                let (start, len) = range(model.len(), dice);
                let mut out = vec![0x55; len];
                blocks.read(u64::try_from(start).unwrap(), &mut out).unwrap();
                assert!(out == model[start..start + len]);
            }
        }
        assert_eq!(blocks.len().unwrap(), u64::try_from(model.len()).unwrap());
    }
}

fn range(len: usize, dice: &mut Dice) -> (usize, usize) {
    let mut start = dice.below(len + 1);
    let mut end = start + dice.below((len - start).min(5 * BLOCK) + 1);
    if dice.below(2) == 0 {
        start -= start % BLOCK;
        end -= end % BLOCK;
    }
    (start, end.max(start) - start)
}

#[test]
fn behaves_like_plain_bytes() {
    for seed in 0..20 {
        let mut dice = Dice(seed);
        let disk = TestDisk::default();
        let blocks = Checked::create(disk.clone(), KIND).unwrap();
        let mut model = Vec::new();
        follow_model(&blocks, &mut model, &mut dice, 100);
        // Closed and opened, it ends where its last block ends.
        blocks.close().unwrap();
        drop(blocks);
        let blocks = Checked::open(disk.clone(), KIND).unwrap();
        model.resize(model.len().next_multiple_of(BLOCK), 0);
        assert!(blocks.was_sealed());
        follow_model(&blocks, &mut model, &mut dice, 100);
        assert_eq!(blocks.verify_all(|_| panic!("damaged")).unwrap(), blocks_of(&model));
        assert_eq!(blocks.damage_count(), 0);
        // A frozen one goes on in the same way, and leaves the disk alone.
        let frozen = blocks.freeze();
        let before = (disk.bytes(), disk.changes());
        follow_model(&frozen, &mut model, &mut dice, 100);
        let further = frozen.freeze();
        follow_model(&further, &mut model, &mut dice, 50);
        assert_eq!(further.verify_all(|_| panic!("damaged")).unwrap(), blocks_of(&model));
        further.sync_data().unwrap();
        further.close().unwrap();
        assert!(before == (disk.bytes(), disk.changes()));
    }
}

fn blocks_of(model: &[u8]) -> u64 {
    u64::try_from(model.len().div_ceil(BLOCK)).unwrap()
}

#[test]
fn what_is_behind_the_end_is_refused() {
    let (_, blocks) = filled(2);
    let is_eof = |result: io::Result<()>| {
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    };
    for blocks in [&blocks, &blocks.freeze()] {
        is_eof(blocks.read(at(2), &mut [0]));
        is_eof(blocks.read(u64::MAX, &mut [0; 2]));
        is_eof(blocks.read(at(1), &mut vec![0; BLOCK + 1]));
        blocks.read(at(2), &mut []).unwrap();
    }
    let (_, blocks) = filled(2);
    is_eof(blocks.write(at(2), &[1]));
    is_eof(blocks.set_len(u64::MAX));
    assert_eq!(blocks.len().unwrap(), at(2));
}

#[test]
fn whole_blocks_take_one_write() {
    let (disk, blocks) = filled(16);
    let _ = disk.writes();
    blocks.write(at(3), &vec![7; 8 * BLOCK]).unwrap();
    let place = u64::try_from(HEAD + 3 * STRIDE).unwrap();
    assert_eq!(disk.writes(), [(place, 8 * STRIDE)]);
    // So does the engine's header, which is less than a block.
    blocks.write(0, &[7; 320]).unwrap();
    assert_eq!(disk.writes(), [(u64::try_from(HEAD).unwrap(), STRIDE)]);
    assert_eq!(get(&blocks, 0)[320..], content(0)[320..]);
}

#[test]
fn a_misplaced_block_is_noticed() {
    let (disk, blocks) = filled(4);
    let bytes = disk.bytes();
    let stored = bytes[HEAD + STRIDE..HEAD + 2 * STRIDE].to_vec();
    let place = u64::try_from(HEAD + 2 * STRIDE).unwrap();
    disk.write(place, &stored).unwrap();
    assert_eq!(get(&blocks, 1), content(1));
    assert_eq!(get(&blocks, 2), vec![SPOILT; BLOCK]);
    assert_eq!(blocks.damaged(), [2]);
}

#[test]
fn damage_spoils_the_whole_read_and_no_other() {
    let (disk, blocks) = filled(200);
    disk.flip(HEAD + 5 * STRIDE + 17, 4);
    disk.flip(HEAD + 150 * STRIDE + BLOCK + 12, 1);
    let mut out = vec![0; 200 * BLOCK];
    blocks.read(0, &mut out).unwrap();
    assert!(out.iter().all(|byte| *byte == SPOILT));
    assert_eq!(blocks.damaged(), [5, 150]);
    let mut out = vec![0; 10];
    blocks.read(at(5) + 100, &mut out).unwrap();
    assert_eq!(out, [SPOILT; 10]);
    assert_eq!(blocks.damage_count(), 2, "the same block counts once");
    for number in (0..5).chain(6..150) {
        assert_eq!(get(&blocks, number), content(number));
    }
    let mut named = Vec::new();
    assert_eq!(blocks.verify_all(|number| named.push(number)).unwrap(), 200);
    assert_eq!(named, [5, 150]);
    // Part of it cannot be written: the rest is lost.
    assert_eq!(blocks.write(at(5), &[1]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    // All of it can.
    blocks.write(at(5), &content(5)).unwrap();
    assert_eq!(get(&blocks, 5), content(5));
    assert_eq!(blocks.freeze().damaged(), [5, 150]);
}

#[test]
fn damage_is_remembered_within_bounds() {
    let (disk, blocks) = filled(3);
    blocks.set_len(at(1100)).unwrap();
    for number in 3..1100 {
        disk.flip(HEAD + number * STRIDE, 1);
        get(&blocks, number);
    }
    assert_eq!(blocks.damaged().len(), 1024);
    assert_eq!(blocks.damage_count(), 1097);
}

#[test]
fn a_frozen_handle_goes_on_after_the_disk_failed() {
    let (disk, blocks) = filled(8);
    disk.cut(1, 100);
    blocks.write(at(2), &vec![9; BLOCK]).unwrap_err();
    let frozen = blocks.freeze();
    let before = (disk.bytes(), disk.changes());
    blocks.close().unwrap();
    drop(blocks);
    assert_eq!(disk.closed(), 0, "a frozen handle still reads");
    assert_eq!(get(&frozen, 3), content(3));
    assert_eq!(get(&frozen, 2), vec![SPOILT; BLOCK], "it was half written");
    frozen.write(at(2), &vec![9; 2 * BLOCK]).unwrap();
    assert_eq!(get(&frozen, 2), vec![9; BLOCK]);
    assert_eq!(get(&frozen, 3), vec![9; BLOCK]);
    frozen.set_len(at(4)).unwrap();
    frozen.set_len(at(6)).unwrap();
    assert_eq!(get(&frozen, 5), vec![0; BLOCK]);
    frozen.write(at(5) + 1, &[4]).unwrap();
    assert_eq!(get(&frozen, 5)[..3], [0, 4, 0]);
    frozen.sync_data().unwrap();
    frozen.close().unwrap();
    drop(frozen);
    assert!(before == (disk.bytes(), disk.changes()));
    assert_eq!(disk.closed(), 1);
    assert!(!Checked::open(disk, KIND).unwrap().was_sealed());
}

#[test]
fn once_frozen_nobody_writes_to_the_disk() {
    let (disk, blocks) = filled(2);
    let frozen = blocks.freeze();
    let before = disk.bytes();
    blocks.write(at(1), &content(7)).unwrap_err();
    blocks.set_len(at(4)).unwrap_err();
    blocks.close().unwrap();
    assert!(before == disk.bytes());
    assert_eq!(get(&frozen, 1), content(1));
}

#[test]
fn threads_read_while_one_writes() {
    let (_, blocks) = filled(32);
    std::thread::scope(|scope| {
        for seed in 0..2 {
            let blocks = &blocks;
            scope.spawn(move || {
                let mut dice = Dice(seed);
                for _ in 0..2_000 {
                    let number = dice.below(32);
                    let block = get(blocks, number);
                    assert!(block.iter().all(|byte| *byte == block[0]) && block[0] != SPOILT);
                }
            });
        }
        let mut dice = Dice(9);
        for _ in 0..2_000 {
            blocks.write(at(dice.below(32)), &content(dice.below(200))).unwrap();
        }
    });
    assert_eq!(blocks.damage_count(), 0);
}
