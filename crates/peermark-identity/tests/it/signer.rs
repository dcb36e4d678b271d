//! K5: a signer is a trait object, and pointers to signers are signers.

use std::sync::Arc;

use peermark_identity::{Keypair, PublicKey, SignError, Signer};

use crate::support::{golden_keys, unhex};

/// A signer in another process that answers for one message only.
struct Remote {
    public: PublicKey,
    answer: Result<Vec<u8>, SignError>,
}

impl Signer for Remote {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if message == b"message" { self.answer.clone() } else { Err(SignError::Refused) }
    }
}

fn check<S: Signer>(signer: S, expected: &Result<Vec<u8>, SignError>) {
    let signed = signer.sign(b"message");
    assert_eq!(&signed, expected);
    if let Ok(signature) = signed {
        assert!(signer.public_key().verify(b"message", &signature).is_ok());
    }
}

#[test]
fn k5_any_signer_fits_behind_any_pointer() {
    let keypair = Keypair::ed25519_from_seed(&[6; 32]);
    for answer in [
        keypair.sign(b"message"),
        Err(SignError::Failed),
        Err(SignError::Unavailable),
        Err(SignError::Other(17)),
    ] {
        let remote = || Remote { public: keypair.public_key().clone(), answer: answer.clone() };
        assert_eq!(remote().sign(b"other"), Err(SignError::Refused));
        check::<&Remote>(&remote(), &answer);
        check(Box::new(remote()), &answer);
        check(Arc::new(remote()), &answer);
        check::<Box<dyn Signer>>(Box::new(remote()), &answer);
        check::<Arc<dyn Signer + Send + Sync>>(Arc::new(remote()), &answer);
        check::<&dyn Signer>(&remote(), &answer);
    }
    check(&keypair, &keypair.sign(b"message"));
}

#[test]
fn a_message_in_parts_verifies_as_the_whole() {
    for golden in golden_keys() {
        let keypair = Keypair::decode(&unhex(&golden.private)).unwrap();
        let message = b"one message in several parts";
        let signature = keypair.sign(message).unwrap();
        let key = keypair.public_key();
        for at in [0, 1, 7, message.len()] {
            let (one, two) = message.split_at(at);
            assert!(key.verify_parts(&[one, two], &signature).is_ok());
            assert!(key.verify_parts(&[one, &[], two, &[]], &signature).is_ok());
            assert!(key.verify_parts(&[one], &signature).is_err() || two.is_empty());
            assert!(key.verify_parts(&[two, one], &signature).is_err() || at % 28 == 0);
        }
        assert!(key.verify_parts(&[], &keypair.sign(b"").unwrap()).is_ok());
    }
}

#[test]
fn signers_cross_threads() {
    let keypair: Arc<dyn Signer + Send + Sync> = Arc::new(Keypair::generate_secp256k1().unwrap());
    let threads: Vec<_> = (0..4u8)
        .map(|n| {
            let signer = Arc::clone(&keypair);
            std::thread::spawn(move || signer.sign(&[n]).unwrap())
        })
        .collect();
    for (n, thread) in (0..4u8).zip(threads) {
        let signature = thread.join().unwrap();
        assert!(keypair.public_key().verify(&[n], &signature).is_ok());
    }
}
