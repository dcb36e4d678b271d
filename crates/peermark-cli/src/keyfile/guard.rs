//! Whether bytes are a private key, asked before they are shown or written over.
//!
//! Rather once too often than not: what decodes as a key in any form is one, and so is what has the
//! shape of one but is damaged, for most of the secret is still in it. Nothing that verifies as an
//! envelope is taken for a key: an envelope has its first field in bytes, and a key has a number.

use peermark::wire::{Message, Reader, Value};
use zeroize::Zeroizing;

use super::{contains, decode};
use crate::format::{decode_text, is_text, squeeze};

/// How much bytes are like a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// They decode as one.
    Key,
    /// They look like one, and do not decode.
    Shape,
}

/// How much the content of a file, in any form that `key import` reads, is like a private key.
pub(crate) fn private_key_in(content: &[u8]) -> Option<Likeness> {
    if decode(content).is_ok() {
        return Some(Likeness::Key);
    }
    // Encrypted ones, those of OpenSSH, and broken ones.
    let labelled = contains(content, b"-----BEGIN ") && contains(content, b"PRIVATE KEY-----");
    if labelled || is_key_shaped(content) {
        return Some(Likeness::Shape);
    }
    if !is_text(content) {
        return None;
    }
    let mut decoded = Zeroizing::new(Vec::new());
    decode_text(&Zeroizing::new(squeeze(content)), None, &mut decoded).ok()?;
    is_key_shaped(&decoded).then_some(Likeness::Shape)
}

/// Whether bytes have the shape of a private key: libp2p's message, whole or not, or the front of
/// PKCS#8, PKCS#1 or SEC1.
pub(crate) fn is_key_shaped(bytes: &[u8]) -> bool {
    is_message_shaped(bytes) || is_der_shaped(bytes)
}

/// `type = 1` is a number and `data = 2` is bytes, in any order; a missing type is RSA.
fn is_message_shaped(bytes: &[u8]) -> bool {
    /// The tag of `data`.
    const DATA: u8 = 0x12;
    /// The tag of `data`, its length, and the least that a secret has.
    const LEAST: usize = 34;
    let mut reader = Reader::new(Message::Envelope, bytes);
    let mut fields = 0usize;
    while let Ok(Some(field)) = reader.next_field() {
        fields = fields.saturating_add(1);
        if field.number == 1 && matches!(field.value, Value::Varint(0..=3)) {
            return true;
        }
    }
    fields <= 1 && bytes.first() == Some(&DATA) && bytes.len() >= LEAST
}

/// A SEQUENCE that starts with version 0 or 1.
fn is_der_shaped(bytes: &[u8]) -> bool {
    let content = match bytes {
        [0x30, 0x81, _, content @ ..] | [0x30, 0x82, _, _, content @ ..] => content,
        [0x30, 0..=0x7f, content @ ..] => content,
        _ => return false,
    };
    matches!(content, [0x02, 0x01, 0 | 1, ..])
}

#[cfg(test)]
mod tests {
    use super::{Likeness, is_key_shaped, private_key_in};

    #[test]
    fn shapes_are_those_of_keys_and_not_of_envelopes() {
        let check =
            |bytes: &[u8], expected| assert_eq!(is_key_shaped(bytes), expected, "{bytes:?}");
        check(b"\x08\x01\x12\x40half a key", true);
        check(b"\x08\x00\x12", true);
        check(b"\x08\x81\x00\x12\x20", true);
        check(b"\x12\x02ab\x08\x02", true);
        check(&[&b"\x12\x82\x04"[..], &[0x30; 40]].concat(), true);
        check(b"\x30\x2e\x02\x01\x00\x30\x05", true);
        check(b"\x30\x77\x02\x01\x01\x04", true);
        check(b"\x30\x82\x04\xa3\x02\x01\x00", true);
        check(b"", false);
        check(b"\x08\x04\x12\x01a", false);
        check(b"\x30\x82\x04\xa3\x03\x01\x00", false);
        check(b"\x0a\x04\x08\x01\x12\x00\x12\x02\x03\x01", false);
        check(&[&b"\x12\x02\x03\x01\x1a\x20"[..], &[7; 32]].concat(), false);
    }

    #[test]
    fn text_is_looked_into() {
        let check = |text: &str, expected| {
            assert_eq!(private_key_in(text.as_bytes()), expected, "{text}");
        };
        check("0801 1240 0102", Some(Likeness::Shape));
        check("0x080112400102", Some(Likeness::Shape));
        check("CAESQAEC", Some(Likeness::Shape));
        check("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", Some(Likeness::Shape));
        check("-----BEGIN CERTIFICATE-----\nAAAA", None);
        check("0a2408011220", None);
        check("hello", None);
    }
}
