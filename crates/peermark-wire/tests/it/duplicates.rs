//! W4: a known field with another wire type, or for the second time.

use peermark_wire::{Message, PeerRecordMessage, WireErrorKind};

use crate::messages::{all, refused};
use crate::raw;

#[test]
fn w4_a_known_field_with_another_wire_type_is_refused() {
    for case in all() {
        for &(number, expected) in case.known {
            let input = case.without(number);
            for (got, field) in raw::every_wire_type(number) {
                if got == expected {
                    continue;
                }
                let input = [input.clone(), field].concat();
                let kind = WireErrorKind::WrongWireType { field: number, expected, got };
                let at = case.without(number).len();
                refused(&case, &input, kind, at, "wrong wire type");
            }
        }
    }
}

#[test]
fn w4_a_known_singular_field_twice_is_refused() {
    for case in all() {
        for field in &case.valid {
            let number = u32::from(field[0] >> 3);
            if case.repeated.contains(&number) {
                continue;
            }
            let kind = WireErrorKind::DuplicateField { field: number };
            let (_, wire_type) = case.known.iter().find(|(known, _)| *known == number).unwrap();
            // The same value again, and an empty or other one.
            let other = match wire_type {
                0 => raw::number(number, 0),
                _ => raw::bytes(number, &[]),
            };
            let start = case.valid.concat().len();
            for second in [field.clone(), other] {
                refused(&case, &case.with(&second), kind, start, "twice");
                // At once, too, with nothing in between, and before everything else.
                let at_once = [second.clone(), second.clone(), case.without(number)].concat();
                refused(&case, &at_once, kind, second.len(), "twice at once");
            }
        }
    }
}

#[test]
fn w4_in_a_nested_key_as_well() {
    let envelopes = all().into_iter().find(|case| case.message == Message::Envelope).unwrap();
    let twice = [raw::number(1, 1), raw::bytes(2, &[7; 4]), raw::bytes(2, &[8; 4])].concat();
    let envelope = [raw::bytes(1, &twice), raw::bytes(2, b"t")].concat();
    let error = (envelopes.decode)(&envelope).unwrap_err();
    let expected = (Message::PublicKey, WireErrorKind::DuplicateField { field: 2 }, 2 + 2 + 6);
    assert_eq!((error.message, error.kind, error.offset), expected);
}

#[test]
fn w4_addresses_are_the_one_field_that_repeats() {
    let record = raw::record_fields().concat();
    let record = PeerRecordMessage::decode(&record, 256).unwrap();
    assert_eq!(record.address_count(), 2);
    let repeated: Vec<_> = all().into_iter().filter(|case| !case.repeated.is_empty()).collect();
    assert_eq!(repeated.len(), 1);
    assert_eq!((repeated[0].message, repeated[0].repeated), (Message::PeerRecord, &[3][..]));
}
