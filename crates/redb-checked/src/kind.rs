//! What kind of file it is: the bytes it begins with.

/// The first 16 bytes of both superblocks of a file.
///
/// Each application has a kind of its own, so that its files are told apart from those of others. A
/// file of another kind is refused with [`Error::OtherKind`](crate::Error::OtherKind).
///
/// Good magic bytes are not valid text, and have a `\n` and a `\x1a` in them, which transfers in text
/// mode change:
///
/// ```
/// use redb_checked::Kind;
///
/// const KIND: Kind = Kind::new(*b"my app store\r\n\x1a\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind([u8; 16]);

impl Kind {
    /// For files that need no kind of their own.
    pub const DEFAULT: Self = Self(*b"redb-checked\r\n\x1a\n");

    /// Files that begin with these bytes.
    #[must_use]
    pub const fn new(magic: [u8; 16]) -> Self {
        Self(magic)
    }

    /// The bytes that a file of this kind begins with.
    #[must_use]
    pub const fn magic(&self) -> &[u8; 16] {
        &self.0
    }
}
