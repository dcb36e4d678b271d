//! Peers as arguments.

use peermark::identity::{PeerId, PeerIdExt as _};

use crate::complaint::cut;

/// Reads an argument that is a peer.
pub(super) fn peer_id(text: &str) -> Result<PeerId, String> {
    PeerId::parse_text(text).map_err(|error| format!("{:?} is no peer id: {error}", cut(text)))
}
