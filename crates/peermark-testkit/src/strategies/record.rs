//! Payloads of peer records.

use multiaddr::Multiaddr;
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::MAX_ADDRESSES;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{address_of, hostile_address, message};
use crate::model::{self, bytes, varint};

/// A payload and what it must decode to.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Payload {
    /// The encoded record.
    pub bytes: Vec<u8>,
    /// The sequence number.
    pub seq: u64,
    /// The addresses that are kept, duplicates and own suffixes gone.
    pub addresses: Vec<Multiaddr>,
    /// How many entries are skipped.
    pub skipped: usize,
}

/// A record of `peer` with up to 20 entries, some of them twice, some to be skipped.
pub fn peer_record(peer: PeerId) -> impl Strategy<Value = Payload> {
    let entry = prop_oneof![
        4 => address_of(peer).prop_map(|(address, written)| (Some(address), written)),
        1 => hostile_address().prop_map(|written| (None, written)),
    ];
    let entries = vec((entry, 1..3usize), 0..10);
    (any::<u64>(), 0..64u32, entries).prop_map(move |(seq, shift, entries)| {
        let seq = seq >> shift;
        let mut fields = vec![bytes(1, &*peer.multihash_bytes())];
        if seq != 0 {
            fields.push(varint(2, seq));
        }
        let mut addresses: Vec<Multiaddr> = Vec::new();
        let mut skipped = 0;
        for ((address, written), times) in entries {
            for _ in 0..times {
                fields.push(bytes(3, model::message(&[bytes(1, written.clone())])));
            }
            match address {
                Some(address) if !addresses.contains(&address) => addresses.push(address),
                Some(_) => {}
                None => skipped += times,
            }
        }
        Payload { bytes: model::message(&fields), seq, addresses, skipped }
    })
}

/// A payload that no receiver reads as a record of `peer`: of another peer, without one, with a
/// field twice or of a wrong type, with too many entries, with a broken entry.
pub fn hostile_peer_record(peer: PeerId) -> impl Strategy<Value = Vec<u8>> {
    let good = || peer_record(peer).prop_map(|payload| payload.bytes);
    let front = move || bytes(1, &*peer.multihash_bytes());
    let other_peer = (good(), 0..8usize).prop_map(move |(mut bytes, bit)| {
        // Behind tag and length stands the peer id; its last byte is the key's or the hash's.
        crate::mutate::flip_bit(&mut bytes, 1 + peer.multihash_bytes().len(), bit);
        bytes
    });
    let nobody = message().prop_map(|(fields, _)| {
        let not_one = fields.into_iter().filter(|field| field.number != 1).collect::<Vec<_>>();
        model::message(&not_one)
    });
    let twice = good().prop_map(move |good| [good, model::message(&[front()])].concat());
    let wrong_type = good().prop_map(|good| [good, model::message(&[varint(3, 1)])].concat());
    let too_many = (MAX_ADDRESSES + 1..MAX_ADDRESSES + 9).prop_map(move |count| {
        let entries = std::iter::repeat_n(bytes(3, []), count);
        model::message(&std::iter::once(front()).chain(entries).collect::<Vec<_>>())
    });
    let broken_entry =
        good().prop_map(|good| [good, model::message(&[bytes(3, [0x0a, 0x05, 0x04])])].concat());
    prop_oneof![other_peer, nobody, twice, wrong_type, too_many, broken_entry]
}
