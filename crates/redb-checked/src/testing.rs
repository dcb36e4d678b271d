//! For tests: a disk in memory that fails, and loses power, on demand; and the properties that the
//! fuzz targets check. With the feature `testing` only.

mod properties;

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use redb::StorageBackend;

use crate::contain::is_contained;

pub use properties::{any_file, flipped_bit, seeds};

/// Leaves contained panics out of the reports of this process. Tests cause thousands of them, and
/// the hook of libFuzzer ends the process at the first.
pub fn hide_contained_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !is_contained() {
                report(info);
            }
        }));
    });
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct TestDisk(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: Mutex<Vec<u8>>,
    /// Calls that change something, from the first on.
    changes: AtomicU64,
    failure: Mutex<Failure>,
    writes: Mutex<Vec<(u64, usize)>>,
    closed: AtomicU64,
}

#[derive(Debug, Default)]
struct Failure {
    /// The change that fails, counted from 1, and how much of it is done if it is a write.
    change: Option<(u64, usize)>,
    /// Whether all changes after it fail as well.
    is_lasting: bool,
    /// What cannot be read.
    unreadable: Range<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TestDisk {
    /// A disk with these bytes.
    #[must_use]
    pub fn with(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        *lock(&disk.0.bytes) = bytes;
        disk
    }

    /// The bytes of the disk.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        lock(&self.0.bytes).clone()
    }

    /// Inverts the bits of `mask` in the byte at `at`, if there is one.
    pub fn flip(&self, at: usize, mask: u8) {
        if let Some(byte) = lock(&self.0.bytes).get_mut(at) {
            *byte ^= mask;
        }
    }

    /// Makes one change fail: the `change`-th from now on, counted from 1.
    pub fn fail(&self, change: u64) {
        self.fail_at(change, 0, false);
    }

    /// Cuts the power within a change, after `done` bytes of it are written: all later ones fail.
    pub fn cut(&self, change: u64, done: usize) {
        self.fail_at(change, done, true);
    }

    fn fail_at(&self, change: u64, done: usize, is_lasting: bool) {
        let mut failure = lock(&self.0.failure);
        failure.change = Some((self.changes().saturating_add(change), done));
        failure.is_lasting = is_lasting;
    }

    /// Makes reads of these bytes fail.
    pub fn fail_reads(&self, bytes: Range<u64>) {
        lock(&self.0.failure).unreadable = bytes;
    }

    /// The number of changes so far: writes, changes of the length, and syncs.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::SeqCst)
    }

    /// How often the disk was closed.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.0.closed.load(Ordering::SeqCst)
    }

    /// Returns where and how much was written since the last call.
    #[must_use]
    pub fn writes(&self) -> Vec<(u64, usize)> {
        std::mem::take(&mut *lock(&self.0.writes))
    }

    /// Whether the change that begins now fails, and after how many bytes.
    fn change(&self) -> Option<usize> {
        let number = self.0.changes.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let failure = lock(&self.0.failure);
        let (failing, done) = failure.change?;
        match number.cmp(&failing) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(done),
            std::cmp::Ordering::Greater => failure.is_lasting.then_some(0),
        }
    }
}

fn failed() -> io::Error {
    io::Error::other("the disk failed")
}

/// The places of `len` bytes from `offset` on.
fn range(offset: u64, len: usize) -> io::Result<Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    Ok(start..start.checked_add(len).ok_or(io::ErrorKind::UnexpectedEof)?)
}

impl StorageBackend for TestDisk {
    fn len(&self) -> io::Result<u64> {
        u64::try_from(lock(&self.0.bytes).len()).map_err(io::Error::other)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let unreadable = lock(&self.0.failure).unreadable.clone();
        let end = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        if offset < unreadable.end && unreadable.start < end {
            return Err(failed());
        }
        let bytes = lock(&self.0.bytes);
        let source = bytes.get(range(offset, out.len())?).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(source);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.change().is_some() {
            return Err(failed());
        }
        lock(&self.0.bytes).resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.change().is_some() { Err(failed()) } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        lock(&self.0.writes).push((offset, data.len()));
        let cut = self.change();
        let done = data.get(..cut.unwrap_or(data.len())).unwrap_or(data);
        let mut bytes = lock(&self.0.bytes);
        let place = bytes.get_mut(range(offset, done.len())?);
        place.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(done);
        if cut.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn close(&self) -> io::Result<()> {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Numbers that look random, and are the same each time.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is its seed")]
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        self.next().checked_rem(limit).and_then(|next| usize::try_from(next).ok()).unwrap_or(0)
    }

    /// As many bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
