//! Bytes, as an entry. Nothing is allocated for a length that the bytes do not have.

use core::time::Duration;

use peermark_identity::PeerId;
use peermark_provenance::{DialHistory, Seq, SourceKind, Timestamp};

use super::write::{DIALED, NAMED, has};
use super::{FORMAT, RowError};
use crate::context::EXEMPT;
use crate::entry::{
    Claimant, Content, Evidence, Extra, Life, Marks, OutsideFloor, Packed, PeerEntry, Remnant,
    ReportedAddress, Rival, SetDigest, StoredClaim, StoredFloor,
};
use crate::outcome::PayloadDigest;

pub(super) fn entry(bytes: &[u8]) -> Result<PeerEntry, RowError> {
    let mut from = Reader::new(bytes);
    if from.u8()? != FORMAT {
        return Err(RowError::Malformed { what: "format", at: 0 });
    }
    let flags = from.u8()?;
    let is = |flag| flags & flag != 0;
    let more = is(has::FLOOR) || is(has::CONNECTED) || is(has::OUTSIDE) || is(has::EVIDENCE);
    // A peer is named by its record, or beside it.
    if flags & !has::ALL != 0
        || (more && !is(has::EXTRA))
        || !(is(has::RECORD) || is(has::EXTRA))
        || (is(has::FLOOR) && is(has::RECORD))
    {
        return Err(from.malformed("flags"));
    }
    let mut entry = PeerEntry::vacant();
    entry.group = from.u16()?;
    if is(has::RECORD) {
        entry.seq = Seq::new(from.u64()?);
        entry.said = from.u64()?;
        entry.set_life(life(&mut from)?);
        entry.marks = Marks::from_bits(from.u16()?);
        entry.record = Packed::decode(&mut from)?;
    }
    if is(has::EXTRA) {
        let peer = from.peer()?;
        let mut rest = Remnant::new(peer, EXEMPT);
        if is(has::FLOOR) {
            rest.floor = Some(Box::new(floor(&mut from)?));
        }
        if is(has::OUTSIDE) {
            let (seq, digest) = (Seq::new(from.u64()?), PayloadDigest::from_bytes(from.array()?));
            rest.outside = Some(Box::new(OutsideFloor { seq, digest, until: from.u32()? }));
        }
        if is(has::EVIDENCE) {
            let content = content(&mut from)?;
            let rival = Rival { content, envelope: from.bytes()?.into() };
            rest.evidence = Some(Box::new(Evidence { rival, held: from.bytes()?.into() }));
        }
        let record_ttl = from.duration()?;
        let count = from.u16()?;
        let addresses = (0..count).map(|_| address(&mut from)).collect::<Result<_, _>>()?;
        let connected = is(has::CONNECTED);
        let extra = Extra { rest, connected, record_ttl, addresses };
        if is(has::RECORD) || !extra.is_spare() {
            entry.extra = Some(Box::new(extra));
        } else {
            entry.begin(&peer, None);
        }
    }
    let excess = from.rest().len();
    if excess == 0 { Ok(entry) } else { Err(RowError::Trailing { excess }) }
}

fn floor(from: &mut Reader<'_>) -> Result<StoredFloor, RowError> {
    Ok(StoredFloor {
        seq: Seq::new(from.u64()?),
        content: content(from)?,
        life: life(from)?,
        marks: Marks::from_bits(from.u16()?),
    })
}

fn content(from: &mut Reader<'_>) -> Result<Content, RowError> {
    Ok(Content {
        digest: PayloadDigest::from_bytes(from.array()?),
        set: SetDigest(from.array()?),
        addresses: from.u16()?,
        said: from.u64()?,
    })
}

fn life(from: &mut Reader<'_>) -> Result<Life, RowError> {
    Ok(Life {
        end: from.time()?,
        first: from.u32()?,
        contact: from.u32()?,
        claimed: from.u32()?,
        last: from.u32()?,
        floor: from.u32()?,
    })
}

pub(super) fn address(from: &mut Reader<'_>) -> Result<ReportedAddress, RowError> {
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
            let kind = match kind.ok_or_else(|| from.malformed("kind of source"))? {
                SourceKind::Application(_) => SourceKind::Application(from.u16()?),
                kind => kind,
            };
            let reporter = if tag & NAMED == 0 { None } else { Some(from.multihash()?.into()) };
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
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
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

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let at = self.bytes.len();
        self.take(N)?.try_into().map_err(|_| RowError::Truncated { at })
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RowError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, RowError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, RowError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, RowError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, RowError> {
        self.u64().map(Timestamp::from_nanos)
    }

    fn option(&mut self) -> Result<Option<Timestamp>, RowError> {
        self.time().map(|at| Some(at).filter(|at| *at != Timestamp::EPOCH))
    }

    fn duration(&mut self) -> Result<Duration, RowError> {
        let (secs, nanos) = (self.u64()?, self.u32()?);
        // Anything above would be carried into the seconds, which may overflow.
        if nanos >= 1_000_000_000 {
            return Err(self.malformed("duration"));
        }
        Ok(Duration::new(secs, nanos))
    }

    fn bytes(&mut self) -> Result<&'a [u8], RowError> {
        let len = self.u32()?;
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    pub(super) fn peer(&mut self) -> Result<PeerId, RowError> {
        let bytes = self.multihash()?;
        PeerId::from_bytes(bytes).map_err(|_| self.malformed("peer id"))
    }

    /// The bytes of a peer id.
    fn multihash(&mut self) -> Result<&'a [u8], RowError> {
        let len = self.u8()?;
        let bytes = self.take(len.into())?;
        PeerId::from_bytes(bytes).map_err(|_| self.malformed("peer id"))?;
        Ok(bytes)
    }
}
