//! W5: fields that nobody knows: skipped in the envelope and the record, refused in keys.

use peermark_wire::{EnvelopeMessage, MAX_FIELD_NUMBER, PeerRecordMessage, WireErrorKind};

use crate::messages::{all, refused};
use crate::raw;

#[test]
fn w5_unknown_fields_are_skipped_or_refused_by_message() {
    for case in all() {
        for number in [2, 3, 4, 5, 6, 15, 16, 99, 2048, MAX_FIELD_NUMBER] {
            if case.known.iter().any(|(known, _)| *known == number) {
                continue;
            }
            for (wire_type, field) in raw::every_wire_type(number) {
                let behind = case.with(&field);
                let before = [field.clone(), case.valid.concat()].concat();
                if case.tolerant {
                    let title = format!("{} with {number}, type {wire_type}", case.message);
                    assert_eq!((case.decode)(&behind), Ok(()), "{title}");
                    assert_eq!((case.decode)(&before), Ok(()), "{title}");
                    let repeated = [field.clone(), behind, field].concat();
                    assert_eq!((case.decode)(&repeated), Ok(()), "{title}, three times");
                } else {
                    let kind = WireErrorKind::UnknownField { field: number };
                    let start = case.valid.concat().len();
                    refused(&case, &behind, kind, start, "behind");
                    refused(&case, &before, kind, 0, "before");
                }
            }
        }
    }
}

#[test]
fn w5_unknown_fields_change_no_value() {
    let noise: Vec<u8> =
        [4, 6, 99].iter().flat_map(|n| raw::every_wire_type(*n)).flat_map(|f| f.1).collect();
    let noisy = |fields: &[Vec<u8>]| {
        let with_noise = fields.iter().flat_map(|field| [noise.clone(), field.clone()]);
        with_noise.chain([noise.clone()]).collect::<Vec<_>>().concat()
    };

    let fields = raw::envelope_fields();
    let plain = fields.concat();
    let noisy_envelope = noisy(&fields);
    assert_eq!(EnvelopeMessage::decode(&noisy_envelope), EnvelopeMessage::decode(&plain));
    let mut canonical = Vec::new();
    EnvelopeMessage::decode(&noisy_envelope).unwrap().encode(&mut canonical);
    assert_eq!(canonical, plain, "dropped when it is encoded again");

    let fields = raw::record_fields();
    let noisy_record = noisy(&fields);
    let record = PeerRecordMessage::decode(&noisy_record, 256).unwrap();
    assert_eq!((record.peer_id(), record.seq()), (&[0, 1, 42][..], 300));
    let addresses: Vec<_> = record.addresses().map(|address| address.unwrap().multiaddr).collect();
    assert_eq!(addresses, [[4, 127, 0, 0, 1], [4, 10, 0, 0, 1]]);
}
