//! Envelopes: decoding, canonical form, opening.

use peermark_envelope::{DecodeError, Envelope, Limits, OpenError, Opened, Purpose, purpose};
use peermark_identity::PublicKey;
use peermark_peer_record::{CertifiedRecord, Dialects, PEER_RECORD, ROUTING_STATE, Stage};

use super::linear;
use crate::model;

/// Relay reservation vouchers: a purpose that is deployed and that is not a peer record's.
const VOUCHER: Purpose = purpose!("libp2p-relay-rsvp", &[0x03, 0x02]);

/// The domain of one dialect with the payload type of the other.
const CROSSED: [Purpose; 2] = [
    purpose!("libp2p-peer-record", b"/libp2p/routing-state-record"),
    purpose!("libp2p-routing-state", &[0x03, 0x01]),
];

/// Rules E1 to E4 and E6, W1, over arbitrary bytes.
///
/// At most one of several purposes opens an envelope, and only one whose payload type it has; what
/// comes out is what the model reads. The stage that refuses is the first that a plain walk
/// through the stages comes to.
///
/// # Panics
///
/// When that does not hold.
pub fn envelope_open(data: &[u8]) {
    let decoded = linear(data.len(), || Envelope::decode(data));
    let stage = match &decoded {
        Ok(envelope) => open(data, envelope),
        Err(error) => Some(refused(data, error)),
    };
    let certified = linear(data.len(), || CertifiedRecord::verify(data, Dialects::Any));
    match (certified, stage) {
        (Err(error), Some(stage)) => assert_eq!(error.stage(), stage, "{error}"),
        // Beyond the signature, the other properties say what must come of a payload.
        (Err(error), None) => {
            assert!(matches!(error.stage(), Stage::Record | Stage::PeerId), "{error}");
        }
        (Ok(record), None) => assert_eq!(record.as_bytes(), decoded.expect("decoded").as_bytes()),
        (Ok(record), Some(stage)) => panic!("{stage} refuses, and yet there is {record:?}"),
    }
}

/// Opens an envelope for several purposes; answers the stage that refuses a peer record.
fn open(data: &[u8], envelope: &Envelope) -> Option<Stage> {
    let model = model::envelope(data).expect("an envelope that the model reads");
    let limit = Limits::default().envelope_len();
    assert!(data.len() <= limit && envelope.as_bytes().len() <= limit, "larger than the limit");
    let purposes = [PEER_RECORD, ROUTING_STATE, VOUCHER, CROSSED[0], CROSSED[1]];
    let mut opened: Vec<Opened> = Vec::new();
    let mut stage = Stage::PayloadType;
    for purpose in purposes {
        let result = linear(data.len(), || envelope.clone().open(purpose));
        let of_dialect = purpose == PEER_RECORD || purpose == ROUTING_STATE;
        match result {
            Ok(envelope) => opened.push(envelope),
            Err(OpenError::PayloadTypeMismatch { .. }) => {
                assert_ne!(model.payload_type, purpose.payload_type(), "payload type");
            }
            Err(OpenError::Key(reason)) => {
                let key = PublicKey::decode(&model.public_key.canonical());
                assert_eq!(key, Err(reason), "the key and nothing else");
                stage = if of_dialect { Stage::Key } else { stage };
            }
            Err(OpenError::BadSignature) => {
                assert_eq!(model.payload_type, purpose.payload_type(), "payload type");
                stage = if of_dialect { Stage::Signature } else { stage };
            }
            Err(other) => panic!("an error of no known stage: {other}"),
        }
    }
    assert!(opened.len() <= 1, "opens for {:?}", opened.iter().map(Opened::purpose));
    let Some(opened) = opened.pop() else { return Some(stage) };
    let purpose = opened.purpose();
    assert_eq!(model.payload_type, purpose.payload_type(), "payload type");
    assert_eq!(opened.payload(), model.payload, "payload");
    assert_eq!(opened.signer().encode(), model.public_key.canonical(), "signer");
    assert_eq!(&opened.envelope().as_bytes()[opened.payload_range()], opened.payload());
    assert_eq!(opened.into_envelope(), *envelope, "the envelope that was opened");
    if purpose == PEER_RECORD || purpose == ROUTING_STATE { None } else { Some(stage) }
}

/// The stage of a decoding error, after checking that it is that one.
fn refused(data: &[u8], error: &DecodeError) -> Stage {
    let limit = Limits::default().envelope_len();
    let model = model::envelope(data);
    match error {
        DecodeError::TooLarge { limit: said, got } => {
            assert_eq!(*said, limit, "the limit");
            assert!(*got > limit, "{got} bytes are within {limit}");
            let grown = || model.is_some_and(|model| model.canonical().len() == *got);
            assert!(data.len() == *got || grown(), "neither received nor canonical");
            Stage::Size
        }
        DecodeError::Malformed(reason) => {
            assert!(model.is_none() && data.len() <= limit, "{reason}");
            assert!(reason.offset <= data.len(), "{reason}");
            // Well-formed around the key, or not even that.
            let around = |key: &[u8]| model::envelope(&with_key(data, key)?);
            if around(&[0x12, 0x00]).is_some() { Stage::Key } else { Stage::Envelope }
        }
        DecodeError::EmptyPayloadType => {
            assert!(model.is_some_and(|model| model.payload_type.is_empty()));
            Stage::PayloadType
        }
        DecodeError::EmptySignature => {
            assert!(model.is_some_and(|model| model.signature.is_empty()));
            Stage::Signature
        }
        other => panic!("an error of no known stage: {other}"),
    }
}

/// The fields of an envelope with another key.
fn with_key(data: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut fields = model::fields(data)?;
    for field in &mut fields {
        if let (1, model::Value::Bytes(bytes)) = (field.number, &mut field.value) {
            *bytes = key.to_vec();
        }
    }
    Some(model::message(&fields))
}

/// Rule W7 over arbitrary bytes.
///
/// The canonical form is what the model builds from the four values; it decodes to an equal
/// envelope and is its own canonical form. It is never longer than what was decoded, but for a key
/// without its type: that type takes two bytes more, and the length in front of the key one more
/// where it crosses from 127 to 128 or from 16,383 to 16,384. Three bytes at most, then.
///
/// # Panics
///
/// When that does not hold.
pub fn envelope_fixpoint(data: &[u8]) {
    let limits = Limits::new(Limits::MAX_ENVELOPE_LEN).expect("the largest limit");
    let Ok(envelope) = linear(data.len(), || Envelope::decode_with(data, limits)) else {
        return;
    };
    assert!(data.len() <= Limits::MAX_ENVELOPE_LEN, "larger than the largest limit");
    let canonical = envelope.as_bytes();
    let model = model::envelope(data).expect("an envelope that the model reads");
    assert_eq!(canonical, model.canonical(), "canonical form");
    assert_eq!(envelope.payload_type(), model.payload_type, "payload type");
    let growth = if model.public_key.key_type.is_none() { 3 } else { 0 };
    assert!(
        canonical.len() <= data.len() + growth,
        "{} canonical bytes of {}",
        canonical.len(),
        data.len(),
    );
    let again = linear(canonical.len(), || Envelope::decode_with(canonical, limits));
    let again = again.expect("the canonical form decodes");
    assert_eq!(again, envelope, "an equal envelope");
    assert_eq!(again.as_bytes(), canonical, "a fixpoint");
}
