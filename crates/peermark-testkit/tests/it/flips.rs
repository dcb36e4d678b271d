//! One bit flipped, or the end cut off, at every position of an envelope: none of it verifies.

use std::collections::BTreeSet;

use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, PeerRecord, Stage};
use peermark_testkit::mutate::flip_bit;
use peermark_testkit::{keys, vectors};

#[test]
fn no_flipped_bit_and_no_truncation_verifies_for_any_key_type_and_dialect() {
    for key_type in keys::TYPES {
        for dialect in [Dialect::PeerRecord, Dialect::RoutingState] {
            let signer = keys::keypair(key_type, 0);
            let addresses = ["/ip4/192.0.2.1/tcp/4001", "/dns4/example.com/tcp/443/wss"];
            let addresses = addresses.map(|address| address.parse().unwrap());
            let record = PeerRecord::new(signer.peer_id(), 7.into(), addresses);
            let envelope = record.certify(&signer, dialect).unwrap().into_bytes();
            check(&format!("{key_type} {dialect}"), &envelope);
        }
    }
}

#[test]
fn no_flipped_bit_and_no_truncation_of_a_vector_verifies() {
    // One of each implementation, key type and dialect, and the longest of each implementation.
    let mut seen = BTreeSet::new();
    let mut good = vectors::good();
    good.sort_by_key(|vector| std::cmp::Reverse(vector.envelope.len()));
    for vector in &good {
        if seen.insert((vector.source, None, None)) {
            check(&format!("the longest of {}", vector.source.name()), &vector.envelope);
        }
    }
    good.retain(|vector| !vector.expected.as_ref().unwrap().record.addresses.is_empty());
    for vector in good.iter().rev() {
        let record = CertifiedRecord::verify(&vector.envelope, vector.dialects).unwrap();
        let kind = (Some(record.signer().key_type()), Some(record.dialect().to_string()));
        if seen.insert((vector.source, kind.0, kind.1)) {
            check(&format!("{}/{}", vector.source.name(), vector.name), &vector.envelope);
        }
    }
    assert_eq!(seen.len(), 4 + (4 + 3 + 1 + 7), "{seen:?}");
}

/// Every bit and every length of `envelope`. What verifies nevertheless must be the same record.
fn check(title: &str, envelope: &[u8]) {
    let original = CertifiedRecord::verify(envelope, Dialects::Any).unwrap();
    let mut stages = BTreeSet::new();
    let mut refused = |what: &dyn Fn() -> String, altered: &[u8]| match CertifiedRecord::verify(
        altered,
        Dialects::Any,
    ) {
        Ok(record) => assert_eq!(record.as_bytes(), original.as_bytes(), "{title}: {}", what()),
        Err(error) => {
            stages.insert(error.stage());
        }
    };
    let mut altered = envelope.to_vec();
    for position in 0..envelope.len() {
        for bit in 0..8 {
            flip_bit(&mut altered, position, bit);
            refused(&|| format!("bit {bit} of byte {position}"), &altered);
            flip_bit(&mut altered, position, bit);
        }
        refused(&|| format!("the first {position} bytes"), &envelope[..position]);
    }
    assert_eq!(altered, envelope);
    // Damage is found at every stage that comes before the payload is read, and at no later one.
    let expected = [Stage::Envelope, Stage::Key, Stage::PayloadType, Stage::Signature];
    assert_eq!(stages, BTreeSet::from(expected), "{title}");
}
