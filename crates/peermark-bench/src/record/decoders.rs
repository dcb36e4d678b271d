//! Decoding alone: the envelope, the key in it, the record in it and its address entries.
//!
//! Each decoder hands the same fields in the same order to `visit` and answers the sequence number.
//! No addresses are parsed and no cryptography is done. Ours refuses what the others do not notice
//! (rules W3 to W6); the bytes here are well-formed, so that they all answer.

use peermark::peer_record::MAX_ADDRESSES;
use peermark::wire::{EnvelopeMessage, PeerRecordMessage};
use prost::Message as _;
use quick_protobuf::{BytesReader, MessageRead as _};

use super::generated;

/// The strict reader of peermark.
pub(super) fn ours(bytes: &[u8], mut visit: impl FnMut(&[u8])) -> Option<u64> {
    let envelope = EnvelopeMessage::decode(bytes).ok()?;
    visit(envelope.public_key.data);
    visit(envelope.payload_type);
    visit(envelope.payload);
    visit(envelope.signature);
    let record = PeerRecordMessage::decode(envelope.payload, MAX_ADDRESSES).ok()?;
    visit(record.peer_id());
    for entry in record.addresses() {
        visit(entry.ok()?.multiaddr);
    }
    Some(record.seq())
}

/// Messages for prost, as `prost-build` writes them.
pub(super) fn prost(bytes: &[u8], mut visit: impl FnMut(&[u8])) -> Option<u64> {
    let envelope = messages::Envelope::decode(bytes).ok()?;
    visit(&envelope.public_key.as_ref()?.data);
    visit(&envelope.payload_type);
    visit(&envelope.payload);
    visit(&envelope.signature);
    let record = messages::PeerRecord::decode(envelope.payload.as_slice()).ok()?;
    visit(&record.peer_id);
    for entry in &record.addresses {
        visit(&entry.multiaddr);
    }
    Some(record.seq)
}

/// The code that pb-rs generates for quick-protobuf.
pub(super) fn quick_protobuf(bytes: &[u8], mut visit: impl FnMut(&[u8])) -> Option<u64> {
    let mut reader = BytesReader::from_bytes(bytes);
    let envelope = generated::envelope::Envelope::from_reader(&mut reader, bytes).ok()?;
    visit(&envelope.public_key.as_ref()?.data);
    visit(&envelope.payload_type);
    visit(&envelope.payload);
    visit(&envelope.signature);
    let mut reader = BytesReader::from_bytes(&envelope.payload);
    let record =
        generated::peer_record::PeerRecord::from_reader(&mut reader, &envelope.payload).ok()?;
    visit(&record.peer_id);
    for entry in &record.addresses {
        visit(&entry.multiaddr);
    }
    Some(record.seq)
}

mod messages {
    //! `proto/*.proto` for prost.

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Envelope {
        #[prost(message, optional, tag = "1")]
        pub(super) public_key: Option<PublicKey>,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) payload_type: Vec<u8>,
        #[prost(bytes = "vec", tag = "3")]
        pub(super) payload: Vec<u8>,
        #[prost(bytes = "vec", tag = "5")]
        pub(super) signature: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct PublicKey {
        #[prost(enumeration = "KeyType", tag = "1")]
        pub(super) key_type: i32,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) data: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
    #[repr(i32)]
    pub(super) enum KeyType {
        Rsa = 0,
        Ed25519 = 1,
        Secp256k1 = 2,
        Ecdsa = 3,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct PeerRecord {
        #[prost(bytes = "vec", tag = "1")]
        pub(super) peer_id: Vec<u8>,
        #[prost(uint64, tag = "2")]
        pub(super) seq: u64,
        #[prost(message, repeated, tag = "3")]
        pub(super) addresses: Vec<AddressInfo>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct AddressInfo {
        #[prost(bytes = "vec", tag = "1")]
        pub(super) multiaddr: Vec<u8>,
    }
}
