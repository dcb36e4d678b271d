//! The fields of an envelope, in the order and at the places where they are.
//!
//! Strictness is the verifier's business; here every field is shown that can be read, a second one
//! or one of the wrong wire type included. Where reading stops inside a nested message, it goes on
//! behind that message.

use peermark::identity::{KeyType, PeerId, PeerIdExt as _};
use peermark::peer_record::{PEER_RECORD, ROUTING_STATE};
use peermark::wire::{Field, Message, Reader, Value, WireError};
use serde::Serialize;

use crate::json::{Hex, Text};

/// A field as it was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Found<'a> {
    /// How deep it is nested: 0 for the fields of the envelope.
    #[serde(skip)]
    pub(super) depth: usize,
    /// Its name and those of the fields around it: `payload.addresses[0].multiaddr`.
    pub(super) path: String,
    /// Its number.
    pub(super) number: u32,
    /// Where its tag starts.
    pub(super) offset: usize,
    /// Where its value starts.
    pub(super) value_offset: usize,
    pub(super) value: Shown<'a>,
    /// What the value stands for, as far as that can be said from it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) meaning: Option<String>,
    /// Which field it is; `None` for one that its message does not define.
    #[serde(skip)]
    pub(super) known: Option<Kind>,
}

impl Found<'_> {
    /// Whether no signature covers it, whatever the verifier says: a field of the envelope that it
    /// does not define.
    pub(super) fn is_unsigned(&self) -> bool {
        self.depth == 0 && self.known.is_none()
    }
}

/// A value in its wire type.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shown<'a> {
    Varint(Text<u64>),
    Fixed64(Text<u64>),
    Bytes(Hex<'a>),
    Fixed32(Text<u32>),
}

/// Where reading a message stopped before its end.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Stop {
    pub(super) offset: usize,
    /// Why.
    pub(super) error: Text<WireError>,
    /// How many fields had been found by then, of all messages.
    #[serde(skip)]
    pub(super) behind: usize,
}

/// The fields that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    PublicKey,
    PayloadType,
    Payload,
    Signature,
    KeyType,
    KeyData,
    PeerId,
    Seq,
    Address,
    Multiaddr,
}

impl Kind {
    fn of(message: Message, number: u32) -> Option<Self> {
        Some(match (message, number) {
            (Message::Envelope, 1) => Self::PublicKey,
            (Message::Envelope, 2) => Self::PayloadType,
            (Message::Envelope, 3) => Self::Payload,
            (Message::Envelope, 5) => Self::Signature,
            (Message::PublicKey, 1) => Self::KeyType,
            (Message::PublicKey, 2) => Self::KeyData,
            (Message::PeerRecord, 1) => Self::PeerId,
            (Message::PeerRecord, 2) => Self::Seq,
            (Message::PeerRecord, 3) => Self::Address,
            (Message::AddressInfo, 1) => Self::Multiaddr,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "public_key",
            Self::PayloadType => "payload_type",
            Self::Payload => "payload",
            Self::Signature => "signature",
            Self::KeyType => "type",
            Self::KeyData => "data",
            Self::PeerId => "peer_id",
            Self::Seq => "seq",
            Self::Address => "addresses",
            Self::Multiaddr => "multiaddr",
        }
    }

    /// The message inside, if there is one.
    fn message(self) -> Option<Message> {
        match self {
            Self::PublicKey => Some(Message::PublicKey),
            Self::Payload => Some(Message::PeerRecord),
            Self::Address => Some(Message::AddressInfo),
            _ => None,
        }
    }
}

/// All fields of an envelope.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk<'a> {
    pub(super) fields: Vec<Found<'a>>,
    pub(super) stops: Vec<Stop>,
    /// Whether the payload is read as a peer record.
    is_record: bool,
}

impl<'a> Walk<'a> {
    /// Reads the envelope `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut walk = Self { is_record: is_record(bytes), ..Self::default() };
        let reader = Reader::new(Message::Envelope, bytes);
        walk.message(Message::Envelope, reader, 0, "");
        walk
    }

    /// Whether the payload is a peer record's, or may be one.
    pub(super) fn is_record(&self) -> bool {
        self.is_record
    }

    /// The first value of a known field of bytes, and where it starts.
    pub(super) fn bytes(&self, kind: Kind) -> Option<(&'a [u8], usize)> {
        self.fields.iter().find_map(|field| match field.value {
            Shown::Bytes(Hex(value)) if field.known == Some(kind) => {
                Some((value, field.value_offset))
            }
            _ => None,
        })
    }

    fn message(&mut self, message: Message, mut reader: Reader<'a>, depth: usize, path: &str) {
        let mut addresses = 0usize;
        loop {
            match reader.next_field() {
                Ok(Some(field)) => self.field(message, &field, depth, path, &mut addresses),
                Ok(None) => return,
                Err(error) => {
                    let (offset, behind) = (error.offset, self.fields.len());
                    return self.stops.push(Stop { offset, error: Text(error), behind });
                }
            }
        }
    }

    fn field(
        &mut self,
        message: Message,
        field: &Field<'a>,
        depth: usize,
        path: &str,
        addresses: &mut usize,
    ) {
        let known = Kind::of(message, field.number);
        let mut name = path.to_owned();
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(known.map_or("unknown", Kind::name));
        if known == Some(Kind::Address) {
            name.push_str(&format!("[{addresses}]"));
            *addresses = addresses.saturating_add(1);
        }
        self.fields.push(Found {
            depth,
            number: field.number,
            offset: field.tag_offset,
            value_offset: field.value_offset,
            value: Shown::of(field),
            meaning: match known {
                Some(kind) => meaning(kind, &field.value),
                None => Some(unknown(message).to_owned()),
            },
            known,
            path: name.clone(),
        });
        let nested = known.and_then(Kind::message);
        let nested = nested.filter(|message| *message != Message::PeerRecord || self.is_record);
        if let (Some(nested), Value::Bytes(value)) = (nested, field.value) {
            let reader = Reader::at(nested, value, field.value_offset);
            self.message(nested, reader, depth.saturating_add(1), &name);
        }
    }
}

impl<'a> Shown<'a> {
    fn of(field: &Field<'a>) -> Self {
        match field.value {
            Value::Varint(value) => Self::Varint(Text(value)),
            Value::Bytes(value) => Self::Bytes(Hex(value)),
            Value::Fixed64(value) => Self::Fixed64(Text(u64::from_le_bytes(value))),
            Value::Fixed32(value) => Self::Fixed32(Text(u32::from_le_bytes(value))),
        }
    }
}

/// Whether the payload type, wherever it stands, is that of a peer record, or is missing.
fn is_record(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(Message::Envelope, bytes);
    while let Ok(Some(field)) = reader.next_field() {
        if Kind::of(Message::Envelope, field.number) == Some(Kind::PayloadType) {
            return field.bytes().is_ok_and(|value| dialect(value).is_some());
        }
    }
    true
}

fn dialect(payload_type: &[u8]) -> Option<&'static str> {
    [(PEER_RECORD, "peer-record"), (ROUTING_STATE, "routing-state")]
        .into_iter()
        .find_map(|(purpose, name)| (purpose.payload_type() == payload_type).then_some(name))
}

/// What becomes of a field that its message does not define.
fn unknown(message: Message) -> &'static str {
    match message {
        Message::Envelope => "not signed; dropped from the canonical form",
        Message::PublicKey => "no key with it is accepted",
        _ => "signed, and ignored",
    }
}

fn meaning(kind: Kind, value: &Value<'_>) -> Option<String> {
    Some(match (kind, value) {
        (Kind::KeyType, Value::Varint(number)) => match KeyType::from_number(*number) {
            Some(key_type) => key_type.name().to_owned(),
            None => "no type that is supported".to_owned(),
        },
        (Kind::PayloadType, Value::Bytes(bytes)) => match dialect(bytes) {
            Some(name) => format!("\"{}\", dialect {name}", bytes.escape_ascii()),
            None => format!("\"{}\", no peer record", bytes.escape_ascii()),
        },
        (Kind::PeerId, Value::Bytes(bytes)) => match PeerId::from_multihash_bytes(bytes) {
            Ok(peer_id) => peer_id.to_string(),
            Err(error) => format!("no peer id: {error}"),
        },
        (Kind::Multiaddr, Value::Bytes(bytes)) => super::report::address_text(bytes)?,
        _ => return None,
    })
}
