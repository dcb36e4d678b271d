//! Floors (S3): what must not come back, who may change that, and how it outlives a store.

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_provenance::{Seq, Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::entry::PeerEntry;
use crate::outcome::{Joined, PayloadDigest};
use crate::state::PeerState;
use crate::transition::{ForgetFloor, Join, RaiseFloor};

impl<E: Engine> Peerstore<E> {
    /// The highest sequence number that was accepted of a peer, and the payload that came with it,
    /// as long as that counts (S3).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn floor(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        let floor = self.engine.floor(peer, self.advance(now))?;
        Ok(floor.map(|floor| (floor.seq, floor.digest)))
    }

    /// Removes all of a peer, its floor and the proof of a contradiction included, and returns what
    /// the floor was. From then on any record of it is the first (S3).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn forget(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        self.engine.update(peer, self.advance(now), &ForgetFloor)
    }

    /// Raises the floor of a peer to this record, as somebody outside says without showing it, for as
    /// long as `life`. Returns whether it was lower. A record that is held stays, and what the peer
    /// itself says over a contact is taken all the same.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn raise_floor(
        &self,
        peer: &PeerId,
        record: (Seq, PayloadDigest),
        life: Duration,
        source: &Source,
        now: Timestamp,
    ) -> Result<bool, E::Error> {
        let transition = RaiseFloor::new(*peer, record, life, source);
        self.engine.update(peer, self.advance(now), &transition)
    }

    /// What the store knows of a peer, for another store to [join](Self::join) in; `None` if nothing.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn state(&self, peer: &PeerId, now: Timestamp) -> Result<Option<PeerState>, E::Error> {
        let cx = self.shared().context(self.advance(now));
        let held = self.engine.view(peer, |entry| entry.map(|entry| entry.state(&cx)))?;
        let state = match held {
            Some(held) => Some(held),
            None => {
                let rest = self.engine.remnant(peer)?;
                rest.map(|rest| PeerEntry::new(*peer, Some(rest)).state(&cx))
            }
        };
        Ok(state.filter(|state| !state.is_empty()))
    }

    /// Joins what another store knows of a peer, as `source` brings it (G2, G4).
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn join(&self, join: &Join, source: &Source, now: Timestamp) -> Result<Joined, E::Error> {
        let joined = self.engine.update(join.peer_id(), self.advance(now), &join.by(source))?;
        self.account_join(&joined, source);
        Ok(joined)
    }

    /// As [`Self::join`], of many peers, with an answer for each, in their order (G1).
    pub fn join_many<'a>(
        &self,
        joins: impl IntoIterator<Item = &'a Join>,
        source: &Source,
        now: Timestamp,
    ) -> Vec<Result<Joined, E::Error>> {
        let items: Vec<_> =
            joins.into_iter().map(|join| (*join.peer_id(), join.by(source))).collect();
        let answers = self.engine.update_many(&items, self.advance(now));
        for joined in answers.iter().flatten() {
            self.account_join(joined, source);
        }
        answers
    }
}
