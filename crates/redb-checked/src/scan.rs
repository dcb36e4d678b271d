//! Reading a file block by block, whatever state it is in.

use std::io;

use redb::StorageBackend;

use crate::block::{self, BLOCK, HEAD_LEN, STRIDE};
use crate::shared::RUN;

/// What is known about the bytes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// They are what was written.
    Sound,
    /// They fail their checksum. Most of them may still be what was written.
    Damaged,
    /// The block was never written. Its bytes are zeros.
    Unwritten,
    /// The disk could not read the block. The bytes are zeros, and not those of the block.
    Unreadable,
}

/// The blocks of a file, read in order.
///
/// It needs no superblock, no header and no tree, and so works where nothing else does: with both
/// superblocks gone, for example. It takes the file for what it should be: blocks at their places
/// behind the superblocks. A file of another kind has damaged blocks only.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    disk: &'a dyn StorageBackend,
}

impl<'a> Scan<'a> {
    /// Scans the file on a disk.
    #[must_use]
    pub fn new(disk: &'a dyn StorageBackend) -> Self {
        Self { disk }
    }

    /// Calls `visit` with each block in order: its number, its 4,096 bytes, and its state. Returns
    /// the number of blocks.
    ///
    /// If the file ends within a block, the rest of that block is zeros, and it is damaged.
    ///
    /// # Errors
    ///
    /// Returns the disk's error if the length of the file cannot be determined. A block that cannot
    /// be read is [`State::Unreadable`].
    pub fn each(&self, mut visit: impl FnMut(u64, &[u8], State)) -> io::Result<u64> {
        let count = self.count()?;
        let mut next: u64 = 0;
        while next < count {
            let run = count.saturating_sub(next).min(RUN);
            self.run(next, run, &mut visit)?;
            next = next.saturating_add(run);
        }
        Ok(count)
    }

    /// The number of blocks. The last one may be cut short.
    pub(crate) fn count(&self) -> io::Result<u64> {
        let len = self.disk.len()?.saturating_sub(HEAD_LEN);
        Ok(len.div_ceil(block::length(STRIDE)))
    }

    /// Visits `count` blocks from `first` on.
    pub(crate) fn run(
        &self,
        first: u64,
        count: u64,
        mut visit: impl FnMut(u64, &[u8], State),
    ) -> io::Result<()> {
        let end = block::place(first.saturating_add(count))?.min(self.disk.len()?);
        let start = block::place(first)?;
        let mut stored = vec![0; block::size(count)?.saturating_mul(STRIDE)];
        let there = block::size(end.saturating_sub(start))?;
        let is_read = match stored.get_mut(..there) {
            Some(part) => self.disk.read(start, part).is_ok(),
            None => false,
        };
        for (number, block) in (first..).zip(stored.chunks_exact_mut(STRIDE)) {
            let is_read = is_read || {
                block.fill(0);
                let at = block::place(number)?;
                let there = block::size(end.saturating_sub(at))?.min(STRIDE);
                block.get_mut(..there).is_some_and(|part| self.disk.read(at, part).is_ok())
            };
            if !is_read {
                block.fill(0);
            }
            visit(number, block::data(block), state(number, block, is_read));
        }
        Ok(())
    }
}

fn state(number: u64, stored: &[u8], is_read: bool) -> State {
    match () {
        () if !is_read => State::Unreadable,
        () if block::is_zero(stored) => State::Unwritten,
        () if block::is_sound(number, stored) => State::Sound,
        () => State::Damaged,
    }
}

const _: () = assert!(BLOCK < STRIDE, "a checksum follows each block");
