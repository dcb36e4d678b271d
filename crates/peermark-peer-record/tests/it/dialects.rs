//! R6: two dialects, on request one or both.

use peermark_envelope::{Envelope, OpenError, purpose};
use peermark_peer_record::{
    CertifiedRecord, Dialect, Dialects, PEER_RECORD, PeerRecord, ROUTING_STATE, Stage, VerifyError,
};

use crate::{keypair, multiaddr};

const BOTH: [Dialect; 2] = [Dialect::PeerRecord, Dialect::RoutingState];

fn issued(dialect: Dialect) -> CertifiedRecord {
    let addresses = [multiaddr("/ip4/192.0.2.1/tcp/4001")];
    let record = PeerRecord::new(keypair(1).peer_id(), 5.into(), addresses);
    record.certify(&keypair(1), dialect).unwrap()
}

#[test]
fn the_constants_are_frozen() {
    assert_eq!(PEER_RECORD.domain(), "libp2p-peer-record");
    assert_eq!(PEER_RECORD.payload_type(), [0x03, 0x01]);
    assert_eq!(ROUTING_STATE.domain(), "libp2p-routing-state");
    assert_eq!(ROUTING_STATE.payload_type(), b"/libp2p/routing-state-record");
    assert_eq!(Dialect::default(), Dialect::PeerRecord);
    // Envelope fields 1, 2, 3, 5; record fields 1, 2, 3; AddressInfo field 1.
    let record = issued(Dialect::PeerRecord);
    let bytes = record.as_bytes();
    assert_eq!(&bytes[..4], [0x0a, 0x24, 0x08, 0x01]);
    assert_eq!(&bytes[38..44], [0x12, 0x02, 0x03, 0x01, 0x1a, 0x36]);
    assert_eq!(&bytes[44..48], [0x0a, 0x26, 0x00, 0x24]);
    assert_eq!(&bytes[84..90], [0x10, 0x05, 0x1a, 0x0a, 0x0a, 0x08]);
    assert_eq!(&bytes[98..100], [0x2a, 0x40]);
    assert_eq!(bytes.len(), 164);
}

#[test]
fn r6_both_dialects_decode_and_the_record_remembers_its_own() {
    for dialect in BOTH {
        let bytes = issued(dialect).into_bytes();
        let record = CertifiedRecord::verify(&bytes, Dialects::Any).unwrap();
        assert_eq!(record.dialect(), dialect);
        assert_eq!(record.opened().purpose(), dialect.purpose());
        assert_eq!(record.seq().value(), 5);
    }
}

#[test]
fn r6_on_request_one_dialect_alone_decodes() {
    for dialect in BOTH {
        let bytes = issued(dialect).into_bytes();
        for wanted in BOTH {
            let result = CertifiedRecord::verify(&bytes, wanted.into());
            if wanted == dialect {
                assert_eq!(result.unwrap().dialect(), dialect);
            } else {
                assert_eq!(result.unwrap_err().stage(), Stage::PayloadType);
            }
        }
    }
}

#[test]
fn e3_a_domain_and_the_other_dialects_payload_type_do_not_mix() {
    let crossed = [
        purpose!("libp2p-routing-state", &[0x03, 0x01]),
        purpose!("libp2p-peer-record", b"/libp2p/routing-state-record"),
    ];
    let payload = issued(Dialect::PeerRecord).payload().to_vec();
    for purpose in crossed {
        let envelope = Envelope::seal(purpose, &payload, &keypair(1)).unwrap();
        let error = CertifiedRecord::open(envelope, Dialects::Any).unwrap_err();
        assert_eq!(error, VerifyError::Open(OpenError::BadSignature));
    }
}

#[test]
fn e3_a_relay_voucher_is_no_peer_record() {
    let voucher = purpose!("libp2p-relay-rsvp", &[0x03, 0x02]);
    let payload = issued(Dialect::PeerRecord).payload().to_vec();
    let envelope = Envelope::seal(voucher, &payload, &keypair(1)).unwrap();
    let error = CertifiedRecord::open(envelope, Dialects::Any).unwrap_err();
    assert_eq!(error.stage(), Stage::PayloadType);
}

#[test]
fn dialects_have_names() {
    for dialect in BOTH {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    assert_eq!(Dialect::RoutingState.to_string(), "routing-state");
    assert!("Peer-Record".parse::<Dialect>().is_err());
}
