//! The blocks on the disk, for all handles.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use crate::block::{self, BLOCK, BLOCK_LEN, HEAD, HEAD_LEN, STRIDE, Span};
use crate::damage::Damage;
use crate::error::Error;
use crate::kind::Kind;
use crate::superblock::{self, COPY, Seal, Superblock};

/// Blocks that are read at once. More would only take more memory.
pub(crate) const RUN: u64 = 64;

/// A disk, which is closed when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Disk(pub(crate) Box<dyn StorageBackend>);

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            tracing::warn!(%error, "the file did not close in order");
        }
    }
}

/// Why a seal does not hold.
fn broken(disk: &Disk, seal: &Seal, len: u64) -> io::Result<Option<Error>> {
    if seal.len != len {
        return Ok(Some(Error::SealedLength { sealed: seal.len, found: len }));
    }
    if len == 0 {
        return Ok(None);
    }
    let mut stored = vec![0; STRIDE];
    disk.0.read(HEAD_LEN, &mut stored)?;
    let header = block::sum(0, block::data(&stored));
    let holds = block::is_sound(0, &stored) && header == seal.header;
    Ok((!holds).then_some(Error::DamagedHeader))
}

/// What all handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    disk: Disk,
    /// As it was set: it need not be one of whole blocks.
    len: AtomicU64,
    /// Whether the file was closed when it was found.
    was_sealed: bool,
    /// Whether block 0 has to pass its checksum. Not while the file is open: redb overwrites
    /// it in place, and copes with a write that was cut short.
    checks_header: AtomicBool,
    has_failed: AtomicBool,
    writer: Mutex<Writer>,
    pub(crate) damage: Damage,
}

/// What only one thread at a time may do.
#[derive(Debug)]
struct Writer {
    superblock: Superblock,
    /// The copy of the superblock to write first.
    first: u8,
    /// Whether the disk says twice that the file is open.
    is_open: bool,
    /// Whether there is something to seal.
    is_modified: bool,
    is_frozen: bool,
    /// The checksum of block 0, if it is known without reading it.
    header: Option<u64>,
}

impl Shared {
    /// Starts a file on an empty disk.
    pub(crate) fn create(disk: Disk, kind: Kind) -> Result<Self, Error> {
        if disk.0.len()? != 0 {
            return Err(Error::NotEmpty);
        }
        disk.0.set_len(HEAD_LEN)?;
        let found =
            superblock::Found { superblock: Superblock::new(kind), is_agreed: false, first: 0 };
        let shared = Self::new(disk, 0, found, true);
        {
            let mut writer = shared.writer();
            shared.put_superblock(&mut writer, None)?;
            writer.is_open = true;
            writer.is_modified = true;
        }
        Ok(shared)
    }

    /// Opens a file, and changes nothing. A `lenient` one is never written to: that its length or its
    /// header is not the sealed one, or that both superblocks are damaged, does not keep it from being
    /// read.
    pub(crate) fn open(disk: Disk, kind: Kind, lenient: bool) -> Result<Self, Error> {
        let file_len = disk.0.len()?;
        if file_len == 0 {
            return Err(Error::Empty);
        }
        let mut head = vec![0; usize::try_from(file_len).unwrap_or(HEAD).min(HEAD)];
        disk.0.read(0, &mut head)?;
        let found = match superblock::read(&head, kind) {
            Err(Error::DamagedSuperblocks) if lenient => {
                superblock::Found { superblock: Superblock::new(kind), is_agreed: false, first: 0 }
            }
            found => found?,
        };
        let is_sealed = found.is_agreed && found.superblock.seal().is_some();
        let blocks = match block::count(file_len) {
            // The power went while the file grew: what is behind the last whole block was never
            // said to be safe.
            None if !is_sealed || lenient => block::whole(file_len),
            count => count,
        };
        let blocks = blocks.ok_or(Error::Length { found: file_len })?;
        let len = blocks.checked_mul(BLOCK_LEN).ok_or(Error::Length { found: file_len })?;
        let seal = found.superblock.seal().filter(|_| found.is_agreed);
        let broken = seal.map(|seal| broken(&disk, &seal, len)).transpose()?.flatten();
        match broken {
            Some(error) if !lenient => Err(error),
            broken => Ok(Self::new(disk, len, found, seal.is_some() && broken.is_none())),
        }
    }

    fn new(disk: Disk, len: u64, found: superblock::Found, is_sealed: bool) -> Self {
        let seal = found.superblock.seal().filter(|_| is_sealed);
        let writer = Writer {
            is_open: found.is_agreed && found.superblock.seal().is_none(),
            superblock: found.superblock,
            first: found.first,
            is_modified: false,
            is_frozen: false,
            header: seal.map(|seal| seal.header),
        };
        Self {
            disk,
            len: AtomicU64::new(len),
            was_sealed: is_sealed,
            checks_header: AtomicBool::new(seal.is_some()),
            has_failed: AtomicBool::new(false),
            writer: Mutex::new(writer),
            damage: Damage::default(),
        }
    }

    pub(crate) fn was_sealed(&self) -> bool {
        self.was_sealed
    }

    pub(crate) fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads blocks, in order. `each` is given the bytes, or none for a block that is damaged.
    pub(crate) fn read(
        &self,
        first: u64,
        count: u64,
        mut each: impl FnMut(u64, Option<&[u8]>),
    ) -> io::Result<()> {
        let mut next = first;
        let end = first.saturating_add(count);
        let mut buffer = Vec::new();
        while next < end {
            let count = block::size(end.saturating_sub(next).min(RUN))?;
            buffer.resize(count.saturating_mul(STRIDE), 0);
            self.disk.0.read(block::place(next)?, &mut buffer)?;
            for stored in buffer.chunks_exact(STRIDE) {
                if self.passes(next, stored) {
                    each(next, Some(block::data(stored)));
                } else {
                    each(next, self.read_again(next)?.as_deref());
                }
                next = next.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Reads a block that did not pass once more, while nobody writes: it may have been read while
    /// it was written.
    fn read_again(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        let _writer = self.writer();
        self.load(number)
    }

    /// The bytes of a block, or none if it is damaged.
    fn load(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        let mut stored = vec![0; STRIDE];
        self.disk.0.read(block::place(number)?, &mut stored)?;
        if !self.passes(number, &stored) {
            return Ok(None);
        }
        stored.truncate(BLOCK);
        Ok(Some(stored))
    }

    fn passes(&self, number: u64, stored: &[u8]) -> bool {
        (number == 0 && !self.checks_header.load(Ordering::Acquire))
            || block::is_sound(number, stored)
    }

    /// Remembers a failure: after one the file is not sealed.
    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.has_failed.store(true, Ordering::Release);
        }
        result
    }

    pub(crate) fn write(&self, offset: u64, run: &[u8]) -> io::Result<()> {
        self.watch(self.try_write(offset, run))
    }

    fn try_write(&self, offset: u64, run: &[u8]) -> io::Result<()> {
        let mut writer = self.writer();
        let span = Span::new(offset, run.len(), self.len())?;
        if span.count == 0 {
            return Ok(());
        }
        self.begin(&mut writer)?;
        let count = block::size(span.count)?;
        let mut buffer = vec![0; count.checked_mul(STRIDE).ok_or_else(block::beyond)?];
        for (number, stored) in (span.first..).zip(buffer.chunks_exact_mut(STRIDE)) {
            let part = span.part(number);
            if !part.is_whole() {
                let block = self.load(number)?.ok_or_else(|| block::lost(number))?;
                block::restore(&block, BLOCK, stored);
            }
            part.put(run, stored);
            let sum = block::prove(number, stored);
            if number == 0 {
                writer.header = Some(sum);
            }
        }
        self.disk.0.write(block::place(span.first)?, &buffer)
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        self.watch(self.try_set_len(len))
    }

    fn try_set_len(&self, len: u64) -> io::Result<()> {
        let mut writer = self.writer();
        let old = self.len();
        if len == old {
            return Ok(());
        }
        self.begin(&mut writer)?;
        let kept = block::size(len % BLOCK_LEN)?;
        if len < old && kept > 0 {
            // What grows back has to be zeros.
            let number = len / BLOCK_LEN;
            let block = self.load(number)?.ok_or_else(|| block::lost(number))?;
            let mut stored = vec![0; STRIDE];
            block::restore(&block, kept, &mut stored);
            block::prove(number, &mut stored);
            self.disk.0.write(block::place(number)?, &stored)?;
        }
        if len < BLOCK_LEN || old < BLOCK_LEN {
            writer.header = None;
        }
        self.disk.0.set_len(block::place(len.div_ceil(BLOCK_LEN))?)?;
        self.len.store(len, Ordering::Release);
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.watch(self.disk.0.sync_data())
    }

    /// Marks the file as open before anything else is changed.
    fn begin(&self, writer: &mut Writer) -> io::Result<()> {
        if writer.is_frozen {
            return Err(io::Error::other("the file is frozen: it is read-only"));
        }
        if !writer.is_open {
            self.put_superblock(writer, None)?;
            writer.is_open = true;
        }
        writer.is_modified = true;
        self.checks_header.store(false, Ordering::Release);
        Ok(())
    }

    /// Writes both copies of the superblock, never one before the other is safe.
    fn put_superblock(&self, writer: &mut Writer, seal: Option<Seal>) -> io::Result<()> {
        let superblock = writer.superblock.next(seal);
        for copy in [writer.first, 1_u8.saturating_sub(writer.first)] {
            let place = u64::from(copy).saturating_mul(block::length(COPY));
            self.disk.0.write(place, superblock.as_bytes())?;
            self.disk.0.sync_data()?;
        }
        writer.superblock = superblock;
        Ok(())
    }

    /// Seals the file, if something was written and nothing failed.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.watch(self.try_close())
    }

    fn try_close(&self) -> io::Result<()> {
        let mut writer = self.writer();
        let is_doubtful = self.has_failed.load(Ordering::Acquire) || self.damage.count() > 0;
        if is_doubtful || writer.is_frozen || !writer.is_modified {
            return Ok(());
        }
        self.disk.0.sync_data()?;
        let blocks = self.len().div_ceil(BLOCK_LEN);
        let Some(header) = self.header(&writer, blocks)? else {
            return Ok(());
        };
        // From the first copy on the disk may say that the file is closed.
        writer.is_open = false;
        let len = blocks.checked_mul(BLOCK_LEN).ok_or_else(block::beyond)?;
        self.put_superblock(&mut writer, Some(Seal { len, header }))?;
        writer.is_modified = false;
        writer.header = Some(header);
        self.checks_header.store(true, Ordering::Release);
        Ok(())
    }

    /// The checksum of block 0. None if what is on the disk cannot be vouched for.
    fn header(&self, writer: &Writer, blocks: u64) -> io::Result<Option<u64>> {
        if blocks == 0 {
            return Ok(Some(0));
        }
        if writer.header.is_some() {
            return Ok(writer.header);
        }
        let mut stored = vec![0; STRIDE];
        self.disk.0.read(block::place(0)?, &mut stored)?;
        let is_sound = block::is_sound(0, &stored);
        Ok(is_sound.then(|| block::sum(0, block::data(&stored))))
    }

    pub(crate) fn disk(&self) -> &dyn StorageBackend {
        &*self.disk.0
    }

    /// Whether block 0 passes its checksum, be it checked when it is read or not.
    pub(crate) fn is_header_sound(&self) -> io::Result<bool> {
        if self.len() == 0 {
            return Ok(true);
        }
        let mut stored = vec![0; STRIDE];
        self.disk.0.read(block::place(0)?, &mut stored)?;
        Ok(block::is_sound(0, &stored))
    }

    /// Writes nothing to the disk from now on.
    pub(crate) fn freeze(&self) {
        self.writer().is_frozen = true;
    }
}
