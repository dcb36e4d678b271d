//! E5: a purpose and a payload of one's own.

use peermark_envelope::{
    Envelope, OpenError, OpenRecordError, Purpose, Record, SealRecordError, purpose,
};
use peermark_identity::PublicKey;

use crate::keypair;

/// A number below 100, signed by whom it names with the first byte of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Vote {
    value: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum VoteError {
    #[error("out of range")]
    OutOfRange,
    #[error("not two bytes")]
    Length,
    #[error("somebody else's")]
    NotTheirs,
}

fn mark(key: &PublicKey) -> u8 {
    *key.encode().last().unwrap()
}

impl Record for Vote {
    const PURPOSE: Purpose = purpose!("peermark-test-vote", b"/peermark/test/vote");
    type EncodeError = VoteError;
    type DecodeError = VoteError;

    fn encode(&self) -> Result<Vec<u8>, VoteError> {
        if self.value >= 100 {
            return Err(VoteError::OutOfRange);
        }
        Ok(vec![self.value, mark(keypair(1).public_key())])
    }

    fn decode(payload: &[u8], signer: &PublicKey) -> Result<Self, VoteError> {
        let &[value, author] = payload else { return Err(VoteError::Length) };
        if author != mark(signer) {
            return Err(VoteError::NotTheirs);
        }
        Ok(Self { value })
    }
}

#[test]
fn e5_a_record_of_ones_own_round_trips_with_its_proof() {
    let sealed = Envelope::seal_record(&Vote { value: 42 }, &keypair(1)).unwrap();
    let signed = Envelope::decode(sealed.as_bytes()).unwrap().open_record::<Vote>().unwrap();
    assert_eq!(signed.record(), &Vote { value: 42 });
    assert_eq!(signed.signer(), keypair(1).public_key());
    assert_eq!(signed.opened().purpose(), Vote::PURPOSE);
    let (record, opened) = signed.into_parts();
    assert_eq!((record.value, opened.envelope()), (42, &sealed));
}

#[test]
fn e5_a_payload_that_fails_to_encode_passes_its_error_on() {
    let error = Envelope::seal_record(&Vote { value: 100 }, &keypair(1)).unwrap_err();
    assert_eq!(error, SealRecordError::Encode(VoteError::OutOfRange));
}

#[test]
fn e5_a_verified_payload_that_is_no_record_passes_its_error_on() {
    let sealed = Envelope::seal(Vote::PURPOSE, b"abc", &keypair(1)).unwrap();
    let error = sealed.open_record::<Vote>().unwrap_err();
    assert_eq!(error, OpenRecordError::Decode(VoteError::Length));
}

#[test]
fn e5_decode_judges_the_signer() {
    let sealed = Envelope::seal_record(&Vote { value: 1 }, &keypair(2)).unwrap();
    let error = sealed.open_record::<Vote>().unwrap_err();
    assert_eq!(error, OpenRecordError::Decode(VoteError::NotTheirs));
}

#[test]
fn e1_a_record_is_not_decoded_before_its_signature_verified() {
    // The payload would fail to decode, and the signature is bad: the signature is told.
    let sealed = Envelope::seal(Vote::PURPOSE, b"abc", &keypair(1)).unwrap();
    let mut bytes = sealed.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let error = Envelope::decode(&bytes).unwrap().open_record::<Vote>().unwrap_err();
    assert_eq!(error, OpenRecordError::Open(OpenError::BadSignature));
}

#[test]
fn e3_a_record_does_not_open_as_another() {
    let sealed = Envelope::seal(crate::GREETING, &[1, 2], &keypair(1)).unwrap();
    let error = sealed.open_record::<Vote>().unwrap_err();
    assert!(matches!(error, OpenRecordError::Open(OpenError::PayloadTypeMismatch { .. })));
}
