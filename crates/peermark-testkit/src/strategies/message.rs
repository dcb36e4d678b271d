//! Varints and messages.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::model::{self, Field, Value};

/// A number of any magnitude, its varint as short as can be.
pub fn varint() -> impl Strategy<Value = (u64, Vec<u8>)> {
    number().prop_map(|value| {
        let mut out = Vec::new();
        model::put_varint(&mut out, value, 0);
        (value, out)
    })
}

/// A number of any magnitude, its varint longer than it must be, up to ten bytes (W6).
pub fn long_varint() -> impl Strategy<Value = (u64, Vec<u8>)> {
    (number(), 1..10usize).prop_map(|(value, padding)| {
        let mut out = Vec::new();
        model::put_varint(&mut out, value, padding);
        (value, out)
    })
}

/// Bytes that begin with no varint of 64 bits (W3): too long, too large, or never ending.
pub fn hostile_varint() -> impl Strategy<Value = Vec<u8>> {
    let endless = vec(0x80..=0xffu8, 0..=16);
    let too_large = (vec(0x80..=0xffu8, 9), 0x02..=0x7fu8).prop_map(|(mut bytes, tenth)| {
        bytes.push(tenth);
        bytes
    });
    let too_long = (vec(0x80..=0xffu8, 10..14), 0..0x80u8).prop_map(|(mut bytes, last)| {
        bytes.push(last);
        bytes
    });
    prop_oneof![endless, too_large, too_long]
}

fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(number, shift)| number >> shift)
}

/// A value of any wire type.
pub fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        number().prop_map(Value::Varint),
        any::<[u8; 8]>().prop_map(Value::Fixed64),
        vec(any::<u8>(), 0..80).prop_map(Value::Bytes),
        any::<[u8; 4]>().prop_map(Value::Fixed32),
    ]
}

/// A field of any number and any wire type.
pub fn field() -> impl Strategy<Value = Field> {
    let any_number = prop_oneof![4 => 1..8u32, 1 => 1..(1u32 << 29)];
    (any_number, value()).prop_map(|(number, value)| Field { number, value })
}

/// A well-formed message of fields that mean nothing, and its fields.
pub fn message() -> impl Strategy<Value = (Vec<Field>, Vec<u8>)> {
    vec(field(), 0..12).prop_map(|fields| {
        let bytes = model::message(&fields);
        (fields, bytes)
    })
}

/// Bytes that no reader may accept as a whole: a message with something behind or around it that
/// rules W2 or W3 refuse.
pub fn hostile_message() -> impl Strategy<Value = Vec<u8>> {
    let group = (1..99u64, select(&[3u64, 4, 6, 7][..])).prop_map(|(number, wire_type)| {
        let mut out = Vec::new();
        model::put_varint(&mut out, number * 8 + wire_type, 0);
        out
    });
    let number_out_of_range = prop_oneof![Just(0u64), (1u64 << 29)..(1u64 << 61)];
    let number_out_of_range = number_out_of_range.prop_map(|number| {
        let mut out = Vec::new();
        model::put_varint(&mut out, number * 8, 0);
        out.push(0);
        out
    });
    let remaining = vec(any::<u8>(), 0..8);
    let beyond_the_end = (1..99u64, 8..=u64::MAX, remaining).prop_map(|(number, length, rest)| {
        let mut out = Vec::new();
        model::put_varint(&mut out, number * 8 + 2, 0);
        model::put_varint(&mut out, length, 0);
        out.extend(rest);
        out
    });
    let hostile_tag = hostile_varint().prop_filter("a tag that is there", |tag| !tag.is_empty());
    let wrong = prop_oneof![group, number_out_of_range, beyond_the_end, hostile_tag];
    (message(), wrong).prop_map(|((_, mut bytes), wrong)| {
        bytes.extend(wrong);
        bytes
    })
}

/// The same envelope or record, written in another way: fields in another order, unknown fields in
/// between, varints longer than they must be (W5, W6). Fields that repeat keep their order.
///
/// `known` are the numbers of the message's own fields.
///
/// # Panics
///
/// While making a value, when `strategy` makes bytes that are no message.
pub fn disguised<S>(strategy: S, known: &'static [u32]) -> impl Strategy<Value = Vec<u8>>
where
    S: Strategy<Value = Vec<u8>>,
{
    let unknown = field().prop_filter("an unknown field", |field| !known.contains(&field.number));
    let noise = vec((any::<Index>(), unknown), 0..4);
    let swaps = vec((any::<Index>(), any::<Index>()), 0..6);
    let paddings = vec(0..4usize, 3..24);
    (strategy, swaps, noise, paddings).prop_map(|(bytes, swaps, noise, paddings)| {
        let mut fields = model::fields(&bytes).expect("a message to disguise");
        if !fields.is_empty() {
            for (a, b) in swaps {
                let (a, b) = (a.index(fields.len()), b.index(fields.len()));
                if is_free_to_move(&fields, a) && is_free_to_move(&fields, b) {
                    fields.swap(a, b);
                }
            }
        }
        for (at, field) in noise {
            fields.insert(at.index(fields.len() + 1), field);
        }
        write(&fields, paddings)
    })
}

fn is_free_to_move(fields: &[Field], at: usize) -> bool {
    fields.iter().filter(|field| field.number == fields[at].number).count() == 1
}

fn write(fields: &[Field], paddings: Vec<usize>) -> Vec<u8> {
    let mut paddings = paddings.into_iter().cycle();
    let mut out = Vec::new();
    let mut put = |out: &mut Vec<u8>, value| {
        model::put_varint(out, value, paddings.next().unwrap_or_default());
    };
    for Field { number, value } in fields {
        let tag = u64::from(*number) * 8;
        match value {
            Value::Varint(value) => {
                put(&mut out, tag);
                put(&mut out, *value);
            }
            Value::Fixed64(value) => {
                put(&mut out, tag + 1);
                out.extend_from_slice(value);
            }
            Value::Bytes(value) => {
                put(&mut out, tag + 2);
                put(&mut out, u64::try_from(value.len()).unwrap_or(u64::MAX));
                out.extend_from_slice(value);
            }
            Value::Fixed32(value) => {
                put(&mut out, tag + 5);
                out.extend_from_slice(value);
            }
        }
    }
    out
}
