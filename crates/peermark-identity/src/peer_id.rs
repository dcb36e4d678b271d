//! Peer ids: the multihash of a public key, inline, always canonical.
//!
//! The peer id specification takes the `PublicKey` message itself where it is at most 42 bytes
//! (identity multihash: Ed25519 and secp256k1) and its SHA-256 otherwise (P-256 and RSA). Both
//! forms are accepted from bytes whatever key they may stand for; nothing else is, so two peer ids
//! are the same peer exactly when they are the same bytes.
//!
//! Invariant: the bytes behind `len` are zero, so that comparing the whole array compares the id.

mod convert;
mod text;

use core::fmt;

use peermark_wire::{KeyMessage, Message, varint};

use crate::public_key::{PublicKey, PublicKeyError};

/// Multihash code of the identity "hash".
const IDENTITY: u8 = 0x00;
/// Multihash code of SHA-256, and the length of its digest.
const SHA2_256: u8 = 0x12;
const SHA2_256_LEN: u8 = 32;
/// The longest `PublicKey` message that is its own digest.
const MAX_INLINE_KEY: u8 = 42;
/// Code and length in front of a digest: both fit one byte each.
const PREFIX: usize = 2;

/// The name of a peer: the multihash of its public key, without heap memory.
///
/// Text is base58btc (`12D3KooW…`, `Qm…`) for [`Display`](fmt::Display) and `Debug`; `FromStr`
/// also reads a version 1 CID of a libp2p key in any multibase.
///
/// # Examples
///
/// ```
/// use peermark_identity::PeerId;
///
/// let peer: PeerId = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// assert_eq!(PeerId::from_bytes(peer.as_bytes()), Ok(peer));
/// assert!(peer.public_key()?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl PeerId {
    /// The longest peer id in bytes: an identity multihash of 42 bytes.
    pub const MAX_LEN: usize = 44;

    /// Reads a canonical multihash: `00 len digest` with a digest of at most 42 bytes, or
    /// `12 20 digest` with one of 32.
    ///
    /// # Errors
    ///
    /// Another hash, a digest of another length, a varint longer than it must be, or bytes behind
    /// the digest.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PeerIdError> {
        match bytes {
            [IDENTITY, len @ 0..=MAX_INLINE_KEY, digest @ ..]
                if digest.len() == usize::from(*len) =>
            {
                Ok(Self::from_parts(IDENTITY, digest))
            }
            [SHA2_256, SHA2_256_LEN, digest @ ..] if digest.len() == usize::from(SHA2_256_LEN) => {
                Ok(Self::from_parts(SHA2_256, digest))
            }
            _ => Err(Self::reason(bytes)),
        }
    }

    /// The peer id that a `PublicKey` message of at most 42 bytes is, whatever it says; `None` for
    /// longer ones, which are hashed. For looking up who a message claims to be of: whether it is a
    /// key at all, [`PublicKey::decode`] knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::{Keypair, PeerId};
    ///
    /// let key = Keypair::generate_ed25519()?.public_key().encode();
    /// assert_eq!(PeerId::of_inline_key(&key).unwrap().as_bytes()[2..], key[..]);
    /// assert_eq!(PeerId::of_inline_key(&[0; 43]), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of_inline_key(message: &[u8]) -> Option<Self> {
        (message.len() <= usize::from(MAX_INLINE_KEY)).then(|| Self::from_parts(IDENTITY, message))
    }

    /// The peer id of `key`. Does not allocate for Ed25519, secp256k1 and ECDSA.
    #[must_use]
    pub fn from_public_key(key: &PublicKey) -> Self {
        key.peer_id()
    }

    /// The multihash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The key that is this peer id, where it is one: Ed25519 and secp256k1 keys are short enough.
    /// `None` for an id that is a SHA-256.
    ///
    /// # Errors
    ///
    /// The bytes of an identity multihash are no key that [`PublicKey::decode`] accepts.
    pub fn public_key(&self) -> Result<Option<PublicKey>, PublicKeyError> {
        match self.as_bytes() {
            [IDENTITY, _, key @ ..] => {
                let message = KeyMessage::decode(key, PREFIX, Message::PublicKey)?;
                PublicKey::from_message(message).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The peer id of a key whose `PublicKey` message is `prefix` followed by `data`, and is short
    /// enough to stand for itself.
    pub(crate) fn inline<const N: usize>(prefix: [u8; 4], data: &[u8; N]) -> Self {
        const { assert!(4 + N <= 42, "longer messages are hashed") };
        let mut message = [0; 42];
        let (start, rest) = message.split_at_mut(4);
        start.copy_from_slice(&prefix);
        let (rest, _) = rest.split_at_mut(N);
        rest.copy_from_slice(data);
        let (message, _) = message.split_at(const { 4 + N });
        Self::from_parts(IDENTITY, message)
    }

    /// The peer id of a key whose `PublicKey` message has this SHA-256.
    pub(crate) fn hashed(digest: &[u8; 32]) -> Self {
        Self::from_parts(SHA2_256, digest)
    }

    /// `digest` is at most 42 bytes: every caller checked, or has an array.
    fn from_parts(code: u8, digest: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        let [to_code, to_len, rest @ ..] = &mut bytes;
        let len = u8::try_from(digest.len()).unwrap_or(MAX_INLINE_KEY).min(MAX_INLINE_KEY);
        (*to_code, *to_len) = (code, len);
        if let Some(rest) = rest.get_mut(..digest.len()) {
            rest.copy_from_slice(digest);
        }
        Self { bytes, len: len.saturating_add(2) }
    }

    /// Why `bytes` are not a peer id.
    #[cold]
    fn reason(bytes: &[u8]) -> PeerIdError {
        let Ok((code, rest)) = varint::decode(bytes) else {
            return PeerIdError::Multihash;
        };
        let Ok((len, digest)) = varint::decode(rest) else {
            return PeerIdError::Multihash;
        };
        let minimal = varint::len(code)
            .checked_add(varint::len(len))
            .and_then(|prefix| prefix.checked_add(digest.len()))
            == Some(bytes.len());
        if code != u64::from(IDENTITY) && code != u64::from(SHA2_256) {
            PeerIdError::UnsupportedHash(code)
        } else if !minimal || u64::try_from(digest.len()) != Ok(len) {
            PeerIdError::Multihash
        } else {
            PeerIdError::DigestLength { code, got: len }
        }
    }
}

impl AsRef<[u8]> for PeerId {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<&PublicKey> for PeerId {
    fn from(key: &PublicKey) -> Self {
        key.peer_id()
    }
}

impl TryFrom<&[u8]> for PeerId {
    type Error = PeerIdError;

    fn try_from(bytes: &[u8]) -> Result<Self, PeerIdError> {
        Self::from_bytes(bytes)
    }
}

/// `PeerId(` base58btc `)`.
impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerId").field(&format_args!("{self}")).finish()
    }
}

/// Why bytes or text are not a peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerIdError {
    /// The bytes are not a multihash, not in its one minimal form, or more than one.
    #[error("not a multihash in its canonical form")]
    Multihash,
    /// A multihash of another kind than identity and SHA-256: its code.
    #[error("multihash code {0:#x} is not used for peer ids")]
    UnsupportedHash(u64),
    /// An identity digest of more than 42 bytes, or a SHA-256 that is not 32.
    #[error("digest of {got} bytes does not fit multihash code {code:#x}")]
    DigestLength {
        /// The multihash code.
        code: u64,
        /// The length of the digest.
        got: u64,
    },
    /// Text that is longer than any peer id, refused before decoding it.
    #[error("text of {got} bytes is longer than the {limit} of the longest peer id")]
    TextTooLong {
        /// The most that is looked at.
        limit: usize,
        /// The length of the text.
        got: usize,
    },
    /// Text that is neither base58btc nor a multibase.
    #[error("neither base58btc nor multibase text")]
    Text,
    /// Multibase text of something else than a version 1 CID with the codec of libp2p keys.
    #[error("not a version 1 cid of a libp2p key")]
    Cid,
}
