//! Peers that were read and verified lately, so that hot reads and repeats do not touch the file; and
//! those of which repeats were taken in that are not written yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peermark_identity::PeerId;

use crate::batch::Done;
use crate::row::Session;
use crate::state::State;

/// What was read lately, as it was committed last.
pub(crate) struct Cache {
    states: quick_cache::sync::Cache<PeerId, Arc<State>>,
    /// Goes up with each commit: what was read before one may not be kept after it.
    epoch: AtomicU64,
    /// Repeats that are not written yet. Held while anything else changes.
    put_off: Mutex<HashMap<PeerId, PutOff>>,
}

/// What is held of a peer.
struct PutOff {
    now: Arc<State>,
    /// As it is in the file.
    stored: Arc<State>,
}

/// Peers that one transaction changes, above which they are not kept.
const BULK: usize = 256;

impl Cache {
    pub(crate) fn new(peers: usize) -> Self {
        Self {
            states: quick_cache::sync::Cache::new(peers),
            epoch: AtomicU64::new(0),
            put_off: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, peer: &PeerId) -> Option<Arc<State>> {
        self.states.get(peer).or_else(|| self.get_put_off(peer))
    }

    /// What is held of a peer, if the file says less.
    pub(crate) fn get_put_off(&self, peer: &PeerId) -> Option<Arc<State>> {
        self.put_off().get(peer).map(|put_off| Arc::clone(&put_off.now))
    }

    /// What the file says of a peer, if more is held.
    pub(crate) fn stored(&self, peer: &PeerId) -> Option<Arc<State>> {
        self.put_off().get(peer).map(|put_off| Arc::clone(&put_off.stored))
    }

    /// All of which the file says less than is held.
    pub(crate) fn all_put_off(&self) -> Vec<Arc<State>> {
        self.put_off().values().map(|put_off| Arc::clone(&put_off.now)).collect()
    }

    /// Whether there is any.
    pub(crate) fn has_put_off(&self) -> bool {
        !self.put_off().is_empty()
    }

    /// Takes in what is not to be written yet. Returns how many such peers there are.
    pub(crate) fn put_off_writing(&self, peer: &PeerId, was: &Arc<State>, now: State) -> usize {
        let mut put_off = self.put_off();
        let now = Arc::new(now);
        self.states.insert(*peer, Arc::clone(&now));
        put_off
            .entry(*peer)
            .and_modify(|known| known.now = Arc::clone(&now))
            .or_insert_with(|| PutOff { now, stored: Arc::clone(was) });
        put_off.len()
    }

    fn put_off(&self) -> MutexGuard<'_, HashMap<PeerId, PutOff>> {
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of commits so far: to be asked before reading from the file.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Keeps what was read, unless something was committed since.
    pub(crate) fn keep(&self, peer: &PeerId, state: &Arc<State>, epoch: u64) {
        let put_off = self.put_off();
        if self.epoch() == epoch && !put_off.contains_key(peer) {
            self.states.insert(*peer, Arc::clone(state));
        }
    }

    /// Takes in what a transaction changed. What was not verified in this session is not kept.
    pub(crate) fn publish(&self, done: &mut Done, session: Session) {
        let mut put_off = self.put_off();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        // What comes in bulk is not hot, and would push out what is.
        let is_bulk = done.changed.len() > BULK;
        for (peer, state) in done.changed.drain() {
            put_off.remove(&peer);
            match state.filter(|state| state.session == session && !is_bulk) {
                Some(state) => self.states.insert(peer, state),
                None => drop(self.states.remove(&peer)),
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut put_off = self.put_off();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.states.clear();
        put_off.clear();
    }
}

impl core::fmt::Debug for Cache {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cache").field("peers", &self.states.len()).finish_non_exhaustive()
    }
}
