//! What is in front of the blocks: the kind of the file, and whether it was closed.
//!
//! There are two copies, written one after the other, so that one is whole whenever the power
//! fails. Each is covered by its checksum to the last byte.

use xxhash_rust::xxh3::xxh3_64;

use crate::block::{BLOCK_LEN, HEAD};
use crate::error::Error;
use crate::kind::Kind;

/// The format that is written.
pub(crate) const FORMAT: u16 = 1;

/// The lowest format that can read, and write to, what is written.
pub(crate) const COMPATIBLE: u16 = 1;

/// Bytes of a copy.
pub(crate) const COPY: usize = HEAD / 2;

const FORMAT_AT: usize = 16;
const COMPATIBLE_AT: usize = 18;
const BLOCK_AT: usize = 20;
const GENERATION_AT: usize = 24;
const STATE_AT: usize = 32;
const LEN_AT: usize = 40;
const HEADER_AT: usize = 48;
const SUM_AT: usize = COPY - 8;

/// The state of a file that was closed.
const SEALED: u8 = 1;

/// What the seal of a closed file covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    /// The length of the blocks, without what proves them.
    pub(crate) len: u64,
    /// The checksum of block 0. It is overwritten in place while the file is open, so that a torn
    /// write of it is nothing unusual then.
    pub(crate) header: u64,
}

/// The bytes of a valid copy. They are kept whole: a later format that this one may write to can
/// have more in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superblock(Vec<u8>);

/// Why a copy is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    Foreign,
    Damaged,
}

/// What the two copies say.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) superblock: Superblock,
    /// Whether both are valid and say the same. What one of them says alone may be what was so
    /// once, before the other was written.
    pub(crate) is_agreed: bool,
    /// The copy to write first, 0 or 1: the one that says less.
    pub(crate) first: u8,
}

impl Superblock {
    /// For a new file, which is open.
    pub(crate) fn new(kind: Kind) -> Self {
        let mut superblock = Self(vec![0; COPY]);
        superblock.put(0, kind.magic());
        superblock.put(FORMAT_AT, &FORMAT.to_le_bytes());
        superblock.put(COMPATIBLE_AT, &COMPATIBLE.to_le_bytes());
        let block = u32::try_from(BLOCK_LEN).unwrap_or(0);
        superblock.put(BLOCK_AT, &block.to_le_bytes());
        superblock.next(None)
    }

    /// The next one, with or without a seal.
    pub(crate) fn next(&self, seal: Option<Seal>) -> Self {
        let mut next = self.clone();
        next.put(GENERATION_AT, &self.generation().saturating_add(1).to_le_bytes());
        next.put(STATE_AT, &[u8::from(seal.is_some())]);
        let seal = seal.unwrap_or(Seal { len: 0, header: 0 });
        next.put(LEN_AT, &seal.len.to_le_bytes());
        next.put(HEADER_AT, &seal.header.to_le_bytes());
        let sum = xxh3_64(next.covered());
        next.put(SUM_AT, &sum.to_le_bytes());
        next
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the seal of a closed file covers.
    pub(crate) fn seal(&self) -> Option<Seal> {
        let [state] = self.field(STATE_AT);
        let seal = Seal {
            len: u64::from_le_bytes(self.field(LEN_AT)),
            header: u64::from_le_bytes(self.field(HEADER_AT)),
        };
        (state == SEALED).then_some(seal)
    }

    fn generation(&self) -> u64 {
        u64::from_le_bytes(self.field(GENERATION_AT))
    }

    fn covered(&self) -> &[u8] {
        self.0.get(..SUM_AT).unwrap_or(&[])
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(field) = self.0.get_mut(at..at.saturating_add(bytes.len())) {
            field.copy_from_slice(bytes);
        }
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.0.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }

    fn decode(bytes: &[u8], kind: Kind) -> Result<Self, Flaw> {
        if !bytes.starts_with(kind.magic()) {
            return Err(Flaw::Foreign);
        }
        let superblock = Self(bytes.to_vec());
        let is_valid = xxh3_64(superblock.covered()).to_le_bytes() == superblock.field(SUM_AT);
        is_valid.then_some(superblock).ok_or(Flaw::Damaged)
    }

    /// Whether this version may read the file, and write to it.
    fn check(&self) -> Result<(), Error> {
        let found = u16::from_le_bytes(self.field(FORMAT_AT));
        let lowest = u16::from_le_bytes(self.field(COMPATIBLE_AT));
        if lowest > FORMAT {
            return Err(Error::Incompatible { found, lowest });
        }
        let block = u32::from_le_bytes(self.field(BLOCK_AT));
        if u64::from(block) != BLOCK_LEN {
            return Err(Error::BlockSize { found: block });
        }
        Ok(())
    }
}

/// Reads what is in front of the blocks.
pub(crate) fn read(head: &[u8], kind: Kind) -> Result<Found, Error> {
    let (first, second) = head.split_at_checked(COPY).ok_or_else(|| short(head, kind))?;
    if second.len() != COPY {
        return Err(short(head, kind));
    }
    let found = match (Superblock::decode(first, kind), Superblock::decode(second, kind)) {
        (Ok(first), Ok(second)) if first.generation() > second.generation() => {
            Found { superblock: first, is_agreed: false, first: 1 }
        }
        (Ok(first), Ok(second)) => {
            Found { is_agreed: first == second, superblock: second, first: 0 }
        }
        (Ok(superblock), Err(_)) => Found { superblock, is_agreed: false, first: 1 },
        (Err(_), Ok(superblock)) => Found { superblock, is_agreed: false, first: 0 },
        (Err(Flaw::Foreign), Err(Flaw::Foreign)) => return Err(Error::OtherKind),
        (Err(_), Err(_)) => return Err(Error::DamagedSuperblocks),
    };
    found.superblock.check()?;
    Ok(found)
}

/// The file ends within the superblocks.
fn short(head: &[u8], kind: Kind) -> Error {
    if head.starts_with(kind.magic()) { Error::DamagedSuperblocks } else { Error::OtherKind }
}
