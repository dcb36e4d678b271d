//! A second opinion on bytes that we accepted, from code that pb-rs generated.
//!
//! The generated readers trust nested lengths and can run away on hostile bytes: every function
//! here decodes with `peermark-wire` first and asks the oracle only about what that accepted.

use peermark_wire::{EnvelopeMessage, KeyMessage, Message, PeerRecordMessage};
use quick_protobuf::{BytesReader, MessageRead, MessageWrite, Writer};

use crate::generated::{envelope::Envelope, keys, peer_record::PeerRecord};

/// The highest key type that the generated enumeration knows; it reads others as RSA.
const LAST_KEY_TYPE: u64 = 3;

/// Compares both decodings of an envelope and both encodings of its canonical form. Answers
/// whether there was anything to compare.
///
/// # Panics
///
/// When they differ.
#[must_use]
pub fn agrees_on_envelope(input: &[u8]) -> bool {
    let Ok(ours) = EnvelopeMessage::decode(input) else {
        return false;
    };
    let theirs: Envelope<'_> = decode(input);
    assert_eq!(ours.payload_type, theirs.payload_type.as_ref(), "payload type");
    assert_eq!(ours.payload, theirs.payload.as_ref(), "payload");
    assert_eq!(ours.signature, theirs.signature.as_ref(), "signature");
    let their_key = theirs.public_key.as_ref().expect("a key, which we found");
    assert_eq!(ours.public_key.data, their_key.data.as_ref(), "key data");
    if ours.public_key.key_type <= LAST_KEY_TYPE {
        assert_eq!(ours.public_key.key_type, number(their_key.type_pb), "key type");
        let mut canonical = Vec::new();
        ours.encode(&mut canonical);
        assert_eq!(canonical, encode(&theirs), "canonical envelope");
    }
    true
}

/// Compares both decodings and encodings of a public key.
///
/// # Panics
///
/// When they differ.
#[must_use]
pub fn agrees_on_key(input: &[u8]) -> bool {
    let Ok(ours) = KeyMessage::decode(input, 0, Message::PublicKey) else {
        return false;
    };
    let theirs: keys::PublicKey<'_> = decode(input);
    assert_eq!(ours.data, theirs.data.as_ref(), "key data");
    if ours.key_type <= LAST_KEY_TYPE {
        assert_eq!(ours.key_type, number(theirs.type_pb), "key type");
        let mut canonical = Vec::new();
        ours.encode(&mut canonical);
        assert_eq!(canonical, encode(&theirs), "canonical key");
    }
    true
}

/// Compares both decodings of a peer record and what both write.
///
/// # Panics
///
/// When they differ.
#[must_use]
pub fn agrees_on_record(input: &[u8]) -> bool {
    let Ok(ours) = PeerRecordMessage::decode(input, usize::MAX) else {
        return false;
    };
    // The oracle looks into the entries at once, so they have to be accepted as well.
    let Ok(addresses) = ours.addresses().collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let theirs: PeerRecord<'_> = decode(input);
    assert_eq!(ours.peer_id(), theirs.peer_id.as_ref(), "peer id");
    assert_eq!(ours.seq(), theirs.seq, "seq");
    let ours_bytes: Vec<&[u8]> = addresses.iter().map(|address| address.multiaddr).collect();
    let theirs_bytes: Vec<&[u8]> =
        theirs.addresses.iter().map(|address| address.multiaddr.as_ref()).collect();
    assert_eq!(ours_bytes, theirs_bytes, "addresses");
    // An empty value is left out by one writer and written by the other; nobody issues one.
    if !ours.peer_id().is_empty() && !ours_bytes.iter().any(|address| address.is_empty()) {
        let mut written = Vec::new();
        PeerRecordMessage::encode(ours.peer_id(), ours.seq(), ours_bytes, &mut written);
        assert_eq!(written, encode(&theirs), "written record");
    }
    true
}

fn decode<'a, M: MessageRead<'a>>(input: &'a [u8]) -> M {
    let mut reader = BytesReader::from_bytes(input);
    match M::from_reader(&mut reader, input) {
        Ok(message) => message,
        Err(error) => panic!("the oracle refuses what we accept: {error}"),
    }
}

fn encode(message: &impl MessageWrite) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.get_size());
    message.write_message(&mut Writer::new(&mut out)).expect("a vector takes every write");
    assert_eq!(out.len(), message.get_size(), "the oracle knows its size");
    out
}

fn number(key_type: keys::KeyType) -> u64 {
    match key_type {
        keys::KeyType::RSA => 0,
        keys::KeyType::Ed25519 => 1,
        keys::KeyType::Secp256k1 => 2,
        keys::KeyType::ECDSA => 3,
    }
}
