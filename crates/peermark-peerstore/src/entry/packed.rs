//! A certified record in one piece: the canonical envelope, and behind it where its addresses are.
//!
//! Three bytes for each address: its start in the envelope, little-endian, and its length less one; or
//! five for a *long* one of 256 bytes and more, whose third is 255 and whose last two are the length.
//! An envelope has at most 64 KiB and an address at most 512 bytes, so that both always fit.

use core::num::NonZeroU8;
use core::ops::Range;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_provenance::Address;

use super::row::{Reader, RowError, write_u16};
use super::signed::Signed;
use super::stored::Stored;

/// Bytes of one span.
const SPAN: usize = 3;
/// Further bytes of a long one, and what says that it is one.
const LONG: usize = 2;
const IS_LONG: u8 = u8::MAX;

/// A certified record, packed; or nothing.
#[derive(Clone, PartialEq, Eq, Default)]
#[repr(C)]
pub(crate) struct Packed {
    payload: (u16, u16),
    /// Its length is in the multihash itself.
    peer_id_start: u16,
    /// How many of the addresses are long.
    long: u8,
    addresses: u8,
    bytes: Stored,
}

impl Packed {
    /// No record, in a place where one can be put.
    pub(super) const fn vacant() -> Self {
        let bytes = Stored::short();
        Self { bytes, payload: (0, 0), peer_id_start: 0, long: 0, addresses: 0 }
    }

    /// No record, of this peer.
    pub(super) fn set_peer(&mut self, peer: &PeerId) {
        let id = peer.multihash_bytes();
        self.bytes.fill(id.len(), |to| to.copy_from_slice(&id));
        self.payload = (0, 0);
        self.peer_id_start = 0;
        self.long = 0;
        self.addresses = 0;
    }

    /// No record, of nobody: the peer is named elsewhere.
    pub(super) fn forget_peer(&mut self) {
        self.bytes.fill(0, |_| ());
    }

    /// These addresses of `record`, so many, the first 255 of them, with its envelope. Returns whether
    /// there is one: a record without an address is not kept.
    pub(crate) fn set<'a, R: Signed>(
        &mut self,
        record: &'a R,
        kept: impl Iterator<Item = Address<'a>> + Clone,
        count: usize,
    ) -> bool {
        let set = self.try_set(record, kept, count).is_some();
        if !set {
            *self = Self::default();
        }
        set
    }

    fn try_set<'a, R: Signed>(
        &mut self,
        record: &'a R,
        kept: impl Iterator<Item = Address<'a>> + Clone,
        count: usize,
    ) -> Option<()> {
        let (envelope, payload) = (record.envelope(), record.payload());
        let addresses = NonZeroU8::new(u8::try_from(count).unwrap_or(u8::MAX))?;
        let kept = kept.take(addresses.get().into());
        let long = kept.clone().filter(|address| is_long(address.as_bytes().len())).count();
        let spans = usize::from(addresses.get()).saturating_mul(SPAN);
        let spans = spans.saturating_add(long.saturating_mul(LONG));
        let start = find(envelope, payload, &record.peer().multihash_bytes())?;
        self.bytes.fill(envelope.len().saturating_add(spans), |bytes| {
            let (copy, mut spans) = bytes.split_at_mut_checked(envelope.len())?;
            copy.copy_from_slice(envelope);
            for address in kept {
                let (start, len) = place(envelope, address.as_bytes())?;
                let ([low, high], [len_low, len_high]) = (start.to_le_bytes(), len.to_le_bytes());
                let span: &mut [u8];
                if is_long(len.into()) {
                    (span, spans) = spans.split_at_mut_checked(SPAN.saturating_add(LONG))?;
                    span.copy_from_slice(&[low, high, IS_LONG, len_low, len_high]);
                } else {
                    (span, spans) = spans.split_at_mut_checked(SPAN)?;
                    span.copy_from_slice(&[low, high, u8::try_from(len.checked_sub(1)?).ok()?]);
                }
            }
            Some(())
        })?;
        self.payload = place(envelope, payload)?;
        self.peer_id_start = start;
        self.long = u8::try_from(long).unwrap_or(u8::MAX);
        self.addresses = addresses.get();
        Some(())
    }

    pub(super) fn prefetch(&self) {
        self.bytes.prefetch();
    }

    /// Whether there is a record.
    pub(crate) fn is_some(&self) -> bool {
        self.addresses != 0
    }

    /// The canonical envelope; empty where there is none.
    #[inline]
    pub(crate) fn envelope(&self) -> &[u8] {
        if !self.is_some() {
            return &[];
        }
        self.bytes.get(..self.envelope_len()).unwrap_or_default()
    }

    /// The signed payload.
    pub(crate) fn payload(&self) -> &[u8] {
        let (start, len) = self.payload;
        self.part(range(start, len.into()))
    }

    /// The multihash of the peer id; without a record, of whom there is none.
    #[inline]
    pub(crate) fn peer_id(&self) -> &[u8] {
        let rest = self.bytes.get(usize::from(self.peer_id_start)..).unwrap_or_default();
        match rest {
            // A code and a length of one byte each.
            [_, len, ..] => rest.get(..usize::from(*len).saturating_add(2)).unwrap_or_default(),
            _ => &[],
        }
    }

    /// How many addresses are kept.
    pub(crate) fn len(&self) -> usize {
        self.addresses.into()
    }

    /// The addresses, in the order of the record.
    pub(crate) fn addresses(&self) -> Addresses<'_> {
        let spans = self.bytes.get(self.envelope_len()..).unwrap_or_default();
        Addresses { packed: self, spans, left: self.len() }
    }

    /// Whether `address` is one of them.
    pub(crate) fn contains(&self, address: &[u8]) -> bool {
        self.addresses().any(|ours| ours.as_bytes() == address)
    }

    /// Forgets the addresses for which `keep` says no, and everything with the last of them.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Address<'_>) -> bool) {
        let mut bytes = self.envelope().to_vec();
        let (mut kept, mut long) = (0u8, 0u8);
        let mut spans = self.addresses();
        let mut before = spans.spans;
        while let Some(address) = spans.next() {
            let len = before.len().saturating_sub(spans.spans.len());
            if keep(address) {
                bytes.extend_from_slice(before.get(..len).unwrap_or_default());
                kept = kept.saturating_add(1);
                long = long.saturating_add(u8::from(len > SPAN));
            }
            before = spans.spans;
        }
        if kept == 0 {
            *self = Self::default();
        } else if kept < self.addresses {
            self.bytes = Stored::new(&bytes);
            (self.addresses, self.long) = (kept, long);
        }
    }

    /// Bytes of envelope and spans.
    pub(crate) fn stored_len(&self) -> usize {
        self.bytes.len()
    }

    fn envelope_len(&self) -> usize {
        let spans = self.len().saturating_mul(SPAN);
        let long = usize::from(self.long).saturating_mul(LONG);
        self.bytes.len().saturating_sub(spans.saturating_add(long))
    }

    fn part(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Whether an address of so many bytes takes a long span.
const fn is_long(len: usize) -> bool {
    len >= 256
}

/// One span in front, and what follows it.
fn split(spans: &[u8]) -> Option<(Range<usize>, &[u8])> {
    let (start, len, rest) = match spans {
        [low, high, IS_LONG, len_low, len_high, rest @ ..] => {
            ([*low, *high], usize::from(u16::from_le_bytes([*len_low, *len_high])), rest)
        }
        [low, high, len, rest @ ..] => ([*low, *high], usize::from(*len).saturating_add(1), rest),
        _ => return None,
    };
    Some((range(u16::from_le_bytes(start), len), rest))
}

/// The addresses of a packed record.
#[derive(Clone)]
pub(crate) struct Addresses<'a> {
    packed: &'a Packed,
    spans: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Address<'a>;

    fn next(&mut self) -> Option<Address<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (range, rest) = split(self.spans)?;
        self.spans = rest;
        Some(Address::dangerous_assume_normalized(self.packed.part(range)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Addresses<'_> {}

fn range(start: u16, len: usize) -> Range<usize> {
    let start = usize::from(start);
    start..start.saturating_add(len)
}

/// Where `part`, a slice of `whole`, is in it.
fn place(whole: &[u8], part: &[u8]) -> Option<(u16, u16)> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    debug_assert!(whole.get(start..).is_some_and(|rest| rest.starts_with(part)), "a part of it");
    Some((u16::try_from(start).ok()?, u16::try_from(part.len()).ok()?))
}

/// Where `wanted` starts in `part`, a slice of `whole`. A record holds its peer id; equal bytes
/// elsewhere are as good.
fn find(whole: &[u8], part: &[u8], wanted: &[u8]) -> Option<u16> {
    /// It is the first field, behind a tag and a length.
    const FIRST: usize = 2;
    let is_first = part.get(FIRST..).is_some_and(|rest| rest.starts_with(wanted));
    let anywhere = || part.windows(wanted.len()).position(|window| window == wanted);
    let at = if is_first { FIRST } else { anywhere()? };
    place(whole, part.get(at..at.checked_add(wanted.len())?)?).map(|(start, _)| start)
}

impl core::fmt::Debug for Packed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

/// As a part of a stored entry.
impl Packed {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let envelope = u16::try_from(self.envelope_len()).unwrap_or(u16::MAX);
        out.push(self.addresses);
        out.push(self.long);
        let (start, len) = self.payload;
        for n in [envelope, start, len, self.peer_id_start] {
            write_u16(out, n);
        }
        out.extend_from_slice(&self.bytes);
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<Self, RowError> {
        let (addresses, long) = (from.u8()?, from.u8()?);
        if addresses == 0 || long > addresses {
            return Err(from.malformed("number of addresses"));
        }
        let envelope = usize::from(from.u16()?);
        let payload = (from.u16()?, from.u16()?);
        let peer_id_start = from.u16()?;
        let spans = usize::from(addresses).saturating_mul(SPAN);
        let spans = spans.saturating_add(usize::from(long).saturating_mul(LONG));
        let bytes = Stored::new(from.take(envelope.saturating_add(spans))?);
        let packed = Self { bytes, payload, peer_id_start, long, addresses };
        if packed.is_within(envelope) {
            Ok(packed)
        } else {
            Err(from.malformed("part of the envelope"))
        }
    }

    /// As format 1 has it: with the length of the peer id, and without long spans.
    pub(super) fn decode_v1(from: &mut Reader<'_>) -> Result<Self, RowError> {
        let addresses = from.u8()?;
        if addresses == 0 {
            return Err(from.malformed("number of addresses"));
        }
        let envelope = usize::from(from.u16()?);
        let payload = (from.u16()?, from.u16()?);
        let (peer_id_start, _len) = (from.u16()?, from.u8()?);
        let mut bytes = from.take(envelope)?.to_vec();
        let mut long = 0u8;
        let spans = from.take(usize::from(addresses).saturating_mul(SPAN))?;
        for span in spans.as_chunks::<SPAN>().0 {
            bytes.extend_from_slice(span);
            // What says that a span is long was a length less one.
            if let [_, _, IS_LONG] = span {
                bytes.extend_from_slice(&256u16.to_le_bytes());
                long = long.saturating_add(1);
            }
        }
        let bytes = Stored::new(&bytes);
        let packed = Self { bytes, payload, peer_id_start, long, addresses };
        if packed.is_within(envelope) {
            Ok(packed)
        } else {
            Err(from.malformed("part of the envelope"))
        }
    }

    /// Whether all its parts are in the envelope, and the spans are as many as it says.
    fn is_within(&self, envelope: usize) -> bool {
        let is_within = |range: &Range<usize>| range.end <= envelope;
        let mut spans = self.bytes.get(envelope..).unwrap_or_default();
        for _ in 0..self.addresses {
            match split(spans) {
                Some((range, rest)) if is_within(&range) => spans = rest,
                _ => return false,
            }
        }
        let id = self.peer_id();
        let id_end = usize::from(self.peer_id_start).saturating_add(id.len());
        let payload = range(self.payload.0, self.payload.1.into());
        spans.is_empty() && !id.is_empty() && id_end <= envelope && is_within(&payload)
    }
}

#[cfg(test)]
mod tests {
    use peermark_identity::Keypair;
    use peermark_peer_record::{CertifiedRecord, Dialect, PeerRecord};

    use super::*;

    fn record(addresses: &[usize]) -> CertifiedRecord {
        let alice = Keypair::ed25519_from_seed(&[1; 32]);
        // `/unix/` of a path, which is three bytes of code and length with it, or four.
        let address = |(number, len): (usize, &usize)| {
            let path = format!("{number:0width$}", width = len.saturating_sub(3));
            format!("/unix/{path}").parse().unwrap()
        };
        let addresses: Vec<_> = addresses.iter().enumerate().map(address).collect();
        PeerRecord::new(alice.peer_id(), 1.into(), addresses)
            .certify(&alice, Dialect::PeerRecord)
            .unwrap()
    }

    #[test]
    fn r2_addresses_of_every_length_come_back() {
        for lens in [&[8, 100][..], &[254, 255, 256, 257, 258], &[300, 9, 400], &[500]] {
            let record = record(lens);
            let mut packed = Packed::vacant();
            let count = record.addresses().len();
            assert!(packed.set(&record, record.addresses(), count));
            let check = |packed: &Packed| {
                assert!(packed.addresses().eq(record.addresses()), "{lens:?}");
                assert_eq!(packed.envelope(), record.as_bytes());
                assert_eq!(packed.peer_id(), &*record.peer_id().multihash_bytes());
            };
            check(&packed);
            let mut row = Vec::new();
            packed.encode(&mut row);
            check(&Packed::decode(&mut Reader::new(&row)).unwrap());
            let first = record.addresses().next().unwrap();
            packed.retain(|address| address == first);
            assert!(packed.addresses().eq([first]) && packed.envelope() == record.as_bytes());
            packed.retain(|_| false);
            assert!(!packed.is_some());
        }
    }
}
