//! Floors (S3): what must not come back, who may change that, and how it outlives a store.

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_provenance::{Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::outcome::PayloadDigest;
use crate::transition::{ForgetFloor, RaiseFloor};

impl<E: Engine> Peerstore<E> {
    /// The highest sequence number that was accepted of a peer, and the payload that came with it,
    /// as long as that counts (S3).
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn floor(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        let at = self.advance(now);
        let live = self.view(peer, now, |view| view.is_some_and(|view| view.record().is_some()))?;
        let floor = self.engine.floor(peer)?;
        let floor = floor.filter(|floor| live || floor.until > at.floor_secs());
        Ok(floor.map(|floor| (floor.seq, floor.digest)))
    }

    /// Removes all of a peer, its floor and the proof of its equivocation included, and answers
    /// what the floor was. From then on any record of it is the first (S3).
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn forget(
        &self,
        peer: &PeerId,
        now: Timestamp,
    ) -> Result<Option<(Seq, PayloadDigest)>, E::Error> {
        let floor = self.engine.update(peer, self.advance(now), &ForgetFloor)?;
        self.shared().evidence().forget(peer);
        Ok(floor)
    }

    /// Raises the floor of a peer to this record, as a copy of another store says, for as long as
    /// `life`. Answers whether it was lower; a record below it goes.
    ///
    /// # Errors
    ///
    /// The engine's.
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
}
