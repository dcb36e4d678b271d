//! What is written to a frozen handle: it is kept in memory.

use core::fmt;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::block::{self, BLOCK, BLOCK_LEN, Span};

/// Blocks in front of those of the disk.
pub(crate) struct Overlay(RwLock<Layer>);

/// What an overlay holds.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) len: u64,
    /// Blocks from here on are not those of the disk: the file ended here once, and grew again.
    floor: u64,
    blocks: HashMap<u64, Arc<[u8]>>,
}

/// Where a block is.
pub(crate) enum Source {
    Memory(Arc<[u8]>),
    Zeros,
    Disk,
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.read();
        f.debug_struct("Overlay")
            .field("len", &layer.len)
            .field("blocks", &layer.blocks.len())
            .finish_non_exhaustive()
    }
}

impl Overlay {
    /// Over a disk with so many bytes.
    pub(crate) fn new(len: u64) -> Self {
        Self::from(Layer { len, floor: len.div_ceil(BLOCK_LEN), blocks: HashMap::new() })
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Layer> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn layer(&self) -> RwLockWriteGuard<'_, Layer> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes. `load` reads a block of the disk, for what is only part of one.
    pub(crate) fn write(
        &self,
        offset: u64,
        run: &[u8],
        load: impl Fn(u64) -> io::Result<Option<Vec<u8>>>,
    ) -> io::Result<()> {
        let mut layer = self.layer();
        let span = Span::new(offset, run.len(), layer.len)?;
        for number in (span.first..).take(block::size(span.count)?) {
            let part = span.part(number);
            let mut block =
                if part.is_whole() { vec![0; BLOCK] } else { layer.load(number, &load)? };
            part.put(run, &mut block);
            layer.blocks.insert(number, block.into());
        }
        Ok(())
    }

    /// Grows or shrinks. What is behind the end is forgotten, and zeros when it comes back.
    pub(crate) fn set_len(
        &self,
        len: u64,
        load: impl Fn(u64) -> io::Result<Option<Vec<u8>>>,
    ) -> io::Result<()> {
        let mut layer = self.layer();
        if len < layer.len {
            let kept = block::size(len % BLOCK_LEN)?;
            if kept > 0 {
                let number = len / BLOCK_LEN;
                let mut block = layer.load(number, &load)?;
                block.get_mut(kept..).unwrap_or_default().fill(0);
                layer.blocks.insert(number, block.into());
            }
            let end = len.div_ceil(BLOCK_LEN);
            layer.floor = layer.floor.min(end);
            layer.blocks.retain(|number, _| *number < end);
        }
        layer.len = len;
        Ok(())
    }
}

impl From<Layer> for Overlay {
    fn from(layer: Layer) -> Self {
        Self(RwLock::new(layer))
    }
}

impl Layer {
    pub(crate) fn source(&self, number: u64) -> Source {
        match self.blocks.get(&number) {
            Some(block) => Source::Memory(Arc::clone(block)),
            None if number >= self.floor => Source::Zeros,
            None => Source::Disk,
        }
    }

    /// The bytes of a block that is to be changed in part.
    fn load(
        &self,
        number: u64,
        load: impl Fn(u64) -> io::Result<Option<Vec<u8>>>,
    ) -> io::Result<Vec<u8>> {
        match self.source(number) {
            Source::Memory(block) => Ok(block.to_vec()),
            Source::Zeros => Ok(vec![0; BLOCK]),
            Source::Disk => load(number)?.ok_or_else(|| block::lost(number)),
        }
    }
}
