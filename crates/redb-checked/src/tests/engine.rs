//! The engine on top of it.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::KIND;
use crate::Checked;
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::testing::TestDisk;

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
const FIXED: TableDefinition<'_, u64, u64> = TableDefinition::new("fixed");
const OTHER: TableDefinition<'_, u64, u64> = TableDefinition::new("other");
const ROWS: u64 = 200;

fn value(key: u64) -> Vec<u8> {
    key.to_le_bytes().repeat(40)
}

fn database(blocks: &Checked) -> Result<Database, redb::DatabaseError> {
    // Room for a few pages: the rest is read from the disk each time.
    Builder::new().set_cache_size(4 * BLOCK).create_with_backend(blocks.clone())
}

fn write(
    database: &Database,
    change: impl FnOnce(&redb::WriteTransaction),
) -> redb::Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate).unwrap();
    transaction.set_two_phase_commit(true);
    change(&transaction);
    transaction.commit()?;
    Ok(())
}

/// A closed store with rows in it.
fn store() -> Vec<u8> {
    let disk = TestDisk::default();
    let blocks = Checked::create(disk.clone(), KIND).unwrap();
    let database = database(&blocks).unwrap();
    write(&database, |transaction| {
        let mut rows = transaction.open_table(TABLE).unwrap();
        let mut fixed = transaction.open_table(FIXED).unwrap();
        for key in 0..ROWS {
            rows.insert(key, value(key).as_slice()).unwrap();
        }
        // Enough for more than one branch.
        for key in 0..ROWS * 200 {
            fixed.insert(key, key * 3).unwrap();
        }
    })
    .unwrap();
    drop(database);
    drop(blocks);
    assert_eq!(disk.closed(), 1);
    disk.bytes()
}

#[test]
fn rows_are_read_back() {
    let disk = TestDisk::with(store());
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    assert!(blocks.was_sealed());
    let mut database = database(&blocks).unwrap();
    assert!(database.check_integrity().unwrap());
    let transaction = database.begin_read().unwrap();
    let rows = transaction.open_table(TABLE).unwrap();
    for key in 0..ROWS {
        assert_eq!(rows.get(key).unwrap().unwrap().value(), value(key));
    }
    drop((rows, transaction, database));
    assert_eq!(blocks.damage_count(), 0);
    let blocks = Checked::open(TestDisk::with(disk.bytes()), KIND).unwrap();
    assert!(blocks.was_sealed());
    blocks.verify_all(|number| panic!("{number} is damaged")).unwrap();
}

/// Runs something that may panic, and answers what it said if it did not fail.
fn attempt<T>(run: impl FnOnce() -> Result<T, redb::Error>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok().and_then(Result::ok)
}

/// All that can be asked. Answers whether all of it was answered.
fn ask(database: &Database) -> bool {
    let mut is_whole = true;
    let Some(transaction) = attempt(|| Ok(database.begin_read()?)) else { return false };
    if let Some(rows) = attempt(|| Ok(transaction.open_table(TABLE)?)) {
        for key in 0..ROWS {
            let found = attempt(|| Ok(rows.get(key)?.map(|row| row.value().to_vec())));
            is_whole &= found.is_some();
            assert!(found.is_none_or(|found| found == Some(value(key))), "row {key}");
        }
        let all = attempt(|| {
            let keys = rows.iter()?.map(|row| Ok(row?.0.value()));
            keys.collect::<Result<Vec<_>, redb::Error>>()
        });
        is_whole &= all.is_some();
        assert!(all.is_none_or(|all| all.iter().copied().eq(0..ROWS)));
    } else {
        is_whole = false;
    }
    if let Some(fixed) = attempt(|| Ok(transaction.open_table(FIXED)?)) {
        for key in (0..ROWS * 200).step_by(37) {
            let found = attempt(|| Ok(fixed.get(key)?.map(|row| row.value())));
            is_whole &= found.is_some();
            assert!(found.is_none_or(|found| found == Some(key * 3)), "fixed {key}");
        }
        let all = attempt(|| {
            let keys = fixed.range(5..)?.rev().map(|row| Ok(row?.0.value()));
            keys.collect::<Result<Vec<_>, redb::Error>>()
        });
        is_whole &= all.is_some();
        assert!(all.is_none_or(|all| all.iter().copied().eq((5..ROWS * 200).rev())));
    } else {
        is_whole = false;
    }
    is_whole
}

/// Flips a bit in a block of a store, before or after the engine opens it. Builds that check
/// themselves read all pages as they open it.
fn harm(image: &[u8], number: usize, bit: usize, is_late: bool) -> (Checked, Option<Database>) {
    let disk = TestDisk::with(image.to_vec());
    let at = HEAD + number * STRIDE + bit / 8;
    if !is_late {
        disk.flip(at, 1 << (bit % 8));
    }
    let blocks = Checked::open(disk.clone(), KIND).unwrap();
    let database = attempt(|| Ok(database(&blocks)?));
    assert!(database.is_some() || blocks.damage_count() == 1);
    if is_late {
        disk.flip(at, 1 << (bit % 8));
    }
    (blocks, database)
}

/// The database is of no use any more, and may say so as it goes.
fn discard(database: Database) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
}

#[test]
fn a_damaged_block_is_never_an_answer() {
    let image = store();
    let mut harmed = 0;
    for number in 1..(image.len() - HEAD) / STRIDE {
        for is_late in [false, true] {
            // Where the page says what it is and how many entries it has, among others.
            let at = [2, 3, 0, 9, 700, 4000, BLOCK + 2][number % 7];
            let (blocks, database) = harm(&image, number, at * 8 + number % 8, is_late);
            let Some(database) = database else {
                harmed += 1;
                continue;
            };
            let is_whole = ask(&database);
            assert!(is_whole || blocks.damaged() == [u64::try_from(number).unwrap()]);
            harmed += usize::from(!is_whole);
            discard(database);
        }
    }
    assert!(harmed > 100, "{harmed}");
}

/// Deletions merge pages with their neighbours, which the engine reads without looking at what
/// they are.
#[test]
fn a_damaged_neighbour_is_not_merged_away() {
    let image = store();
    let mut refused = 0;
    for number in 1..(image.len() - HEAD) / STRIDE {
        for is_late in [false, true] {
            for (rows, fixed) in [(3..30, 10_000..11_000), (170..197, 20_500..26_000)] {
                let (_, database) = harm(&image, number, 16, is_late);
                let Some(database) = database else { continue };
                let removed = attempt(|| {
                    write(&database, |transaction| {
                        let mut table = transaction.open_table(TABLE).unwrap();
                        rows.clone().for_each(|key| drop(table.remove(key).unwrap()));
                        let mut table = transaction.open_table(FIXED).unwrap();
                        fixed.clone().for_each(|key| drop(table.remove(key).unwrap()));
                    })
                });
                if removed.is_some() {
                    keeps_all_but(&database, &rows, &fixed, number);
                } else {
                    refused += 1;
                }
                discard(database);
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

fn keeps_all_but(database: &Database, rows: &Range<u64>, fixed: &Range<u64>, number: usize) {
    let transaction = database.begin_read().unwrap();
    let Some(table) = attempt(|| Ok(transaction.open_table(TABLE)?)) else { return };
    for key in (0..ROWS).filter(|key| !rows.contains(key)) {
        let found = attempt(|| Ok(table.get(key)?.map(|row| row.value().to_vec())));
        assert!(found.is_none_or(|found| found == Some(value(key))), "{key} went with {number}");
    }
    let Some(table) = attempt(|| Ok(transaction.open_table(FIXED)?)) else { return };
    for key in (0..ROWS * 200).filter(|key| !fixed.contains(key)).step_by(29) {
        let found = attempt(|| Ok(table.get(key)?.map(|row| row.value())));
        assert!(found.is_none_or(|found| found == Some(key * 3)), "{key} went with {number}");
    }
}

/// The engine goes on reading, and writing in memory, when the disk failed.
#[test]
fn the_engine_goes_on_frozen() {
    for change in 1.. {
        let disk = TestDisk::with(store());
        let blocks = Checked::open(disk.clone(), KIND).unwrap();
        let first = database(&blocks).unwrap();
        disk.cut(change, 700);
        let written = write(&first, |transaction| {
            if let Some(mut table) = attempt(|| Ok(transaction.open_table(OTHER)?)) {
                let _ = table.insert(5, 6);
            }
        });
        if written.is_ok() {
            assert!(change > 5);
            break;
        }
        let frozen = blocks.freeze();
        let before = disk.bytes();
        drop(first);
        drop(blocks);
        let second = database(&frozen).unwrap();
        assert!(ask(&second), "{change}");
        write(&second, |transaction| {
            transaction.open_table(OTHER).unwrap().insert(5, 7).unwrap();
        })
        .unwrap();
        let transaction = second.begin_read().unwrap();
        let rows = transaction.open_table(OTHER).unwrap();
        assert_eq!(rows.get(5).unwrap().unwrap().value(), 7);
        drop((rows, transaction, second, frozen));
        assert!(disk.bytes() == before);
        assert_eq!(disk.closed(), 1);
    }
}
