//! Hex, keys from other implementations, seeded randomness, and DER built by hand.

use data_encoding::HEXLOWER_PERMISSIVE;
use peermark_identity::{PublicKey, PublicKeyError};
use serde::Deserialize;

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// A `PublicKey` message around `data`, built by hand.
pub(crate) fn key_message(key_type: u8, data: &[u8]) -> Vec<u8> {
    let len = data.len();
    let mut message = vec![0x08, key_type, 0x12];
    if len >= 128 {
        message.push((len & 0x7f) as u8 | 0x80);
        message.push((len >> 7) as u8);
    } else {
        message.push(len as u8);
    }
    message.extend(data);
    message
}

pub(crate) fn decode_key(key_type: u8, data: &[u8]) -> Result<PublicKey, PublicKeyError> {
    PublicKey::decode(&key_message(key_type, data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoldenKeys {
    #[serde(rename = "provenance")]
    _provenance: Vec<String>,
    pub(crate) keys: Vec<GoldenKey>,
}

/// A key made by another implementation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoldenKey {
    pub(crate) name: String,
    /// `accept` or `refuse`.
    pub(crate) expect: String,
    pub(crate) private: String,
    pub(crate) public: String,
    pub(crate) received_public: String,
    pub(crate) peer_id: String,
    pub(crate) peer_id_bytes: String,
}

pub(crate) fn golden_keys() -> Vec<GoldenKey> {
    let text = include_str!("../data/keys.json");
    let file: GoldenKeys = serde_json::from_str(text).unwrap();
    assert_eq!(file.keys.len(), 10);
    file.keys
}

pub(crate) fn golden(name: &str) -> GoldenKey {
    let mut keys = golden_keys().into_iter();
    keys.find(|key| key.name == name).unwrap()
}

/// SplitMix64: the same numbers in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// One DER value with a minimal length.
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        len @ 0..=0x7f => out.push(len as u8),
        len @ 0x80..=0xff => out.extend([0x81, len as u8]),
        len => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend(content);
    out
}

/// The INTEGER of a big-endian number, minimal.
pub(crate) fn der_integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut content = number[zeros.min(number.len() - 1)..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    der(0x02, &content)
}

/// The two numbers of an ECDSA signature in DER, 32 bytes each.
pub(crate) fn parse_signature(signature: &[u8]) -> ([u8; 32], [u8; 32]) {
    let take = |input: &[u8]| {
        let (number, rest) = input[2..].split_at(usize::from(input[1]));
        let number = &number[number.len().saturating_sub(32)..];
        let mut out = [0; 32];
        out[32 - number.len()..].copy_from_slice(number);
        (out, rest.to_vec())
    };
    let (r, rest) = take(&signature[2..]);
    let (s, rest) = take(&rest);
    assert!(rest.is_empty());
    (r, s)
}

/// `bound - value`, big-endian.
pub(crate) fn subtract(bound: &[u8; 32], value: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i16::from(bound[index]) - i16::from(value[index]) - borrow;
        borrow = i16::from(difference < 0);
        out[index] = difference.rem_euclid(256) as u8;
    }
    assert_eq!(borrow, 0);
    out
}
