//! Peer ids: the multihash of a public key, and what peermark reads of it and makes of it.
//!
//! The type is libp2p's. What it admits is a little more than the peer id specification gives to
//! keys, which takes the `PublicKey` message itself where it is at most 42 bytes (identity multihash:
//! Ed25519 and secp256k1) and its SHA-256 otherwise (P-256 and RSA): it also admits a SHA-256 that is
//! cut off. What is read here, from bytes and from text, is canonical: an identity digest of at most
//! 42 bytes or a SHA-256 of 32, so that two ids that are read are the same peer exactly when they are
//! the same bytes.

mod bytes;
mod text;

use multiaddr::PeerId;
use multihash::Multihash;
use peermark_wire::{KeyMessage, Message, varint};

use crate::public_key::{PublicKey, PublicKeyError};

pub use bytes::PeerIdBytes;

/// Multihash code of the identity "hash".
const IDENTITY: u8 = 0x00;
/// Multihash code of SHA-256, and the length of its digest.
const SHA2_256: u8 = 0x12;
const SHA2_256_LEN: u8 = 32;
/// The longest `PublicKey` message that is its own digest.
const MAX_INLINE_KEY: u8 = 42;
/// Code and length in front of a digest: both fit one byte each.
const PREFIX: usize = 2;
/// The longest canonical peer id in bytes: an identity multihash of 42 bytes.
const MAX_LEN: usize = 44;
/// The longest digest that libp2p's peer id has room for.
const MAX_DIGEST: usize = 64;

mod sealed {
    pub trait Sealed {}

    impl Sealed for multiaddr::PeerId {}
}

/// What peermark reads of a [`PeerId`] and makes of it, beside what libp2p does.
///
/// # Examples
///
/// ```
/// use peermark_identity::{PeerId, PeerIdExt};
///
/// let peer = PeerId::parse_text("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ")?;
/// assert_eq!(PeerId::from_multihash_bytes(&peer.multihash_bytes()), Ok(peer));
/// assert!(peer.public_key()?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PeerIdExt: sealed::Sealed + Sized {
    /// Returns the multihash as bytes, on the stack.
    #[must_use]
    fn multihash_bytes(&self) -> PeerIdBytes;

    /// Reads a canonical multihash: `00 len digest` with a digest of at most 42 bytes, or
    /// `12 20 digest` with one of 32.
    ///
    /// # Errors
    ///
    /// Another hash, a digest of another length, a varint longer than it must be, or bytes behind
    /// the digest.
    fn from_multihash_bytes(bytes: &[u8]) -> Result<Self, PeerIdError>;

    /// Returns the peer id that a `PublicKey` message of at most 42 bytes is, whatever it says; `None`
    /// for longer ones, which are hashed. For looking up who a message claims to be of: whether it is
    /// a key at all, [`PublicKey::decode`] knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::{Keypair, PeerId, PeerIdExt};
    ///
    /// let key = Keypair::generate_ed25519()?.public_key().encode();
    /// assert_eq!(PeerId::of_inline_key(&key).unwrap().multihash_bytes()[2..], key[..]);
    /// assert_eq!(PeerId::of_inline_key(&[0; 43]), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    fn of_inline_key(message: &[u8]) -> Option<Self>;

    /// Returns the key that is this peer id, where it is one: Ed25519 and secp256k1 keys are short
    /// enough. `None` for an id that is a SHA-256.
    ///
    /// # Errors
    ///
    /// The bytes of an identity multihash are no key that [`PublicKey::decode`] accepts.
    fn public_key(&self) -> Result<Option<PublicKey>, PublicKeyError>;

    /// Returns the version 1 CID of a libp2p key, in lower-case base32: the other text form of the
    /// peer id specification, which [`Self::parse_text`] reads as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::{PeerId, PeerIdExt};
    ///
    /// let peer = PeerId::parse_text("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")?;
    /// let cid = peer.to_cid();
    /// assert_eq!(cid, "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
    /// assert_eq!(PeerId::parse_text(&cid), Ok(peer));
    /// # Ok::<(), peermark_identity::PeerIdError>(())
    /// ```
    #[must_use]
    fn to_cid(&self) -> String;

    /// Reads base58btc of a canonical multihash, or a version 1 CID of a libp2p key in any multibase.
    /// For all text that comes from people; `FromStr` reads base58btc alone, at any length.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::{PeerId, PeerIdExt};
    ///
    /// let id = PeerId::parse_text("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")?;
    /// let cid = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";
    /// assert_eq!(PeerId::parse_text(cid), Ok(id));
    /// # Ok::<(), peermark_identity::PeerIdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Text of another form, or longer than any peer id; and those of [`Self::from_multihash_bytes`].
    fn parse_text(text: &str) -> Result<Self, PeerIdError>;
}

impl PeerIdExt for PeerId {
    #[inline]
    fn multihash_bytes(&self) -> PeerIdBytes {
        PeerIdBytes::of(self)
    }

    fn from_multihash_bytes(bytes: &[u8]) -> Result<Self, PeerIdError> {
        let canonical = match bytes {
            [code @ IDENTITY, len @ 0..=MAX_INLINE_KEY, digest @ ..]
            | [code @ SHA2_256, len @ SHA2_256_LEN, digest @ ..]
                if digest.len() == usize::from(*len) =>
            {
                wrap(*code, digest)
            }
            _ => None,
        };
        canonical.ok_or_else(|| reason(bytes))
    }

    #[inline]
    fn of_inline_key(message: &[u8]) -> Option<Self> {
        if message.len() > usize::from(MAX_INLINE_KEY) {
            return None;
        }
        wrap(IDENTITY, message)
    }

    fn public_key(&self) -> Result<Option<PublicKey>, PublicKeyError> {
        let multihash = self.as_ref();
        if multihash.code() != u64::from(IDENTITY) {
            return Ok(None);
        }
        let message = KeyMessage::decode(multihash.digest(), PREFIX, Message::PublicKey)?;
        PublicKey::from_message(message).map(Some)
    }

    fn to_cid(&self) -> String {
        text::to_cid(self)
    }

    fn parse_text(text: &str) -> Result<Self, PeerIdError> {
        text::parse(text)
    }
}

impl From<&PublicKey> for PeerId {
    fn from(key: &PublicKey) -> Self {
        key.peer_id()
    }
}

/// The peer id of a key whose `PublicKey` message is `prefix` followed by `data`, and is short
/// enough to stand for itself.
pub(crate) fn inline<const N: usize>(prefix: [u8; 4], data: &[u8; N]) -> PeerId {
    const { assert!(4 + N <= 42, "longer messages are hashed") };
    let mut message = [0; 42];
    let (start, rest) = message.split_at_mut(4);
    start.copy_from_slice(&prefix);
    let (rest, _) = rest.split_at_mut(N);
    rest.copy_from_slice(data);
    let (message, _) = message.split_at(const { 4 + N });
    of_key(IDENTITY, message)
}

/// The peer id of a key whose `PublicKey` message has this SHA-256.
pub(crate) fn hashed(digest: &[u8; 32]) -> PeerId {
    of_key(SHA2_256, digest)
}

#[expect(
    clippy::unreachable,
    reason = "libp2p's has no constructor that cannot fail, and there is no value to fall back to"
)]
fn of_key(code: u8, digest: &[u8]) -> PeerId {
    match wrap(code, digest) {
        Some(peer) => peer,
        // It takes every digest that its two callers have, which are short by their types.
        None => unreachable!("a canonical peer id"),
    }
}

/// The peer id with this multihash, where libp2p admits it.
#[inline]
fn wrap(code: u8, digest: &[u8]) -> Option<PeerId> {
    let multihash = Multihash::<MAX_DIGEST>::wrap(code.into(), digest).ok()?;
    PeerId::from_multihash(multihash).ok()
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
