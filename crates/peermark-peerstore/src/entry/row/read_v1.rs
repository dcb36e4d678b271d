//! Entries in format 1, as what they are today.
//!
//! That format knew when a record was accepted first and last, and who delivered it, but no contacts
//! and no digest of the addresses. Where the peer itself was among the deliverers, it said the record
//! when that was accepted last. Floors were in a time of their own, which goes on as aging.

use core::time::Duration;

use peermark_peer_record::{StoredRecord, normalize_address};
use peermark_provenance::{Seq, SourceKind, SourceKinds, Timestamp};

use super::RowError;
use super::read::{Reader, address};
use super::write::has;
use crate::clock::Moment;
use crate::context::EXEMPT;
use crate::entry::{
    Content, Defect, Extra, Life, Marks, OutsideFloor, Packed, PeerEntry, Remnant, ReportedAddress,
    SetDigest, StoredFloor,
};
use crate::outcome::PayloadDigest;

const FORMAT: u8 = 1;

pub(super) fn entry(bytes: &[u8], at: Moment) -> Result<PeerEntry, RowError> {
    let mut from = Reader::new(bytes);
    if from.u8()? != FORMAT {
        return Err(RowError::Malformed { what: "format", at: 0 });
    }
    let flags = from.u8()?;
    let is = |flag| flags & flag != 0;
    let known = has::RECORD | has::EXTRA | has::FLOOR | has::CONNECTED;
    let more = is(has::FLOOR) || is(has::CONNECTED);
    if flags & !known != 0 || (more && !is(has::EXTRA)) || !(is(has::RECORD) || is(has::EXTRA)) {
        return Err(from.malformed("flags"));
    }
    let mut entry = PeerEntry::vacant();
    entry.group = from.u16()?;
    if is(has::RECORD) {
        record(&mut entry, &mut from, at)?;
    }
    if is(has::EXTRA) {
        let peer = from.peer()?;
        let mut rest = Remnant::new(peer, entry.group);
        if is(has::FLOOR) {
            let (floor, group) = floor(&mut from, at)?;
            if !is(has::RECORD) {
                entry.group = if entry.group == EXEMPT { group } else { entry.group };
                (rest.group, rest.floor) = (entry.group, Some(Box::new(floor)));
            } else if floor.seq > entry.seq {
                let (seq, digest, until) = (floor.seq, floor.content.digest, floor.life.floor);
                rest.outside = Some(Box::new(OutsideFloor { seq, digest, until }));
            }
        }
        let count = from.u16()?;
        let addresses = (0..count).map(|_| address(&mut from)).collect::<Result<Vec<_>, _>>()?;
        let keep = |known: &ReportedAddress| {
            let normal = normalize_address(&known.address, &peer);
            normal.is_ok_and(|normal| *normal.as_bytes() == *known.address)
        };
        let mut addresses: Vec<_> = addresses.into_iter().filter(keep).collect();
        // Reporters were in another order.
        addresses.iter_mut().for_each(|known| known.claims.sort_by(|a, b| a.by.cmp(&b.by)));
        let (connected, record_ttl) = (is(has::CONNECTED), Duration::ZERO);
        let extra = Extra { rest, connected, record_ttl, addresses };
        if is(has::RECORD) || !extra.is_spare() {
            entry.extra = Some(Box::new(extra));
        } else {
            entry.begin(&peer, None);
        }
    }
    if !from.rest().is_empty() {
        return Err(RowError::Trailing { excess: from.rest().len() });
    }
    if entry.has_record() {
        keep_listed(&mut entry)?;
    }
    Ok(entry)
}

fn record(entry: &mut PeerEntry, from: &mut Reader<'_>, at: Moment) -> Result<(), RowError> {
    entry.seq = Seq::new(from.u64()?);
    let (end, accepted) = (from.time()?, from.time()?);
    let last = accepted.saturating_add(Duration::from_millis(from.u32()?.into()));
    let floor = aged_by(from.u32()?);
    let kinds = SourceKinds::from_bits(from.u16()?);
    let itself = kinds.contains(SourceKind::Identify);
    let (first, last) = (aging_at(accepted, at), aging_at(last, at));
    let contact = if kinds.has_user() {
        // Its time to live alone bounds what the user delivers.
        last.max(aging_at(end, at))
    } else if itself {
        last
    } else {
        0
    };
    entry.set_life(Life { end, first, contact, claimed: 0, last, floor });
    entry.marks = Marks::of_kinds(kinds).with_if(itself, Marks::ITSELF);
    if itself {
        entry.said = u64::from(last).saturating_mul(1_000_000_000);
    }
    entry.record = Packed::decode_v1(from)?;
    Ok(())
}

/// A floor, and the group that it was charged to.
fn floor(from: &mut Reader<'_>, at: Moment) -> Result<(StoredFloor, u16), RowError> {
    let (seq, digest) = (Seq::new(from.u64()?), PayloadDigest::from_bytes(from.array()?));
    let accepted = aging_at(from.time()?, at);
    let (floor, group, end) = (aged_by(from.u32()?), from.u16()?, from.time()?);
    // It listed some: without any, what would be held is the floor itself.
    let content = Content { digest, set: SetDigest::UNKNOWN, addresses: 1, said: 0 };
    let life = Life { end, first: accepted, contact: 0, claimed: 0, last: accepted, floor };
    Ok((StoredFloor { seq, content, life, marks: Marks::NONE }, group))
}

/// Forgets addresses that the record is not read to list any more, and with the last of them the
/// record.
fn keep_listed(entry: &mut PeerEntry) -> Result<(), RowError> {
    entry.checked_peer_id()?;
    let envelope = entry.record.envelope().to_vec();
    let stored = StoredRecord::dangerous_assume_verified(&envelope);
    let stored = stored.map_err(|_| Defect::new("a record that does not decode"))?;
    let is_listed = |bytes: &[u8]| stored.addresses().iter().any(|own| own.as_bytes() == bytes);
    if entry.record.addresses().all(|kept| is_listed(kept.as_bytes())) {
        return Ok(());
    }
    if entry.record.addresses().any(|kept| is_listed(kept.as_bytes())) {
        entry.record.retain(|kept| is_listed(kept.as_bytes()));
        entry.tidy();
    } else {
        entry.scrap_record_as(Marks::NONE, entry.life());
    }
    Ok(())
}

/// Seconds of floor time, in aging.
fn aged_by(floor: u32) -> u32 {
    Moment::default().aging_secs().saturating_add(floor)
}

/// A time of the store, in seconds of aging: as if aging had always followed it.
fn aging_at(time: Timestamp, at: Moment) -> u32 {
    let ago = at.now.saturating_since(time);
    if ago.is_zero() {
        let ahead = crate::limits::whole_secs(time.saturating_since(at.now));
        return at.aging_secs_begun().saturating_add(ahead);
    }
    at.aging_before(ago)
}
