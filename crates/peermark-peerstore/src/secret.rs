//! The store's secret: what keys its hashes (S11, S13).
//!
//! Whoever chooses peer ids and addresses must not be able to choose where they go or what they
//! push out. SipHash-1-3 under a secret key of 128 bits is a pseudo-random function, the same on
//! every machine, so that a store that is given its secret back makes the same choices.

use core::fmt;
use std::hash::{BuildHasher as _, RandomState};

use siphasher::sip::SipHasher13;

/// 128 secret bits.
///
/// # Examples
///
/// ```
/// use peermark_peerstore::Secret;
///
/// // Another one in each process ...
/// let secret = Secret::random();
/// // ... or the one that was stored. Debug shows neither.
/// let again = Secret::from_bytes(secret.to_bytes());
/// assert_eq!(format!("{again:?}"), "Secret(..)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 16]);

impl Secret {
    /// These bits.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bits, for a store that keeps them beside its entries.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Bits that nobody else knows: two hashes by the standard library under keys that it has from
    /// the operating system.
    #[must_use]
    pub fn random() -> Self {
        let [low, high] = [0u64, 1].map(|n| u128::from(RandomState::new().hash_one(n)));
        Self((low | high.wrapping_shl(64)).to_le_bytes())
    }

    /// The keyed hash of `bytes`: what engines choose victims by.
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        SipHasher13::new_with_key(&self.0).hash(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
