//! Rules E1 to E6, and W1 and W7 where the envelope keeps them.

mod canonical;
mod purposes;
mod records;
mod sealing;
mod stages;

use peermark_envelope::{Envelope, Purpose, purpose};
use peermark_identity::Keypair;
use peermark_wire::Writer;

/// A purpose for tests that need any.
const GREETING: Purpose = purpose!("peermark-test-greeting", b"/peermark/test/greeting");

fn keypair(seed: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[seed; 32])
}

fn sealed(payload: &[u8]) -> Envelope {
    Envelope::seal(GREETING, payload, &keypair(1)).unwrap()
}

/// The bytes of an envelope with these fields, in this order.
fn fields(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, value) in parts {
        Writer::new(&mut bytes).bytes(*number, value);
    }
    bytes
}

/// The four values of an envelope: key, payload type, payload, signature.
fn parts(envelope: &Envelope) -> [Vec<u8>; 4] {
    let message = peermark_wire::EnvelopeMessage::decode(envelope.as_bytes()).unwrap();
    let mut key = Vec::new();
    message.public_key.encode(&mut key);
    [key, message.payload_type.to_vec(), message.payload.to_vec(), message.signature.to_vec()]
}
