//! What a subscriber is told.

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::Seq;
use peermark_provenance::TrustClass;

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
    /// The peer signed two different records with one sequence number (S2).
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
}

/// Two records of one peer with one sequence number, which it both signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Equivocation {
    /// The peer.
    pub peer: PeerId,
    /// The sequence number of both.
    pub seq: Seq,
    /// The payload that was accepted first, and is kept.
    pub held: PayloadDigest,
    /// The payload that was not taken.
    pub got: PayloadDigest,
    /// The canonical envelope of the first, while the store has it.
    pub held_envelope: Option<Bytes>,
    /// The canonical envelope of the second.
    pub got_envelope: Bytes,
}
