//! What one store knows of a peer, for another to join in (G2).
//!
//! Times cross as durations: ages of what happened, and time left of what ends. So the two stores need
//! no common clock.

use core::time::Duration;

use bytes::Bytes;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Dialects, VerifyError};
use peermark_provenance::{Seq, SourceKind, SourceKinds};

use crate::clock::Moment;
use crate::context::Context;
use crate::entry::{Claimant, Life, Marks, PeerEntry, ReportedAddress, StoredClaim, secs_begun};
use crate::outcome::PayloadDigest;
use crate::transition::Join;

/// What a store knows of one peer.
///
/// Nothing in it is verified: [`verify`](Self::verify) makes it something that a store takes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark_identity::Keypair;
/// use peermark_peer_record::{Dialect, PeerRecord};
/// use peermark_peerstore::{Config, Peerstore};
/// use peermark_provenance::{Source, Timestamp};
///
/// let [one, other] = [0, 1].map(|_| Peerstore::in_memory(Config::default()));
/// let alice = Keypair::generate_ed25519()?;
/// let record = PeerRecord::new(alice.peer_id(), 7.into(), ["/ip4/192.0.2.1/tcp/4001".parse()?])
///     .certify(&alice, Dialect::PeerRecord)?;
/// let (hour, now) = (Duration::from_secs(3600), Timestamp::from_secs(1_800_000_000));
/// let _ = one.apply(&record, &Source::DHT, hour, now)?;
///
/// // The other store has another clock, which does not matter.
/// let state = one.state(&alice.peer_id(), now)?.expect("a peer that is known");
/// let join = state.verify()?.trusting_times().keeping_sources();
/// let joined = other.join(&join, &Source::PEER_EXCHANGE, Timestamp::from_secs(7))?;
/// assert!(joined.record.is_some());
/// assert!(other.signed_record(&alice.peer_id(), Timestamp::from_secs(8))?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct PeerState {
    /// The peer.
    pub peer: PeerId,
    /// What was accepted last.
    pub accepted: Option<AcceptedState>,
    /// A floor that somebody else told of.
    pub outside: Option<OutsideState>,
    /// The addresses of which more is known than that they are certified.
    pub addresses: Vec<AddressState>,
}

/// The record that was accepted last of a peer, or its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct AcceptedState {
    /// The sequence number.
    pub seq: Seq,
    /// The payload.
    pub digest: PayloadDigest,
    /// The canonical envelope, where it is kept.
    pub envelope: Option<Bytes>,
    /// How long ago the peer itself last said it over a contact.
    pub said: Option<Duration>,
    /// The second payload of a contradiction, and how long ago the peer itself said it.
    pub rival: Option<(Bytes, Option<Duration>)>,
    /// Time left of the end that deliveries offered.
    pub left: Duration,
    /// How long ago it was accepted first.
    pub first: Duration,
    /// How long ago the last contact was.
    pub contact: Option<Duration>,
    /// How far ahead a contact lies that stands for the time to live of what the user delivered; zero
    /// where there is none.
    pub ahead: Duration,
    /// How long ago a contact was that others claim.
    pub claimed: Option<Duration>,
    /// How long ago a delivery last counted.
    pub last: Duration,
    /// Time left of the floor.
    pub floor_left: Duration,
    /// The kinds of source that delivered it.
    pub kinds: SourceKinds,
    /// Whether more than one group of sources told of the peer, or it was in contact before.
    pub is_known: bool,
}

/// A floor that somebody else told of, without the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct OutsideState {
    /// The sequence number.
    pub seq: Seq,
    /// The payload.
    pub digest: PayloadDigest,
    /// Time left.
    pub left: Duration,
}

/// An address with its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct AddressState {
    /// The address, without the peer's own `/p2p/` suffix.
    pub address: Multiaddr,
    /// The claims.
    pub claims: Vec<ClaimState>,
    /// What dialing it taught (P6).
    pub dials: DialState,
}

/// What dialing an address taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct DialState {
    /// How long ago a handshake with the peer last succeeded.
    pub success: Option<Duration>,
    /// How long ago a dial last failed.
    pub failure: Option<Duration>,
    /// How many dials failed since the last success.
    pub failures: u32,
}

/// A claim on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and read by those that carry it")]
pub struct ClaimState {
    /// The kind of source; `None` for a handshake.
    pub kind: Option<SourceKind>,
    /// The peer that told.
    pub reporter: Option<PeerId>,
    /// How long ago it was made first.
    pub first: Duration,
    /// How long ago it was made last.
    pub last: Duration,
    /// Time left; of a claim that a connection holds, the time it has after the disconnect.
    pub left: Duration,
    /// How long it was given.
    pub ttl: Duration,
}

impl PeerState {
    /// Whether it says nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accepted.is_none() && self.outside.is_none() && self.addresses.is_empty()
    }

    /// Verifies the signatures of its records.
    ///
    /// # Errors
    ///
    /// [`StateError`] if one does not verify, or is of another peer or sequence number.
    pub fn verify(self) -> Result<Join, StateError> {
        let Self { peer, accepted, outside, addresses } = self;
        let is_foreign = |claim: &ClaimState| {
            claim.kind == Some(SourceKind::Identify) && claim.reporter != Some(peer)
        };
        if addresses.iter().flat_map(|known| &known.claims).any(is_foreign) {
            return Err(StateError::NotItself);
        }
        let accepted = match accepted {
            None => None,
            Some(state) => {
                let verify = |envelope: &Bytes| {
                    let limits =
                        peermark_envelope::Limits::new(peermark_envelope::Limits::MAX_ENVELOPE_LEN);
                    let limits = limits.unwrap_or_default();
                    let record = CertifiedRecord::verify_with(envelope, Dialects::Any, limits)?;
                    let is_of_it = record.peer_id() == peer && record.seq() == state.seq;
                    if is_of_it { Ok(record) } else { Err(StateError::Mismatch) }
                };
                let record = state.envelope.as_ref().map(verify).transpose()?;
                let rival = state
                    .rival
                    .as_ref()
                    .map(|(envelope, said)| verify(envelope).map(|rival| (rival, *said)));
                Some((state.clone(), record, rival.transpose()?))
            }
        };
        Ok(Join::new(peer, accepted, outside, addresses))
    }
}

/// Why what another store knows is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A record does not verify.
    #[error("invalid record")]
    Invalid(#[from] VerifyError),
    /// A record is of another peer, or has another sequence number.
    #[error("record of another peer or sequence number")]
    Mismatch,
    /// A claim of identify that the peer itself did not make (S16).
    #[error("identify cannot report another peer than the connected one")]
    NotItself,
}

/// Ages and what is left, at one moment.
struct Ages {
    at: Moment,
}

impl Ages {
    fn aging(&self, secs: u32) -> Duration {
        let at = Duration::from_secs(secs.into());
        Duration::from_nanos(self.at.aging).saturating_sub(at)
    }

    fn aging_if(&self, secs: u32) -> Option<Duration> {
        (secs > 0).then(|| self.aging(secs))
    }

    fn aging_left(&self, secs: u32) -> Duration {
        let at = Duration::from_secs(secs.into());
        at.saturating_sub(Duration::from_nanos(self.at.aging))
    }

    fn said(&self, nanos: u64) -> Option<Duration> {
        (nanos > 0).then(|| Duration::from_nanos(self.at.aging.saturating_sub(nanos)))
    }

    fn accepted(&self, seq: Seq, life: Life, marks: Marks, said: u64) -> AcceptedState {
        // One that lies ahead stands for the user's time to live, and was none.
        let is_ahead = life.contact > self.at.aging_secs_begun();
        let contact = if is_ahead { secs_begun(said) } else { life.contact };
        AcceptedState {
            seq,
            digest: PayloadDigest::of(&[]),
            envelope: None,
            said: self.said(said),
            rival: None,
            left: life.end.saturating_since(self.at.now),
            first: self.aging(life.first),
            contact: self.aging_if(contact),
            ahead: self.aging_left(life.contact),
            claimed: self.aging_if(life.claimed),
            last: self.aging(life.last),
            floor_left: self.aging_left(life.floor),
            kinds: marks.kinds(),
            is_known: marks.has(Marks::KNOWN),
        }
    }

    fn claim(&self, claim: &StoredClaim, connected: bool) -> ClaimState {
        let (kind, reporter) = match &claim.by {
            Claimant::Dialed => (None, None),
            Claimant::Source(kind, reporter) => {
                let peer = reporter.as_deref().and_then(|peer| PeerId::from_bytes(peer).ok());
                (Some(*kind), peer)
            }
        };
        let left = match claim.due(connected) {
            Some(due) => due.saturating_since(self.at.now),
            None => claim.ttl,
        };
        let first = self.at.now.saturating_since(claim.first_seen);
        let last = self.at.now.saturating_since(claim.last_seen);
        ClaimState { kind, reporter, first, last, left, ttl: claim.ttl }
    }
}

impl PeerEntry {
    /// What another store is told of the peer, at this moment.
    #[must_use]
    pub fn state(&self, cx: &Context<'_>) -> PeerState {
        let mut entry = self.clone();
        entry.expire(cx);
        let ages = Ages { at: cx.at };
        let rest = entry.extra.as_ref().map(|extra| &extra.rest);
        let evidence = rest.and_then(|rest| rest.evidence.as_deref());
        let copy = |bytes: &[u8]| (!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes));
        let accepted = if entry.has_record() {
            // As if the peer disconnected now.
            let life = entry.life_now(cx.at, cx.limits).lasting(cx.at, cx.limits);
            let mut state = ages.accepted(entry.seq, life, entry.marks, entry.said);
            state.digest = PayloadDigest::of(entry.record.payload());
            state.envelope = copy(entry.record.envelope());
            Some(state)
        } else {
            rest.and_then(|rest| rest.floor.as_deref()).map(|floor| {
                let said = floor.content.said;
                let mut state = ages.accepted(floor.seq, floor.life, floor.marks, said);
                state.digest = floor.content.digest;
                state.envelope = evidence.and_then(|evidence| copy(&evidence.held));
                state
            })
        };
        let rival = evidence.and_then(|evidence| {
            let said = ages.said(evidence.rival.content.said);
            copy(&evidence.rival.envelope).map(|envelope| (envelope, said))
        });
        let accepted = accepted.map(|state| AcceptedState { rival, ..state });
        let outside = rest.and_then(|rest| rest.outside.as_deref()).map(|outside| OutsideState {
            seq: outside.seq,
            digest: outside.digest,
            left: ages.aging_left(outside.until),
        });
        let connected = entry.is_connected();
        let address = |known: &ReportedAddress| AddressState {
            address: known.as_address().to_multiaddr(),
            claims: known.claims.iter().map(|claim| ages.claim(claim, connected)).collect(),
            dials: DialState {
                success: known.dials.last_success.map(|at| cx.now().saturating_since(at)),
                failure: known.dials.last_failure.map(|at| cx.now().saturating_since(at)),
                failures: known.dials.failures,
            },
        };
        let addresses = entry.reported().iter().map(address);
        PeerState { peer: entry.peer_id(), accepted, outside, addresses: addresses.collect() }
    }
}
