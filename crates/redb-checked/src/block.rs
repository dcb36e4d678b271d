//! One block in the file: its bytes, followed by a checksum and a reserve.
//!
//! The checksum is seeded with the number of the block, so that a block that was written to, or read
//! from, the place of another fails it.

use std::io;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a block as redb sees it. This is redb's page size, so that it reads whole blocks.
pub(crate) const BLOCK: usize = 4096;

/// [`BLOCK`], as a place in a file.
pub(crate) const BLOCK_LEN: u64 = 4096;

/// Bytes of a block in the file: a checksum and a reserve of zeros follow it.
pub(crate) const STRIDE: usize = BLOCK + 16;

/// [`STRIDE`], as a place in a file.
const STRIDE_LEN: u64 = 4112;

/// Bytes in front of the first block.
pub(crate) const HEAD: usize = 4096;

/// [`HEAD`], as a place in a file.
pub(crate) const HEAD_LEN: u64 = 4096;

/// Bytes of the checksum.
const SUM: usize = 8;

/// The checksum of a block.
pub(crate) fn sum(block: u64, data: &[u8]) -> u64 {
    xxh3_64_with_seed(data, block)
}

/// The bytes that belong into a block, without what proves them.
pub(crate) fn data(stored: &[u8]) -> &[u8] {
    stored.get(..BLOCK).unwrap_or(&[])
}

/// Puts the first bytes of a block where it is to be stored.
pub(crate) fn restore(bytes: &[u8], len: usize, stored: &mut [u8]) {
    copy(bytes, 0, stored, 0, len);
}

/// Writes the checksum behind the bytes of a block, and returns it.
pub(crate) fn prove(block: u64, stored: &mut [u8]) -> u64 {
    let sum = sum(block, data(stored));
    if let Some(trailer) = stored.get_mut(BLOCK..STRIDE) {
        let (proof, reserve) = trailer.split_at_mut(SUM);
        proof.copy_from_slice(&sum.to_le_bytes());
        reserve.fill(0);
    }
    sum
}

/// Whether these are the bytes that were written to this block. A block that was never written is
/// all zeros, checksum included: growing a file writes nothing.
pub(crate) fn is_sound(block: u64, stored: &[u8]) -> bool {
    let Some((proof, reserve)) =
        stored.get(BLOCK..).and_then(|trailer| trailer.split_at_checked(SUM))
    else {
        return false;
    };
    if !is_zero(reserve) {
        return false;
    }
    proof == sum(block, data(stored)).to_le_bytes() || (is_zero(proof) && is_zero(data(stored)))
}

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Where a block is in the file. Also the length of a file with that many blocks.
pub(crate) fn place(block: u64) -> io::Result<u64> {
    let place = block.checked_mul(STRIDE_LEN).and_then(|place| place.checked_add(HEAD_LEN));
    place.ok_or_else(beyond)
}

/// How many blocks a file of this length has, if it has a whole number of them.
pub(crate) fn count(file_len: u64) -> Option<u64> {
    let len = file_len.checked_sub(HEAD_LEN)?;
    len.is_multiple_of(STRIDE_LEN).then_some(len / STRIDE_LEN)
}

/// How many whole blocks it has.
pub(crate) fn whole(file_len: u64) -> Option<u64> {
    Some(file_len.checked_sub(HEAD_LEN)? / STRIDE_LEN)
}

/// A length in memory.
pub(crate) fn size(len: u64) -> io::Result<usize> {
    usize::try_from(len).map_err(|_| beyond())
}

/// The length of something in memory, in a file.
pub(crate) fn length(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Bytes were asked for that are not there.
pub(crate) fn beyond() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the end of the file")
}

/// Part of a block was to be written, and the rest of it is damaged. A new checksum would hide that.
pub(crate) fn lost(block: u64) -> io::Error {
    let message = format!("cannot write part of block {block}: the block is damaged");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The blocks that a run of bytes lies in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) count: u64,
    /// Where the run begins in the first block.
    skip: usize,
    len: usize,
}

impl Span {
    /// The blocks of `len` bytes from `offset` on, in a file with `limit` bytes of blocks.
    pub(crate) fn new(offset: u64, len: usize, limit: u64) -> io::Result<Self> {
        let end = offset.checked_add(length(len)).filter(|end| *end <= limit).ok_or_else(beyond)?;
        let first = offset / BLOCK_LEN;
        let count = if len == 0 { 0 } else { end.div_ceil(BLOCK_LEN).saturating_sub(first) };
        Ok(Self { first, count, skip: size(offset % BLOCK_LEN)?, len })
    }

    /// What the run and a block have in common: from where, in the run and in the block, and how
    /// many bytes.
    pub(crate) fn part(&self, block: u64) -> Part {
        let blocks = usize::try_from(block.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let start = blocks.saturating_mul(BLOCK);
        let run = start.saturating_sub(self.skip);
        let within = self.skip.saturating_sub(start);
        let len = BLOCK.saturating_sub(within).min(self.len.saturating_sub(run));
        Part { run, within, len }
    }
}

/// See [`Span::part`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    run: usize,
    within: usize,
    len: usize,
}

impl Part {
    /// Whether it is all of the block.
    pub(crate) fn is_whole(&self) -> bool {
        self.len == BLOCK
    }

    /// From the block to the run.
    pub(crate) fn take(&self, block: &[u8], run: &mut [u8]) {
        copy(block, self.within, run, self.run, self.len);
    }

    /// From the run to the block.
    pub(crate) fn put(&self, run: &[u8], block: &mut [u8]) {
        copy(run, self.run, block, self.within, self.len);
    }
}

fn copy(from: &[u8], start: usize, to: &mut [u8], at: usize, len: usize) {
    let from = from.get(start..start.saturating_add(len));
    let to = to.get_mut(at..at.saturating_add(len));
    if let (Some(from), Some(to)) = (from, to) {
        to.copy_from_slice(from);
    }
}
