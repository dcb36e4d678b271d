//! How a file is used.

use std::num::NonZeroU32;

/// How a file is used: when what is stored is durable, and how much memory is spent on reading.
///
/// # Examples
///
/// ```
/// use peermark_peerstore_redb::{Durability, Options};
///
/// let mut options = Options::default();
/// options.durability = Durability::Batched { every: 1000.try_into()? };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// When updates are durable.
    pub durability: Durability,
    /// Peers that are kept in memory after they were read, verified. 16,384: some 8 MiB.
    pub hot_peers: usize,
    /// Bytes of the file that are kept in memory. 64 MiB.
    pub page_cache: usize,
}

/// When an update survives the loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "one by one, or many at once")]
pub enum Durability {
    /// When the call that made it has returned. A call for many peers makes all of its updates
    /// durable in one go.
    Immediate,
    /// After [`Redb::flush`](crate::Redb::flush), or at the latest after so many updates. Until
    /// then all of them can be lost, the last ones first: what is found after a loss is the store
    /// as it once was.
    Batched {
        /// How many updates wait at most.
        every: NonZeroU32,
    },
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::Immediate, hot_peers: 1 << 14, page_cache: 64 << 20 }
    }
}
