//! How a store is opened and closed, and what single bits and power losses do to it.

use redb::StorageBackend;
use xxhash_rust::xxh3::xxh3_64;

use super::KIND;
use super::bytes::{at, content, filled, get};
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::checked::SPOILT;
use crate::superblock::COPY;
use crate::testing::TestDisk;
use crate::{Checked, Error};

/// A closed store of `count` blocks; the one behind them was never written.
fn closed(count: usize) -> Vec<u8> {
    let (disk, blocks) = filled(count);
    blocks.set_len(at(count + 1)).unwrap();
    blocks.close().unwrap();
    disk.bytes()
}

fn open(bytes: &[u8]) -> Result<Checked, Error> {
    Checked::open(TestDisk::with(bytes.to_vec()), KIND)
}

#[test]
fn a_closed_store_is_sealed_and_a_changed_one_is_not() {
    let disk = TestDisk::with(closed(2));
    let image = disk.bytes();
    // Looking changes nothing.
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    assert!(blocks.was_sealed());
    assert_eq!(get(&blocks, 1), content(1));
    blocks.sync_data().unwrap();
    blocks.set_len(blocks.len().unwrap()).unwrap();
    blocks.write(0, &[]).unwrap();
    blocks.close().unwrap();
    drop(blocks);
    assert!(disk.bytes() == image);
    assert_eq!(disk.closed(), 1);
    // A change breaks the seal before it is made.
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    disk.cut(5, 0);
    blocks.write(at(1), &content(5)).unwrap_err();
    assert!(disk.bytes()[HEAD..] == image[HEAD..]);
    assert!(!open(&disk.bytes()).unwrap().was_sealed());
    drop(blocks);
    // A store that was found open is open until it was changed and closed.
    let disk = TestDisk::with(disk.bytes());
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    assert!(!blocks.was_sealed());
    blocks.close().unwrap();
    assert!(!open(&disk.bytes()).unwrap().was_sealed());
    let _ = disk.writes();
    blocks.write(at(1), &content(6)).unwrap();
    assert_eq!(disk.writes().len(), 1, "it says already that it is open");
    blocks.close().unwrap();
    // The handle can be used again, and breaks the seal again.
    assert!(open(&disk.bytes()).unwrap().was_sealed());
    blocks.write(at(1), &content(7)).unwrap();
    assert!(!open(&disk.bytes()).unwrap().was_sealed());
    blocks.close().unwrap();
    let blocks = open(&disk.bytes()).unwrap();
    assert!(blocks.was_sealed());
    assert_eq!(get(&blocks, 1), content(7));
}

#[test]
fn an_empty_store_can_be_closed() {
    let disk = TestDisk::default();
    let blocks = Checked::create(disk.clone(), KIND).unwrap();
    assert!(blocks.was_sealed());
    assert!(!open(&disk.bytes()).unwrap().was_sealed());
    blocks.close().unwrap();
    let blocks = open(&disk.bytes()).unwrap();
    assert!(blocks.was_sealed());
    assert_eq!(blocks.len().unwrap(), 0);
}

#[test]
fn whatever_fails_leaves_it_unsealed() {
    for change in 1.. {
        let disk = TestDisk::with(closed(2));
        let blocks = Checked::open(disk.clone(), KIND).unwrap();
        disk.fail(change);
        let results = [
            blocks.write(at(1), &content(5)),
            blocks.sync_data(),
            blocks.set_len(at(4)),
            // Once more, as the engine may.
            blocks.write(at(1), &content(5)),
            blocks.close(),
            blocks.close(),
        ];
        drop(blocks);
        let has_failed = results.iter().any(Result::is_err);
        let blocks = Checked::open(disk.clone(), KIND).unwrap();
        // Both seals were written before the last sync: they hold if they are there.
        let is_last = change == 13;
        assert_eq!(blocks.was_sealed(), !has_failed || is_last, "{change}");
        assert!(!blocks.was_sealed() || get(&blocks, 1) == content(5));
        if !has_failed {
            assert_eq!(change, 14);
            break;
        }
    }
}

#[test]
fn a_store_with_damage_is_not_sealed() {
    let disk = TestDisk::with(closed(3));
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    disk.flip(HEAD + 2 * STRIDE, 1);
    blocks.write(at(1), &content(5)).unwrap();
    get(&blocks, 2);
    blocks.close().unwrap();
    assert!(!open(&disk.bytes()).unwrap().was_sealed());
}

#[test]
fn the_seal_is_of_what_was_written() {
    // A header that changes on the disk before the store is closed is noticed afterwards.
    let (disk, blocks) = filled(2);
    disk.flip(HEAD + 3, 1);
    assert_eq!(get(&blocks, 0)[3], 0, "an open store does not check its header");
    blocks.close().unwrap();
    assert!(matches!(open(&disk.bytes()), Err(Error::DamagedHeader)));
}

/// Changes fields of both copies, and makes both valid again.
fn forge(image: &[u8], fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut image = image.to_vec();
    for copy in [0, COPY] {
        for (at, field) in fields {
            image[copy + at..copy + at + field.len()].copy_from_slice(field);
        }
        let sum = xxh3_64(&image[copy..copy + COPY - 8]).to_le_bytes();
        image[copy + COPY - 8..copy + COPY].copy_from_slice(&sum);
    }
    image
}

#[test]
fn what_is_no_store_is_named() {
    let image = closed(2);
    assert!(matches!(open(&[]), Err(Error::Empty)));
    assert!(matches!(open(b"x"), Err(Error::OtherKind)));
    assert!(matches!(open(&[0; 9000]), Err(Error::OtherKind)));
    assert!(matches!(open(&image[..HEAD - 1]), Err(Error::DamagedSuperblocks)));
    assert!(matches!(open(&image[..COPY - 1]), Err(Error::DamagedSuperblocks)));
    let disk = TestDisk::with(vec![0]);
    assert!(matches!(Checked::create(disk.clone(), KIND), Err(Error::NotEmpty)));
    assert_eq!(disk.bytes(), [0]);
    assert_eq!(disk.closed(), 1);

    let mut damaged = image.clone();
    damaged[100] ^= 1;
    damaged[COPY + 100] ^= 1;
    assert!(matches!(open(&damaged), Err(Error::DamagedSuperblocks)));
    damaged[..16].fill(0);
    assert!(matches!(open(&damaged), Err(Error::DamagedSuperblocks)));
    damaged[COPY..COPY + 16].fill(0);
    assert!(matches!(open(&damaged), Err(Error::OtherKind)));

    assert!(matches!(
        open(&image[..image.len() - 1]),
        Err(Error::Length { found }) if found == u64::try_from(image.len() - 1).unwrap()
    ));
    assert!(matches!(
        open(&image[..image.len() - STRIDE]),
        Err(Error::SealedLength { sealed, found }) if sealed == at(3) && found == at(2)
    ));

    let later = forge(&image, &[(16, &[3, 0, 2, 0])]);
    assert!(matches!(open(&later), Err(Error::Incompatible { found: 3, lowest: 2 })));
    let other = forge(&image, &[(20, &[0, 32, 0, 0])]);
    assert!(matches!(open(&other), Err(Error::BlockSize { found: 8192 })));

    // A later format that says that it can be written to keeps what it has.
    let disk = TestDisk::with(forge(&image, &[(16, &[3, 0, 1, 0]), (1000, &[7])]));
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    blocks.write(0, &[1]).unwrap();
    blocks.close().unwrap();
    let bytes = disk.bytes();
    assert_eq!((bytes[16], bytes[1000], bytes[COPY + 1000]), (3, 7, 7));
    assert!(open(&bytes).unwrap().was_sealed());
}

#[test]
fn no_single_bit_goes_unnoticed() {
    let image = closed(2);
    let disk = TestDisk::with(image.clone());
    for at in 0..image.len() {
        for bit in 0..8 {
            disk.flip(at, 1 << bit);
            let opened = Checked::open(disk.clone(), KIND);
            let block = at.saturating_sub(HEAD) / STRIDE;
            if at < HEAD {
                // The other copy of the superblock stands, but is not trusted to be the last one.
                assert!(!opened.unwrap().was_sealed(), "{at}");
            } else if block == 0 {
                assert!(matches!(opened, Err(Error::DamagedHeader)), "{at}");
            } else {
                let blocks = opened.unwrap();
                for number in 1..3 {
                    let bytes = get(&blocks, number);
                    if number == block {
                        assert!(bytes.iter().all(|byte| *byte == SPOILT), "{at}");
                    } else {
                        let sound = if number == 2 { vec![0; BLOCK] } else { content(number) };
                        assert!(bytes == sound);
                    }
                }
                assert_eq!(blocks.damaged(), [u64::try_from(block).unwrap()]);
            }
            disk.flip(at, 1 << bit);
        }
    }
}

/// Cuts the power within a change to a closed store, at each byte of each of its writes.
#[test]
fn a_superblock_cut_short_loses_nothing() {
    let image = closed(2);
    let mut sealed_before = 0;
    let mut sealed_after = 0;
    for change in 1.. {
        let mut has_failed = false;
        // Of all that is not a write, nothing is half done.
        for done in 0..=STRIDE {
            let disk = TestDisk::with(image.clone());
            let blocks = Checked::open(disk.clone(), KIND).unwrap();
            disk.cut(change, done);
            let wrote = blocks.write(at(1), &content(5));
            let synced = wrote.and_then(|()| blocks.sync_data());
            let is_last = synced.and_then(|()| blocks.close()).is_ok();
            drop(blocks);
            has_failed |= !is_last;
            let bytes = disk.bytes();
            let blocks = open(&bytes).unwrap();
            assert_eq!(get(&blocks, 0), content(0));
            if blocks.was_sealed() {
                let is_old = bytes[HEAD..] == image[HEAD..];
                assert!(is_old || get(&blocks, 1) == content(5));
                sealed_before += usize::from(is_old);
                sealed_after += usize::from(!is_old);
            }
            if is_last {
                break;
            }
        }
        if !has_failed {
            assert!(change > 9);
            break;
        }
    }
    assert!(sealed_before > 0 && sealed_after > 0);
}

/// Two copies that are both valid and say different things: the store is open.
#[test]
fn copies_that_disagree_are_not_trusted() {
    let image = closed(2);
    let disk = TestDisk::with(image.clone());
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    blocks.write(at(1), &content(5)).unwrap();
    let open_image = disk.bytes();
    blocks.close().unwrap();
    let last = disk.bytes();
    for (first, second) in
        [(&image, &open_image), (&open_image, &image), (&image, &last), (&last, &image)]
    {
        let mut mixed = last.clone();
        mixed[..COPY].copy_from_slice(&first[..COPY]);
        mixed[COPY..HEAD].copy_from_slice(&second[COPY..HEAD]);
        let disk = TestDisk::with(mixed);
        let blocks = Checked::open(disk.clone(), KIND).unwrap();
        assert!(!blocks.was_sealed());
        blocks.write(at(1), &content(6)).unwrap();
        blocks.close().unwrap();
        assert!(open(&disk.bytes()).unwrap().was_sealed());
    }
}
