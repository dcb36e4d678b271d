//! `PublicKey` and `PrivateKey`: a type and data, the same two fields in both.
//!
//! A peer id is a hash of the bytes of a `PublicKey`, so these bytes must be the same wherever the
//! key goes. The peer id specification therefore asks for a deterministic encoding, and
//! [`KeyMessage::decode`] refuses everything else (W5, W6): fields out of order, varints that are
//! not minimal, fields that it does not know. One deviation is deployed and read: py-libp2p leaves
//! the type out of RSA keys, because zero is the default of proto3. It is read as RSA, and what
//! [`KeyMessage::encode`] writes has the type.

use crate::error::{Message, WireError, WireErrorKind};
use crate::reader::Reader;
use crate::writer::{Writer, bytes_field_len, varint_field_len};

const TYPE: u32 = 1;
const DATA: u32 = 2;

/// The `KeyType` numbers of the peer id specification.
pub mod key_type {
    /// RSA, PKCS#1 v1.5 signatures over SHA-256.
    pub const RSA: u64 = 0;
    /// Ed25519.
    pub const ED25519: u64 = 1;
    /// ECDSA over secp256k1 and SHA-256.
    pub const SECP256K1: u64 = 2;
    /// ECDSA over P-256 and SHA-256.
    pub const ECDSA: u64 = 3;
}

/// The two fields of a `PublicKey` or `PrivateKey` message, borrowed.
///
/// `key_type` may be a number that nobody has defined: whether a key can be used is not a question
/// of the encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the message has these two fields for ever")]
pub struct KeyMessage<'a> {
    /// Field 1; see [`key_type`].
    pub key_type: u64,
    /// Field 2: what the type says it is.
    pub data: &'a [u8],
}

/// Shows the type and the length of the data, never the data: it may be a secret (K4).
impl core::fmt::Debug for KeyMessage<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyMessage")
            .field("key_type", &self.key_type)
            .field("data_len", &self.data.len())
            .finish()
    }
}

impl<'a> KeyMessage<'a> {
    /// Decodes the whole of `input`, which starts at `offset` of the outermost input, as `message`
    /// ([`Message::PublicKey`] or [`Message::PrivateKey`]).
    ///
    /// # Errors
    ///
    /// Any reason of rules W2 to W6.
    pub fn decode(input: &'a [u8], offset: usize, message: Message) -> Result<Self, WireError> {
        let mut reader = Reader::at(message, input, offset);
        let mut key_type = None;
        let mut data = None;
        while let Some(field) = reader.next_field()? {
            match field.number {
                TYPE => field.set_once(&mut key_type, field.varint()?)?,
                DATA => field.set_once(&mut data, field.bytes()?)?,
                other => return Err(field.error(WireErrorKind::UnknownField { field: other })),
            }
        }
        let Some(data) = data else {
            return Err(reader.error(WireErrorKind::MissingField { field: DATA }, reader.offset()));
        };
        let key = Self { key_type: key_type.unwrap_or(key_type::RSA), data };
        // Both fields were read once and nothing else. Then the input is the canonical form when
        // it is as long as that (no varint is longer than it must be) and starts with the type.
        let canonical = match key_type {
            Some(_) => input.len() == key.encoded_len() && input.first() == Some(&0x08),
            None => input.len() == bytes_field_len(DATA, data.len()),
        };
        if !canonical {
            return Err(reader.error(WireErrorKind::NotCanonical, offset));
        }
        Ok(key)
    }

    /// Length of the canonical encoding.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        varint_field_len(TYPE, self.key_type).saturating_add(bytes_field_len(DATA, self.data.len()))
    }

    /// Appends the canonical encoding: the type, then the data.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.varint(TYPE, self.key_type);
        writer.bytes(DATA, self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k4_debug_shows_the_length_of_the_data_and_none_of_it() {
        let key = KeyMessage { key_type: key_type::ED25519, data: &[0xab; 64] };
        assert_eq!(format!("{key:?}"), "KeyMessage { key_type: 1, data_len: 64 }");
    }
}
