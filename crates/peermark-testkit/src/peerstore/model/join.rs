//! What another store knows is joined into the model (G2, G4).

use std::time::Duration;

use peermark_peer_record::{CertifiedRecord, Dialects};
use peermark_peerstore::{
    AcceptedState, ClaimState, DialState, Lifetime, Outcome, PeerState, Refusal,
};
use peermark_provenance::{Source, SourceKinds, Timestamp};

use super::apply::{Offer, answer};
use super::claims::{Put, normal};
use super::peer::{Outside, Peer, Told, Who};
use super::{At, Model, secs_up};
use crate::peerstore::ops::{Trust, Union};

/// What is joined, by whom, and what of it is believed.
struct Joining<'a> {
    state: &'a PeerState,
    source: &'a Source,
    trust: Trust,
}

impl Model {
    /// `join`.
    ///
    /// # Panics
    ///
    /// When a record in it does not verify.
    pub fn join(&mut self, state: &PeerState, source: &Source, trust: Trust) -> Union {
        let joining = Joining { state, source, trust };
        self.change(state.peer, |peer, at| joining.run(peer, at))
    }
}

impl Joining<'_> {
    fn run(&self, peer: &mut Peer, at: At<'_>) -> Union {
        let mut union = Union::default();
        if let Some(accepted) = &self.state.accepted {
            let open =
                |bytes: &[u8]| CertifiedRecord::verify(bytes, Dialects::Any).expect("signed");
            let rival = accepted.rival.as_ref().map(|(bytes, said)| (open(bytes), *said));
            let record = accepted.envelope.as_ref().map(|bytes| (open(bytes), accepted.said));
            let is_over = |offer: &Offer| !self.trust.times && offer.end <= at.now();
            // Of a record that is not told, or is over, there is a floor.
            let leaves_floor = record.is_none() || is_over(&self.offer(accepted, None, at));
            for (record, said) in rival.into_iter().chain(record) {
                let offer = self.offer(accepted, said, at);
                union.record = Some(if is_over(&offer) {
                    answer(Outcome::Refused { reason: Refusal::Expired })
                } else {
                    peer.arrive(&record, &offer, at)
                });
            }
            if leaves_floor {
                self.floor(peer, accepted, at);
            }
        }
        if let Some(outside) = &self.state.outside {
            let life = outside.left.min(at.limits.outside_floor_life);
            self.outside(peer, (outside.seq, outside.digest), life, at);
        }
        // A record that ended elsewhere leaves its floor alone.
        peer.settle(at);
        self.claims(peer, &mut union, at);
        self.dials(peer, at);
        union
    }

    /// The numbers, in this store's seconds: ages round up, and so do ends in seconds.
    fn offer(&self, state: &AcceptedState, said: Option<Duration>, at: At<'_>) -> Offer {
        let Trust { times, sources } = self.trust;
        let left = at.clamp(state.left);
        let kinds = if sources { state.kinds } else { SourceKinds::from(self.source.kind()) };
        let is_users = sources && state.kinds.has_user();
        let floor = at.time.dated_after(state.floor_left.min(at.limits.floor_life));
        let common = Offer {
            first: at.time.dated(),
            contact: None,
            claimed: None,
            last: at.time.dated(),
            floor,
            end: at.now().saturating_add(left),
            said: None,
            kinds,
            is_contact: false,
            is_joined: true,
            left,
        };
        if times {
            let mut contact = state.contact.map(|age| at.time.dated_before(age));
            if is_users && !state.ahead.is_zero() {
                contact = contact.max(Some(at.time.dated_after(at.clamp(state.ahead))));
            }
            return Offer {
                first: at.time.dated_before(state.first),
                contact,
                claimed: state.claimed.map(|age| at.time.second_before(age)),
                last: at.time.dated_before(state.last),
                said: said.map(|age| {
                    let ago = u64::try_from(age.as_nanos()).expect("a short time");
                    at.time.aging().saturating_sub(ago).max(1)
                }),
                ..common
            };
        }
        // Somebody else's times are a claimed contact (G4).
        let contact = if state.kinds.has_user() { state.said } else { state.contact };
        let ages = [Some(state.first), contact, state.claimed];
        let age = ages.into_iter().flatten().min().unwrap_or_default();
        let record_age = at.limits.record_age;
        let bounded = left.min(record_age.saturating_sub(age));
        let until = at.time.dated() + secs_up(left.saturating_sub(record_age));
        Offer {
            contact: is_users.then_some(until),
            claimed: (age < record_age).then(|| at.time.second_before(age)),
            end: at.now().saturating_add(if is_users { left } else { bounded }),
            left: if is_users { left } else { bounded },
            ..common
        }
    }

    /// A floor whose record does not come along.
    fn floor(&self, peer: &mut Peer, state: &AcceptedState, at: At<'_>) {
        let own = peer.accepted.as_ref().map(|accepted| accepted.seq);
        if own == Some(state.seq) {
            let offer = self.offer(state, None, at);
            peer.join_offer(&offer, self.trust.times);
        } else if own < Some(state.seq) {
            self.outside(peer, (state.seq, state.digest), state.floor_left, at);
        }
    }

    /// A floor from outside: the higher one; of two that are equal, the one that lasts longer.
    fn outside(
        &self,
        peer: &mut Peer,
        (seq, digest): (peermark_peer_record::Seq, peermark_peerstore::PayloadDigest),
        left: Duration,
        at: At<'_>,
    ) {
        let left = left.min(at.limits.outside_floor_life);
        let new = Outside { seq, digest, until: at.time.dated_after(left) };
        match &mut peer.outside {
            Some(held) if held.seq == seq => {
                held.until = held.until.max(new.until);
                held.digest = held.digest.min(digest);
            }
            _ if left.is_zero() => {}
            held if peer.accepted.as_ref().is_none_or(|accepted| accepted.seq < seq)
                && held.as_ref().is_none_or(|held| held.seq < seq) =>
            {
                *held = Some(new);
            }
            _ => {}
        }
    }

    fn claims(&self, peer: &mut Peer, union: &mut Union, at: At<'_>) {
        let mut new = Vec::new();
        for known in &self.state.addresses {
            for claim in known.claims.iter().filter(|claim| !claim.left.is_zero()) {
                let Ok(address) = normal(&known.address, &self.state.peer) else {
                    union.refused += 1;
                    continue;
                };
                let told = self.told(claim, at);
                let (who, lifetime) = (self.who(claim), Lifetime::Extend);
                match peer.claim(&address, who, told, lifetime, at, &mut 0) {
                    Put::Added => {
                        union.added += 1;
                        new.push(address);
                    }
                    Put::Updated => union.updated += 1,
                    Put::Unchanged => {}
                    Put::NoRoom => union.refused += 1,
                }
            }
        }
        // What came and had to go again for another of the same state was not added.
        let count = new.len();
        new.sort_unstable();
        new.dedup();
        let gone = count - new.iter().filter(|a| peer.class_told(a).is_some()).count();
        union.added -= gone;
        union.refused += gone;
    }

    fn who(&self, claim: &ClaimState) -> Who {
        match claim.kind {
            _ if !self.trust.sources => Who::of(self.source),
            None => Who::Handshake,
            Some(kind) => Who::Source(kind, claim.reporter),
        }
    }

    fn told(&self, claim: &ClaimState, at: At<'_>) -> Told {
        let left = at.clamp(claim.left);
        let told = Told {
            first: at.now(),
            last: at.now(),
            ends: at.now().saturating_add(left),
            ttl: left,
        };
        if !self.trust.times {
            return told;
        }
        let ttl = at.clamp(claim.ttl).max(left);
        Told { first: before(claim.first, at), last: before(claim.last, at), ttl, ..told }
    }

    /// The later success, and the failures since.
    fn dials(&self, peer: &mut Peer, at: At<'_>) {
        if !self.trust.sources {
            return;
        }
        for known in &self.state.addresses {
            let Ok(address) = normal(&known.address, &self.state.peer) else { continue };
            let DialState { success, failure, failures } = known.dials;
            if known.dials == DialState::default() || peer.class_of(&address).is_none() {
                continue;
            }
            let held = peer.dials.entry(address).or_default();
            let [success, failure] = [success, failure].map(|age| age.map(|age| before(age, at)));
            if success > held.last_success {
                held.failures = failures;
            } else if success == held.last_success {
                held.failures = held.failures.max(failures);
            }
            held.last_success = held.last_success.max(success);
            held.last_failure = held.last_failure.max(failure);
        }
    }
}

fn before(age: Duration, at: At<'_>) -> Timestamp {
    let ago = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    Timestamp::from_nanos(at.now().as_nanos().saturating_sub(ago))
}
