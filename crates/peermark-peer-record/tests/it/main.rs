//! Rules R1 to R7.

mod addresses;
mod binding;
mod dialects;
mod interop;
mod issuing;
mod memory;
mod public;
mod seqs;
mod withdrawal;

use multiaddr::Multiaddr;
use peermark_envelope::{Envelope, Purpose};
use peermark_identity::{Keypair, PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialects, PEER_RECORD, VerifyError};
use peermark_wire::{PeerRecordMessage, Writer};

fn keypair(seed: u8) -> Keypair {
    Keypair::ed25519_from_seed(&[seed; 32])
}

fn multiaddr(text: &str) -> Multiaddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Seals a payload as it is, whatever it holds.
fn sealed(payload: &[u8], signer: &Keypair, purpose: Purpose) -> Vec<u8> {
    Envelope::seal(purpose, payload, signer).unwrap().into_bytes().to_vec()
}

/// The payload of a record with these fields, unchecked.
fn payload<'a>(peer: &PeerId, seq: u64, addresses: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    PeerRecordMessage::encode(&peer.multihash_bytes(), seq, addresses, &mut payload);
    payload
}

/// Signs `payload` with key 1 and verifies it.
fn verify_payload(payload: &[u8]) -> Result<CertifiedRecord, VerifyError> {
    CertifiedRecord::verify(&sealed(payload, &keypair(1), PEER_RECORD), Dialects::Any)
}

/// Signs a record of key 1 with these address entries and verifies it.
fn verify_addresses<'a>(addresses: impl IntoIterator<Item = &'a [u8]>) -> CertifiedRecord {
    verify_payload(&payload(&keypair(1).peer_id(), 7, addresses)).unwrap()
}

fn texts(record: &CertifiedRecord) -> Vec<String> {
    record.addresses().map(|address| address.to_string()).collect()
}

/// Appends a field of bytes to a payload.
fn with_field(mut payload: Vec<u8>, number: u32, value: &[u8]) -> Vec<u8> {
    Writer::new(&mut payload).bytes(number, value);
    payload
}
