//! Keys, purposes, envelopes, certified records.

use peermark_envelope::{Envelope, Purpose, purpose as new_purpose};
use peermark_identity::KeyType;
use peermark_peer_record::{Dialect, PEER_RECORD, ROUTING_STATE};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Payload, message, peer_record};
use crate::keys;
use crate::model::{self, bytes, varint};

/// The type of a key and its number among the testkit's.
pub fn keypair_number() -> impl Strategy<Value = (KeyType, u64)> {
    (select(&keys::TYPES[..]), 0..8u64)
}

/// The `PublicKey` message of one of the testkit's keys.
pub fn public_key() -> impl Strategy<Value = Vec<u8>> {
    keypair_number()
        .prop_map(|(key_type, number)| keys::keypair(key_type, number).public_key().encode())
}

/// Bytes that are no public key: in another form than the canonical one, of no type, of another
/// length, with more in them.
///
/// # Panics
///
/// While making a value, when the layers below do not do what they must.
pub fn hostile_public_key() -> impl Strategy<Value = Vec<u8>> {
    let rewritten = (public_key(), 0..5usize).prop_map(|(key, what)| {
        let mut fields = model::fields(&key).expect("a key is a message");
        match what {
            0 => fields.swap(0, 1),
            1 => fields.push(varint(3, 0)),
            2 => fields.push(fields[1].clone()),
            3 => fields.truncate(1),
            _ => return [&[0x08, key[1] | 0x80, 0x00], &key[2..]].concat(),
        }
        model::message(&fields)
    });
    let other_type = (4..u64::MAX, vec(any::<u8>(), 0..64))
        .prop_map(|(number, data)| model::message(&[varint(1, number), bytes(2, data)]));
    let other_length = (1..3u64, vec(any::<u8>(), 0..32))
        .prop_map(|(number, data)| model::message(&[varint(1, number), bytes(2, data)]));
    prop_oneof![rewritten, other_type, other_length]
}

/// Purposes that are deployed, and some that are near to them: the domain of one with the payload
/// type of another, prefixes, other cases.
pub const PURPOSES: [Purpose; 10] = [
    PEER_RECORD,
    ROUTING_STATE,
    new_purpose!("libp2p-relay-rsvp", &[0x03, 0x02]),
    new_purpose!("libp2p-testing", b"/libp2p/testdata"),
    new_purpose!("libp2p-peer-record", b"/libp2p/routing-state-record"),
    new_purpose!("libp2p-routing-state", &[0x03, 0x01]),
    new_purpose!("Libp2p-peer-record", &[0x03, 0x01]),
    new_purpose!("libp2p-peer-recor", &[0x03, 0x01]),
    new_purpose!("libp2p-peer-record", &[0x81, 0x06]),
    new_purpose!("libp2p-peer-record\u{2}", &[0x03]),
];

/// One of [`PURPOSES`].
pub fn purpose() -> impl Strategy<Value = Purpose> {
    select(&PURPOSES[..])
}

/// An envelope and what was sealed in it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Sealed<P> {
    /// What it was sealed for.
    pub purpose: Purpose,
    /// The type and the number of the key that signed.
    pub signer: (KeyType, u64),
    /// What was signed.
    pub payload: P,
    /// The canonical envelope.
    pub bytes: Vec<u8>,
}

/// An envelope of any purpose around any message, by any of the testkit's keys.
///
/// # Panics
///
/// While making a value, when the layers below do not do what they must.
pub fn envelope() -> impl Strategy<Value = Sealed<Vec<u8>>> {
    (purpose(), keypair_number(), message()).prop_map(|(purpose, signer, (_, payload))| {
        let keypair = keys::keypair(signer.0, signer.1);
        let sealed = Envelope::seal(purpose, &payload, &keypair).expect("a message is small");
        Sealed { purpose, signer, payload, bytes: sealed.into_bytes().to_vec() }
    })
}

/// A certified record of any of the testkit's peers, in either dialect.
///
/// # Panics
///
/// While making a value, when the layers below do not do what they must.
pub fn certified() -> impl Strategy<Value = Sealed<Payload>> {
    let dialects = select(&[Dialect::PeerRecord, Dialect::RoutingState][..]);
    (dialects, keypair_number()).prop_flat_map(|(dialect, signer)| {
        let peer = keys::keypair(signer.0, signer.1).peer_id();
        peer_record(peer).prop_map(move |payload| {
            let keypair = keys::keypair(signer.0, signer.1);
            let purpose = dialect.purpose();
            // Twenty addresses of at most 200 bytes, and at most 20 skipped ones of at most 1,024.
            let limits = peermark_envelope::Limits::new(64 * 1024).expect("the largest limit");
            let sealed = Envelope::seal_with(purpose, &payload.bytes, &keypair, limits);
            let bytes = sealed.expect("a record within the limit").into_bytes().to_vec();
            Sealed { purpose, signer, payload, bytes }
        })
    })
}
