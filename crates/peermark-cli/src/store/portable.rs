//! The portable form of a store: lines of JSON, one for each peer.
//!
//! The first line is `{"peermark-export":1}`. In the others time is what is left of it, so that it
//! does not matter when and by which clock they are read. What is unknown is refused, not skipped:
//! whoever adds to this makes another version of it.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use peermark::Multiaddr;
use peermark::identity::{PeerId, PeerIdExt as _};
use peermark::peer_record::{Seq, address_text, parse_address};
use peermark::peerstore::{AddressView, PayloadDigest, PeerEntry, PeerView};
use peermark::provenance::{Claim, ClaimKind, Expiry, Source, SourceKind, Timestamp};
use serde::{Deserialize, Serialize};

use super::show::millis;

/// The version of the form.
pub(super) const VERSION: u32 = 1;

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
    pub(super) record: Option<Record>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) floor: Option<Floor>,
}

/// The signed record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Base64.
    pub(super) envelope: String,
    pub(super) delivered_by: Vec<String>,
    pub(super) ttl_ms: u64,
}

/// An address with what is claimed of it, beside the record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Base64, of an address that its text does not stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    pub(super) claims: Vec<ClaimRow>,
}

/// Who says so.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimRow {
    /// A kind of source, or that a handshake succeeded.
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reporter: Option<String>,
    ttl_ms: u64,
}

/// Below which no record comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Floor {
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: String,
    digest: String,
    life_ms: u64,
}

const DIALED: &str = "dialed";

/// Why a row cannot be what a store has.
pub(super) type Defect = &'static str;

impl Row {
    /// What holds at `now` and `floor_now`; `None` where nothing does.
    pub(super) fn of(entry: &PeerEntry, now: Timestamp, floor_now: u32) -> Option<Self> {
        let view = PeerView::new(entry, now);
        let record = view.record().map(|record| Record {
            envelope: BASE64.encode(record.as_bytes()),
            delivered_by: deliverers(&view),
            ttl_ms: millis(record.expires().saturating_since(now)),
        });
        let addresses: Vec<_> =
            view.addresses().filter_map(|address| Address::of(&address, now)).collect();
        let floor = entry.floor().filter(|floor| record.is_some() || floor.until > floor_now);
        let floor = floor.map(|floor| Floor {
            seq: floor.seq.to_string(),
            digest: floor.digest.to_string(),
            life_ms: u64::from(floor.until.saturating_sub(floor_now)).saturating_mul(1000),
        });
        let is_something = record.is_some() || !addresses.is_empty() || floor.is_some();
        let peer = view.peer_id().to_string();
        is_something.then_some(Self { peer, record, addresses, floor })
    }

    pub(super) fn peer(&self) -> Result<PeerId, Defect> {
        PeerId::parse_text(&self.peer).map_err(|_| "its peer is no peer id")
    }
}

/// Who delivered the record: all of its addresses say so.
fn deliverers(view: &PeerView<'_>) -> Vec<String> {
    let provenance = view.addresses().next().map(|address| address.provenance());
    let certification = provenance.as_ref().and_then(|provenance| provenance.certification());
    let kinds =
        certification.into_iter().flat_map(|certification| certification.delivered_by().iter());
    kinds.map(|kind| kind.to_string()).collect()
}

impl Record {
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Defect> {
        BASE64.decode(self.envelope.as_bytes()).map_err(|_| "its record is no base64")
    }

    /// The sources to deliver it again, at least one.
    pub(super) fn sources(&self, peer: PeerId) -> Result<Vec<Source>, Defect> {
        let kinds = self.delivered_by.iter().map(|kind| match kind.parse() {
            Ok(SourceKind::Identify) => Ok(Source::identify(peer)),
            Ok(kind) => Ok(Source::of(kind)),
            Err(_) => Err("its record was delivered by no source of that name"),
        });
        let sources: Vec<_> = kinds.collect::<Result<_, _>>()?;
        if sources.is_empty() { Err("its record was delivered by nobody") } else { Ok(sources) }
    }

    pub(super) fn ttl(&self) -> Result<Duration, Defect> {
        ttl(self.ttl_ms)
    }
}

impl Address {
    fn of(view: &AddressView<'_>, now: Timestamp) -> Option<Self> {
        let claims: Vec<_> = view
            .provenance()
            .claims()
            .iter()
            .filter_map(|claim| ClaimRow::of(claim, now))
            .collect();
        if claims.is_empty() {
            return None;
        }
        let multiaddr = view.address().to_multiaddr();
        let text = address_text(&multiaddr);
        let is_whole = parse_address(&text).is_ok_and(|parsed| parsed == multiaddr);
        let bytes = (!is_whole).then(|| BASE64.encode(multiaddr.as_ref()));
        Some(Self { address: is_whole.then_some(text), bytes, claims })
    }

    pub(super) fn multiaddr(&self) -> Result<Multiaddr, Defect> {
        match (&self.address, &self.bytes) {
            (Some(text), None) => parse_address(text).map_err(|_| "an address is no multiaddr"),
            (None, Some(bytes)) => {
                let bytes = BASE64.decode(bytes.as_bytes());
                let bytes = bytes.map_err(|_| "the bytes of an address are no base64")?;
                Multiaddr::try_from(bytes).map_err(|_| "the bytes of an address are no multiaddr")
            }
            _ => Err("an address is either text or bytes"),
        }
    }
}

/// What a claim rests on, beside a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Handshake,
    Source(Source),
}

impl ClaimRow {
    /// `None` for what the record says.
    fn of(claim: &Claim, now: Timestamp) -> Option<Self> {
        let (source, reporter) = match claim.kind() {
            ClaimKind::Certified(_) => return None,
            ClaimKind::Dialed => (DIALED.to_owned(), None),
            ClaimKind::Reported(source) => {
                (source.kind().to_string(), source.reporter().map(ToString::to_string))
            }
        };
        let left = match claim.expiry() {
            Expiry::At(at) => at.saturating_since(now),
            Expiry::AfterDisconnect(after) => after,
        };
        Some(Self { source, reporter, ttl_ms: millis(left) })
    }

    pub(super) fn by(&self) -> Result<By, Defect> {
        if self.source == DIALED {
            return match self.reporter {
                None => Ok(By::Handshake),
                Some(_) => Err("nobody reports a handshake"),
            };
        }
        let kind: SourceKind =
            self.source.parse().map_err(|_| "a claim has no source of that name")?;
        let source = Source::of(kind);
        let Some(reporter) = &self.reporter else { return Ok(By::Source(source)) };
        let reporter = PeerId::parse_text(reporter).map_err(|_| "a reporter is no peer id")?;
        Ok(By::Source(source.reported_by(reporter)))
    }

    pub(super) fn ttl(&self) -> Result<Duration, Defect> {
        ttl(self.ttl_ms)
    }
}

/// Time that is left: none would take back what is there.
fn ttl(millis: u64) -> Result<Duration, Defect> {
    if millis == 0 {
        Err("of something no time is left")
    } else {
        Ok(Duration::from_millis(millis))
    }
}

impl Floor {
    /// The record that was accepted last.
    pub(super) fn record(&self) -> Result<(Seq, PayloadDigest), Defect> {
        let seq: u64 = self.seq.parse().map_err(|_| "the sequence number of its floor is none")?;
        let digest = HEXLOWER_PERMISSIVE.decode(self.digest.as_bytes()).ok();
        let digest = digest.and_then(|digest| <[u8; 32]>::try_from(digest).ok());
        let digest = digest.ok_or("the digest of its floor is not 32 bytes in hex")?;
        Ok((Seq::new(seq), PayloadDigest::from_bytes(digest)))
    }

    pub(super) fn life(&self) -> Duration {
        Duration::from_millis(self.life_ms)
    }
}
