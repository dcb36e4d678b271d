//! E2 and E3: what a purpose is, and that signatures do not cross from one to another.

use peermark_envelope::{Envelope, OpenError, Purpose, PurposeError, purpose};

use crate::keypair;

const VOUCHER: Purpose = purpose!("libp2p-relay-rsvp", &[0x03, 0x02]);

/// Pairs that differ in the domain alone, in the payload type alone, and in how the same bytes are
/// divided between the two.
const PURPOSES: [Purpose; 8] = [
    purpose!("libp2p-peer-record", &[0x03, 0x01]),
    purpose!("libp2p-routing-state", b"/libp2p/routing-state-record"),
    VOUCHER,
    purpose!("libp2p-peer-record", &[0x03, 0x02]),
    purpose!("libp2p-relay-rsvp", &[0x03, 0x01]),
    purpose!("ab", b"c"),
    purpose!("a", b"bc"),
    purpose!("Libp2p-peer-record", &[0x03, 0x01]),
];

#[test]
fn e3_a_signature_opens_for_its_own_purpose_and_for_no_other() {
    let signer = keypair(3);
    for made_for in PURPOSES {
        let envelope = Envelope::seal(made_for, b"payload", &signer).unwrap();
        for opened_for in PURPOSES {
            let result = envelope.clone().open(opened_for);
            if opened_for == made_for {
                assert_eq!(result.unwrap().purpose(), made_for);
            } else if opened_for.payload_type() == made_for.payload_type() {
                assert_eq!(
                    result.unwrap_err(),
                    OpenError::BadSignature,
                    "{made_for:?} {opened_for:?}"
                );
            } else {
                match result.unwrap_err() {
                    OpenError::PayloadTypeMismatch { got } => {
                        assert_eq!(got.first_bytes(), made_for.payload_type());
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn e3_swapping_the_payload_type_on_the_wire_does_not_move_a_signature() {
    let signer = keypair(3);
    for made_for in PURPOSES {
        let [key, _, payload, signature] =
            crate::parts(&Envelope::seal(made_for, b"payload", &signer).unwrap());
        for other in PURPOSES.into_iter().filter(|other| *other != made_for) {
            let relabelled = crate::fields(&[
                (1, &key),
                (2, other.payload_type()),
                (3, &payload),
                (5, &signature),
            ]);
            let result = Envelope::decode(&relabelled).unwrap().open(other);
            assert_eq!(result.unwrap_err(), OpenError::BadSignature, "{made_for:?} {other:?}");
        }
    }
}

#[test]
fn e2_a_purpose_has_a_domain_of_1_to_255_bytes_and_a_payload_type() {
    // 255 bytes of UTF-8, of which some characters take two.
    const LONGEST: &str = "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé!";
    const TOO_LONG: &str = "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé!!";
    assert_eq!(LONGEST.len(), Purpose::MAX_DOMAIN_LEN);
    let check = |domain, payload_type, expected: Result<(), PurposeError>| {
        assert_eq!(Purpose::new(domain, payload_type).map(|_| ()), expected, "{domain:?}");
    };
    check("d", b"t", Ok(()));
    check(LONGEST, b"t", Ok(()));
    check(TOO_LONG, b"t", Err(PurposeError::DomainTooLong { got: 256 }));
    check("", b"t", Err(PurposeError::EmptyDomain));
    check("d", b"", Err(PurposeError::EmptyPayloadType));
    check("", b"", Err(PurposeError::EmptyDomain));
}

#[test]
fn open_any_takes_the_purpose_that_has_the_payload_type() {
    let [peer_record, routing_state, ..] = PURPOSES;
    let signer = keypair(3);
    for made_for in [peer_record, routing_state] {
        let envelope = Envelope::seal(made_for, b"", &signer).unwrap();
        let opened = envelope.open_any(&[peer_record, routing_state]).unwrap();
        assert_eq!(opened.purpose(), made_for);
    }
    let voucher = Envelope::seal(VOUCHER, b"", &signer).unwrap();
    for purposes in [&[peer_record, routing_state][..], &[]] {
        let error = voucher.clone().open_any(purposes).unwrap_err();
        let expected = "payload type \"\\x03\\x02\" is not one that was expected";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn open_any_tries_every_purpose_with_the_payload_type() {
    // Two domains, one payload type: the signature decides.
    let twins = [purpose!("first", b"t"), purpose!("second", b"t")];
    for made_for in twins {
        let envelope = Envelope::seal(made_for, b"x", &keypair(3)).unwrap();
        assert_eq!(envelope.open_any(&twins).unwrap().purpose(), made_for);
    }
}
