//! The messages with their fields, so that a rule can be tried on every one of them.

use peermark_wire::{
    AddressEntry, EnvelopeMessage, KeyMessage, Message, PeerRecordMessage, WireError, WireErrorKind,
};

use crate::raw;

/// A message, how it is decoded, and a valid one to start from.
pub(crate) struct Case {
    pub(crate) message: Message,
    /// Decodes down to the last nested field, and forgets it.
    pub(crate) decode: fn(&[u8]) -> Result<(), WireError>,
    /// A valid message, field by field, in the order of their numbers.
    pub(crate) valid: Vec<Vec<u8>>,
    /// Number and wire type of each known field.
    pub(crate) known: &'static [(u32, u8)],
    /// Known fields that may be there more than once.
    pub(crate) repeated: &'static [u32],
    /// Whether fields that are not known are skipped (W5), and order and length of varints free
    /// (W6).
    pub(crate) tolerant: bool,
}

impl Case {
    /// The valid message with more behind it.
    pub(crate) fn with(&self, more: &[u8]) -> Vec<u8> {
        [self.valid.concat(), more.to_vec()].concat()
    }

    /// The valid message without this field.
    pub(crate) fn without(&self, number: u32) -> Vec<u8> {
        let is_it = |field: &Vec<u8>| u32::from(field[0] >> 3) == number;
        self.valid.iter().filter(|field| !is_it(field)).flatten().copied().collect()
    }
}

/// All messages. The entry of an address is decoded inside a record.
pub(crate) fn all() -> Vec<Case> {
    let key: &[(u32, u8)] = &[(1, 0), (2, 2)];
    let key_fields = || vec![raw::number(1, 1), raw::bytes(2, &[7; 32])];
    vec![
        Case {
            message: Message::Envelope,
            decode: |input| EnvelopeMessage::decode(input).map(drop),
            valid: raw::envelope_fields().to_vec(),
            known: &[(1, 2), (2, 2), (3, 2), (5, 2)],
            repeated: &[],
            tolerant: true,
        },
        Case {
            message: Message::PublicKey,
            decode: |input| KeyMessage::decode(input, 0, Message::PublicKey).map(drop),
            valid: key_fields(),
            known: key,
            repeated: &[],
            tolerant: false,
        },
        Case {
            message: Message::PrivateKey,
            decode: |input| KeyMessage::decode(input, 0, Message::PrivateKey).map(drop),
            valid: key_fields(),
            known: key,
            repeated: &[],
            tolerant: false,
        },
        Case {
            message: Message::PeerRecord,
            decode: |input| PeerRecordMessage::decode(input, 256).map(drop),
            valid: raw::record_fields().to_vec(),
            known: &[(1, 2), (2, 0), (3, 2)],
            repeated: &[3],
            tolerant: true,
        },
        Case {
            message: Message::AddressInfo,
            decode: |input| entry(input).map(drop),
            valid: vec![raw::bytes(1, &[4, 127, 0, 0, 1])],
            known: &[(1, 2)],
            repeated: &[],
            tolerant: true,
        },
    ]
}

/// Decodes `input` as the entry of an address, with offsets from its start.
fn entry(input: &[u8]) -> Result<Vec<u8>, WireError> {
    let front = [raw::bytes(1, &[]), raw::tag(3, 2), raw::varint(input.len() as u64)].concat();
    let record = [front.as_slice(), input].concat();
    let record = PeerRecordMessage::decode(&record, 1)?;
    let found: Result<Vec<AddressEntry<'_>>, WireError> = record.addresses().collect();
    match found {
        Ok(entries) => Ok(entries.iter().flat_map(|entry| entry.multiaddr).copied().collect()),
        Err(mut error) => {
            error.offset -= front.len();
            Err(error)
        }
    }
}

/// Checks that `input` is refused as `message`, there and for that reason.
pub(crate) fn refused(case: &Case, input: &[u8], kind: WireErrorKind, offset: usize, what: &str) {
    let error = (case.decode)(input).expect_err(what);
    let got = (error.message, error.kind, error.offset);
    assert_eq!(got, (case.message, kind, offset), "{what}: {input:02x?}");
}

#[test]
fn the_valid_messages_are_valid() {
    for case in all() {
        assert_eq!((case.decode)(&case.valid.concat()), Ok(()), "{}", case.message);
        let numbers: Vec<u32> = case.known.iter().map(|(number, _)| *number).collect();
        for field in &case.valid {
            assert!(numbers.contains(&u32::from(field[0] >> 3)), "{}", case.message);
        }
    }
}

#[test]
fn fields_that_a_message_needs_are_missed() {
    let needed = [
        (Message::Envelope, 1),
        (Message::PublicKey, 2),
        (Message::PrivateKey, 2),
        (Message::PeerRecord, 1),
    ];
    for case in all() {
        for &(field, _) in case.known {
            let input = case.without(field);
            if needed.contains(&(case.message, field)) {
                let kind = WireErrorKind::MissingField { field };
                refused(&case, &input, kind, input.len(), "missing");
            } else {
                assert_eq!((case.decode)(&input), Ok(()), "{} without {field}", case.message);
            }
        }
    }
}

#[test]
fn errors_read_as_a_sentence() {
    let error = EnvelopeMessage::decode(&raw::claiming(3, 100, b"x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "envelope: length 100 exceeds the 1 bytes that remain at offset 1"
    );
    let mut input = raw::bytes(1, &[raw::number(2, 7), raw::number(1, 1)].concat());
    let error = EnvelopeMessage::decode(&input).unwrap_err();
    assert_eq!(error.to_string(), "public key: field 2 has wire type 0, expected 2, at offset 2",);
    input.truncate(1);
    let error = EnvelopeMessage::decode(&input).unwrap_err();
    assert_eq!(error.to_string(), "envelope: input ends inside a value at offset 1");
}
