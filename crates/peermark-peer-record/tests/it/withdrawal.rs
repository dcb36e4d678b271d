//! R3: no addresses is a statement too.

use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, Issued, Issuer, PeerRecord};

use crate::{keypair, multiaddr, payload, verify_payload};

#[test]
fn r3_a_record_of_no_addresses_is_valid() {
    let empty = PeerRecord::new(keypair(1).peer_id(), 3.into(), []);
    let bytes = empty.certify(&keypair(1), Dialect::PeerRecord).unwrap().into_bytes();
    let record = CertifiedRecord::verify(&bytes, Dialects::Any).unwrap();
    assert_eq!((record.addresses().len(), record.seq().value()), (0, 3));
}

#[test]
fn r3_a_record_whose_every_address_is_skipped_is_valid() {
    let record =
        verify_payload(&payload(&keypair(1).peer_id(), 3, [&[0xff, 0x7f][..], b""])).unwrap();
    assert_eq!((record.addresses().len(), record.skipped_addresses().total()), (0, 2));
}

#[test]
fn r3_an_issuer_withdraws_by_issuing_nothing() {
    let mut issuer = Issuer::new(keypair(1));
    let now = peermark_provenance::Timestamp::EPOCH;
    let first = issuer.issue(&[multiaddr("/ip4/192.0.2.1/tcp/1")], now).unwrap().record().seq();
    match issuer.issue(&[], now).unwrap() {
        Issued::New(record) => assert!(record.addresses().len() == 0 && record.seq() > first),
        Issued::Unchanged(_) | Issued::Resigned(_) => panic!("the set changed"),
    }
}
