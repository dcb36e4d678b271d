//! The entry, as bytes.

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::{SourceKind, Timestamp};

use super::FORMAT;
use crate::entry::{
    Claimant, Content, Evidence, Life, OutsideFloor, PeerEntry, ReportedAddress, StoredClaim,
    StoredFloor,
};

/// What an entry has beside its group.
pub(super) mod has {
    pub(crate) const RECORD: u8 = 1;
    pub(crate) const EXTRA: u8 = 2;
    pub(crate) const FLOOR: u8 = 4;
    pub(crate) const CONNECTED: u8 = 8;
    pub(crate) const OUTSIDE: u8 = 16;
    pub(crate) const EVIDENCE: u8 = 32;
    pub(crate) const ALL: u8 = 63;
}

/// Who makes a claim: a handshake, or the kind of source at this number less one.
pub(super) const DIALED: u8 = 0;
/// Set where a reporter is named.
pub(super) const NAMED: u8 = 0x80;

pub(super) fn entry(entry: &PeerEntry, out: &mut Vec<u8>) {
    let extra = entry.extra.as_deref();
    let rest = extra.map(|extra| &extra.rest);
    let floor = rest.and_then(|rest| rest.floor.as_deref());
    let outside = rest.and_then(|rest| rest.outside.as_deref());
    let evidence = rest.and_then(|rest| rest.evidence.as_deref());
    // A peer of which nothing is held is named where others have more.
    let is_named = extra.is_some() || !entry.has_record();
    let flag = |is: bool, flag| if is { flag } else { 0 };
    out.push(FORMAT);
    out.push(
        flag(entry.has_record(), has::RECORD)
            | flag(is_named, has::EXTRA)
            | flag(floor.is_some(), has::FLOOR)
            | flag(entry.is_connected(), has::CONNECTED)
            | flag(outside.is_some(), has::OUTSIDE)
            | flag(evidence.is_some(), has::EVIDENCE),
    );
    u16(out, entry.group);
    if entry.has_record() {
        u64(out, entry.seq.value());
        u64(out, entry.said);
        life(&entry.life(), out);
        u16(out, entry.marks.bits());
        entry.record.encode(out);
    }
    if is_named {
        peer(out, &entry.peer_id());
        if let Some(stored) = floor {
            encode_floor(stored, out);
        }
        if let Some(OutsideFloor { seq, digest, until }) = outside {
            u64(out, seq.value());
            out.extend_from_slice(digest.as_bytes());
            u32(out, *until);
        }
        if let Some(Evidence { rival, held }) = evidence {
            content(&rival.content, out);
            bytes(out, &rival.envelope);
            bytes(out, held);
        }
        duration(out, extra.map(|extra| extra.record_ttl).unwrap_or_default());
        u16(out, small(entry.reported().len()));
        entry.reported().iter().for_each(|reported| address(reported, out));
    }
}

fn encode_floor(floor: &StoredFloor, out: &mut Vec<u8>) {
    u64(out, floor.seq.value());
    content(&floor.content, out);
    life(&floor.life, out);
    u16(out, floor.marks.bits());
}

fn content(content: &Content, out: &mut Vec<u8>) {
    out.extend_from_slice(content.digest.as_bytes());
    out.extend_from_slice(&content.set.0);
    u16(out, content.addresses);
    u64(out, content.said);
}

fn life(life: &Life, out: &mut Vec<u8>) {
    time(out, life.end);
    for secs in [life.first, life.contact, life.claimed, life.last, life.floor] {
        u32(out, secs);
    }
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    u32(out, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(bytes);
}

fn address(address: &ReportedAddress, out: &mut Vec<u8>) {
    u16(out, small(address.address.len()));
    out.extend_from_slice(&address.address);
    u16(out, address.group);
    option(out, address.dials.last_success);
    option(out, address.dials.last_failure);
    u32(out, address.dials.failures);
    u16(out, small(address.claims.len()));
    address.claims.iter().for_each(|made| claim(made, out));
}

fn claim(claim: &StoredClaim, out: &mut Vec<u8>) {
    match &claim.by {
        Claimant::Dialed => out.push(DIALED),
        Claimant::Source(kind, reporter) => {
            let number = u8::try_from(kind.index()).unwrap_or(0).saturating_add(1);
            out.push(number | if reporter.is_some() { NAMED } else { 0 });
            if let SourceKind::Application(id) = kind {
                u16(out, *id);
            }
            if let Some(reporter) = reporter {
                multihash(out, reporter);
            }
        }
    }
    time(out, claim.first_seen);
    time(out, claim.last_seen);
    time(out, claim.ends);
    duration(out, claim.ttl);
    u16(out, claim.group);
}

fn peer(out: &mut Vec<u8>, peer: &PeerId) {
    multihash(out, &peer.multihash_bytes());
}

fn multihash(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

fn option(out: &mut Vec<u8>, at: Option<Timestamp>) {
    // Nothing happened at the very beginning of time.
    time(out, at.unwrap_or(Timestamp::EPOCH));
}

fn time(out: &mut Vec<u8>, at: Timestamp) {
    u64(out, at.as_nanos());
}

fn duration(out: &mut Vec<u8>, duration: Duration) {
    u64(out, duration.as_secs());
    u32(out, duration.subsec_nanos());
}

pub(crate) fn u16(out: &mut Vec<u8>, n: u16) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn u32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn u64(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&n.to_le_bytes());
}

/// Counts in an entry are within its limits, which fit.
fn small(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}
