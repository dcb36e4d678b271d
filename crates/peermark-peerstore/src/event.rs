//! What a subscriber is told.

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_provenance::{Seq, TrustClass};

use crate::outcome::PayloadDigest;

/// A change of what is held of a peer (S10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An address that was not there is.
    Added {
        /// The peer.
        peer: PeerId,
        /// The address.
        address: Multiaddr,
        /// Its class.
        class: TrustClass,
        /// What led to it.
        cause: Cause,
    },
    /// An address has another class than before.
    Changed {
        /// The peer.
        peer: PeerId,
        /// The address.
        address: Multiaddr,
        /// Its class now.
        class: TrustClass,
        /// What led to it.
        cause: Cause,
    },
    /// An address that was there is not.
    Removed {
        /// The peer.
        peer: PeerId,
        /// The address.
        address: Multiaddr,
        /// What led to it.
        cause: Cause,
    },
    /// The peer signed two records with one sequence number that list different addresses (S2). Told
    /// when the pair is another than before.
    Equivocation(Box<Equivocation>),
    /// Events were lost: the subscriber did not fetch them in time. What it knows may be wrong;
    /// it reads the addresses again, or subscribes anew. What follows is whole again.
    Resync,
}

impl Event {
    /// The peer that it is about; of a [`Event::Resync`], none.
    #[must_use]
    pub fn peer(&self) -> Option<&PeerId> {
        match self {
            Self::Added { peer, .. } | Self::Changed { peer, .. } | Self::Removed { peer, .. } => {
                Some(peer)
            }
            Self::Equivocation(equivocation) => Some(&equivocation.peer),
            Self::Resync => None,
        }
    }
}

/// What led to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A certified record.
    Record,
    /// The report of a source.
    Report,
    /// The outcome of a dial.
    Dial,
    /// The peer connected or disconnected.
    Connection,
    /// Somebody took it back, or removed it.
    Removal,
    /// Its time was over; told when it is swept, or found.
    Expiry,
    /// It had to make room.
    Eviction,
    /// What another store knows was joined in.
    Join,
}

/// Two records of one peer with one sequence number that list different addresses: the first two in
/// the order of S2. The peer signed both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Equivocation {
    /// The peer.
    pub peer: PeerId,
    /// The sequence number of both.
    pub seq: Seq,
    /// The payload that is held.
    pub held: PayloadDigest,
    /// The other payload.
    pub got: PayloadDigest,
    /// The canonical envelope of the first, where the store has it. Of a record without addresses none
    /// is kept.
    pub held_envelope: Option<Bytes>,
    /// The canonical envelope of the second, likewise.
    pub got_envelope: Option<Bytes>,
}
