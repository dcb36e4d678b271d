//! Seeded mutations: of bytes, and of messages as messages.
//!
//! Random damage to bytes mostly ends at the first length that does not fit. Half of the mutations
//! here therefore take the message apart, change one thing in its meaning or its writing, and put
//! it together again with lengths that fit, at any depth.

use crate::model::{self, Field, Value};
use crate::rng::Rng;

/// A mutation of `input`: one to four changes, material for insertions from `other`.
#[must_use]
pub fn mutate(rng: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=rng.below(4) {
        bytes = match rng.below(2) {
            0 => mutate_bytes(rng, bytes, other),
            _ => mutate_message(rng, &bytes, other),
        };
    }
    bytes.truncate(MAX_LEN);
    bytes
}

/// Mutations stay below this many bytes: somewhat more than an envelope may have.
pub const MAX_LEN: usize = 10 * 1024;

/// One change to bytes: a flipped bit, a truncation, a splice, an insertion, a removal, a
/// repetition, a number where a length may be.
#[must_use]
pub fn mutate_bytes(rng: &mut Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let at = rng.below(bytes.len());
    let end = at + rng.below(bytes.len() - at + 1).min(64);
    match rng.below(8) {
        0 => flip_bit(&mut bytes, at, rng.below(8)),
        1 => bytes.truncate(at),
        2 => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[rng.below(other.len())..]);
        }
        3 => {
            let count = 1 + rng.below(8);
            let inserted = rng.bytes(count);
            bytes.splice(at..at, inserted);
        }
        4 => {
            bytes.drain(at..end);
        }
        5 => {
            let range = bytes[at..end].to_vec();
            bytes.splice(at..at, range);
        }
        6 => {
            let mut number = Vec::new();
            model::put_varint(&mut number, rng.number(), rng.below(4));
            bytes.splice(at..(at + 1).min(bytes.len()), number);
        }
        _ => {
            let interesting = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x1a, 0x20];
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *rng.pick(&interesting);
            }
        }
    }
    bytes
}

/// Flips bit `bit` (0 to 7) of byte `at`, where there is such a byte.
pub fn flip_bit(bytes: &mut [u8], at: usize, bit: usize) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1u8.rotate_left(u32::try_from(bit).unwrap_or_default());
    }
}

/// One change to a message, possibly to one that is nested in it: a field removed, repeated,
/// moved, added, with another value or wire type; or the same message with longer varints. Bytes
/// that are no message come back as they are.
#[must_use]
pub fn mutate_message(rng: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let Some(mut fields) = model::fields(input).filter(|fields| !fields.is_empty()) else {
        return input.to_vec();
    };
    let at = rng.below(fields.len());
    let to = rng.below(fields.len());
    match rng.below(10) {
        0 => {
            fields.remove(at);
        }
        1 => {
            let field = fields[at].clone();
            fields.insert(to, field);
        }
        2 => fields.swap(at, to),
        3 => {
            let number = 1 + u32::try_from(rng.below(7)).unwrap_or_default();
            let value = value(rng, other);
            fields.insert(to, Field { number, value });
        }
        4 => fields[at].value = value(rng, other),
        5 => fields[at].number = 1 + u32::try_from(rng.number() % ((1 << 29) - 1)).unwrap_or(0),
        6 => return with_long_varints(rng, &fields),
        _ => {
            if let Value::Bytes(bytes) = &mut fields[at].value {
                *bytes = match rng.below(3) {
                    0 => mutate_bytes(rng, std::mem::take(bytes), other),
                    _ => mutate_message(rng, bytes, other),
                };
            }
        }
    }
    model::message(&fields)
}

fn value(rng: &mut Rng, other: &[u8]) -> Value {
    match rng.below(5) {
        0 | 1 => Value::Varint(rng.number()),
        2 => Value::Fixed64(rng.next_u64().to_le_bytes()),
        3 => Value::Fixed32(std::array::from_fn(|_| rng.byte())),
        _ => {
            let start = rng.below(other.len());
            let end = start + rng.below(other.len() - start + 1).min(300);
            Value::Bytes(other[start..end].to_vec())
        }
    }
}

/// The message with some of its tags, numbers and lengths longer than they must be (W6).
fn with_long_varints(rng: &mut Rng, fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let padding = |rng: &mut Rng| if rng.one_in(3) { 1 + rng.below(3) } else { 0 };
        let tag = u64::from(*number) * 8;
        let (wire_type, rest) = match value {
            Value::Varint(value) => {
                let mut rest = Vec::new();
                model::put_varint(&mut rest, *value, padding(rng));
                (0, rest)
            }
            Value::Bytes(value) => {
                let mut rest = Vec::new();
                let len = u64::try_from(value.len()).unwrap_or(u64::MAX);
                model::put_varint(&mut rest, len, padding(rng));
                rest.extend_from_slice(value);
                (2, rest)
            }
            Value::Fixed64(value) => (1, value.to_vec()),
            Value::Fixed32(value) => (5, value.to_vec()),
        };
        model::put_varint(&mut out, tag + wire_type, padding(rng));
        out.extend(rest);
    }
    out
}
