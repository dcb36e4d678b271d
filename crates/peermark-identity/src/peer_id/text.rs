//! Peer ids as text: base58btc and CID in, CID out; libp2p's `Display` writes base58btc.
//!
//! The peer id specification tells the two apart by their beginning: base58btc of the two
//! multihashes that are peer ids starts with `1` or `Qm`, which no multibase does.

use multiaddr::PeerId;

use super::{MAX_LEN, PREFIX, PeerIdError, PeerIdExt as _};

/// Base58 takes log(256)/log(58) < 1.366 characters per byte: 61 for 44 bytes.
const MAX_BASE58: usize = 61;

/// `01 72`: version 1, codec libp2p-key. Both varints are minimal in one byte.
const CID_PREFIX: [u8; PREFIX] = [0x01, 0x72];

/// The longest text of a CID: one character per bit, as base 2 writes it, and the prefix.
const MAX_CID: usize = 1 + 8 * (CID_PREFIX.len() + MAX_LEN);

pub(super) fn to_cid(peer: &PeerId) -> String {
    let cid = [&CID_PREFIX, peer.multihash_bytes().as_slice()].concat();
    multibase::encode(multibase::Base::Base32Lower, cid)
}

pub(super) fn parse(text: &str) -> Result<PeerId, PeerIdError> {
    if text.starts_with('1') || text.starts_with("Qm") {
        bounded(text, MAX_BASE58)?;
        // A text of n characters is at most n bytes: one for each leading `1`.
        let mut bytes = [0u8; MAX_BASE58];
        let len = bs58::decode(text).onto(&mut bytes).map_err(|_| PeerIdError::Text)?;
        return PeerId::from_multihash_bytes(bytes.get(..len).unwrap_or_default());
    }
    bounded(text, MAX_CID)?;
    let (_, bytes) = multibase::decode(text).map_err(|_| PeerIdError::Text)?;
    let multihash = bytes.strip_prefix(&CID_PREFIX).ok_or(PeerIdError::Cid)?;
    PeerId::from_multihash_bytes(multihash)
}

fn bounded(text: &str, limit: usize) -> Result<(), PeerIdError> {
    let got = text.len();
    if got > limit {
        return Err(PeerIdError::TextTooLong { limit, got });
    }
    Ok(())
}
