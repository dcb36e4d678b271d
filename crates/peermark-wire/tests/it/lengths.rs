//! W2: lengths are checked against the enclosing slice, and a message ends where it ends.

use peermark_wire::{EnvelopeMessage, Message, PeerRecordMessage, Reader, WireErrorKind};

use crate::messages::{all, refused};
use crate::raw;

/// What a length may claim of `remaining` bytes: too much by one, by a lot, and so much that adding
/// it to an offset comes out small in 32 or 64 bits.
fn too_long(remaining: usize) -> Vec<u64> {
    let remaining = remaining as u64;
    let mut lengths: Vec<u64> = [1, 2, 100].map(|more| remaining + more).to_vec();
    for top in [1 << 31, 1 << 32, 1 << 63, usize::MAX as u64, u64::MAX] {
        lengths.extend((0..24).map(|less| top - less));
    }
    lengths.extend([(1 << 31) + 5, (1 << 32) + 5, (1 << 63) + 5]);
    lengths
}

#[test]
fn w2_a_length_beyond_the_message_is_refused_in_every_message() {
    for case in all() {
        for number in [1u32, 2, 3, 4, 5, 6, 99] {
            for value in [&[][..], &[0x08], &[0x08, 0x01, 0x12, 0x20]] {
                for claimed in too_long(value.len()) {
                    let field = raw::claiming(number, claimed, value);
                    let input = case.with(&field);
                    let kind = WireErrorKind::LengthOverrun { claimed, remaining: value.len() };
                    let at = case.valid.concat().len() + raw::tag(number, 2).len();
                    refused(&case, &input, kind, at, "overrun");
                }
            }
        }
    }
}

/// A reader that moves its end for a nested length without looking at its parent's runs away here:
/// behind the child there is more of the parent, which the child must not see.
#[test]
fn w2_a_nested_length_never_reaches_into_the_parent() {
    let behind =
        [raw::bytes(2, &[3, 1]), raw::bytes(3, &[0; 64]), raw::bytes(5, &[9; 64])].concat();
    for inside in [0usize, 1, 31] {
        for claimed in too_long(inside) {
            let kind = WireErrorKind::LengthOverrun { claimed, remaining: inside };

            let key = [raw::number(1, 1), raw::claiming(2, claimed, &vec![7; inside])].concat();
            let envelope = [raw::bytes(1, &key), behind.clone()].concat();
            let error = EnvelopeMessage::decode(&envelope).unwrap_err();
            assert_eq!((error.message, error.kind, error.offset), (Message::PublicKey, kind, 5));

            let entry = raw::claiming(1, claimed, &vec![7; inside]);
            let record = [raw::bytes(1, &[0, 0]), raw::bytes(3, &entry), behind.clone()].concat();
            let record = record.replace_field_3();
            let decoded = PeerRecordMessage::decode(&record, 256).unwrap();
            let error = decoded.addresses().find_map(Result::err).unwrap();
            assert_eq!((error.message, error.kind, error.offset), (Message::AddressInfo, kind, 7));
        }
    }
}

trait ReplaceField3 {
    fn replace_field_3(self) -> Self;
}

impl ReplaceField3 for Vec<u8> {
    /// In a record, what stands behind the entry are fields that it does not know.
    fn replace_field_3(mut self) -> Self {
        let entry_end = 4 + 2 + usize::from(self[5]);
        let rest = self.split_off(entry_end);
        assert_eq!(rest[0], 0x12);
        self.extend(raw::bytes(9, &rest));
        self
    }
}

#[test]
fn w2_every_prefix_is_an_error_or_a_shorter_message() {
    for case in all() {
        let whole = case.valid.concat();
        let ends: Vec<usize> =
            (0..=case.valid.len()).map(|n| case.valid[..n].concat().len()).collect();
        for end in 0..whole.len() {
            let result = (case.decode)(&whole[..end]);
            if !ends.contains(&end) {
                let error = result.expect_err("cut inside a field");
                assert!(error.offset <= end, "{error}");
                let kinds = matches!(
                    error.kind,
                    WireErrorKind::Truncated | WireErrorKind::LengthOverrun { .. }
                );
                assert!(kinds, "{} cut at {end}: {error}", case.message);
            }
        }
        assert_eq!((case.decode)(&whole), Ok(()));
    }
}

#[test]
fn w2_fixed_values_need_all_their_bytes() {
    for (wire_type, size) in [(1, 8), (5, 4)] {
        for len in 0..=size {
            let input = [raw::tag(9, wire_type), vec![0; len]].concat();
            let mut reader = Reader::new(Message::Other, &input);
            let result = reader.next_field();
            if len == size {
                assert!(result.unwrap().is_some());
                assert_eq!(reader.next_field(), Ok(None));
                assert_eq!(reader.offset(), input.len());
            } else {
                let error = result.unwrap_err();
                assert_eq!((error.kind, error.offset), (WireErrorKind::Truncated, input.len()));
                assert_eq!(reader.offset(), 0, "an error does not move the reader");
            }
        }
    }
}

#[test]
fn w2_a_reader_in_the_middle_of_an_input_counts_from_its_start() {
    let input = raw::claiming(2, 5, b"1234");
    let mut reader = Reader::at(Message::Other, &input, 1000);
    let error = reader.next_field().unwrap_err();
    assert_eq!(error.offset, 1001);
    let mut reader = Reader::at(Message::Other, &input, usize::MAX);
    assert!(reader.next_field().is_err(), "an absurd offset does not overflow");
}
