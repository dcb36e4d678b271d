//! Properties that hold for any bytes: called by tests with seeds, and by the fuzz targets.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, TableDefinition};
use xxhash_rust::xxh3::xxh3_64;

use super::{Dice, TestDisk};
use crate::block::{HEAD, STRIDE};

use crate::contain::{Contained, contain};
use crate::superblock::COPY;
use crate::{Checked, DEFAULT_MAX_PAGE, Kind, LeafShape, View};

const KIND: Kind = Kind::DEFAULT;

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

/// Keys are less than this.
const KEYS: u64 = 256;

/// The keys that are removed from what can still be written to.
const REMOVED: std::ops::Range<u64> = 60..180;

type Rows = BTreeMap<u64, Vec<u8>>;

/// A file, and what is in it.
type Image = (Vec<u8>, Rows);

/// Any bytes as a file, or as changes to a file that redb wrote: reading it neither panics, hangs,
/// nor changes it, and returns what was written or an error.
///
/// # Panics
///
/// Panics if that is not so.
pub fn any_file(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return look(&[], None) };
    let (sealed, unsealed) = images();
    match mode % 4 {
        0 => look(rest, None),
        1 => look(&changed(&sealed.0, 0, rest), Some(&sealed.1)),
        // Without its header, which is not checked as long as the file is open.
        2 => look(&changed(&unsealed.0, HEAD + STRIDE, rest), Some(&unsealed.1)),
        _ => {
            let image = if mode & 4 == 0 { &sealed.0 } else { &unsealed.0 };
            look(&sum_up(changed(image, 0, rest)), None);
        }
    }
}

/// Random writes, a close or none, and one bit that changes: everything that is read afterwards is
/// what was written, or an error.
///
/// # Panics
///
/// Panics if that is not so.
pub fn flipped_bit(data: &[u8]) {
    let Some((&[a, b, c, d, mode], steps)) = data.split_first_chunk() else { return };
    let Some((disk, rows)) = written(steps, mode & 1 == 0) else { return };
    let bytes = disk.bytes();
    let bit = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(0);
    let at = (bit / 8).checked_rem(bytes.len()).unwrap_or(0);
    let is_header = (HEAD..HEAD.saturating_add(STRIDE)).contains(&at);
    // An open file does not check its header.
    if mode & 1 == 0 || !is_header {
        disk.flip(at, 1 << (bit % 8));
    }
    look(&disk.bytes(), Some(&rows));
}

/// Inputs for both properties that reach most of what they look at.
#[must_use]
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut dice = Dice(17);
    let mut seeds = Vec::new();
    for mode in 0..8u8 {
        for count in [0, 1, 5, 40] {
            let mut data = vec![mode];
            for _ in 0..count {
                data.extend(dice.bytes(4));
                data.push(3);
                data.extend(dice.bytes(3));
            }
            seeds.push(("checked_file", format!("changes-{mode}-{count}"), data));
        }
        let mut data = vec![mode, 0, 0, 0, 0, 31];
        data.extend([0xff; 31]);
        seeds.push(("checked_file", format!("superblock-{mode}"), data));
    }
    let head: Vec<_> = images().0.0.iter().copied().take(HEAD).collect();
    for len in [0, 1, COPY, HEAD.saturating_sub(1), HEAD] {
        let mut data = vec![0];
        data.extend(head.iter().take(len));
        seeds.push(("checked_file", format!("head-{len}"), data));
    }
    for mode in 0..2u8 {
        for len in [3, 60, 600, 1_800] {
            let mut data = dice.bytes(4);
            data.push(mode);
            data.extend(dice.bytes(len));
            seeds.push(("checked_flip", format!("steps-{mode}-{len}"), data));
        }
    }
    seeds
}

/// Inverts bits of an image from `from` on, as `data` says: a place, a length, and as many bytes.
fn changed(image: &[u8], from: usize, mut data: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    while let Some((&[a, b, c, d, len], rest)) = data.split_first_chunk() {
        let (masks, rest) = rest.split_at(usize::from(len).min(rest.len()));
        data = rest;
        let at = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(0);
        let space = image.len().saturating_sub(from);
        let at = from.saturating_add(at.checked_rem(space).unwrap_or(0));
        for (byte, mask) in image.iter_mut().skip(at).zip(masks) {
            *byte ^= mask;
        }
    }
    image
}

/// Makes both superblocks pass their checksums.
fn sum_up(mut image: Vec<u8>) -> Vec<u8> {
    for copy in image.chunks_exact_mut(COPY).take(2) {
        let (covered, sum) = copy.split_at_mut(COPY.saturating_sub(8));
        sum.copy_from_slice(&xxh3_64(covered).to_le_bytes());
    }
    image
}

/// A file that was closed, and one that was not.
fn images() -> &'static (Image, Image) {
    static IMAGES: OnceLock<(Image, Image)> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let steps = Dice(3).bytes(600);
        let [sealed, unsealed] = [true, false].map(|is_closed| {
            let (disk, rows) = written(&steps, is_closed).unwrap_or_default();
            (disk.bytes(), rows)
        });
        (sealed, unsealed)
    })
}

/// A file after these steps, each of three bytes, and what is in it.
fn written(steps: &[u8], is_closed: bool) -> Option<(TestDisk, Rows)> {
    let disk = TestDisk::default();
    let checked = Checked::create(disk.clone(), KIND).ok()?;
    let database = small().create_with_backend(checked).ok()?;
    let mut rows = Rows::new();
    for (version, commit) in (1..).zip(steps.chunks(150)) {
        commit_steps(&database, commit, version, &mut rows).ok()?;
    }
    let image = disk.bytes();
    drop(database);
    Some((if is_closed { disk } else { TestDisk::with(image) }, rows))
}

fn commit_steps(
    database: &Database,
    steps: &[u8],
    version: u64,
    rows: &mut Rows,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut table = transaction.open_table(TABLE)?;
        for step in steps.chunks_exact(3) {
            let &[kind, key, len] = step else { continue };
            let key = u64::from(key);
            if kind % 4 == 0 {
                let _ = table.remove(key)?;
                rows.remove(&key);
            } else {
                // Some take pages of several blocks.
                let len = usize::from(len).saturating_mul(if kind % 16 == 1 { 97 } else { 3 });
                let value = Dice(key ^ (version << 32)).bytes(len);
                let _ = table.insert(key, value.as_slice())?;
                rows.insert(key, value);
            }
        }
    }
    Ok(transaction.commit()?)
}

/// With room for a few pages: everything else is read from the disk each time.
fn small() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(1 << 14);
    builder
}

/// Reads all that can be read of a file. What is `expected` is not known if the file itself may say
/// something else and be right.
fn look(bytes: &[u8], expected: Option<&Rows>) {
    let disk = TestDisk::with(bytes.to_vec());
    if let Ok(view) = View::new(disk.clone(), KIND) {
        if let Ok(database) = view.database_with(small()) {
            let database = Contained::new(database);
            if let Ok(Ok(transaction)) = database.with(ReadableDatabase::begin_read) {
                read(&transaction, expected);
            }
        }
        let _ = view.checked().verify_all(|_| ());
    }
    scan(&disk, expected.filter(|_| is_sound(&disk)));
    let writable = Checked::open_for_writing(disk.clone(), KIND);
    assert!(disk.bytes() == bytes, "reading changed the file");
    let Ok(checked) = writable else { return };
    let Ok(Ok(database)) = contain(|| small().create_with_backend(checked.clone())) else { return };
    let database = Contained::new(database);
    let written = database.with(|database| -> Result<(), redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_two_phase_commit(true);
        {
            let mut table = transaction.open_table(TABLE)?;
            let _ = table.insert(KEYS, [1].as_slice())?;
            // Pages are merged with their neighbors, which may be damaged.
            for key in REMOVED {
                let _ = table.remove(key)?;
            }
        }
        Ok(transaction.commit()?)
    });
    let Ok(Ok(())) = written else { return };
    let expected = expected.map(|rows| {
        let kept = rows.iter().filter(|(key, _)| !REMOVED.contains(key));
        kept.map(|(key, row)| (*key, row.clone())).collect::<Rows>()
    });
    if let Ok(Ok(transaction)) = database.with(ReadableDatabase::begin_read) {
        read(&transaction, expected.as_ref());
    }
}

fn is_sound(disk: &TestDisk) -> bool {
    let mut is_sound = true;
    let checked = Checked::open(disk.clone(), KIND);
    checked.is_ok_and(|checked| checked.verify_all(|_| is_sound = false).is_ok()) && is_sound
}

/// Each row is what was written, or an error; also in the order of an iteration.
fn read(transaction: &ReadTransaction, expected: Option<&Rows>) {
    let Ok(Ok(table)) = contain(|| transaction.open_table(TABLE)) else { return };
    for key in 0..KEYS {
        let found = contain(|| table.get(key).map(|row| row.map(|row| row.value().to_vec())));
        if let (Ok(Ok(found)), Some(expected)) = (found, expected) {
            assert!(found.as_ref() == expected.get(&key), "row {key} is not what was written");
        }
    }
    let all = contain(|| {
        let rows = table
            .range(..KEYS)?
            .take(1 << 16)
            .map(|row| row.map(|(key, value)| (key.value(), value.value().to_vec())));
        rows.collect::<Result<Vec<_>, redb::StorageError>>()
    });
    if let (Ok(Ok(all)), Some(expected)) = (all, expected) {
        assert!(all.into_iter().eq(expected.clone()), "an iteration is not what was written");
    }
}

/// Looks for rows without the tree. In a sound file all of `expected` are found.
fn scan(disk: &TestDisk, expected: Option<&Rows>) {
    let mut found = Rows::new();
    let scan = crate::Scan::new(disk);
    let blocks = scan.each(|_, _, _| ());
    let shape = LeafShape::of::<u64, &[u8]>();
    let read = scan.leaves(shape, DEFAULT_MAX_PAGE, |pair| {
        let Some((key, value)) =
            pair.key.first_chunk().map(|key| u64::from_le_bytes(*key)).zip(Some(pair.value))
        else {
            return;
        };
        let is_expected = expected.and_then(|rows| rows.get(&key)).is_some_and(|row| row == value);
        if is_expected && pair.is_sound {
            found.insert(key, value.to_vec());
        }
    });
    assert!(blocks.ok() == read.ok(), "a scan has another number of blocks");
    if let Some(expected) = expected {
        assert!(found == *expected, "a row was not found by a scan");
    }
}
