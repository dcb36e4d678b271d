//! What sources and dialers say to the model (P1 to P3, P6, S11, S13), and take back.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{Lifetime, Refusal, Reported, Room};
use peermark_provenance::{DialOutcome, Source, SourceKind, Timestamp, TrustClass};

use super::apply::is_itself;
use super::peer::{Peer, Told, Who};
use super::{At, Model};
use crate::model;

/// What became of a claim.
pub(super) enum Put {
    Added,
    Updated,
    Unchanged,
    NoRoom,
}

impl Model {
    /// `report`, or `set`.
    pub fn report(
        &mut self,
        id: PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        lifetime: Lifetime,
    ) -> Reported {
        let mut reported = Reported::default();
        if source.kind() == SourceKind::Identify && !is_itself(source, &id) {
            reported.refused = addresses.len();
            reported.refusal = Some(Refusal::NotItself);
            return reported;
        }
        let who = Who::of(source);
        let mut new = Vec::new();
        self.change(id, |peer, at| {
            let ttl = at.clamp(ttl);
            if !ttl.is_zero() && at.now() == Timestamp::MAX {
                reported.refused = addresses.len();
                reported.refusal = Some(Refusal::NoTime);
                return reported;
            }
            // A call looks at so many, and drops the others.
            reported.dropped = addresses.len().saturating_sub(256);
            for address in addresses.iter().take(256) {
                let address = match normal(address, &id) {
                    Ok(address) => address,
                    Err(defect) => {
                        reported.dropped += 1;
                        reported.defect.get_or_insert(defect);
                        continue;
                    }
                };
                if ttl.is_zero() {
                    let gone = peer.claims.remove(&(address, who)).is_some();
                    peer.tidy();
                    *(if gone { &mut reported.removed } else { &mut reported.unchanged }) += 1;
                    continue;
                }
                match peer.put(&address, who, ttl, lifetime, at, &mut reported.evicted) {
                    Put::Added => {
                        new.push(address);
                        reported.added += 1;
                    }
                    Put::Updated => reported.updated += 1,
                    Put::Unchanged => reported.unchanged += 1,
                    Put::NoRoom => {
                        reported.refused += 1;
                        reported.refusal.get_or_insert(Refusal::NoRoom(Room::Addresses));
                    }
                }
            }
            // What is there afterwards was added; what came and had to go again was not.
            new.sort_unstable();
            let count = new.len();
            new.dedup();
            let gone = count - new.iter().filter(|a| peer.class_of(a).is_some()).count();
            if gone > 0 {
                (reported.added, reported.evicted) =
                    (reported.added - gone, reported.evicted - gone);
                reported.refused += gone;
                reported.refusal.get_or_insert(Refusal::NoRoom(Room::Addresses));
            }
            reported
        })
    }

    /// `set_ttl`.
    pub fn set_ttl(&mut self, peer: PeerId, kind: SourceKind, ttl: Duration) -> usize {
        if ttl.is_zero() {
            return self.retract(peer, kind);
        }
        self.change(peer, |peer, at| {
            let ttl = at.clamp(ttl);
            let of_kind = peer.claims.iter_mut().filter(|((_, who), _)| is_of(*who, kind));
            of_kind
                .map(|(_, told)| (told.ends, told.ttl) = (at.now().saturating_add(ttl), ttl))
                .count()
        })
    }

    /// `retract`.
    pub fn retract(&mut self, peer: PeerId, kind: SourceKind) -> usize {
        self.change(peer, |peer, _| {
            let before = peer.claims.len();
            peer.claims.retain(|(_, who), _| !is_of(*who, kind));
            before - peer.claims.len()
        })
    }

    /// `remove`.
    pub fn remove(&mut self, id: PeerId, addresses: &[Multiaddr]) -> usize {
        self.change(id, |peer, at| {
            let normal = addresses.iter().filter_map(|address| normal(address, &id).ok());
            normal.filter(|address| peer.remove(address, true, at)).count()
        })
    }

    /// `dialed`.
    pub fn dialed(
        &mut self,
        id: PeerId,
        address: &Multiaddr,
        result: DialOutcome,
        ttl: Duration,
    ) -> bool {
        let Ok(address) = normal(address, &id) else {
            return false;
        };
        self.change(id, |peer, at| {
            let ttl = at.clamp(ttl);
            match result {
                DialOutcome::Success if !ttl.is_zero() => {
                    let (lifetime, evicted) = (Lifetime::Extend, &mut 0);
                    let put = peer.put(&address, Who::Handshake, ttl, lifetime, at, evicted);
                    if matches!(put, Put::NoRoom) {
                        return false;
                    }
                }
                // Somebody else answers there: that a handshake succeeded is no longer true.
                DialOutcome::WrongPeer => {
                    peer.claims.remove(&(address.clone(), Who::Handshake));
                    peer.tidy();
                }
                DialOutcome::Success
                | DialOutcome::Failure
                | DialOutcome::Cancelled
                | DialOutcome::NotStarted => {}
            }
            if peer.class_of(&address).is_none() {
                return false;
            }
            if matches!(result, DialOutcome::Cancelled | DialOutcome::NotStarted) {
                return true;
            }
            let dials = peer.dials.entry(address).or_default();
            match result {
                DialOutcome::Cancelled | DialOutcome::NotStarted => {}
                DialOutcome::Success => dials.succeeded(at.now()),
                DialOutcome::Failure | DialOutcome::WrongPeer => dials.failed(at.now()),
            }
            true
        })
    }
}

impl Peer {
    /// Makes a claim from now on.
    fn put(
        &mut self,
        address: &[u8],
        who: Who,
        ttl: Duration,
        lifetime: Lifetime,
        at: At<'_>,
        evicted: &mut usize,
    ) -> Put {
        let ends = at.now().saturating_add(ttl);
        let new = Told { first: at.now(), last: at.now(), ends, ttl };
        self.claim(address, who, new, lifetime, at, evicted)
    }

    /// Makes a claim; in the place of a worse one, or of one as good, where there are too many.
    pub(super) fn claim(
        &mut self,
        address: &[u8],
        who: Who,
        new: Told,
        lifetime: Lifetime,
        at: At<'_>,
        evicted: &mut usize,
    ) -> Put {
        let is_new = self.class_of(address).is_none();
        while is_new && self.all_addresses().len() >= at.limits.addresses_per_peer {
            let addresses = self.all_addresses().into_iter();
            let worst = addresses.min_by_key(|a| (self.class_of(a), at.hash(a)));
            match worst.filter(|worst| self.class_of(worst) <= Some(who.class())) {
                Some(worst) => *evicted += usize::from(self.remove(&worst, false, at)),
                None => return Put::NoRoom,
            }
        }
        if let Some(told) = self.claims.get_mut(&(address.to_vec(), who)) {
            let before = (told.ends, told.ttl);
            told.first = told.first.min(new.first);
            told.last = told.last.max(new.last);
            (told.ends, told.ttl) = match lifetime {
                // Neither the end nor what a disconnect leaves gets shorter.
                Lifetime::Extend => (told.ends.max(new.ends), told.ttl.max(new.ttl)),
                Lifetime::Set => (new.ends, new.ttl),
            };
            let same = before == (told.ends, told.ttl);
            return if same { Put::Unchanged } else { Put::Updated };
        }
        while who != Who::Handshake && self.witnesses(address).len() >= at.limits.claims_per_address
        {
            let worst = self.witnesses(address).into_iter();
            let worst = worst.min_by_key(|other| (other.class(), at.hash(&other.name())));
            match worst.filter(|worst| worst.class() <= who.class()) {
                Some(worst) => {
                    self.claims.remove(&(address.to_vec(), worst));
                    *evicted += 1;
                }
                None => return Put::NoRoom,
            }
        }
        self.claims.insert((address.to_vec(), who), new);
        if is_new { Put::Added } else { Put::Updated }
    }

    /// Whose claims on an address are counted: those of sources.
    fn witnesses(&self, address: &[u8]) -> Vec<Who> {
        let all = self.claimants(address).into_iter();
        all.filter(|who| who.class() != TrustClass::Dialed).collect()
    }
}

fn is_of(who: Who, kind: SourceKind) -> bool {
    matches!(who, Who::Source(other, _) if other == kind)
}

/// An address as it is kept of this peer (S13).
pub(super) fn normal(
    address: &Multiaddr,
    peer: &PeerId,
) -> Result<Vec<u8>, peermark_peer_record::AddressDefect> {
    model::address(address.as_ref(), &peer.multihash_bytes()).map(|address| address.to_vec())
}
