//! The portable form of a store: lines of JSON, one for each peer.
//!
//! The first line is `{"peermark-export":2}`. In the others times are ages and what is left, so that it
//! does not matter when and by which clock they are read. What is unknown is refused, not skipped: an
//! addition makes another version. Version 1, which had no ages, is read as well.

mod v1;

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use peermark::Multiaddr;
use peermark::identity::{PeerId, PeerIdExt as _};
use peermark::peer_record::{address_text, parse_address};
use peermark::peerstore::{
    AcceptedState, AddressState, ClaimState, DialState, OutsideState, PayloadDigest, PeerState,
};
use peermark::provenance::{Seq, SourceKind, SourceKinds};
use serde::{Deserialize, Serialize};

pub(super) use v1::Row as RowV1;

/// The version that is written.
pub(super) const VERSION: u32 = 2;

/// The longest line: of a peer with as many addresses and claims as there can be, and room for more.
pub(super) const MAX_LINE: usize = 4 << 20;

/// The first line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    #[serde(rename = "peermark-export")]
    pub(super) version: u32,
}

/// What is known of a peer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) peer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<Accepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outside: Option<Outside>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<Address>,
}

/// The record that was accepted last, or the floor that it left.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: String,
    /// SHA-256 of the payload, in hexadecimal.
    payload: String,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rival: Option<Rival>,
    left_ms: u64,
    first_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contact_ms: Option<u64>,
    /// How much longer than a week what the user delivered may live.
    #[serde(default, skip_serializing_if = "is_zero")]
    ahead_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claimed_ms: Option<u64>,
    last_ms: u64,
    floor_left_ms: u64,
    delivered_by: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    known: bool,
}

/// The second record of a contradiction.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rival {
    envelope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said_ms: Option<u64>,
}

/// A floor that somebody else told of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    seq: String,
    payload: String,
    left_ms: u64,
}

/// An address with its claims, those of the record aside, and what dialing it taught.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Base64, of an address that its text does not stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    claims: Vec<ClaimRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dials: Option<Dials>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimRow {
    /// A kind of source, or that a handshake succeeded.
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reporter: Option<String>,
    first_ms: u64,
    last_ms: u64,
    left_ms: u64,
    ttl_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dials {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    success_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_ms: Option<u64>,
    failures: u32,
}

const DIALED: &str = "dialed";

/// What is wrong with a row.
pub(super) type Defect = &'static str;

impl From<&PeerState> for Row {
    fn from(state: &PeerState) -> Self {
        Self {
            peer: state.peer.to_string(),
            accepted: state.accepted.as_ref().map(Accepted::of),
            outside: state.outside.as_ref().map(|outside| Outside {
                seq: outside.seq.to_string(),
                payload: outside.digest.to_string(),
                left_ms: left(outside.left),
            }),
            addresses: state.addresses.iter().map(Address::of).collect(),
        }
    }
}

impl Row {
    /// What the row says of its peer.
    pub(super) fn state(&self) -> Result<PeerState, Defect> {
        let outside = self.outside.as_ref().map(|outside| -> Result<_, Defect> {
            Ok(OutsideState {
                seq: seq(&outside.seq)?,
                digest: digest(&outside.payload)?,
                left: Duration::from_millis(outside.left_ms),
            })
        });
        Ok(PeerState {
            peer: peer(&self.peer)?,
            accepted: self.accepted.as_ref().map(Accepted::state).transpose()?,
            outside: outside.transpose()?,
            addresses: self.addresses.iter().map(Address::state).collect::<Result<_, _>>()?,
        })
    }
}

impl Accepted {
    fn of(state: &AcceptedState) -> Self {
        Self {
            seq: state.seq.to_string(),
            payload: state.digest.to_string(),
            envelope: state.envelope.as_ref().map(|envelope| BASE64.encode(envelope)),
            said_ms: state.said.map(age),
            rival: state.rival.as_ref().map(|(envelope, said)| Rival {
                envelope: BASE64.encode(envelope),
                said_ms: said.map(age),
            }),
            left_ms: left(state.left),
            first_ms: age(state.first),
            contact_ms: state.contact.map(age),
            ahead_ms: left(state.ahead),
            claimed_ms: state.claimed.map(age),
            last_ms: age(state.last),
            floor_left_ms: left(state.floor_left),
            delivered_by: state.kinds.iter().map(|kind| kind.to_string()).collect(),
            known: state.is_known,
        }
    }

    fn state(&self) -> Result<AcceptedState, Defect> {
        let envelope = |text: &String| {
            BASE64.decode(text.as_bytes()).map(Into::into).map_err(|_| "invalid base64 of a record")
        };
        let rival = self.rival.as_ref().map(|rival| {
            Ok::<_, Defect>((envelope(&rival.envelope)?, rival.said_ms.map(Duration::from_millis)))
        });
        if self.envelope.is_some() && self.delivered_by.is_empty() {
            return Err("a record without a source");
        }
        Ok(AcceptedState {
            seq: seq(&self.seq)?,
            digest: digest(&self.payload)?,
            envelope: self.envelope.as_ref().map(envelope).transpose()?,
            said: self.said_ms.map(Duration::from_millis),
            rival: rival.transpose()?,
            left: Duration::from_millis(self.left_ms),
            first: Duration::from_millis(self.first_ms),
            contact: self.contact_ms.map(Duration::from_millis),
            ahead: Duration::from_millis(self.ahead_ms),
            claimed: self.claimed_ms.map(Duration::from_millis),
            last: Duration::from_millis(self.last_ms),
            floor_left: Duration::from_millis(self.floor_left_ms),
            kinds: kinds(&self.delivered_by)?,
            is_known: self.known,
        })
    }
}

impl Address {
    fn of(state: &AddressState) -> Self {
        let (address, bytes) = written(&state.address);
        let DialState { success, failure, failures } = state.dials;
        let dials = Dials { success_ms: success.map(age), failure_ms: failure.map(age), failures };
        Self {
            address,
            bytes,
            claims: state.claims.iter().map(ClaimRow::of).collect(),
            dials: (state.dials != DialState::default()).then_some(dials),
        }
    }

    fn state(&self) -> Result<AddressState, Defect> {
        let dials = self.dials.as_ref().map(|dials| DialState {
            success: dials.success_ms.map(Duration::from_millis),
            failure: dials.failure_ms.map(Duration::from_millis),
            failures: dials.failures,
        });
        Ok(AddressState {
            address: read(self.address.as_deref(), self.bytes.as_deref())?,
            claims: self.claims.iter().map(ClaimRow::state).collect::<Result<_, _>>()?,
            dials: dials.unwrap_or_default(),
        })
    }
}

impl ClaimRow {
    fn of(claim: &ClaimState) -> Self {
        Self {
            source: claim.kind.map_or_else(|| DIALED.to_owned(), |kind| kind.to_string()),
            reporter: claim.reporter.map(|peer| peer.to_string()),
            first_ms: age(claim.first),
            last_ms: age(claim.last),
            left_ms: left(claim.left),
            ttl_ms: left(claim.ttl),
        }
    }

    fn state(&self) -> Result<ClaimState, Defect> {
        let (kind, reporter) = by(&self.source, self.reporter.as_deref())?;
        Ok(ClaimState {
            kind,
            reporter,
            first: Duration::from_millis(self.first_ms),
            last: Duration::from_millis(self.last_ms),
            left: Duration::from_millis(self.left_ms),
            ttl: Duration::from_millis(self.ttl_ms),
        })
    }
}

/// An address as text, or its bytes where the text does not stand for it.
fn written(address: &Multiaddr) -> (Option<String>, Option<String>) {
    let text = address_text(address);
    let is_whole = parse_address(&text).is_ok_and(|parsed| parsed == *address);
    if is_whole { (Some(text), None) } else { (None, Some(BASE64.encode(address.as_ref()))) }
}

fn read(text: Option<&str>, bytes: Option<&str>) -> Result<Multiaddr, Defect> {
    match (text, bytes) {
        (Some(text), None) => parse_address(text).map_err(|_| "invalid multiaddr"),
        (None, Some(bytes)) => {
            let bytes = BASE64.decode(bytes.as_bytes());
            let bytes = bytes.map_err(|_| "invalid base64 of an address")?;
            Multiaddr::try_from(bytes).map_err(|_| "invalid bytes of a multiaddr")
        }
        _ => Err("an address is either text or bytes"),
    }
}

/// Who makes a claim: the kind of source, or none for a handshake; and the peer that told.
fn by(
    source: &str,
    reporter: Option<&str>,
) -> Result<(Option<SourceKind>, Option<PeerId>), Defect> {
    if source == DIALED {
        return match reporter {
            None => Ok((None, None)),
            Some(_) => Err("a handshake with a reporter"),
        };
    }
    let kind = source.parse().map_err(|_| "unknown source of a claim")?;
    let reporter = reporter.map(|text| PeerId::parse_text(text).map_err(|_| "invalid reporter"));
    Ok((Some(kind), reporter.transpose()?))
}

fn kinds(names: &[String]) -> Result<SourceKinds, Defect> {
    let mut kinds = SourceKinds::NONE;
    for name in names {
        let kind: SourceKind = name.parse().map_err(|_| "unknown source of a record")?;
        kinds = kinds.with(kind);
    }
    Ok(kinds)
}

fn peer(text: &str) -> Result<PeerId, Defect> {
    PeerId::parse_text(text).map_err(|_| "invalid peer id")
}

fn seq(text: &str) -> Result<Seq, Defect> {
    text.parse().map(Seq::new).map_err(|_| "invalid sequence number")
}

fn digest(text: &str) -> Result<PayloadDigest, Defect> {
    let digest = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let digest = digest.and_then(|digest| <[u8; 32]>::try_from(digest).ok());
    digest.map(PayloadDigest::from_bytes).ok_or("invalid digest: not 32 bytes in hexadecimal")
}

/// Milliseconds of an age, rounded up.
fn age(age: Duration) -> u64 {
    u64::try_from(age.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// Milliseconds of what is left, rounded down.
fn left(left: Duration) -> u64 {
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

fn is_false(is: &bool) -> bool {
    !is
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
