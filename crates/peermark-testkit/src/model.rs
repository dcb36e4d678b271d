//! What the layers compute, written a second time in the plainest way.
//!
//! Nothing here is fast, borrows or shares a line with the crates under test. Where the two
//! disagree, one of them is wrong.

use std::collections::HashSet;

use multiaddr::{Multiaddr, Protocol};
use peermark_peer_record::{AddressDefect, MAX_ADDRESS_LEN, MAX_ADDRESSES, Stage};

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a number and a value")]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// Its value.
    pub value: Value,
}

/// A value, by wire type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire types that are read")]
pub enum Value {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64([u8; 8]),
    /// Wire type 2.
    Bytes(Vec<u8>),
    /// Wire type 5.
    Fixed32([u8; 4]),
}

/// A field of bytes.
#[must_use]
pub fn bytes(number: u32, value: impl Into<Vec<u8>>) -> Field {
    Field { number, value: Value::Bytes(value.into()) }
}

/// A field of a varint.
#[must_use]
pub fn varint(number: u32, value: u64) -> Field {
    Field { number, value: Value::Varint(value) }
}

/// The fields of a message, or `None` where rules W2 and W3 refuse it.
#[must_use]
pub fn fields(mut input: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let tag = take_varint(&mut input)?;
        let number = u32::try_from(tag >> 3).ok()?;
        if number == 0 || number >= 1 << 29 {
            return None;
        }
        let value = match tag & 7 {
            0 => Value::Varint(take_varint(&mut input)?),
            1 => Value::Fixed64(take(&mut input, 8)?.try_into().ok()?),
            2 => {
                let len = take_varint(&mut input)?;
                Value::Bytes(take(&mut input, len)?.to_vec())
            }
            5 => Value::Fixed32(take(&mut input, 4)?.try_into().ok()?),
            _ => return None,
        };
        fields.push(Field { number, value });
    }
    Some(fields)
}

/// A message of these fields, every varint as short as can be.
#[must_use]
pub fn message(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let tag = |wire_type| u64::from(*number) * 8 + wire_type;
        match value {
            Value::Varint(value) => {
                put_varint(&mut out, tag(0), 0);
                put_varint(&mut out, *value, 0);
            }
            Value::Fixed64(value) => {
                put_varint(&mut out, tag(1), 0);
                out.extend_from_slice(value);
            }
            Value::Bytes(value) => {
                put_varint(&mut out, tag(2), 0);
                put_varint(&mut out, u64::try_from(value.len()).unwrap_or(u64::MAX), 0);
                out.extend_from_slice(value);
            }
            Value::Fixed32(value) => {
                put_varint(&mut out, tag(5), 0);
                out.extend_from_slice(value);
            }
        }
    }
    out
}

/// Appends a varint, `padding` bytes longer than it must be but never beyond ten.
pub fn put_varint(out: &mut Vec<u8>, value: u64, padding: usize) {
    let mut groups = Vec::new();
    let mut rest = value;
    loop {
        groups.push(u8::try_from(rest & 0x7f).unwrap_or_default());
        rest >>= 7;
        if rest == 0 {
            break;
        }
    }
    let len = (groups.len() + padding).min(10);
    groups.resize(len.max(groups.len()), 0);
    let last = groups.len() - 1;
    out.extend(groups[..last].iter().map(|group| group | 0x80));
    out.push(groups[last]);
}

fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let last = input.iter().position(|byte| *byte < 0x80)?;
    if last >= 10 {
        return None;
    }
    let groups = take(input, u64::try_from(last + 1).ok()?)?;
    let value = groups.iter().rev().fold(0u128, |value, byte| value * 128 + u128::from(byte % 128));
    u64::try_from(value).ok()
}

fn take<'a>(input: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(usize::try_from(len).ok()?)?;
    *input = rest;
    Some(taken)
}

/// The one field of this number, `None` where there is none; an error where there are more, or
/// where `wanted` does not take it (W4).
fn singular<T>(
    fields: &[Field],
    number: u32,
    wanted: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, ()> {
    let mut found: Vec<&Field> = fields.iter().filter(|field| field.number == number).collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Ok(None),
        (Some(only), true) => wanted(&only.value).map(Some).ok_or(()),
        (Some(_), false) => Err(()),
    }
}

fn as_bytes(value: &Value) -> Option<Vec<u8>> {
    if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
}

fn as_varint(value: &Value) -> Option<u64> {
    if let Value::Varint(number) = value { Some(*number) } else { None }
}

/// A `PublicKey` or `PrivateKey` message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the message says")]
pub struct Key {
    /// Field 1, if it was written.
    pub key_type: Option<u64>,
    /// Field 2.
    pub data: Vec<u8>,
}

impl Key {
    /// The canonical encoding: the type is written even if it was not.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        message(&[varint(1, self.key_type.unwrap_or(0)), bytes(2, self.data.clone())])
    }
}

/// The key in `input`, or `None` where rules W2 to W6 refuse it.
#[must_use]
pub fn key(input: &[u8]) -> Option<Key> {
    let fields = fields(input)?;
    let key_type = singular(&fields, 1, as_varint).ok()?;
    let data = singular(&fields, 2, as_bytes).ok()??;
    let key = Key { key_type, data };
    let canonical = key.canonical();
    let without_type = message(&[bytes(2, key.data.clone())]);
    let same = match key_type {
        Some(_) => canonical == input,
        None => without_type == input,
    };
    same.then_some(key)
}

/// An `Envelope` message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the message says")]
pub struct Envelope {
    /// Field 1.
    pub public_key: Key,
    /// Field 2, empty if absent.
    pub payload_type: Vec<u8>,
    /// Field 3, empty if absent.
    pub payload: Vec<u8>,
    /// Field 5, empty if absent.
    pub signature: Vec<u8>,
}

impl Envelope {
    /// The canonical encoding (W7).
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut fields = vec![bytes(1, self.public_key.canonical())];
        let values = [(2, &self.payload_type), (3, &self.payload), (5, &self.signature)];
        let present = values.into_iter().filter(|(_, value)| !value.is_empty());
        fields.extend(present.map(|(number, value)| bytes(number, value.clone())));
        message(&fields)
    }
}

/// The envelope in `input`, or `None` where rules W2 to W6 refuse it.
#[must_use]
pub fn envelope(input: &[u8]) -> Option<Envelope> {
    let fields = fields(input)?;
    let value = |number| singular(&fields, number, as_bytes);
    Some(Envelope {
        public_key: key(&value(1).ok()??)?,
        payload_type: value(2).ok()?.unwrap_or_default(),
        payload: value(3).ok()?.unwrap_or_default(),
        signature: value(5).ok()?.unwrap_or_default(),
    })
}

/// A `PeerRecord` message down to its address entries, which are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the message says")]
pub struct RecordMessage {
    /// Field 1.
    pub peer_id: Vec<u8>,
    /// Field 2, 0 if absent.
    pub seq: u64,
    /// Field 3: `AddressInfo` messages.
    pub entries: Vec<Vec<u8>>,
}

/// The record in `payload`, or `None` where rules W2 to W5 or the limit of R2 refuse it.
#[must_use]
pub fn record_message(payload: &[u8]) -> Option<RecordMessage> {
    let fields = fields(payload)?;
    let entries = fields.iter().filter(|field| field.number == 3);
    let entries: Vec<_> = entries.map(|field| as_bytes(&field.value)).collect::<Option<_>>()?;
    if entries.len() > MAX_ADDRESSES {
        return None;
    }
    Some(RecordMessage {
        peer_id: singular(&fields, 1, as_bytes).ok()??,
        seq: singular(&fields, 2, as_varint).ok()?.unwrap_or(0),
        entries,
    })
}

/// The multiaddr bytes in an address entry, or `None` where rules W2 to W4 refuse it.
#[must_use]
pub fn multiaddr_bytes(entry: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(entry)?;
    Some(singular(&fields, 1, as_bytes).ok()?.unwrap_or_default())
}

/// What a verified payload says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what a certified record says")]
pub struct Record {
    /// The sequence number.
    pub seq: u64,
    /// The addresses that are kept.
    pub addresses: Vec<Multiaddr>,
    /// Why the others are not, in the order of the entries.
    pub skipped: Vec<AddressDefect>,
}

/// The record in a payload that was signed by the key of `signer`, or the stage that refuses it
/// (R1, R2).
///
/// # Errors
///
/// [`Stage::Record`] or [`Stage::PeerId`].
pub fn record(payload: &[u8], signer: &[u8]) -> Result<Record, Stage> {
    let message = record_message(payload).ok_or(Stage::Record)?;
    if message.peer_id != signer {
        return Err(Stage::PeerId);
    }
    let mut record = Record { seq: message.seq, addresses: Vec::new(), skipped: Vec::new() };
    let mut seen = HashSet::new();
    for entry in &message.entries {
        match address(&multiaddr_bytes(entry).ok_or(Stage::Record)?, signer) {
            Ok(address) => {
                if seen.insert(address.clone()) {
                    record.addresses.push(address);
                }
            }
            Err(defect) => record.skipped.push(defect),
        }
    }
    Ok(record)
}

/// The address in the bytes of an entry as it is kept for `peer` (R2).
///
/// # Errors
///
/// Why it is skipped.
pub fn address(bytes: &[u8], peer: &[u8]) -> Result<Multiaddr, AddressDefect> {
    if bytes.len() > MAX_ADDRESS_LEN {
        return Err(AddressDefect::TooLong);
    }
    let mut address = Multiaddr::empty();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (component, behind) = Protocol::from_bytes(rest).map_err(|error| match error {
            multiaddr::Error::UnknownProtocolId(_) => AddressDefect::UnknownProtocol,
            _ => AddressDefect::Malformed,
        })?;
        let defect = value_defect(&component);
        address.push(component);
        rest = behind;
        // What is kept must be what was signed, byte for byte.
        if address.as_ref() != &bytes[..bytes.len() - rest.len()] {
            return Err(AddressDefect::Malformed);
        }
        if let Some(defect) = defect {
            return Err(defect);
        }
    }
    while let Some(Protocol::P2p(id)) = address.iter().last() {
        if id.to_bytes() != peer {
            return Err(AddressDefect::ForeignPeerId);
        }
        address.pop();
    }
    if address.is_empty() { Err(AddressDefect::Empty) } else { Ok(address) }
}

/// Why the value of a component is of no use although it decodes.
fn value_defect(component: &Protocol<'_>) -> Option<AddressDefect> {
    use Protocol as P;
    let empty = match component {
        P::Dns(s) | P::Dns4(s) | P::Dns6(s) | P::Dnsaddr(s) | P::Sni(s) | P::Ip6zone(s) => {
            if s.contains('/') {
                return Some(AddressDefect::SlashInName);
            }
            s.is_empty()
        }
        P::Unix(s) | P::HttpPath(s) | P::Ws(s) | P::Wss(s) => s.is_empty(),
        P::Garlic32(bytes) | P::Garlic64(bytes) => bytes.is_empty(),
        _ => false,
    };
    empty.then_some(AddressDefect::EmptyValue)
}
