//! The file, in blocks that prove themselves.
//!
//! The engine writes a checksum for each of its pages, and does not look at it when it reads: a
//! bit that flipped in a branch leads a lookup past what is there, and the answer is that there is
//! nothing. So each block of the file carries a checksum of its own, and none is handed out that
//! does not pass.
//!
//! A block that does not pass is no error. The engine refuses everything after the first error,
//! and all that is on other blocks would be lost with it. It gets bytes instead that are no page
//! of any kind (see [`SPOILT`]), so that it cannot use them, and what it was asked for fails.
//!
//! Block 0 is the engine's own header, which it overwrites in place; a write of it that was cut
//! short is nothing unusual, and the engine copes. So it is vouched for by a *seal*, that is put
//! on when the store is closed and broken before the store is written to.

mod block;
mod damage;
mod overlay;
mod shared;
mod superblock;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests_disk;
#[cfg(test)]
pub(crate) use tests_disk::TestDisk;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests_engine;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests_seal;

use std::io;
use std::sync::Arc;

use redb::StorageBackend;

use block::{BLOCK_LEN, Span};
use overlay::{Overlay, Source};
use shared::{Disk, RUN, Shared};

/// The format that is written.
pub(crate) const FORMAT: u16 = 1;

/// The lowest format that can read, and write to, what is written.
pub(crate) const COMPATIBLE: u16 = 1;

/// What a read is filled with that hit a damaged block. Not zeros: where the engine merges a page
/// with its neighbour it does not look at what kind of page that is, and would take zeros for one
/// with nothing on it. Of these bytes it reads more entries than fit into a page, and page numbers
/// that cannot be.
pub(crate) const SPOILT: u8 = 0xff;

/// A file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BlocksError {
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// A store was to be created, and there is something in the file.
    #[error("the file is not empty")]
    NotEmpty,
    /// The file is of some other kind.
    #[error("the file is not a peer store")]
    NotAStore,
    /// The file was written by a later version.
    #[error("the store has format {found}, which takes format {lowest} to read; this is {FORMAT}")]
    Incompatible {
        /// Its format.
        found: u16,
        /// The lowest format that can read it.
        lowest: u16,
    },
    /// The file has blocks of another size.
    #[error("the store has blocks of {found} bytes, not of {BLOCK_LEN}")]
    BlockSize {
        /// Their size.
        found: u32,
    },
    /// Neither copy of the superblock passes its checksum.
    #[error("both superblocks of the store are damaged")]
    DamagedSuperblock,
    /// The file does not end where a block ends.
    #[error("the store has {found} bytes, which is no whole number of blocks")]
    Length {
        /// The length of the file.
        found: u64,
    },
    /// The file was closed, and is longer or shorter than it was then.
    #[error("the store was closed with {sealed} bytes, and has {found}")]
    SealedLength {
        /// The length of all blocks at that time.
        sealed: u64,
        /// That of those that there are.
        found: u64,
    },
    /// The file was closed, and the engine's header is not what it was then.
    #[error("the header of the store is damaged")]
    DamagedHeader,
    /// The disk failed.
    #[error("cannot read or write the file of the store")]
    Io(#[from] io::Error),
}

/// A handle on the blocks of a file, for the engine to work on.
///
/// The file is closed when the last handle goes.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    shared: Arc<Shared>,
    /// What is written to a frozen handle.
    overlay: Option<Arc<Overlay>>,
}

impl Blocks {
    /// Starts a store on an empty disk. Whoever does so under the name it is to have may find half
    /// of a superblock there after a power loss.
    pub(crate) fn create(disk: Box<dyn StorageBackend>) -> Result<Self, BlocksError> {
        let shared = Shared::create(Disk(disk))?;
        Ok(Self { shared: Arc::new(shared), overlay: None })
    }

    /// Finds a store on a disk, and changes nothing there.
    pub(crate) fn open(disk: Box<dyn StorageBackend>) -> Result<Self, BlocksError> {
        let shared = Shared::open(Disk(disk))?;
        Ok(Self { shared: Arc::new(shared), overlay: None })
    }

    /// Whether the store was closed when it was opened, or is new. If not, its header and its
    /// length are vouched for by nobody, and all of it should be checked.
    pub(crate) fn was_sealed(&self) -> bool {
        self.shared.was_sealed()
    }

    /// The blocks that the engine asked for and that did not pass, in order; the first 1,024 of
    /// them. Some other handle may have asked.
    pub(crate) fn damaged(&self) -> Vec<u64> {
        self.shared.damage.blocks()
    }

    /// How many blocks did not pass. One counts once, unless there are too many to remember.
    pub(crate) fn damage_count(&self) -> u64 {
        self.shared.damage.count()
    }

    /// Reads all blocks, and names those that do not pass. They are not held to be damage that was
    /// come upon: after a power loss there may be blocks that were half written, and that nothing
    /// leads to. Answers how many blocks there are.
    pub(crate) fn verify_all(&self, mut each: impl FnMut(u64)) -> io::Result<u64> {
        let mut next: u64 = 0;
        loop {
            let blocks = self.logical_len().div_ceil(BLOCK_LEN);
            let count = blocks.saturating_sub(next).min(RUN);
            if count == 0 {
                return Ok(next);
            }
            self.visit(next, count, |number, bytes| {
                if bytes.is_none() {
                    each(number);
                }
            })?;
            next = next.saturating_add(count);
        }
    }

    /// A handle that leaves the disk as it is, and keeps in memory what is written to it. It is for
    /// going on after a write failed. From now on no other handle writes to the disk either, and
    /// the store stays unsealed.
    pub(crate) fn freeze(&self) -> Self {
        self.shared.freeze();
        let overlay = match &self.overlay {
            Some(overlay) => Overlay::from(overlay.read().clone()),
            None => Overlay::new(self.shared.len()),
        };
        Self { shared: Arc::clone(&self.shared), overlay: Some(Arc::new(overlay)) }
    }

    fn logical_len(&self) -> u64 {
        match &self.overlay {
            Some(overlay) => overlay.read().len,
            None => self.shared.len(),
        }
    }

    /// Reads blocks, in order. `each` is given the bytes, or none for a block that is damaged.
    fn visit(
        &self,
        first: u64,
        count: u64,
        mut each: impl FnMut(u64, Option<&[u8]>),
    ) -> io::Result<()> {
        let Some(overlay) = &self.overlay else {
            return self.shared.read(first, count, each);
        };
        let layer = overlay.read();
        for number in first..first.saturating_add(count) {
            match layer.source(number) {
                Source::Memory(block) => each(number, Some(&block)),
                Source::Zeros => each(number, Some(&[0; block::BLOCK])),
                Source::Disk => self.shared.read(number, 1, &mut each)?,
            }
        }
        Ok(())
    }

    /// Reads a block of the disk.
    fn load(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        let mut block = None;
        self.shared.read(number, 1, |_, bytes| block = bytes.map(<[u8]>::to_vec))?;
        Ok(block)
    }
}

/// Locks stay unsupported: whoever opens the file locks it.
impl StorageBackend for Blocks {
    fn len(&self) -> io::Result<u64> {
        Ok(self.logical_len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let span = Span::new(offset, out.len(), self.logical_len())?;
        let mut is_spoilt = false;
        self.visit(span.first, span.count, |number, bytes| {
            if let Some(bytes) = bytes {
                span.part(number).take(bytes, out);
            } else {
                self.shared.damage.note(number);
                is_spoilt = true;
            }
        })?;
        if is_spoilt {
            out.fill(SPOILT);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match &self.overlay {
            Some(overlay) => overlay.set_len(len, |number| self.load(number)),
            None => self.shared.set_len(len),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.overlay.is_some() { Ok(()) } else { self.shared.sync() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match &self.overlay {
            Some(overlay) => overlay.write(offset, data, |number| self.load(number)),
            None => self.shared.write(offset, data),
        }
    }

    /// Seals the store. The disk itself stays open for other handles.
    fn close(&self) -> io::Result<()> {
        if self.overlay.is_some() { Ok(()) } else { self.shared.close() }
    }
}
