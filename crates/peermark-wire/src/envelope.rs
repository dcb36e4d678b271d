//! `Envelope`, libp2p RFC 0002: four values in fields 1, 2, 3 and 5.
//!
//! Field 4 is a hole: the RFC once had a field there. It is an unknown field like any other.

use crate::error::{Message, WireError, WireErrorKind};
use crate::key::KeyMessage;
use crate::reader::Reader;
use crate::writer::{Writer, bytes_field_len};

const PUBLIC_KEY: u32 = 1;
const PAYLOAD_TYPE: u32 = 2;
const PAYLOAD: u32 = 3;
const SIGNATURE: u32 = 5;

/// The four values of an envelope, borrowed. Nothing here is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 0002 signs these four values and no others")]
pub struct EnvelopeMessage<'a> {
    /// Field 1: the key that is said to have signed.
    pub public_key: KeyMessage<'a>,
    /// Field 2: how to read the payload. Empty when the field was absent.
    pub payload_type: &'a [u8],
    /// Field 3: what was signed. Empty when the field was absent.
    pub payload: &'a [u8],
    /// Field 5: the signature. Empty when the field was absent.
    pub signature: &'a [u8],
}

impl<'a> EnvelopeMessage<'a> {
    /// Decodes the whole of `input`.
    ///
    /// Unknown fields are skipped (W5); field order and varint length do not matter (W6), except
    /// inside the public key.
    ///
    /// # Errors
    ///
    /// Any reason of rules W2 to W6; a missing public key is
    /// [`MissingField`](WireErrorKind::MissingField). Absent bytes are empty bytes, as in proto3;
    /// whether they may be empty is for the layer above to say.
    pub fn decode(input: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(Message::Envelope, input);
        let (mut public_key, mut payload_type, mut payload, mut signature) =
            (None, None, None, None);
        while let Some(field) = reader.next_field()? {
            match field.number {
                PUBLIC_KEY => {
                    let key = (field.bytes()?, field.value_offset);
                    field.set_once(&mut public_key, key)?;
                }
                PAYLOAD_TYPE => field.set_once(&mut payload_type, field.bytes()?)?,
                PAYLOAD => field.set_once(&mut payload, field.bytes()?)?,
                SIGNATURE => field.set_once(&mut signature, field.bytes()?)?,
                _ => {}
            }
        }
        let Some((key, key_offset)) = public_key else {
            let kind = WireErrorKind::MissingField { field: PUBLIC_KEY };
            return Err(reader.error(kind, reader.offset()));
        };
        Ok(Self {
            public_key: KeyMessage::decode(key, key_offset, Message::PublicKey)?,
            payload_type: payload_type.unwrap_or_default(),
            payload: payload.unwrap_or_default(),
            signature: signature.unwrap_or_default(),
        })
    }

    /// Length of the canonical encoding.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        [(PAYLOAD_TYPE, self.payload_type), (PAYLOAD, self.payload), (SIGNATURE, self.signature)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(number, value)| bytes_field_len(number, value.len()))
            .fold(bytes_field_len(PUBLIC_KEY, self.public_key.encoded_len()), usize::saturating_add)
    }

    /// Appends the canonical encoding (W7): fields 1, 2, 3 and 5 in this order, empty ones left
    /// out, and answers where in `out` each value now is.
    pub fn encode(&self, out: &mut Vec<u8>) -> EnvelopeLayout {
        out.reserve(self.encoded_len());
        let mut writer = Writer::new(out);
        writer.message(PUBLIC_KEY, self.public_key.encoded_len(), |out| {
            self.public_key.encode(out);
        });
        let public_key = (out.len().saturating_sub(self.public_key.encoded_len()), out.len());
        let mut value = |number, value: &[u8]| {
            if !value.is_empty() {
                Writer::new(out).bytes(number, value);
            }
            (out.len().saturating_sub(value.len()), out.len())
        };
        EnvelopeLayout {
            public_key,
            payload_type: value(PAYLOAD_TYPE, self.payload_type),
            payload: value(PAYLOAD, self.payload),
            signature: value(SIGNATURE, self.signature),
        }
    }
}

/// Where the four values are in an encoded envelope: start and end, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "mirrors EnvelopeMessage")]
pub struct EnvelopeLayout {
    /// The `PublicKey` message.
    pub public_key: (usize, usize),
    /// The payload type.
    pub payload_type: (usize, usize),
    /// The payload.
    pub payload: (usize, usize),
    /// The signature.
    pub signature: (usize, usize),
}
