//! A certified record in one piece: the canonical envelope, and behind it where its addresses are.
//!
//! Three bytes for each address: its start in the envelope, little-endian, and its length less one.
//! An envelope has at most 64 KiB and an address 1 to 256 bytes, so that both always fit.

use core::num::NonZeroU8;
use core::ops::Range;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{Address, CertifiedRecord};

use super::row::{Reader, RowError, write_u16};
use super::stored::Stored;

/// Bytes of one span.
const SPAN: usize = 3;

/// A certified record, packed; or nothing.
#[derive(Clone, PartialEq, Eq, Default)]
#[repr(C)]
pub(crate) struct Packed {
    payload: (u16, u16),
    // Not a pair: its padding would make the struct a word longer.
    peer_id_start: u16,
    peer_id_len: u8,
    addresses: u8,
    bytes: Stored,
}

impl Packed {
    /// No record, in a place where one can be put.
    pub(super) const fn vacant() -> Self {
        let bytes = Stored::short();
        Self { bytes, payload: (0, 0), peer_id_start: 0, peer_id_len: 0, addresses: 0 }
    }

    /// No record, of this peer.
    pub(super) fn set_peer(&mut self, peer: &PeerId) {
        let id = peer.multihash_bytes();
        self.bytes.fill(id.len(), |to| to.copy_from_slice(&id));
        self.payload = (0, 0);
        self.peer_id_start = 0;
        self.peer_id_len = u8::try_from(id.len()).unwrap_or(u8::MAX);
        self.addresses = 0;
    }

    /// No record, of nobody: the peer is named elsewhere.
    pub(super) fn forget_peer(&mut self) {
        self.bytes.fill(0, |_| ());
        self.peer_id_len = 0;
    }

    /// These addresses of `record`, so many, the first 255 of them, with its envelope. Answers whether
    /// there is one: a record without an address is not kept.
    pub(crate) fn set<'a>(
        &mut self,
        record: &'a CertifiedRecord,
        kept: impl Iterator<Item = Address<'a>>,
        count: usize,
    ) -> bool {
        let set = self.try_set(record, kept, count).is_some();
        if !set {
            *self = Self::default();
        }
        set
    }

    fn try_set<'a>(
        &mut self,
        record: &'a CertifiedRecord,
        kept: impl Iterator<Item = Address<'a>>,
        count: usize,
    ) -> Option<()> {
        let (envelope, payload) = (record.as_bytes(), record.payload());
        let addresses = NonZeroU8::new(u8::try_from(count).unwrap_or(u8::MAX))?;
        let spans = usize::from(addresses.get()).saturating_mul(SPAN);
        let peer_id = record.peer_id();
        let (start, len) = find(envelope, payload, &peer_id.multihash_bytes())?;
        self.bytes.fill(envelope.len().saturating_add(spans), |bytes| {
            let (copy, spans) = bytes.split_at_mut_checked(envelope.len())?;
            copy.copy_from_slice(envelope);
            for (span, address) in spans.as_chunks_mut::<SPAN>().0.iter_mut().zip(kept) {
                let (start, len) = place(envelope, address.as_bytes())?;
                let [low, high] = start.to_le_bytes();
                *span = [low, high, u8::try_from(len.checked_sub(1)?).ok()?];
            }
            Some(())
        })?;
        self.payload = place(envelope, payload)?;
        self.peer_id_start = start;
        self.peer_id_len = u8::try_from(len).ok()?;
        self.addresses = addresses.get();
        Some(())
    }

    pub(super) fn warm(&self) {
        self.bytes.warm();
    }

    /// Whether there is a record.
    pub(crate) fn is_some(&self) -> bool {
        self.addresses != 0
    }

    /// The canonical envelope; empty where there is none.
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
    pub(crate) fn peer_id(&self) -> &[u8] {
        self.part(range(self.peer_id_start, self.peer_id_len.into()))
    }

    /// How many addresses are kept.
    pub(crate) fn len(&self) -> usize {
        self.addresses.into()
    }

    /// The addresses, in the order of the record.
    pub(crate) fn addresses(&self) -> impl ExactSizeIterator<Item = Address<'_>> + Clone {
        let spans = self.bytes.get(self.envelope_len()..).unwrap_or_default();
        spans.chunks_exact(SPAN).map(|span| Address::dangerous_assume_normalized(self.at(span)))
    }

    /// Whether `address` is one of them.
    pub(crate) fn contains(&self, address: &[u8]) -> bool {
        self.addresses().any(|ours| ours.as_bytes() == address)
    }

    /// Forgets the addresses for which `keep` says no, and everything with the last of them.
    /// Answers how many went.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Address<'_>) -> bool) -> usize {
        let envelope = self.envelope_len();
        let mut bytes = self.envelope().to_vec();
        for span in self.bytes.get(envelope..).unwrap_or_default().chunks_exact(SPAN) {
            if keep(Address::dangerous_assume_normalized(self.at(span))) {
                bytes.extend_from_slice(span);
            }
        }
        let kept = bytes.len().saturating_sub(envelope) / SPAN;
        let gone = self.len().saturating_sub(kept);
        if kept == 0 {
            *self = Self::default();
        } else if gone > 0 {
            self.bytes = Stored::new(&bytes);
            self.addresses = u8::try_from(kept).unwrap_or(u8::MAX);
        }
        gone
    }

    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        self.bytes.heap()
    }

    fn envelope_len(&self) -> usize {
        self.bytes.len().saturating_sub(self.len().saturating_mul(SPAN))
    }

    fn at(&self, span: &[u8]) -> &[u8] {
        match *span {
            [low, high, len] => self
                .part(range(u16::from_le_bytes([low, high]), usize::from(len).saturating_add(1))),
            _ => &[],
        }
    }

    fn part(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

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

/// Where `wanted` stands in `part`, a slice of `whole`. A record holds its peer id; some equal bytes
/// elsewhere are as good.
fn find(whole: &[u8], part: &[u8], wanted: &[u8]) -> Option<(u16, u16)> {
    /// It is the first field, behind a tag and a length.
    const FIRST: usize = 2;
    let is_first = part.get(FIRST..).is_some_and(|rest| rest.starts_with(wanted));
    let anywhere = || part.windows(wanted.len()).position(|window| window == wanted);
    let at = if is_first { FIRST } else { anywhere()? };
    place(whole, part.get(at..at.checked_add(wanted.len())?)?)
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
        let (start, len) = self.payload;
        for n in [envelope, start, len, self.peer_id_start] {
            write_u16(out, n);
        }
        out.push(self.peer_id_len);
        out.extend_from_slice(&self.bytes);
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<Self, RowError> {
        let addresses = from.u8()?;
        if addresses == 0 {
            return Err(from.malformed("the number of addresses"));
        }
        let envelope = usize::from(from.u16()?);
        let payload = (from.u16()?, from.u16()?);
        let (peer_id_start, peer_id_len) = (from.u16()?, from.u8()?);
        let spans = usize::from(addresses).saturating_mul(SPAN);
        let bytes = Stored::new(from.take(envelope.saturating_add(spans))?);
        let packed = Self { bytes, payload, peer_id_start, peer_id_len, addresses };
        let is_within = |range: Range<usize>| range.end <= envelope;
        let spans = packed.bytes.get(envelope..).unwrap_or_default().chunks_exact(SPAN);
        let all_within = is_within(range(payload.0, payload.1.into()))
            && is_within(range(peer_id_start, peer_id_len.into()))
            && spans.into_iter().all(|span| match *span {
                [low, high, len] => is_within(range(
                    u16::from_le_bytes([low, high]),
                    usize::from(len).saturating_add(1),
                )),
                _ => false,
            });
        if all_within { Ok(packed) } else { Err(from.malformed("a part of the envelope")) }
    }
}
