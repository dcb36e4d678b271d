//! The backend: blocks with checksums between redb and a disk.

use std::io;
use std::sync::Arc;

use redb::{Builder, StorageBackend};

use crate::block::{self, BLOCK_LEN, Span};
use crate::contain::{Contained, contain};
use crate::damage::REMEMBERED;
use crate::error::Error;
use crate::kind::Kind;
use crate::overlay::{Overlay, Source};
use crate::scan::Scan;
use crate::shared::{Disk, RUN, Shared};

/// What a read is filled with that hit a damaged block. Not zeros: where redb merges a page with its
/// neighbor it does not look at the type of that page, and would take zeros for an empty one. These
/// bytes have more entries than fit into a page, and page numbers that cannot be.
pub(crate) const SPOILT: u8 = 0xff;

/// Bytes of redb's cache while it repairs in memory.
const REPAIR_CACHE: usize = 16 << 20;

/// Blocks with checksums, for redb to work on.
///
/// Clones are handles on the same file; it is closed when the last one is dropped. redb takes one
/// (see [`Builder::create_with_backend`]), and another one tells which blocks were damaged.
#[derive(Clone, Debug)]
pub struct Checked {
    shared: Arc<Shared>,
    /// What is written to a frozen handle.
    overlay: Option<Arc<Overlay>>,
}

impl Checked {
    /// Creates a file of this kind on an empty disk.
    ///
    /// A power loss during this call can leave a part of a superblock. Create the file under a
    /// temporary name and rename it if that matters.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotEmpty`] if the disk is not empty, and [`Error::Io`] if it fails.
    pub fn create(disk: impl StorageBackend, kind: Kind) -> Result<Self, Error> {
        let shared = Shared::create(Disk(Box::new(disk)), kind)?;
        Ok(Self { shared: Arc::new(shared), overlay: None })
    }

    /// Opens a file of this kind. Nothing is written before redb writes.
    ///
    /// The blocks are not read. If the file [was not closed](Self::was_sealed), use
    /// [`Self::open_for_writing`] unless it is only read, or check it some other way before redb gets
    /// it: opening a database writes to it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is empty, of another kind or format, or damaged in its
    /// superblocks, its length or its header, and [`Error::Io`] if the disk fails.
    pub fn open(disk: impl StorageBackend, kind: Kind) -> Result<Self, Error> {
        let shared = Shared::open(Disk(Box::new(disk)), kind, false)?;
        Ok(Self { shared: Arc::new(shared), overlay: None })
    }

    /// Opens a file that is only read, whatever state its ends are in, and freezes it.
    pub(crate) fn open_frozen(disk: impl StorageBackend, kind: Kind) -> Result<Self, Error> {
        let shared = Shared::open(Disk(Box::new(disk)), kind, true)?;
        Ok(Self { shared: Arc::new(shared), overlay: None }.freeze())
    }

    /// Opens a file of this kind, and refuses it if redb should not write to it.
    ///
    /// A file that was closed is opened as by [`Self::open`]. In a file that was not, all blocks are
    /// read. If there are damaged ones, redb's own repair and check run in memory, on top of the
    /// file. If they need a damaged block, the file is refused. Otherwise the damaged blocks are
    /// ones that nothing leads to, which a power loss leaves.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], and [`Error::Damaged`] with the damaged blocks. The file is unchanged.
    pub fn open_for_writing(disk: impl StorageBackend, kind: Kind) -> Result<Self, Error> {
        let checked = Self::open(disk, kind)?;
        if checked.was_sealed() {
            return Ok(checked);
        }
        checked.refuse_damage()?;
        Ok(checked)
    }

    /// Reads all blocks, and refuses the file if redb's repair or check needs a damaged one. They run in
    /// memory, on top of the file. Nothing may be written to the file meanwhile.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Damaged`] with the damaged blocks, and [`Error::Io`] if the disk fails.
    pub fn refuse_damage(&self) -> Result<(), Error> {
        let (mut blocks, mut count) = (Vec::new(), 0u64);
        self.verify_all(|block| {
            count = count.saturating_add(1);
            if blocks.len() < REMEMBERED {
                blocks.push(block);
            }
        })?;
        if count > 0 && !self.needs_no_damaged_block() {
            return Err(Error::Damaged { blocks, count });
        }
        Ok(())
    }

    /// Whether redb can open, repair and check the database without reading a damaged block, and no
    /// other read came upon one. If so, the damaged blocks of [`Self::verify_all`] are ones that
    /// nothing leads to.
    ///
    /// It is tried in memory, on top of the file, and takes as long as reading the database. Nothing may
    /// be written to the file meanwhile. The damaged blocks that were needed are added to
    /// [`Self::damaged`]; it stops at the first that redb cannot do without.
    #[must_use]
    pub fn needs_no_damaged_block(&self) -> bool {
        self.in_memory().rehearse()
    }

    /// Whether the file was closed when it was opened, or is new. If not, its length and its header
    /// are covered by no seal.
    #[must_use]
    pub fn was_sealed(&self) -> bool {
        self.shared.was_sealed()
    }

    /// The damaged blocks that reads of any handle came upon, in ascending order; the first 1,024.
    #[must_use]
    pub fn damaged(&self) -> Vec<u64> {
        self.shared.damage.blocks()
    }

    /// The number of damaged blocks that reads came upon. A block counts once, unless there are more
    /// than [`Self::damaged`] lists.
    #[must_use]
    pub fn damage_count(&self) -> u64 {
        self.shared.damage.count()
    }

    /// Reads all blocks, calls `damaged` with the number of each damaged one, and returns the number
    /// of blocks.
    ///
    /// These are not added to [`Self::damaged`]: after a power loss there may be blocks that are half
    /// written and that nothing leads to.
    ///
    /// # Errors
    ///
    /// Returns the disk's error if a block cannot be read.
    pub fn verify_all(&self, mut damaged: impl FnMut(u64)) -> io::Result<u64> {
        let mut next: u64 = 0;
        loop {
            let blocks = self.logical_len().div_ceil(BLOCK_LEN);
            let count = blocks.saturating_sub(next).min(RUN);
            if count == 0 {
                return Ok(next);
            }
            self.visit(next, count, |number, bytes| {
                if bytes.is_none() {
                    damaged(number);
                }
            })?;
            next = next.saturating_add(count);
        }
    }

    /// Returns a handle that never writes to the disk: what is written to it is kept in memory. It is
    /// for going on after a write failed.
    ///
    /// From now on no other handle writes to the disk either, and the file stays unsealed. A handle that
    /// is [in memory](Self::in_memory) never wrote to it, and freezes no other.
    #[must_use]
    pub fn freeze(&self) -> Self {
        if self.overlay.is_none() {
            self.shared.freeze();
        }
        self.in_memory()
    }

    /// Reads blocks and pages of the disk, damaged ones too.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        Scan::new(self.shared.disk())
    }

    /// Whether the header, block 0, passes its checksum. In an open file it is not checked when it is
    /// read, since redb overwrites it in place.
    pub(crate) fn is_header_sound(&self) -> io::Result<bool> {
        self.shared.is_header_sound()
    }

    /// Returns a handle that never writes to the disk, as [`Self::freeze`] does, and leaves the others as
    /// they are: for trying whether something succeeds before it is done. The others must not write
    /// while it is used.
    #[must_use]
    pub fn in_memory(&self) -> Self {
        let overlay = match &self.overlay {
            Some(overlay) => Overlay::from(overlay.read().clone()),
            None => Overlay::new(self.shared.len()),
        };
        Self { shared: Arc::clone(&self.shared), overlay: Some(Arc::new(overlay)) }
    }

    /// Has redb open, repair and check the database, and returns whether it needed no damaged block.
    fn rehearse(&self) -> bool {
        self.repair().is_ok_and(|mut database| {
            let checked = database.with_mut(redb::Database::check_integrity);
            matches!(checked, Ok(Ok(_))) && database.end(redb::Database::close).is_ok()
        }) && self.damage_count() == 0
    }

    /// Has redb open the database for writing, which repairs it where it was not closed.
    pub(crate) fn repair(&self) -> Result<Contained<redb::Database>, Error> {
        let mut builder = Builder::new();
        builder.set_cache_size(REPAIR_CACHE);
        let database = contain(|| builder.create_with_backend(self.clone()))??;
        Ok(Contained::new(database))
    }

    fn logical_len(&self) -> u64 {
        match &self.overlay {
            Some(overlay) => overlay.read().len,
            None => self.shared.len(),
        }
    }

    /// Reads blocks in order. `each` gets the bytes, or `None` for a damaged block.
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

/// Locks are not forwarded: the code that opens the file locks it, see [`FileDisk`](crate::FileDisk).
impl StorageBackend for Checked {
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

    /// Seals the file. The disk itself stays open for other handles.
    fn close(&self) -> io::Result<()> {
        if self.overlay.is_some() { Ok(()) } else { self.shared.close() }
    }
}
