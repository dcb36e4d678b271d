//! Tests of the blocks, of redb on top of them, and of what is left of a file that is damaged.

mod bytes;
mod engine;
mod leaves;
mod seal;
mod view;
mod writing;

use crate::Kind;

/// The kind of the files of these tests.
const KIND: Kind = Kind::new(*b"blocks' tests\n\x1a\0");
