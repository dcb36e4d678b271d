//! W7: the canonical envelope is fields 1, 2, 3 and 5, rebuilt from four values.

use peermark_wire::{EnvelopeMessage, KeyMessage};

use crate::raw;

/// Lengths around those where a length in front takes a byte more.
const LENGTHS: [usize; 9] = [0, 1, 2, 126, 127, 128, 129, 16_383, 16_384];

#[test]
fn w7_the_canonical_form_is_the_four_fields_in_order() {
    for payload_type in [0, 1, 127, 128] {
        for payload in LENGTHS {
            for signature in [0, 64, 128, 256] {
                let key = KeyMessage { key_type: 1, data: &[7; 32] };
                let (payload_type, payload, signature) =
                    (vec![1; payload_type], vec![2; payload], vec![3; signature]);
                let message = EnvelopeMessage {
                    public_key: key,
                    payload_type: &payload_type,
                    payload: &payload,
                    signature: &signature,
                };
                let mut expected = raw::bytes(1, &raw::key());
                for (number, value) in [(2, &payload_type), (3, &payload), (5, &signature)] {
                    if !value.is_empty() {
                        expected.extend(raw::bytes(number, value));
                    }
                }
                check(&message, &expected);
            }
        }
    }
}

fn check(message: &EnvelopeMessage<'_>, expected: &[u8]) {
    let mut out = b"before".to_vec();
    let layout = message.encode(&mut out);
    assert_eq!(&out[..6], b"before", "appended");
    assert_eq!(&out[6..], expected);
    assert_eq!(message.encoded_len(), expected.len());
    let part = |(start, end): (usize, usize)| &out[start..end];
    assert_eq!(part(layout.public_key), raw::key());
    assert_eq!(part(layout.payload_type), message.payload_type);
    assert_eq!(part(layout.payload), message.payload);
    assert_eq!(part(layout.signature), message.signature);
    assert_eq!(EnvelopeMessage::decode(expected).as_ref(), Ok(message), "and back");
}

#[test]
fn w7_empty_fields_that_were_written_are_left_out() {
    let written = [raw::bytes(2, &[]), raw::bytes(5, &[]), raw::bytes(1, &raw::key())].concat();
    let message = EnvelopeMessage::decode(&written).unwrap();
    let mut canonical = Vec::new();
    message.encode(&mut canonical);
    assert_eq!(canonical, raw::bytes(1, &raw::key()));
}

#[test]
fn w7_is_a_fixpoint_and_grows_by_a_missing_type_alone() {
    for data in (0..=300).chain(16_370..=16_390) {
        for with_type in [true, false] {
            let kind = if with_type { raw::number(1, 0) } else { Vec::new() };
            let key = [kind, raw::bytes(2, &vec![7; data])].concat();
            let input = [raw::bytes(1, &key), raw::bytes(2, b"t"), raw::bytes(5, b"s")].concat();
            let message = EnvelopeMessage::decode(&input).unwrap();
            let mut canonical = Vec::new();
            message.encode(&mut canonical);
            // The type takes two bytes; the length in front of the key one, where it crosses.
            let crosses =
                raw::varint(key.len() as u64 + 2).len() - raw::varint(key.len() as u64).len();
            let growth = if with_type { 0 } else { 2 + crosses };
            assert_eq!(canonical.len(), input.len() + growth, "{data} bytes, {with_type}");
            let again = EnvelopeMessage::decode(&canonical).unwrap();
            let mut twice = Vec::new();
            again.encode(&mut twice);
            assert_eq!(twice, canonical, "a fixpoint");
        }
    }
}
