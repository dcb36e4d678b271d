//! What another store may know of a peer, as data.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_peerstore::{
    AcceptedState, AddressState, ClaimState, DialState, OutsideState, PayloadDigest, PeerState,
};
use peermark_provenance::{SourceKind, SourceKinds};

use super::Verdict;
use super::universe::{self, RecordRef};

/// A state to join. Its bits say what is in it, and what of it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Joined {
    /// The record that was accepted.
    pub record: RecordRef,
    /// What there is beside it.
    pub how: u8,
    /// Time that it has left.
    pub left: Duration,
    /// How long ago it was accepted, or in contact.
    pub age: Duration,
}

/// What of a state is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Trust {
    /// `trusting_times`.
    pub times: bool,
    /// `keeping_sources`.
    pub sources: bool,
}

/// What a store answers to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "compared with the model's answer")]
pub struct Union {
    /// What became of the record.
    pub record: Option<Verdict>,
    /// Addresses that are new.
    pub added: usize,
    /// Claims that are new, or live longer.
    pub updated: usize,
    /// Addresses that cannot be stored.
    pub refused: usize,
}

impl From<peermark_peerstore::Joined> for Union {
    fn from(joined: peermark_peerstore::Joined) -> Self {
        let peermark_peerstore::Joined { record, added, updated, refused, .. } = joined;
        Self { record: record.map(Verdict::from), added, updated, refused }
    }
}

impl Joined {
    /// What of it is believed.
    #[must_use]
    pub const fn trust(&self) -> Trust {
        Trust { times: self.how & 1 != 0, sources: self.how & 2 != 0 }
    }

    fn has(&self, bit: u8) -> bool {
        self.how & bit != 0
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> PeerState {
        let (record, other) = (self.record.get(), self.record.further(1).get());
        let day = Duration::from_secs(24 * 60 * 60);
        let (has_envelope, has_rival) = (!self.has(4) || self.has(8), self.has(4) && self.has(8));
        let is_contact = self.has(16);
        let said = is_contact.then_some(self.age);
        let kinds = SourceKinds::from(SourceKind::Dht);
        let kinds = if self.has(32) { kinds.with(SourceKind::Manual) } else { kinds };
        let copy = |bytes: &[u8]| bytes.to_vec().into();
        let accepted = AcceptedState {
            seq: record.seq(),
            digest: PayloadDigest::of(record.payload()),
            envelope: has_envelope.then(|| copy(record.as_bytes())),
            said,
            rival: has_rival.then(|| (copy(other.as_bytes()), said.filter(|_| self.has(64)))),
            left: self.left,
            first: self.age + Duration::from_millis(500),
            contact: said,
            ahead: if self.has(32) { self.left.saturating_sub(7 * day) } else { Duration::ZERO },
            claimed: self.has(64).then_some(self.age + day),
            last: self.age,
            floor_left: (7 * day).saturating_sub(self.age),
            kinds,
            is_known: is_contact,
        };
        let is_told = self.has(64) || !self.has(128);
        let outside = OutsideState {
            seq: (record.seq().value() / 2).into(),
            digest: PayloadDigest::of(other.payload()),
            left: self.left,
        };
        PeerState {
            peer: universe::peer_id(self.record.peer),
            accepted: is_told.then_some(accepted),
            outside: self.has(128).then_some(outside),
            addresses: if self.has(128) { self.addresses().into() } else { Vec::new() },
        }
    }

    fn addresses(&self) -> [AddressState; 2] {
        let claim = |kind, left| ClaimState {
            kind,
            reporter: (kind == Some(SourceKind::Pubsub)).then(|| universe::peer_id(1)),
            first: self.age * 2,
            last: self.age,
            left,
            ttl: self.left,
        };
        let hour = Duration::from_secs(60 * 60);
        let state = |n: usize, claims: [ClaimState; 2]| AddressState {
            address: Multiaddr::clone(universe::address(n % universe::ADDRESSES)),
            claims: claims.into(),
            dials: DialState {
                success: self.has(16).then_some(self.age),
                failure: self.has(32).then_some(self.age),
                failures: u32::from(self.has(32)),
            },
        };
        let first = usize::from(self.how);
        [
            state(first, [claim(Some(SourceKind::Pubsub), self.left), claim(None, hour)]),
            state(first + 3, [claim(Some(SourceKind::Manual), hour), claim(None, Duration::ZERO)]),
        ]
    }
}
