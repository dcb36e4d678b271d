//! Peer ids as text: base58btc out, base58btc or CID in.
//!
//! The peer id specification tells the two apart by their beginning: base58btc of the two
//! multihashes that are peer ids starts with `1` or `Qm`, which no multibase does.

use core::fmt;
use core::str::FromStr;

use super::{PREFIX, PeerId, PeerIdError};

/// Base58 takes log(256)/log(58) < 1.366 characters per byte: 61 for 44 bytes.
const MAX_BASE58: usize = 61;

/// `01 72`: version 1, codec libp2p-key. Both varints are minimal in one byte.
const CID_PREFIX: [u8; PREFIX] = [0x01, 0x72];

/// The longest text of a CID: one character per bit, as base 2 writes it, and the prefix.
const MAX_CID: usize = 1 + 8 * (CID_PREFIX.len() + PeerId::MAX_LEN);

impl PeerId {
    /// The version 1 CID of a libp2p key, in lower-case base32: the other text form of the peer id
    /// specification, which [`FromStr`] reads as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_identity::PeerId;
    ///
    /// let peer: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse()?;
    /// let cid = peer.to_cid();
    /// assert_eq!(cid, "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
    /// assert_eq!(cid.parse(), Ok(peer));
    /// # Ok::<(), peermark_identity::PeerIdError>(())
    /// ```
    #[must_use]
    pub fn to_cid(&self) -> String {
        let cid = [&CID_PREFIX, self.as_bytes()].concat();
        multibase::encode(multibase::Base::Base32Lower, cid)
    }
}

/// Base58btc of the multihash.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; MAX_BASE58];
        let text = bs58::encode(self.as_bytes())
            .onto(&mut text[..])
            .ok()
            .and_then(|len| text.get(..len))
            .and_then(|text| core::str::from_utf8(text).ok())
            .ok_or(fmt::Error)?;
        f.pad(text)
    }
}

/// Base58btc of a multihash, or a version 1 CID of a libp2p key in any multibase.
///
/// # Examples
///
/// ```
/// use peermark_identity::PeerId;
///
/// let id: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse()?;
/// let cid: PeerId = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe".parse()?;
/// assert_eq!(id, cid);
/// # Ok::<(), peermark_identity::PeerIdError>(())
/// ```
impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        if text.starts_with('1') || text.starts_with("Qm") {
            bounded(text, MAX_BASE58)?;
            // A text of n characters is at most n bytes: one for each leading `1`.
            let mut bytes = [0u8; MAX_BASE58];
            let len = bs58::decode(text).onto(&mut bytes).map_err(|_| PeerIdError::Text)?;
            return Self::from_bytes(bytes.get(..len).unwrap_or_default());
        }
        bounded(text, MAX_CID)?;
        let (_, bytes) = multibase::decode(text).map_err(|_| PeerIdError::Text)?;
        let multihash = bytes.strip_prefix(&CID_PREFIX).ok_or(PeerIdError::Cid)?;
        Self::from_bytes(multihash)
    }
}

fn bounded(text: &str, limit: usize) -> Result<(), PeerIdError> {
    let got = text.len();
    if got > limit {
        return Err(PeerIdError::TextTooLong { limit, got });
    }
    Ok(())
}
