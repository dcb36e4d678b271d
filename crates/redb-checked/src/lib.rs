//! Blocks with checksums under [redb](https://docs.rs/redb): a [`StorageBackend`](redb::StorageBackend)
//! that makes damage in the file an error, and never a wrong answer.
//!
//! redb stores a checksum with each page, and verifies it when it repairs or checks a database, not
//! when it reads. After a bit has changed on the disk, a read can return another value, no value, or
//! panic. [`Checked`] keeps the database in blocks of 4,096 bytes, each followed by a checksum that is
//! verified on every read. A damaged block is replaced by bytes that redb cannot use: what needs it
//! fails, and everything else is still read.
//!
//! ```
//! use redb::{Builder, ReadableDatabase, TableDefinition};
//! use redb_checked::{Checked, FileDisk, Kind, View};
//!
//! const TABLE: TableDefinition<&str, u64> = TableDefinition::new("counts");
//! const KIND: Kind = Kind::new(*b"my app store\r\n\x1a\n");
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("counts.db");
//!
//! // A writer.
//! let checked = Checked::create(FileDisk::create_new(&path)?, KIND)?;
//! let database = Builder::new().create_with_backend(checked.clone())?;
//! let mut transaction = database.begin_write()?;
//! transaction.set_two_phase_commit(true);
//! transaction.open_table(TABLE)?.insert("a", 1)?;
//! transaction.commit()?;
//! drop((database, checked));
//!
//! // A reader, which changes nothing, whatever state the file is in.
//! let view = View::open(&path, KIND)?;
//! let table = view.database()?.begin_read()?.open_table(TABLE)?;
//! assert_eq!(table.get("a")?.unwrap().value(), 1);
//! assert_eq!(view.checked().damage_count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to use when
//!
//! | to | use |
//! |---|---|
//! | create a file | [`Checked::create`] |
//! | write to one | [`Checked::open_for_writing`], which refuses a damaged file before the first write |
//! | read one, and change nothing | [`View`] |
//! | check all blocks | [`Checked::verify_all`] |
//! | go on reading after a write failed | [`Checked::freeze`] |
//! | get data out of a damaged file | [`View`] for what the tree leads to, then [`Scan::leaves`] |
//! | lock a file | [`FileDisk`] |
//! | turn panics of redb into errors | [`contain`](mod@contain) |
//!
//! # What is guaranteed
//!
//! - A read of a block whose bytes differ from what was last written to it fails, unless the checksum
//!   (XXH3, 64 bits, seeded with the block's number) is the same by chance. It protects against
//!   accidents, not against deliberate edits.
//! - Closing a database *seals* the file: its length and its header are covered as well. The first
//!   write breaks the seal. A file in which damage was found, or a write failed, is not sealed.
//! - While the file is not sealed, block 0, which redb overwrites in place, is not checked: a write of
//!   it that was cut short is nothing unusual. redb has checksums for both roots in it.
//! - A write transaction that needs a damaged block fails. To be sure, compare
//!   [`Checked::damage_count`] before it is committed with that at its beginning, and abort it if they
//!   differ.
//! - An old state of the whole file, or of a block, is not recognized as old.
//!
//! # The file
//!
//! Two superblocks of 2,048 bytes, then the blocks. Each takes 4,112 bytes: 4,096 of data, the
//! checksum, and eight zeros. A block that was never written is all zeros. A superblock has the
//! magic bytes of the [`Kind`], a format number, the block size, a generation, the seal, and a
//! checksum. Integers are in little-endian order.
//!
//! # Limits
//!
//! redb's page size must be the default, 4,096 bytes. redb's feature `experimental-api-5` changes the
//! trait that this crate implements, and must be off. Locks are those on a whole file; redb's modes
//! with several processes are not supported, so a view and a writer exclude each other.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod block;
mod checked;
pub mod contain;
mod damage;
mod disk;
mod error;
mod kind;
mod leaves;
mod overlay;
mod scan;
mod shared;
mod superblock;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests;
mod view;

pub use checked::Checked;
pub use disk::FileDisk;
pub use error::Error;
pub use kind::Kind;
pub use leaves::{DEFAULT_MAX_PAGE, LeafShape, Pair};
pub use scan::{Scan, State};
pub use view::View;

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
