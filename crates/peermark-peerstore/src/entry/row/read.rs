//! Bytes, as an entry. Nothing is allocated for a length that the bytes do not have.

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::Seq;
use peermark_provenance::{DialHistory, SourceKind, SourceKinds, Timestamp};

use super::write::{DIALED, NAMED, has};
use super::{FORMAT, RowError};
use crate::entry::{Claimant, Extra, Floor, Packed, PeerEntry, ReportedAddress, StoredClaim};
use crate::outcome::PayloadDigest;

pub(super) fn entry(bytes: &[u8]) -> Result<PeerEntry, RowError> {
    let mut from = Reader { bytes, at: 0 };
    if from.u8()? != FORMAT {
        return Err(RowError::Malformed { what: "the format", at: 0 });
    }
    let flags = from.u8()?;
    let known = has::RECORD | has::EXTRA | has::FLOOR | has::CONNECTED;
    let is = |flag| flags & flag != 0;
    let more = is(has::FLOOR) || is(has::CONNECTED);
    // A peer is named by its record, or beside it.
    if flags & !known != 0 || (more && !is(has::EXTRA)) || !(is(has::RECORD) || is(has::EXTRA)) {
        return Err(from.malformed("what there is"));
    }
    let mut entry = PeerEntry::vacant();
    entry.group = from.u16()?;
    if is(has::RECORD) {
        entry.seq = Seq::new(from.u64()?);
        entry.expires = from.time()?;
        entry.accepted = from.time()?;
        entry.accepted_last = from.u32()?;
        entry.floor_until = from.u32()?;
        entry.delivered_by = SourceKinds::from_bits(from.u16()?);
        entry.record = Packed::decode(&mut from)?;
    }
    if is(has::EXTRA) {
        let peer = from.peer()?;
        let floor = if is(has::FLOOR) { Some(floor(&mut from)?) } else { None };
        let count = from.u16()?;
        let addresses = (0..count).map(|_| address(&mut from)).collect::<Result<_, _>>()?;
        let connected = is(has::CONNECTED);
        let bytes = peer.multihash_bytes();
        let extra = Extra { peer: bytes, floor, connected, addresses };
        if is(has::RECORD) || !extra.is_spare() {
            entry.extra = Some(Box::new(extra));
        } else {
            entry.begin(&peer, None);
        }
    }
    let excess = from.rest().len();
    if excess == 0 { Ok(entry) } else { Err(RowError::Trailing { excess }) }
}

fn floor(from: &mut Reader<'_>) -> Result<Floor, RowError> {
    Ok(Floor {
        seq: Seq::new(from.u64()?),
        digest: PayloadDigest::from_bytes(from.array()?),
        accepted: from.time()?,
        until: from.u32()?,
        group: from.u16()?,
        lives_until: from.time()?,
    })
}

fn address(from: &mut Reader<'_>) -> Result<ReportedAddress, RowError> {
    let len = from.u16()?;
    let bytes = from.take(len.into())?.into();
    let group = from.u16()?;
    let mut dials = DialHistory::default();
    dials.last_success = from.option()?;
    dials.last_failure = from.option()?;
    dials.failures = from.u32()?;
    let count = from.u16()?;
    let claims = (0..count).map(|_| claim(from)).collect::<Result<_, _>>()?;
    Ok(ReportedAddress { address: bytes, claims, dials, group })
}

fn claim(from: &mut Reader<'_>) -> Result<StoredClaim, RowError> {
    let tag = from.u8()?;
    let by = match tag {
        DIALED => Claimant::Dialed,
        tag => {
            let number = usize::from(tag & !NAMED).checked_sub(1);
            let kind = number.and_then(|number| SourceKind::ALL.get(number).copied());
            let kind = match kind.ok_or_else(|| from.malformed("a kind of source"))? {
                SourceKind::Application(_) => SourceKind::Application(from.u16()?),
                kind => kind,
            };
            let reporter =
                if tag & NAMED == 0 { None } else { Some(from.peer()?.multihash_bytes()) };
            Claimant::Source(kind, reporter)
        }
    };
    Ok(StoredClaim {
        by,
        first_seen: from.time()?,
        last_seen: from.time()?,
        ends: from.time()?,
        ttl: from.duration()?,
        group: from.u16()?,
    })
}

/// What is left of the bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], RowError> {
        let taken = self.rest().get(..len);
        let taken = taken.ok_or(RowError::Truncated { at: self.bytes.len() })?;
        self.at = self.at.saturating_add(len);
        Ok(taken)
    }

    /// That what was just read cannot be.
    pub(crate) fn malformed(&self, what: &'static str) -> RowError {
        RowError::Malformed { what, at: self.at.saturating_sub(1) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let at = self.bytes.len();
        self.take(N)?.try_into().map_err(|_| RowError::Truncated { at })
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RowError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, RowError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, RowError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, RowError> {
        self.array().map(u64::from_le_bytes)
    }

    fn time(&mut self) -> Result<Timestamp, RowError> {
        self.u64().map(Timestamp::from_nanos)
    }

    fn option(&mut self) -> Result<Option<Timestamp>, RowError> {
        self.time().map(|at| Some(at).filter(|at| *at != Timestamp::EPOCH))
    }

    fn duration(&mut self) -> Result<Duration, RowError> {
        let (secs, nanos) = (self.u64()?, self.u32()?);
        // Anything above would be carried into the seconds, which may overflow.
        if nanos >= 1_000_000_000 {
            return Err(self.malformed("a duration"));
        }
        Ok(Duration::new(secs, nanos))
    }

    fn peer(&mut self) -> Result<PeerId, RowError> {
        let len = self.u8()?;
        let bytes = self.take(len.into())?;
        PeerId::from_bytes(bytes).map_err(|_| self.malformed("a peer id"))
    }
}
