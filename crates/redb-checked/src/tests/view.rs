//! Views: reading a file that was closed, killed, damaged, or looked at.

use std::fs;
use std::sync::Arc;

use redb::{Builder, Database, ReadOnlyDatabase, ReadableDatabase, TableDefinition};

use super::KIND;
use crate::block::{BLOCK, HEAD, STRIDE};
use crate::contain::{Contained, contain};
use crate::testing::{Dice, TestDisk};
use crate::view::{FLAGS_AT, MAGIC, RECOVERY_REQUIRED, TWO_PHASE};
use crate::{Checked, Error, FileDisk, View};

pub(super) const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

pub(super) fn value(key: u64, version: u64) -> Vec<u8> {
    Dice(key ^ (version << 32)).bytes(300)
}

/// Commits rows of a version.
pub(super) fn commit(database: &Database, keys: std::ops::Range<u64>, version: u64, two: bool) {
    let mut transaction = database.begin_write().unwrap();
    transaction.set_two_phase_commit(two);
    {
        let mut table = transaction.open_table(TABLE).unwrap();
        for key in keys {
            table.insert(key, value(key, version).as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// A file with 500 rows of version 2, of which 100 are in the middle of being written as version 3
/// if it was killed.
pub(super) fn file(is_closed: bool, two: bool) -> Vec<u8> {
    let disk = TestDisk::default();
    let checked = Checked::create(disk.clone(), KIND).unwrap();
    let mut builder = Builder::new();
    let database = builder.set_cache_size(4 * BLOCK).create_with_backend(checked).unwrap();
    commit(&database, 0..500, 1, two);
    commit(&database, 0..500, 2, two);
    if is_closed {
        database.close().unwrap();
        return disk.bytes();
    }
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(TABLE).unwrap();
        for key in 0..100 {
            table.insert(key, value(key, 3).as_slice()).unwrap();
        }
    }
    let bytes = disk.bytes();
    drop(transaction);
    bytes
}

/// Reads all rows: each is as written, or an error. Returns how many are errors.
pub(super) fn errors(database: ReadOnlyDatabase) -> usize {
    let database = Contained::new(database);
    let Ok(Ok(transaction)) = database.with(ReadableDatabase::begin_read) else { return 500 };
    let Ok(Ok(table)) = contain(|| transaction.open_table(TABLE)) else { return 500 };
    let mut errors = 0;
    for key in 0..500 {
        match contain(|| table.get(key).map(|row| row.map(|row| row.value().to_vec()))) {
            Ok(Ok(found)) => assert_eq!(found, Some(value(key, 2)), "{key}"),
            _ => errors += 1,
        }
    }
    errors
}

fn errors_in(bytes: &[u8]) -> usize {
    let disk = TestDisk::with(bytes.to_vec());
    let view = View::new(disk.clone(), KIND).unwrap();
    let errors = errors(view.database().unwrap());
    assert!(disk.bytes() == bytes, "a view changed the file");
    assert_eq!(disk.changes(), 0);
    errors
}

/// Inverts 64 bytes at random places behind the header.
fn damage(bytes: &mut [u8], places: usize, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..places {
        let from = HEAD + STRIDE;
        let at = from + dice.below(bytes.len() - from - 64);
        bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
    }
}

/// The place of the flags in the file.
fn flags_at() -> usize {
    HEAD + usize::try_from(FLAGS_AT).unwrap()
}

#[test]
fn the_flags_are_where_redb_4_has_them() {
    // docs/design.md of redb 4.6: 9 bytes of magic, then the god byte: 1 is the primary slot, 2 is
    // `recovery_required`, 4 is `two_phase_commit`, 8 is `primary_unflushed`. Look there again when
    // this fails with a later redb.
    assert_eq!((FLAGS_AT, RECOVERY_REQUIRED, TWO_PHASE), (9, 2, 4));
    for (is_closed, two) in [(true, true), (true, false), (false, true), (false, false)] {
        let bytes = file(is_closed, two);
        assert_eq!(bytes[HEAD..HEAD + MAGIC.len()], MAGIC);
        let flags = bytes[flags_at()];
        assert_eq!(flags & RECOVERY_REQUIRED == 0, is_closed);
        // Closing commits once more, in two phases.
        assert_eq!(flags & TWO_PHASE != 0, two || is_closed, "{is_closed} {two}");
        assert_eq!(flags & !7, 0);
        // The primary bit selects the slot with the later transaction, its number at 112 of 128.
        let id = |slot: usize| {
            let at = HEAD + 64 + 128 * slot + 104;
            u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
        };
        let primary = usize::from(flags & 1);
        assert!(id(primary) > id(1 - primary));
    }
}

#[test]
fn a_closed_and_a_killed_file_are_read_in_full() {
    for is_closed in [true, false] {
        for two in [true, false] {
            assert_eq!(errors_in_written(is_closed, two), 0, "{is_closed} {two}");
        }
    }
}

/// A commit in one phase that was not closed is repaired in memory.
fn errors_in_written(is_closed: bool, two: bool) -> usize {
    let bytes = file(is_closed, two);
    assert_eq!(Checked::open(TestDisk::with(bytes.clone()), KIND).unwrap().was_sealed(), is_closed);
    errors_in(&bytes)
}

#[test]
fn redb_refuses_what_a_view_reads() {
    let checked = Checked::open(TestDisk::with(file(false, true)), KIND).unwrap().freeze();
    let refused = Builder::new().open_read_only_with_backend(checked);
    assert!(matches!(refused, Err(redb::DatabaseError::RepairAborted)));
}

#[test]
fn damage_costs_what_is_on_it() {
    for is_closed in [true, false] {
        let image = file(is_closed, true);
        let mut opened = 0;
        for seed in 0..20 {
            let mut bytes = image.clone();
            damage(&mut bytes, 1, seed);
            opened += usize::from(errors_in(&bytes) < 500);
            damage(&mut bytes, 9, seed + 100);
            errors_in(&bytes);
        }
        assert!(opened > 15, "{opened}");
    }
}

#[test]
fn a_damaged_file_can_be_looked_at_again_and_again() {
    let mut bytes = file(true, true);
    damage(&mut bytes, 3, 7);
    let disk = TestDisk::with(bytes.clone());
    let first = errors(View::new(disk.clone(), KIND).unwrap().database().unwrap());
    let again = errors(View::new(disk.clone(), KIND).unwrap().database().unwrap());
    assert_eq!(first, again);
    assert!(disk.bytes() == bytes);
    // A writer that came upon damage: the seal is broken, and stays so.
    let disk = TestDisk::with(file(true, true));
    let checked = Checked::open(disk.clone(), KIND).unwrap();
    let mut builder = Builder::new();
    let database = builder.set_cache_size(0).create_with_backend(checked.clone()).unwrap();
    commit(&database, 490..500, 2, true);
    for number in 1..(disk.bytes().len() - HEAD) / STRIDE {
        if number % 8 == 0 {
            disk.flip(HEAD + number * STRIDE + 5, 1);
        }
    }
    let table = database.begin_read().unwrap().open_table(TABLE).unwrap();
    for key in 0..500 {
        let _ = contain(|| table.get(key).map(|_| ()));
    }
    drop((table, Contained::new(database)));
    assert!(checked.damage_count() > 0);
    drop(checked);
    assert!(!Checked::open(disk.clone(), KIND).unwrap().was_sealed());
    let first = errors_in(&disk.bytes());
    assert!(first > 0);
    assert_eq!(errors_in(&disk.bytes()), first);
}

#[test]
fn a_killed_and_damaged_file_in_one_phase_is_not_served_from_an_old_commit() {
    let image = file(false, false);
    let mut refused = 0;
    for seed in 0..20 {
        let mut bytes = image.clone();
        damage(&mut bytes, 3, seed);
        let disk = TestDisk::with(bytes.clone());
        match View::new(disk.clone(), KIND) {
            Ok(view) => {
                errors(view.database().unwrap());
            }
            Err(Error::Damaged { count, .. }) => {
                assert!(count > 0);
                refused += 1;
            }
            Err(error) => assert!(matches!(error, Error::Panicked(_)), "{error}"),
        }
        assert!(disk.bytes() == bytes);
    }
    assert!(refused > 0);
}

#[test]
fn a_file_killed_at_any_change_is_read_as_it_was_committed() {
    let image = file(true, true);
    for change in 1.. {
        let disk = TestDisk::with(image.clone());
        let checked = Checked::open(disk.clone(), KIND).unwrap();
        let mut builder = Builder::new();
        let database = builder.set_cache_size(4 * BLOCK).create_with_backend(checked).unwrap();
        disk.cut(change, usize::MAX);
        // Grows the file.
        let written = contain(|| {
            let mut transaction = database.begin_write()?;
            transaction.set_two_phase_commit(true);
            {
                let mut table = transaction.open_table(TABLE)?;
                for key in 500..4_000 {
                    let _ = table.insert(key, value(key, 9).as_slice())?;
                }
            }
            Ok::<_, redb::Error>(transaction.commit()?)
        });
        let bytes = disk.bytes();
        drop(Contained::new(database));
        assert_eq!(errors_in(&bytes), 0, "{change}");
        if matches!(written, Ok(Ok(()))) {
            assert!(change > 5, "{change}");
            break;
        }
    }
}

#[test]
fn the_state_of_the_header_is_told() {
    let bytes = file(false, true);
    let view = |bytes: &[u8]| View::new(TestDisk::with(bytes.to_vec()), KIND);
    assert!(view(&bytes).unwrap().is_header_sound());
    let mut torn = bytes;
    torn[HEAD + 2000] ^= 1;
    assert!(!view(&torn).unwrap().is_header_sound());
    assert_eq!(errors(view(&torn).unwrap().database().unwrap()), 0);
    // What redb does not recognize, it refuses.
    torn[HEAD] ^= 1;
    let refused = view(&torn).unwrap().database();
    assert!(matches!(refused, Err(Error::Database(_))));
    // The seal covers it: a writer is refused, and a view tells.
    let mut sealed = file(true, true);
    sealed[HEAD + 2000] ^= 1;
    let written = Checked::open(TestDisk::with(sealed.clone()), KIND);
    assert!(matches!(written, Err(Error::DamagedHeader)));
    let view = view(&sealed).unwrap();
    assert!(!view.is_header_sound() && !view.checked().was_sealed());
    assert_eq!(errors(view.database().unwrap()), 0);
}

#[test]
fn a_file_with_damaged_ends_is_viewed() {
    let view = |bytes: Vec<u8>| View::new(TestDisk::with(bytes), KIND);
    for sealed in [true, false] {
        let bytes = file(sealed, true);
        // Both superblocks, behind the bytes that tell the kind.
        let mut headless = bytes.clone();
        headless[100] ^= 1;
        headless[2048 + 100] ^= 1;
        let written = Checked::open(TestDisk::with(headless.clone()), KIND);
        assert!(matches!(written, Err(Error::DamagedSuperblocks)));
        assert_eq!(errors(view(headless).unwrap().database().unwrap()), 0);
        // A length that is not the sealed one.
        let mut longer = bytes;
        longer.extend_from_slice(&[0; 5000]);
        assert_eq!(errors(view(longer).unwrap().database().unwrap()), 0);
    }
}

#[test]
fn a_view_is_read_only() {
    use redb::StorageBackend;

    let disk = TestDisk::with(file(true, true));
    let view = View::new(disk.clone(), KIND).unwrap();
    view.write(0, &[1]).unwrap_err();
    view.set_len(0).unwrap_err();
    view.sync_data().unwrap();
    view.close().unwrap();
    assert_eq!(disk.changes(), 0);
    let writer = contain(|| Builder::new().create_with_backend(view));
    assert!(!matches!(writer, Ok(Ok(_))));
    assert_eq!(disk.changes(), 0);
}

#[test]
fn an_empty_database_is_refused() {
    let disk = TestDisk::default();
    drop(Checked::create(disk.clone(), KIND).unwrap());
    let view = View::new(disk, KIND).unwrap();
    assert!(matches!(view.database(), Err(Error::Database(_) | Error::Panicked(_))));
    assert!(matches!(View::new(TestDisk::default(), KIND), Err(Error::Empty)));
}

#[test]
fn a_file_that_cannot_be_written_to_is_viewed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_closed) in [("closed", true), ("killed", false)] {
        let path = folder.path().join(name);
        let mut bytes = file(is_closed, true);
        if !is_closed {
            damage(&mut bytes, 2, 5);
        }
        fs::write(&path, &bytes).unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let view = View::open(&path, KIND).unwrap();
        // Views share the file.
        let other = View::open(&path, KIND).unwrap();
        let errors = [errors(view.database().unwrap()), errors(other.database().unwrap())];
        assert_eq!(errors[0], errors[1]);
        assert!(!is_closed || errors[0] == 0);
        assert!(fs::read(&path).unwrap() == bytes);
    }
}

#[test]
fn writers_are_alone_and_readers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let in_use = |result: Result<FileDisk, Error>| assert!(matches!(result, Err(Error::InUse)));
    let writer = FileDisk::create_new(&path).unwrap();
    assert!(matches!(FileDisk::create_new(&path), Err(Error::Io(_))));
    in_use(FileDisk::open_exclusive(&path));
    in_use(FileDisk::open_shared(&path));
    let checked = Checked::create(writer, KIND).unwrap();
    let database = Builder::new().create_with_backend(checked.clone()).unwrap();
    commit(&database, 0..500, 2, true);
    assert!(matches!(View::open(&path, KIND), Err(Error::InUse)));
    // redb closes its handle; the lock goes with the last one.
    drop(database);
    in_use(FileDisk::open_shared(&path));
    drop(checked);
    let view = View::open(&path, KIND).unwrap();
    let database = view.database().unwrap();
    in_use(FileDisk::open_exclusive(&path));
    drop(view);
    in_use(FileDisk::open_exclusive(&path));
    assert_eq!(errors(database), 0);
    drop(FileDisk::open_exclusive(&path).unwrap());
    let missing = FileDisk::open_shared(folder.path().join("none"));
    assert!(
        matches!(missing, Err(Error::Io(error)) if Arc::clone(&error).kind() == std::io::ErrorKind::NotFound)
    );
}
