//! From a payload to a certified record, through a real envelope.

use multiaddr::Multiaddr;
use peermark_envelope::{Envelope, SealError};
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{
    AddressDefect, CertifiedRecord, Dialect, Dialects, PeerRecord, SkippedAddresses,
};

use super::linear;
use super::record::check_addresses;
use crate::model::{self, Field, bytes, varint};
use crate::{keys, rng::Rng};

/// Rules R1 to R3, R6 and W5, W7 from end to end.
///
/// The bytes are signed as a payload, and they are read as instructions that put a record together
/// around the signer's own peer id. Both are sealed, opened as certified records, and compared
/// with the model: accepted or refused at the same stage, with the same sequence number, the same
/// addresses in the same order, the same count of skipped entries by reason.
///
/// Built by a fuzzer with the fake checksum in the place of Ed25519, it reaches the payload with
/// every input; in tests the signatures are real.
///
/// # Panics
///
/// When that does not hold.
pub fn certified_flow(data: &[u8]) {
    let dialect =
        if data.len().is_multiple_of(2) { Dialect::PeerRecord } else { Dialect::RoutingState };
    flow(data, dialect);
    flow(&Script::new(data).record(&keys::signer().peer_id()), dialect);
}

fn flow(payload: &[u8], dialect: Dialect) {
    let signer = keys::signer();
    let sealed = match Envelope::seal(dialect.purpose(), payload, signer) {
        Ok(sealed) => sealed.into_bytes(),
        Err(SealError::TooLarge { limit, got }) => {
            assert!(got > limit, "{got} bytes are within {limit}");
            return;
        }
        Err(other) => panic!("a keypair in memory signs: {other}"),
    };
    let model = model::record(payload, &signer.peer_id().multihash_bytes());
    let ours = linear(sealed.len(), || CertifiedRecord::verify(&sealed, Dialects::Any));
    let (ours, model) = match (ours, model) {
        (Ok(ours), Ok(model)) => (ours, model),
        (Err(error), Err(stage)) => {
            assert_eq!(error.stage(), stage, "{error}");
            return;
        }
        (ours, model) => panic!("ours {ours:?}, the model {model:?}"),
    };
    assert_eq!(ours.peer_id(), signer.peer_id(), "peer id");
    assert_eq!(ours.signer(), signer.public_key(), "signer");
    assert_eq!(ours.dialect(), dialect, "dialect");
    assert_eq!(ours.seq().value(), model.seq, "seq");
    assert_eq!(ours.payload(), payload, "the payload, verbatim");
    assert_eq!(ours.as_bytes(), sealed, "the envelope, canonical");
    let addresses: Vec<Multiaddr> = ours.addresses().map(|a| a.to_multiaddr()).collect();
    assert_eq!(addresses, model.addresses, "addresses");
    for (ours, model) in ours.addresses().zip(&model.addresses) {
        assert_eq!(ours.as_bytes(), model.as_ref(), "an address, byte for byte");
        assert!(ours.to_string().starts_with('/'), "text");
    }
    check_addresses(&addresses, &ours.peer_id());
    assert_skipped(ours.skipped_addresses(), &model.skipped);
    reissue(&ours);
    let other = match dialect {
        Dialect::PeerRecord => Dialect::RoutingState,
        Dialect::RoutingState => Dialect::PeerRecord,
    };
    assert!(CertifiedRecord::verify(&sealed, Dialects::Only(other)).is_err(), "only its dialect");
}

fn assert_skipped(ours: SkippedAddresses, model: &[AddressDefect]) {
    let count = |defect| model.iter().filter(|other| **other == defect).count();
    let by_reason = [
        (ours.empty, AddressDefect::Empty),
        (ours.too_long, AddressDefect::TooLong),
        (ours.unknown_protocol, AddressDefect::UnknownProtocol),
        (ours.malformed, AddressDefect::Malformed),
        (ours.foreign_peer_id, AddressDefect::ForeignPeerId),
        (ours.empty_value, AddressDefect::EmptyValue),
        (ours.slash_in_name, AddressDefect::SlashInName),
    ];
    for (got, defect) in by_reason {
        assert_eq!(usize::from(got), count(defect), "{defect}");
    }
    assert_eq!(usize::from(ours.total()), model.len(), "skipped in total");
}

/// What a record says can be said again, and says the same.
fn reissue(record: &CertifiedRecord) {
    let plain = PeerRecord::from(record);
    let again = match plain.certify(keys::signer(), record.dialect()) {
        Ok(again) => again,
        Err(error) => panic!("cannot be issued again: {error}"),
    };
    assert_eq!(PeerRecord::from(&again), plain, "issued again");
    assert_eq!(again.skipped_addresses().total(), 0, "nothing to skip in what we issue");
}

/// Reads bytes as instructions for building a record: each byte does something, none is wrong.
struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn record(mut self, peer: &PeerId) -> Vec<u8> {
        let mut fields = vec![bytes(1, &*peer.multihash_bytes())];
        while let Some(instruction) = self.byte() {
            self.step(instruction, peer, &mut fields);
        }
        model::message(&fields)
    }

    fn step(&mut self, instruction: u8, peer: &PeerId, fields: &mut Vec<Field>) {
        let suffix = |id: &[u8]| [&[0xa5, 0x03, id.len().to_le_bytes()[0]], id].concat();
        let argument = self.byte().unwrap_or_default();
        let template = ADDRESSES[usize::from(argument) % ADDRESSES.len()];
        match instruction % 16 {
            0..=2 => fields.push(entry(template)),
            3 => fields.push(entry(&[template, &suffix(&peer.multihash_bytes())].concat())),
            4 => {
                let other = keys::keypair(peermark_identity::KeyType::Ed25519, 1).peer_id();
                fields.push(entry(&[template, &suffix(&other.multihash_bytes())].concat()));
            }
            5 => {
                let own = suffix(&peer.multihash_bytes()).repeat(usize::from(argument % 8));
                fields.push(entry(&[template, &own].concat()));
            }
            6 | 7 => fields.push(entry(self.take(usize::from(argument)))),
            8 => {
                let second = self.byte().unwrap_or_default();
                let behind = ADDRESSES[usize::from(second) % ADDRESSES.len()];
                fields.push(entry(&[template, behind].concat()));
            }
            9 => {
                let again = fields[usize::from(argument) % fields.len()].clone();
                fields.push(again);
            }
            10 => fields.push(varint(2, u64::from(argument) << (instruction / 4))),
            11 => fields.push(bytes(3, self.take(usize::from(argument)))),
            12 => {
                let inside = [bytes(1, template), bytes(2, self.take(usize::from(argument)))];
                fields.push(bytes(3, model::message(&inside)));
            }
            13 => fields.push(bytes(u32::from(argument) + 4, self.take(2))),
            14 => {
                let last = fields.last().cloned().expect("a field");
                fields.extend(std::iter::repeat_n(last, usize::from(argument)));
            }
            _ => {
                let count = fields.len();
                let mut rng = Rng::new(u64::from(argument));
                fields.swap(rng.below(count), rng.below(count));
            }
        }
    }
}

fn entry(address: &[u8]) -> Field {
    bytes(3, model::message(&[bytes(1, address)]))
}

/// Pieces to put addresses together from: whole ones, parts that only go behind others, and some
/// that are wrong.
const ADDRESSES: &[&[u8]] = &[
    b"\x04\xc0\x00\x02\x01\x06\x0f\xa1",
    b"\x04\x7f\x00\x00\x01\x91\x02\x0f\xa1\xcd\x03",
    b"\x29\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x06\x0f\xa1",
    b"\x36\x0bexample.com\x06\x01\xbb\xde\x03",
    b"\x38\x13bootstrap.libp2p.io",
    b"\x90\x03\x02/s",
    b"\xa2\x02",
    b"\xdd\x03",
    b"\xa2\x25\x01/",
    b"\xa2\x25\x02/x",
    b"\xac\x25\x01/",
    b"\x89\x06\x00\x00\x00\x00\x00\x00\x04\xd2",
    b"\x89\x06\x041234",
    b"\x04\xc0\x00",
    b"\x06\x0f",
    b"\xff\xff\x03\x00",
    b"\x84\x00\xc0\x00\x02\x01",
    b"\x36\x02\xff\xff",
    b"\xd2\x03\x04\x12\x02\xab\xcd",
    b"",
];
