//! Bytes beside what they belong to, where they are few.
//!
//! Whoever looks for a peer among a million waits for memory: for the entry, and then for what the
//! entry points to. A record of some four addresses is in the entry itself, so that he waits once.
//! Entries of longer records, and of peers without one, pay for the room; it is a fraction of what
//! they take anyway.

use core::ops::Deref;

/// The most bytes that are kept without an allocation: with their length and what tells the two
/// forms apart they are 256.
const SHORT: usize = 254;

/// Bytes that do not change.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "that is what it is for")]
pub(super) enum Stored {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Stored {
    /// None, in an array that is there already.
    pub(super) const fn short() -> Self {
        Self::Short { len: 0, bytes: [0; SHORT] }
    }

    pub(super) fn new(from: &[u8]) -> Self {
        let mut stored = Self::short();
        stored.fill(from.len(), |to| to.copy_from_slice(from));
        stored
    }

    /// Has `fill` write so many bytes, where they are to stay.
    pub(super) fn fill<R>(&mut self, count: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        match u8::try_from(count) {
            Ok(count) if usize::from(count) <= SHORT => {
                if let Self::Long(_) = self {
                    *self = Self::short();
                }
                let Self::Short { len, bytes } = self else { return fill(&mut []) };
                *len = count;
                fill(bytes.get_mut(..usize::from(count)).unwrap_or_default())
            }
            _ => {
                let mut bytes = vec![0; count].into_boxed_slice();
                let result = fill(&mut bytes);
                *self = Self::Long(bytes);
                result
            }
        }
    }

    /// Prefetches the array.
    pub(super) fn prefetch(&self) {
        if let Self::Short { bytes, .. } = self {
            core::hint::black_box(bytes[6] ^ bytes[70] ^ bytes[134] ^ bytes[198]);
        }
    }
}

impl Default for Stored {
    /// None, and no array to write for them.
    fn default() -> Self {
        Self::Long(Box::default())
    }
}

impl Deref for Stored {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Stored {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_come_back() {
        assert_eq!(size_of::<Stored>(), 256);
        assert!(Stored::default().is_empty());
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 255, 256, 257, 9000] {
            let bytes = vec![7; len];
            let stored = Stored::new(&bytes);
            assert_eq!(*stored, bytes[..]);
            assert_eq!(matches!(stored, Stored::Short { .. }), len <= SHORT, "{len}");
        }
    }
}
