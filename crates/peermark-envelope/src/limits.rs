//! The limits of this crate, each with its reason.

/// How large an envelope may be (W1).
///
/// # Examples
///
/// ```
/// use peermark_envelope::Limits;
///
/// assert_eq!(Limits::default().envelope_len(), 8 * 1024);
/// assert_eq!(Limits::new(64 * 1024)?.envelope_len(), 64 * 1024);
/// assert!(Limits::new(64 * 1024 + 1).is_err());
/// # Ok::<(), peermark_envelope::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    envelope_len: usize,
}

impl Limits {
    /// What [`Limits::default`] allows: 8 KiB. A record of fifty addresses takes 1.9 KB, the
    /// largest RSA key and signature together 2.1 KB.
    pub const DEFAULT_ENVELOPE_LEN: usize = 8 * 1024;
    /// What [`Limits::new`] allows at most: 64 KiB, so that an envelope always is one small
    /// allocation and the work on its payload is bounded whatever the payload is.
    pub const MAX_ENVELOPE_LEN: usize = 64 * 1024;

    /// Limits with another size of envelope, in bytes.
    ///
    /// # Errors
    ///
    /// [`LimitError`] above [`Self::MAX_ENVELOPE_LEN`].
    pub const fn new(envelope_len: usize) -> Result<Self, LimitError> {
        if envelope_len > Self::MAX_ENVELOPE_LEN {
            return Err(LimitError { max: Self::MAX_ENVELOPE_LEN, got: envelope_len });
        }
        Ok(Self { envelope_len })
    }

    /// The largest envelope that is decoded, in bytes, received or canonical.
    #[must_use]
    pub const fn envelope_len(&self) -> usize {
        self.envelope_len
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { envelope_len: Self::DEFAULT_ENVELOPE_LEN }
    }
}

/// A limit above what the crate allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit of {got} bytes exceeds the maximum of {max}")]
#[non_exhaustive]
pub struct LimitError {
    /// The largest limit there is.
    pub max: usize,
    /// The limit that was asked for.
    pub got: usize,
}
