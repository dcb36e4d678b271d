//! Peers that were read and verified lately, so that hot reads and repeats do not touch the file.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use peermark_identity::PeerId;

use crate::batch::Done;
use crate::row::Session;
use crate::state::State;

/// What was read lately, as it was committed last.
pub(crate) struct Cache {
    states: quick_cache::sync::Cache<PeerId, Arc<State>>,
    /// Goes up with each commit: what was read before one may not be kept after it.
    epoch: AtomicU64,
    /// Held while either changes.
    changing: Mutex<()>,
}

/// Peers that one transaction changes, above which they are not kept.
const BULK: usize = 256;

impl Cache {
    pub(crate) fn new(peers: usize) -> Self {
        Self {
            states: quick_cache::sync::Cache::new(peers),
            epoch: AtomicU64::new(0),
            changing: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self, peer: &PeerId) -> Option<Arc<State>> {
        self.states.get(peer)
    }

    /// The number of commits so far: to be asked before reading from the file.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Keeps what was read, unless something was committed since.
    pub(crate) fn keep(&self, peer: &PeerId, state: &Arc<State>, epoch: u64) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() == epoch {
            self.states.insert(*peer, Arc::clone(state));
        }
    }

    /// Takes in what a transaction changed. What was not verified in this session is not kept.
    pub(crate) fn publish(&self, done: &mut Done, session: Session) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::AcqRel);
        // What comes in bulk is not hot, and would push out what is.
        let is_bulk = done.changed.len() > BULK;
        for (peer, state) in done.changed.drain() {
            match state.filter(|state| state.session == session && !is_bulk) {
                Some(state) => self.states.insert(peer, state),
                None => drop(self.states.remove(&peer)),
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.states.clear();
    }
}

impl core::fmt::Debug for Cache {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cache").field("peers", &self.states.len()).finish_non_exhaustive()
    }
}
