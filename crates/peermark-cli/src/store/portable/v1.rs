//! Version 1 of the portable form, which had no ages: what it says begins now.

use std::time::Duration;

use data_encoding::BASE64;
use peermark::peer_record::{CertifiedRecord, Dialects};
use peermark::peerstore::{
    AcceptedState, AddressState, ClaimState, DialState, PayloadDigest, PeerState,
};
use serde::Deserialize;

use super::{Defect, by, digest, kinds, peer, read, seq};

/// What is known of a peer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Row {
    peer: String,
    record: Option<Record>,
    #[serde(default)]
    addresses: Vec<Address>,
    floor: Option<Floor>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    envelope: String,
    delivered_by: Vec<String>,
    ttl_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    address: Option<String>,
    bytes: Option<String>,
    claims: Vec<ClaimRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimRow {
    source: String,
    reporter: Option<String>,
    ttl_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    seq: String,
    digest: String,
    life_ms: u64,
}

impl Row {
    /// What the row says of its peer.
    pub(in super::super) fn state(&self) -> Result<PeerState, Defect> {
        let floor_left = self.floor.as_ref().map(|floor| Duration::from_millis(floor.life_ms));
        let accepted = match (&self.record, &self.floor) {
            (Some(record), _) => Some(record.state(floor_left.unwrap_or_default())?),
            (None, Some(floor)) => Some(floor.state()?),
            (None, None) => None,
        };
        let addresses = self.addresses.iter().map(Address::state).collect::<Result<_, _>>()?;
        Ok(PeerState { peer: peer(&self.peer)?, accepted, outside: None, addresses })
    }
}

impl Record {
    fn state(&self, floor_left: Duration) -> Result<AcceptedState, Defect> {
        let envelope = BASE64.decode(self.envelope.as_bytes());
        let envelope = envelope.map_err(|_| "invalid base64 of a record")?;
        if self.delivered_by.is_empty() {
            return Err("a record without a source");
        }
        // The row does not say which record it is; it is verified again when the state is.
        let record = CertifiedRecord::verify(&envelope, Dialects::Any);
        let record = record.map_err(|_| "a record that does not verify")?;
        Ok(AcceptedState {
            seq: record.seq(),
            digest: PayloadDigest::of(record.payload()),
            envelope: Some(envelope.into()),
            said: None,
            rival: None,
            left: Duration::from_millis(self.ttl_ms),
            first: Duration::ZERO,
            contact: None,
            ahead: Duration::ZERO,
            claimed: None,
            last: Duration::ZERO,
            floor_left,
            kinds: kinds(&self.delivered_by)?,
            is_known: false,
        })
    }
}

impl Floor {
    fn state(&self) -> Result<AcceptedState, Defect> {
        Ok(AcceptedState {
            seq: seq(&self.seq)?,
            digest: digest(&self.digest)?,
            envelope: None,
            said: None,
            rival: None,
            left: Duration::ZERO,
            first: Duration::ZERO,
            contact: None,
            ahead: Duration::ZERO,
            claimed: None,
            last: Duration::ZERO,
            floor_left: Duration::from_millis(self.life_ms),
            kinds: peermark::provenance::SourceKinds::NONE,
            is_known: false,
        })
    }
}

impl Address {
    fn state(&self) -> Result<AddressState, Defect> {
        let claim = |claim: &ClaimRow| {
            let (kind, reporter) = by(&claim.source, claim.reporter.as_deref())?;
            let left = Duration::from_millis(claim.ttl_ms);
            let (first, last) = (Duration::ZERO, Duration::ZERO);
            Ok::<_, Defect>(ClaimState { kind, reporter, first, last, left, ttl: left })
        };
        Ok(AddressState {
            address: read(self.address.as_deref(), self.bytes.as_deref())?,
            claims: self.claims.iter().map(claim).collect::<Result<_, _>>()?,
            dials: DialState::default(),
        })
    }
}
