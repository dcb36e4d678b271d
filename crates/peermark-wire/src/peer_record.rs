//! `PeerRecord`, libp2p RFC 0003: a peer id, a sequence number and addresses.

use crate::error::{Message, WireError, WireErrorKind};
use crate::reader::Reader;
use crate::writer::{Writer, bytes_field_len};

const PEER_ID: u32 = 1;
const SEQ: u32 = 2;
const ADDRESSES: u32 = 3;
const MULTIADDR: u32 = 1;

/// The fields of a peer record, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerRecordMessage<'a> {
    input: &'a [u8],
    peer_id: &'a [u8],
    seq: u64,
    address_count: usize,
}

impl<'a> PeerRecordMessage<'a> {
    /// Decodes the whole of `input`, down to the address entries, which it counts and does not
    /// look into.
    ///
    /// Unknown fields are skipped: RFC 0003 asks for extensible records (W5).
    ///
    /// # Errors
    ///
    /// Any reason of rules W2 to W4; a missing peer id is
    /// [`MissingField`](WireErrorKind::MissingField), more entries than `max_addresses` are
    /// [`TooManyAddresses`](WireErrorKind::TooManyAddresses) (R2). A missing `seq` is 0, as in
    /// proto3. Offsets count from the start of `input`.
    pub fn decode(input: &'a [u8], max_addresses: usize) -> Result<Self, WireError> {
        let mut reader = Reader::new(Message::PeerRecord, input);
        let (mut peer_id, mut seq) = (None, None);
        let mut address_count = 0usize;
        while let Some(field) = reader.next_field()? {
            match field.number {
                PEER_ID => field.set_once(&mut peer_id, field.bytes()?)?,
                SEQ => field.set_once(&mut seq, field.varint()?)?,
                ADDRESSES => {
                    field.bytes()?;
                    if address_count >= max_addresses {
                        let kind = WireErrorKind::TooManyAddresses { limit: max_addresses };
                        return Err(field.error(kind));
                    }
                    address_count = address_count.saturating_add(1);
                }
                _ => {}
            }
        }
        let Some(peer_id) = peer_id else {
            let kind = WireErrorKind::MissingField { field: PEER_ID };
            return Err(reader.error(kind, reader.offset()));
        };
        Ok(Self { input, peer_id, seq: seq.unwrap_or_default(), address_count })
    }

    /// Field 1: the bytes of a peer id.
    #[must_use]
    pub const fn peer_id(&self) -> &'a [u8] {
        self.peer_id
    }

    /// Field 2: the sequence number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// How many entries field 3 has.
    #[must_use]
    pub const fn address_count(&self) -> usize {
        self.address_count
    }

    /// The multiaddr bytes of each entry of field 3, in order, undecoded; empty where an entry has
    /// none.
    #[must_use]
    pub const fn addresses(&self) -> Addresses<'a> {
        Addresses { reader: Reader::new(Message::PeerRecord, self.input) }
    }

    /// Appends the encoding of a record: what go-libp2p writes, so that a zero `seq` is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark_wire::PeerRecordMessage;
    ///
    /// let mut out = Vec::new();
    /// PeerRecordMessage::encode(&[0, 0], 7, [&[4, 127, 0, 0, 1][..]], &mut out);
    /// let record = PeerRecordMessage::decode(&out, 256)?;
    /// assert_eq!((record.seq(), record.address_count()), (7, 1));
    /// # Ok::<(), peermark_wire::WireError>(())
    /// ```
    pub fn encode<'b>(
        peer_id: &[u8],
        seq: u64,
        addresses: impl IntoIterator<Item = &'b [u8]>,
        out: &mut Vec<u8>,
    ) {
        let mut writer = Writer::new(out);
        writer.bytes(PEER_ID, peer_id);
        if seq != 0 {
            writer.varint(SEQ, seq);
        }
        for address in addresses {
            let len = bytes_field_len(MULTIADDR, address.len());
            writer.message(ADDRESSES, len, |out| {
                Writer::new(out).bytes(MULTIADDR, address);
            });
        }
    }
}

/// Iterates over the address entries of a record; see [`PeerRecordMessage::addresses`].
///
/// An item is an error when the entry is no well-formed `AddressInfo` message (W2 to W4). That is
/// a malformed record, unlike an address that cannot be decoded.
#[derive(Clone, Debug)]
pub struct Addresses<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Result<AddressEntry<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.reader.next_field() {
                Ok(Some(field)) if field.number == ADDRESSES => {
                    let entry = field.nested(Message::AddressInfo);
                    return Some(entry.and_then(AddressEntry::decode));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The multiaddr of one address entry: bytes nobody has looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressEntry<'a> {
    /// The bytes of the multiaddr, empty when the entry has none.
    pub multiaddr: &'a [u8],
    /// Where they start in the record.
    pub offset: usize,
}

impl<'a> AddressEntry<'a> {
    fn decode(mut reader: Reader<'a>) -> Result<Self, WireError> {
        let mut multiaddr = None;
        while let Some(field) = reader.next_field()? {
            if field.number == MULTIADDR {
                field.set_once(&mut multiaddr, (field.bytes()?, field.value_offset))?;
            }
        }
        let (multiaddr, offset) = multiaddr.unwrap_or((&[], reader.offset()));
        Ok(Self { multiaddr, offset })
    }
}
