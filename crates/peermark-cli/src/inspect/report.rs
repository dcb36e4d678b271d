//! What is to be said about an envelope, for a person and for a program.

use std::collections::HashSet;

use peermark::envelope::{Envelope, Limits};
use peermark::identity::{PeerId, PeerIdExt as _, PublicKey};
use peermark::peer_record::{
    self, AddressDefect, CertifiedRecord, Dialect, Dialects, Stage, normalize_address,
};
use peermark::wire::{EnvelopeMessage, PeerRecordMessage};
use serde::Serialize;

use super::walk::{Found, Kind, Stop, Walk};
use crate::json::{Hex, Text};
use crate::refusal::Refusal;

/// Everything about one envelope.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    /// Whether it verifies as a peer record, in any dialect.
    pub(super) verified: bool,
    /// The format that it was in.
    pub(super) format: &'static str,
    /// Why the input is not wholly an envelope; then this is about its front part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) defect: Option<String>,
    /// Its length in bytes.
    pub(super) len: usize,
    pub(super) fields: Vec<Found<'a>>,
    #[serde(rename = "stopped")]
    pub(super) stops: Vec<Stop>,
    /// The canonical form, if it has one.
    pub(super) canonical: Option<Canonical>,
    pub(super) key: Option<Key>,
    pub(super) record: Option<Record<'a>>,
    pub(super) verdicts: [Verdict; 2],
}

#[derive(Debug, Serialize)]
pub(super) struct Canonical {
    pub(super) same: bool,
    pub(super) len: usize,
    /// What canonicalising changes.
    pub(super) changes: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Key {
    Usable { key_type: &'static str, peer_id: Text<PeerId> },
    Refused { error: String },
}

/// What the payload says, verified or not.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) peer_id: Option<Text<PeerId>>,
    pub(super) seq: Text<u64>,
    pub(super) addresses: Vec<Address<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Address<'a> {
    /// Where it starts in the envelope.
    pub(super) offset: usize,
    pub(super) bytes: Hex<'a>,
    pub(super) text: Option<String>,
    pub(super) fate: Fate,
}

/// What becomes of an address entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fate {
    Kept,
    Duplicate,
    Skipped(String),
}

/// What the verifier of one dialect says.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) dialect: Text<Dialect>,
    pub(super) ok: bool,
    /// The stage that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<Text<Stage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    pub(super) stages: Vec<StageReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct StageReport {
    pub(super) stage: Text<Stage>,
    pub(super) state: State,
    pub(super) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    Passed,
    Refused,
    NotReached,
}

impl<'a> Report<'a> {
    /// A report on `bytes`; `refusal` says why they are not the whole input.
    pub(super) fn new(
        bytes: &'a [u8],
        format: &'static str,
        refusal: Option<&Refusal>,
        limits: Limits,
    ) -> Self {
        let walk = Walk::new(bytes);
        let public_key = walk.bytes(Kind::PublicKey).map(|(key, _)| PublicKey::decode(key));
        let signer = public_key.as_ref().and_then(|key| key.as_ref().ok());
        let record = walk
            .bytes(Kind::Payload)
            .filter(|_| walk.is_record())
            .and_then(|(payload, offset)| Record::new(payload, offset, signer));
        let verdict = |dialect| Verdict::new(bytes, dialect, refusal, limits, signer);
        let verdicts = [verdict(Dialect::PeerRecord), verdict(Dialect::RoutingState)];
        Self {
            verified: verdicts.iter().any(|verdict| verdict.ok),
            format,
            defect: refusal.map(Refusal::to_string),
            len: bytes.len(),
            canonical: Canonical::new(bytes, &walk),
            key: public_key.map(|key| match key {
                Ok(key) => {
                    let (key_type, peer_id) = (key.key_type().name(), Text(key.peer_id()));
                    Key::Usable { key_type, peer_id }
                }
                Err(error) => Key::Refused { error: error.to_string() },
            }),
            record,
            fields: walk.fields,
            stops: walk.stops,
            verdicts,
        }
    }
}

impl Canonical {
    fn new(bytes: &[u8], walk: &Walk<'_>) -> Option<Self> {
        let limits = Limits::new(Limits::MAX_ENVELOPE_LEN).ok()?;
        let envelope = Envelope::decode_with(bytes, limits).ok()?;
        let same = envelope.as_bytes() == bytes;
        let mut changes = Vec::new();
        let top = || walk.fields.iter().filter(|field| field.depth == 0);
        let unknown = top().filter(|field| field.is_unsigned()).map(|field| field.number);
        let unknown: Vec<_> = unknown.map(|number| number.to_string()).collect();
        if !unknown.is_empty() {
            changes.push(format!("drops unknown fields: {}", unknown.join(", ")));
        }
        let known = || top().filter(|field| field.known.is_some()).map(|field| field.number);
        if !known().is_sorted() {
            changes.push("puts the fields in order".to_owned());
        }
        if !walk.fields.iter().any(|field| field.known == Some(Kind::KeyType)) {
            changes.push("writes the type of the key".to_owned());
        }
        if !same && changes.is_empty() {
            changes.push("shortens varints, or leaves out empty fields".to_owned());
        }
        Some(Self { same, len: envelope.as_bytes().len(), changes })
    }
}

impl<'a> Record<'a> {
    fn new(payload: &'a [u8], start: usize, signer: Option<&PublicKey>) -> Option<Self> {
        let message = PeerRecordMessage::decode(payload, usize::MAX).ok()?;
        let named = PeerId::from_multihash_bytes(message.peer_id()).ok();
        let peer = signer.map(PublicKey::peer_id).or(named);
        let mut seen = HashSet::new();
        let mut addresses = Vec::new();
        for entry in message.addresses() {
            let entry = entry.ok()?;
            let fate = match judge(entry.multiaddr, peer.as_ref()) {
                Ok(kept) => match seen.insert(kept) {
                    true => Fate::Kept,
                    false => Fate::Duplicate,
                },
                Err(defect) => Fate::Skipped(defect.to_string()),
            };
            addresses.push(Address {
                offset: start.saturating_add(entry.offset),
                bytes: Hex(entry.multiaddr),
                text: address_text(entry.multiaddr),
                fate,
            });
        }
        Some(Self { peer_id: named.map(Text), seq: Text(message.seq()), addresses })
    }
}

/// The address as it is kept for `peer`, or why it is skipped.
fn judge<'a>(
    bytes: &'a [u8],
    peer: Option<&PeerId>,
) -> Result<peer_record::Address<'a>, AddressDefect> {
    match peer {
        Some(peer) => normalize_address(bytes, peer),
        None => peer_record::Address::from_bytes(bytes),
    }
}

/// The text of an address, safe to show.
pub(super) fn address_text(bytes: &[u8]) -> Option<String> {
    peer_record::Address::from_bytes(bytes).ok().map(|address| address.to_string())
}

impl Verdict {
    fn new(
        bytes: &[u8],
        dialect: Dialect,
        refusal: Option<&Refusal>,
        limits: Limits,
        signer: Option<&PublicKey>,
    ) -> Self {
        let result = CertifiedRecord::verify_with(bytes, Dialects::Only(dialect), limits);
        let result = match refusal {
            Some(refusal) => Err(refusal.clone()),
            None => result.map_err(Refusal::Verify),
        };
        let refused = result.as_ref().err();
        let failed = refused.map(Refusal::stage);
        let stages = Stage::ALL.into_iter().map(|stage| {
            let (state, why) = match (refused, failed) {
                (Some(refusal), Some(failed)) if stage == failed => {
                    (State::Refused, refusal.to_string())
                }
                (_, Some(failed)) if stage > failed => (State::NotReached, String::new()),
                _ => match passed(stage, bytes, dialect, limits, signer) {
                    Some(why) => (State::Passed, why),
                    None => (State::NotReached, String::new()),
                },
            };
            StageReport { stage: Text(stage), state, why }
        });
        Self {
            dialect: Text(dialect),
            ok: result.is_ok(),
            stage: failed.map(Text),
            error: refused.map(Refusal::to_string),
            stages: stages.collect(),
        }
    }

    /// Whether both refuse for the same reason, before the dialect matters.
    pub(super) fn is_same_refusal(&self, other: &Self) -> bool {
        !self.ok
            && self.stage.map(|stage| stage.0) == other.stage.map(|stage| stage.0)
            && self.error == other.error
    }

    /// Whether there is nothing to say but that this is the other dialect.
    pub(super) fn is_other_dialect(&self) -> bool {
        self.stage.is_some_and(|stage| stage.0 == Stage::PayloadType)
    }
}

/// What it means that a stage in front of the one that refused was passed; `None` if it was not,
/// for the verifier takes what costs nothing first: a missing signature before the payload type, and
/// the payload type before the key's point.
fn passed(
    stage: Stage,
    bytes: &[u8],
    dialect: Dialect,
    limits: Limits,
    signer: Option<&PublicKey>,
) -> Option<String> {
    let purpose = dialect.purpose();
    let message = EnvelopeMessage::decode(bytes).ok();
    Some(match stage {
        Stage::Size => format!("{} of at most {} bytes", bytes.len(), limits.envelope_len()),
        Stage::Envelope => "well formed".to_owned(),
        Stage::Key => {
            let key = signer?;
            format!("{}, that of peer {}", key.key_type(), key.peer_id())
        }
        Stage::PayloadType => {
            message.filter(|message| message.payload_type == purpose.payload_type())?;
            format!("\"{}\"", purpose.payload_type().escape_ascii())
        }
        Stage::Signature => format!("by that key, for the domain {}", purpose.domain()),
        Stage::Record => format!("well formed, {} bytes", message?.payload.len()),
        Stage::PeerId => "the peer that the record names is the one whose key signed".to_owned(),
    })
}
