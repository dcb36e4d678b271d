//! Sealing with signers that are not ours (K5), and its limits.

use peermark_envelope::{Envelope, Limits, OpenError, SealError};
use peermark_identity::{Keypair, PublicKey, SignError, Signer};

use crate::{GREETING, keypair};

/// A signer out of somebody else's hands, a remote one say.
struct Remote {
    key: Keypair,
    answer: Result<Vec<u8>, SignError>,
}

impl Signer for Remote {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.answer.clone()
    }
}

fn seal_with_answer(answer: Result<Vec<u8>, SignError>) -> Result<Envelope, SealError> {
    Envelope::seal(GREETING, b"payload", &Remote { key: keypair(1), answer })
}

#[test]
fn k5_any_signer_will_do_behind_a_reference_or_a_box() {
    let key = keypair(1);
    let by_reference: &dyn Signer = &key;
    let boxed: Box<dyn Signer> = Box::new(keypair(1));
    let expected = Envelope::seal(GREETING, b"payload", &key).unwrap();
    assert_eq!(Envelope::seal(GREETING, b"payload", by_reference).unwrap(), expected);
    assert_eq!(Envelope::seal(GREETING, b"payload", &boxed).unwrap(), expected);
}

#[test]
fn a_signer_that_fails_is_passed_on() {
    let error = SignError::Unavailable;
    assert_eq!(seal_with_answer(Err(error)).unwrap_err(), SealError::Signer(error));
}

#[test]
fn a_signature_of_no_bytes_is_refused_when_sealing() {
    assert_eq!(seal_with_answer(Ok(Vec::new())).unwrap_err(), SealError::EmptySignature);
}

#[test]
fn a_signer_that_lies_makes_an_envelope_that_does_not_open() {
    let envelope = seal_with_answer(Ok(vec![7; 64])).unwrap();
    assert_eq!(envelope.open(GREETING).unwrap_err(), OpenError::BadSignature);
}

#[test]
fn w1_what_nobody_would_read_is_not_sealed() {
    let overhead =
        Envelope::seal(GREETING, &[0; 1000], &keypair(1)).unwrap().as_bytes().len() - 1000;
    let limit = Limits::DEFAULT_ENVELOPE_LEN;
    let largest = vec![0; limit - overhead];
    let envelope = Envelope::seal(GREETING, &largest, &keypair(1)).unwrap();
    assert_eq!(envelope.as_bytes().len(), limit);
    assert!(Envelope::decode(envelope.as_bytes()).is_ok());

    let larger = vec![0; limit - overhead + 1];
    let error = Envelope::seal(GREETING, &larger, &keypair(1)).unwrap_err();
    assert_eq!(error, SealError::TooLarge { limit, got: limit + 1 });
    let wide = Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap();
    let envelope = Envelope::seal_with(GREETING, &larger, &keypair(1), wide).unwrap();
    assert!(Envelope::decode_with(envelope.as_bytes(), wide).unwrap().open(GREETING).is_ok());
}
