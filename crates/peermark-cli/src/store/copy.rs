//! One peer out of a store, to be looked at with more beside it.

use std::path::Path;

use peermark::identity::PeerId;
use peermark::peerstore::Limits;
use peermark::provenance::Source;
use peermark::{PeerBook, SystemClock};

use super::database;
use crate::failure::Failure;

/// A book in memory with everything that the store at `path` knows of a peer, its floor included.
pub(crate) fn copy_of(peer: &PeerId, path: &Path, limits: Limits) -> Result<PeerBook, Failure> {
    let book = database::for_reading(path)?;
    let copy = PeerBook::builder().limits(limits).clock(SystemClock).in_memory();
    if let Some(state) = book.state(peer)? {
        let join = state.verify().map_err(|error| Failure::Refused(error.to_string()))?;
        let join = join.trusting_times().keeping_sources();
        let Ok(_) = copy.join(&join, &Source::MANUAL);
    }
    Ok(copy)
}
