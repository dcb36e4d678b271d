//! A disk in memory that fails, and loses power, when it is told to.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

#[derive(Clone, Debug, Default)]
pub(crate) struct TestDisk(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: Mutex<Vec<u8>>,
    /// Calls that change something, from the first on.
    changes: AtomicU64,
    /// The change that fails, counted from 1, and how much of it is done if it is a write.
    failing: Mutex<Option<(u64, usize)>>,
    /// Whether all changes after it fail as well.
    is_lasting: Mutex<bool>,
    writes: Mutex<Vec<(u64, usize)>>,
    closed: AtomicU64,
}

impl TestDisk {
    pub(crate) fn with(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        *disk.0.bytes.lock().unwrap() = bytes;
        disk
    }

    pub(crate) fn boxed(&self) -> Box<dyn StorageBackend> {
        Box::new(self.clone())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.bytes.lock().unwrap().clone()
    }

    pub(crate) fn flip(&self, at: usize, mask: u8) {
        self.0.bytes.lock().unwrap()[at] ^= mask;
    }

    /// Has the `change`-th change from now on fail, counted from 1.
    pub(crate) fn fail(&self, change: u64) {
        *self.0.failing.lock().unwrap() = Some((self.changes() + change, 0));
        *self.0.is_lasting.lock().unwrap() = false;
    }

    /// Has the power fail within that change, once `done` bytes of it are written.
    pub(crate) fn cut(&self, change: u64, done: usize) {
        *self.0.failing.lock().unwrap() = Some((self.changes() + change, done));
        *self.0.is_lasting.lock().unwrap() = true;
    }

    pub(crate) fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::SeqCst)
    }

    pub(crate) fn closed(&self) -> u64 {
        self.0.closed.load(Ordering::SeqCst)
    }

    /// Where and how much was written since the last time this was asked.
    pub(crate) fn writes(&self) -> Vec<(u64, usize)> {
        std::mem::take(&mut *self.0.writes.lock().unwrap())
    }

    /// Whether the change that begins now fails, and after how many bytes.
    fn change(&self) -> Option<usize> {
        let number = self.0.changes.fetch_add(1, Ordering::SeqCst) + 1;
        let (failing, done) = (*self.0.failing.lock().unwrap())?;
        match number.cmp(&failing) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(done),
            std::cmp::Ordering::Greater => self.0.is_lasting.lock().unwrap().then_some(0),
        }
    }

    fn range(offset: u64, len: usize) -> std::ops::Range<usize> {
        let offset = usize::try_from(offset).unwrap();
        offset..offset + len
    }
}

fn failed() -> io::Error {
    io::Error::other("the disk failed")
}

impl StorageBackend for TestDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.0.bytes.lock().unwrap().len()).unwrap())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.bytes.lock().unwrap();
        let range = Self::range(offset, out.len());
        let source = bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(source);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.change().is_some() {
            return Err(failed());
        }
        self.0.bytes.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.change().is_some() { Err(failed()) } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.writes.lock().unwrap().push((offset, data.len()));
        let cut = self.change();
        let done = cut.unwrap_or(data.len()).min(data.len());
        let mut bytes = self.0.bytes.lock().unwrap();
        bytes[Self::range(offset, done)].copy_from_slice(&data[..done]);
        if cut.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn close(&self) -> io::Result<()> {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Numbers that look random, and are the same each time.
#[derive(Debug)]
pub(crate) struct Dice(pub(super) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One that is less than `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
