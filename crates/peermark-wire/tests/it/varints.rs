//! W3: varints of at most ten bytes and 64 bits, field numbers of 29 bits, no groups.

use peermark_wire::{MAX_FIELD_NUMBER, Message, Reader, Value, WireErrorKind};

use crate::messages::{all, refused};
use crate::raw;

/// Ten bytes and more that are no varint of 64 bits.
fn overlong() -> Vec<(Vec<u8>, usize)> {
    let eleven = |value: u64| [raw::varint_in(value, 10), vec![0x00]].concat();
    let mut all = vec![];
    for tenth in [0x02, 0x03, 0x7f] {
        all.push(([vec![0x80; 9], vec![tenth]].concat(), 9));
        all.push(([vec![0xff; 9], vec![tenth]].concat(), 9));
    }
    for mut bytes in [eleven(0), eleven(1), eleven(u64::MAX)] {
        bytes[9] |= 0x80;
        all.push((bytes, 9));
    }
    all.push((vec![0x80; 64], 9));
    all
}

#[test]
fn w3_a_varint_beyond_64_bits_is_refused_wherever_one_stands() {
    for case in all() {
        let start = case.valid.concat().len();
        for (varint, at) in overlong() {
            let as_tag = case.with(&varint);
            refused(&case, &as_tag, WireErrorKind::VarintOverflow, start + at, "as a tag");
            for number in [1, 2, 3, 5, 99] {
                for (wire_type, what) in [(0, "as a value"), (2, "as a length")] {
                    let tag = raw::tag(number, wire_type);
                    let input = case.with(&[tag.clone(), varint.clone()].concat());
                    let offset = start + tag.len() + at;
                    refused(&case, &input, WireErrorKind::VarintOverflow, offset, what);
                }
            }
        }
    }
}

#[test]
fn w3_the_largest_number_in_ten_bytes_is_read() {
    for value in [0, 1, u64::MAX >> 1, u64::MAX] {
        let input = [raw::tag(1, 0), raw::varint_in(value, 10)].concat();
        let field = Reader::new(Message::Other, &input).next_field().unwrap().unwrap();
        assert_eq!(field.value, Value::Varint(value));
    }
}

#[test]
fn w3_field_numbers_are_1_to_2_to_the_29_less_1() {
    assert_eq!(MAX_FIELD_NUMBER, (1 << 29) - 1);
    let read = |number: u64| {
        let input = [raw::varint(number << 3), vec![0x00]].concat();
        Reader::new(Message::Other, &input).next_field().map(|field| field.unwrap().number)
    };
    for number in [1u32, 2, 15, 16, 2047, 2048, 19_000, MAX_FIELD_NUMBER - 1, MAX_FIELD_NUMBER] {
        assert_eq!(read(u64::from(number)), Ok(number));
    }
    let bad = [0, 1 << 29, (1 << 29) + 1, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, (1 << 61) - 1];
    for number in bad {
        let error = read(number).unwrap_err();
        assert_eq!((error.kind, error.offset), (WireErrorKind::FieldNumber(number), 0));
    }
    for case in all() {
        let start = case.valid.concat().len();
        for number in bad {
            for wire_type in 0..8 {
                let tag = raw::varint(number << 3 | wire_type);
                let input = case.with(&[tag, vec![0; 8]].concat());
                let kind = WireErrorKind::FieldNumber(number);
                refused(&case, &input, kind, start, "field number");
            }
        }
    }
}

#[test]
fn w3_groups_and_undefined_wire_types_are_refused() {
    for case in all() {
        let start = case.valid.concat().len();
        for number in [1, 2, 3, 4, 5, 99, MAX_FIELD_NUMBER] {
            for wire_type in [3, 4, 6, 7] {
                // A whole group, with a field in it, is refused at its first byte.
                let group = [raw::tag(number, wire_type), raw::number(1, 1), raw::tag(number, 4)];
                let input = case.with(&group.concat());
                let kind = WireErrorKind::WireType(wire_type);
                refused(&case, &input, kind, start, "wire type");
            }
        }
    }
}
