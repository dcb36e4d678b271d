//! Finding the pairs of tables in leaf pages, without a tree that leads to them.
//!
//! A leaf page of redb 4 has, in little-endian order: one byte `1`, one byte of padding, the number of
//! pairs in two bytes; the ends of the keys, if their width varies, and the ends of the values, if
//! theirs does, as four bytes each, counted from the beginning of the page; the keys; the values. It
//! takes 1, 2, 4, .. blocks that follow each other.

use std::io;

use redb::{Key, Value};

use crate::block::{self, BLOCK};
use crate::scan::{Scan, State};
use crate::shared::RUN;

/// What the pairs of a table look like: whether its keys and values have a fixed width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "redb knows no other property of a pair's layout")]
pub struct LeafShape {
    /// Bytes of each key, if they all have as many.
    pub key: Option<usize>,
    /// Bytes of each value, if they all have as many.
    pub value: Option<usize>,
}

impl LeafShape {
    /// The shape of a `TableDefinition<K, V>`.
    #[must_use]
    pub fn of<K: Key, V: Value>() -> Self {
        Self { key: K::fixed_width(), value: V::fixed_width() }
    }
}

/// What may be a pair of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair<'a> {
    /// The first block of its page.
    pub block: u64,
    /// The bytes of the key.
    pub key: &'a [u8],
    /// The bytes of the value.
    pub value: &'a [u8],
    /// Whether all blocks that the pair was read from are sound. If the page is one of a table of
    /// this shape, the pair was in that table once.
    pub is_sound: bool,
}

/// The largest page that a scan looks for by default, in bytes.
pub const DEFAULT_MAX_PAGE: usize = 1 << 20;

/// Pairs that a damaged head is tried with, at most: as many as have their ends in one block. A page
/// of several blocks has few, since redb splits it otherwise.
const MAX_GUESSED: usize = BLOCK / 4;

const LEAF: u8 = 1;

/// Where the ends, or the keys, begin in a page.
const HEAD: usize = 4;

/// Bytes of an end.
const END: usize = 4;

impl Scan<'_> {
    /// Calls `visit` with each pair that may be in a leaf page of a table of this shape, and returns
    /// the number of blocks. `max_page` is the size of the largest pages to look for, in bytes; it
    /// bounds the memory that is used.
    ///
    /// **What it finds.** Every pair on a leaf page of at most `max_page` bytes whose key, value and
    /// their two neighbors' ends are as written, in whatever table; also where the head of the page
    /// is damaged, since such a block is tried with every number of pairs. It works if branch pages,
    /// the header or the superblocks are gone.
    ///
    /// **What else it finds.** Old versions: a page that was freed stays where it is until it is
    /// written to again, so that removed pairs, and former values of keys, come as well, in no
    /// particular order, and some pairs more than once. Pairs of other tables, read in the wrong
    /// shape. Bytes within a large value that look like a page. From damaged blocks, anything: bytes
    /// of one pair under the key of another, for example.
    ///
    /// So the caller has to recognize a pair, a sound one too: redb's own tables are in the file as
    /// well. The value needs a checksum of its own that covers the key, or a signature.
    ///
    /// **What it does not find.** Pairs that are damaged themselves; those of larger pages; those of
    /// blocks that cannot be read; those on a page with a damaged head and more than 1,024 pairs; and
    /// whatever was in memory only. What is in a multimap table's subtree is not told apart.
    ///
    /// A block costs time in proportion to the pairs it may have; a damaged one, up to 500,000
    /// candidates for small keys and values of fixed width, and up to 60,000 for 8-byte keys and
    /// values of fixed width.
    ///
    /// # Errors
    ///
    /// Returns the disk's error if the length of the file cannot be determined.
    pub fn leaves(
        &self,
        shape: LeafShape,
        max_page: usize,
        mut visit: impl FnMut(Pair<'_>),
    ) -> io::Result<u64> {
        let count = self.count()?;
        let reach = block::length(max_page.div_ceil(BLOCK).max(1));
        let mut window = Window::default();
        for number in 0..count {
            window.fill(self, number, reach, count)?;
            let (page, states) = window.page(number, reach);
            match states.first() {
                Some(State::Sound) => {
                    if let Some(found) = stated(page).filter(|_| page.first() == Some(&LEAF)) {
                        Leaf { number, page, states, shape, pairs: found, is_sound: true }
                            .visit(&mut visit);
                    }
                }
                Some(State::Damaged) => {
                    let guesses = 1..=MAX_GUESSED.min(most(shape));
                    let stated = stated(page).filter(|pairs| !guesses.contains(pairs));
                    for pairs in stated.into_iter().chain(guesses) {
                        Leaf { number, page, states, shape, pairs, is_sound: false }
                            .visit(&mut visit);
                    }
                }
                _ => {}
            }
        }
        Ok(count)
    }
}

/// The number of pairs that a page says it has.
fn stated(page: &[u8]) -> Option<usize> {
    let count = page.get(2..HEAD)?.first_chunk().copied()?;
    Some(usize::from(u16::from_le_bytes(count))).filter(|count| *count > 0)
}

/// The most pairs whose ends, and keys and values of fixed width, fit into one block.
fn most(shape: LeafShape) -> usize {
    let each = shape.key.unwrap_or(END).saturating_add(shape.value.unwrap_or(END));
    BLOCK.saturating_sub(HEAD).checked_div(each).unwrap_or(MAX_GUESSED)
}

/// A page, read with a number of pairs.
struct Leaf<'a> {
    number: u64,
    /// At least the page; what follows it may be another one.
    page: &'a [u8],
    states: &'a [State],
    shape: LeafShape,
    pairs: usize,
    /// Whether the head is.
    is_sound: bool,
}

impl<'a> Leaf<'a> {
    fn visit(&self, visit: &mut impl FnMut(Pair<'_>)) {
        let Some(start) = self.start() else { return };
        let is_sound = self.is_sound && self.is_sound_in(0, start);
        // What is sound is a leaf page as a whole, or none.
        if is_sound && !self.is_leaf() {
            return;
        }
        for index in 0..self.pairs {
            let (Some(key), Some(value)) = (self.key(index), self.value(index)) else { continue };
            let (Some(key_bytes), Some(value_bytes)) = (self.part(key), self.part(value)) else {
                continue;
            };
            visit(Pair {
                block: self.number,
                key: key_bytes,
                value: value_bytes,
                is_sound: is_sound && self.is_in_sound(key) && self.is_in_sound(value),
            });
        }
    }

    /// Where the keys begin.
    fn start(&self) -> Option<usize> {
        let fixed = [self.shape.key, self.shape.value].iter().flatten().count();
        let ends = 2usize.checked_sub(fixed)?;
        let start = self.pairs.checked_mul(END)?.checked_mul(ends)?.checked_add(HEAD)?;
        (start <= self.page.len()).then_some(start)
    }

    /// Whether the pairs follow each other without a gap, all of them within the page.
    fn is_leaf(&self) -> bool {
        let mut at = self.start();
        for part in [Self::key, Self::value] {
            for index in 0..self.pairs {
                match part(self, index) {
                    Some((start, end)) if at == Some(start) => at = Some(end),
                    // The rest may be in blocks that are not read any more.
                    _ => return false,
                }
            }
        }
        true
    }

    fn key(&self, index: usize) -> Option<(usize, usize)> {
        let start = self.start()?;
        self.range(self.shape.key, start, HEAD, index)
    }

    fn value(&self, index: usize) -> Option<(usize, usize)> {
        let last = self.key_end()?;
        let ends = match self.shape.key {
            Some(_) => HEAD,
            None => self.pairs.checked_mul(END)?.checked_add(HEAD)?,
        };
        self.range(self.shape.value, last, ends, index)
    }

    /// Where the keys end, and the values begin.
    fn key_end(&self) -> Option<usize> {
        let last = self.pairs.checked_sub(1)?;
        match self.shape.key {
            Some(width) => self.start()?.checked_add(width.checked_mul(self.pairs)?),
            None => self.end(HEAD, last),
        }
    }

    /// From where to where an entry reaches: the first one begins at `start`, and the ends of those
    /// whose width varies are at `ends`.
    fn range(
        &self,
        width: Option<usize>,
        start: usize,
        ends: usize,
        index: usize,
    ) -> Option<(usize, usize)> {
        let (from, to) = match (width, index.checked_sub(1)) {
            (Some(width), _) => {
                let from = start.checked_add(width.checked_mul(index)?)?;
                (from, from.checked_add(width)?)
            }
            (None, None) => (start, self.end(ends, index)?),
            (None, Some(before)) => (self.end(ends, before)?, self.end(ends, index)?),
        };
        (start <= from && from <= to && to <= self.page.len()).then_some((from, to))
    }

    fn end(&self, ends: usize, index: usize) -> Option<usize> {
        let at = ends.checked_add(index.checked_mul(END)?)?;
        let bytes = self.page.get(at..)?.first_chunk().copied()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn part(&self, (from, to): (usize, usize)) -> Option<&'a [u8]> {
        self.page.get(from..to)
    }

    fn is_in_sound(&self, (from, to): (usize, usize)) -> bool {
        self.is_sound_in(from, to)
    }

    /// Whether all blocks of these bytes are sound.
    fn is_sound_in(&self, from: usize, to: usize) -> bool {
        let blocks = self.states.get(from / BLOCK..to.div_ceil(BLOCK).max(from / BLOCK));
        blocks.is_some_and(|states| states.iter().all(|state| *state == State::Sound))
    }
}

/// Blocks that are in memory: those of the page in question, and some more.
#[derive(Default)]
struct Window {
    first: u64,
    bytes: Vec<u8>,
    states: Vec<State>,
}

impl Window {
    /// Reads what is missing of `reach` blocks from `number` on.
    fn fill(&mut self, scan: &Scan<'_>, number: u64, reach: u64, count: u64) -> io::Result<()> {
        let mut next = self.first.saturating_add(block::length(self.states.len()));
        let needed = number.saturating_add(reach).min(count);
        if needed <= next {
            return Ok(());
        }
        let passed = block::size(number.saturating_sub(self.first))?;
        self.bytes.drain(..passed.saturating_mul(BLOCK).min(self.bytes.len()));
        self.states.drain(..passed.min(self.states.len()));
        self.first = number;
        // More than that at once, so that what is in memory is not moved for each block.
        let wanted = needed.saturating_add(reach.max(RUN)).min(count);
        while next < wanted {
            let run = wanted.saturating_sub(next).min(RUN);
            scan.run(next, run, |_, bytes, state| {
                self.bytes.extend_from_slice(bytes);
                self.states.push(state);
            })?;
            next = next.saturating_add(run);
        }
        Ok(())
    }

    /// Up to `reach` blocks from `number` on.
    fn page(&self, number: u64, reach: u64) -> (&[u8], &[State]) {
        let skip = block::size(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let reach = block::size(reach).unwrap_or(usize::MAX);
        let states = self.states.get(skip..).unwrap_or(&[]);
        let bytes = self.bytes.get(skip.saturating_mul(BLOCK)..).unwrap_or(&[]);
        let states = states.get(..reach).unwrap_or(states);
        let bytes = bytes.get(..reach.saturating_mul(BLOCK)).unwrap_or(bytes);
        (bytes, states)
    }
}
