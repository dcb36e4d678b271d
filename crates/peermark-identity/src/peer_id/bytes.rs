//! The bytes of a peer id, in one piece and without heap memory.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

use multiaddr::PeerId;

use super::{MAX_DIGEST, PREFIX};

/// The longest multihash that libp2p's peer id has room for.
const MAX_LEN: usize = PREFIX + MAX_DIGEST;

/// The multihash of a [`PeerId`] as bytes: what is stored, hashed and signed of it.
///
/// Invariant: it was a peer id's. What is behind `len` says nothing.
#[derive(Clone, Copy)]
pub struct PeerIdBytes {
    bytes: [u8; MAX_LEN],
    len: u8,
}

impl PeerIdBytes {
    /// Code and size are below 128 each, and so varints of one byte.
    #[inline]
    pub(super) fn of(peer: &PeerId) -> Self {
        let (code, digest, size) = peer.as_ref().into_inner();
        let [code, ..] = code.to_le_bytes();
        let mut bytes = [0; MAX_LEN];
        let [to_code, to_size, rest @ ..] = &mut bytes;
        (*to_code, *to_size, *rest) = (code, size, digest);
        Self { bytes, len: size.saturating_add(2) }
    }

    /// Returns the bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Deref for PeerIdBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for PeerIdBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl From<PeerIdBytes> for PeerId {
    #[expect(
        clippy::unreachable,
        reason = "libp2p's has no constructor that cannot fail, and there is no value to fall back to"
    )]
    fn from(bytes: PeerIdBytes) -> Self {
        match Self::from_bytes(&bytes) {
            Ok(peer) => peer,
            Err(_) => unreachable!("the bytes of a peer id"),
        }
    }
}

impl PartialEq for PeerIdBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for PeerIdBytes {}

impl PartialOrd for PeerIdBytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PeerIdBytes {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for PeerIdBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

/// `PeerIdBytes(` base58btc `)`.
impl fmt::Debug for PeerIdBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bs58::encode(self.as_slice()).into_string();
        f.debug_tuple("PeerIdBytes").field(&format_args!("{text}")).finish()
    }
}
