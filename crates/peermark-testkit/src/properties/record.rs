//! Payloads of peer records, signed by the testkit's signer.

use std::collections::HashSet;

use multiaddr::{Multiaddr, Protocol};
use peermark_envelope::{Envelope, SealError};
use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{
    CertifiedRecord, Dialects, MAX_ADDRESS_LEN, MAX_ADDRESSES, PEER_RECORD, PeerRecord,
    RecordError, Stage, VerifyError, address_text, normalize_address, parse_address,
};
use peermark_wire::{Message, PeerRecordMessage};

use super::linear;
use crate::{keys, model};

/// Rules R1 to R3 and W5 over arbitrary bytes as a payload.
///
/// The payload decodes for a signer to what the model says: sequence number, addresses in order,
/// each once. Every address is a multiaddr that survives its bytes, ends in nobody's peer id, and
/// is kept as it is when it is normalised again; its text has no control characters and reads as
/// that address, never as another. The payload is taken as it is, and with the name of the testkit's
/// signer in it.
///
/// # Panics
///
/// When that does not hold.
pub fn peer_record(data: &[u8]) {
    let Ok(message) = linear(data.len(), || PeerRecordMessage::decode(data, MAX_ADDRESSES)) else {
        if let Some(opened) = certify(data) {
            assert_eq!(opened.map_err(|error| error.stage()), Err(Stage::Record));
        }
        return;
    };
    for_signer(data);
    if let Ok(addresses) = message.addresses().collect::<Result<Vec<_>, _>>() {
        let addresses = addresses.iter().map(|address| address.multiaddr);
        let mut renamed = Vec::new();
        let id = keys::signer().peer_id();
        PeerRecordMessage::encode(&id.multihash_bytes(), message.seq(), addresses, &mut renamed);
        for_signer(&renamed);
    }
}

/// What a record of this payload is, signed; `None` where it does not fit an envelope.
fn certify(payload: &[u8]) -> Option<Result<CertifiedRecord, VerifyError>> {
    let envelope = match Envelope::seal(PEER_RECORD, payload, keys::signer()) {
        Ok(envelope) => envelope,
        Err(SealError::TooLarge { .. }) => return None,
        Err(other) => panic!("a keypair in memory signs: {other}"),
    };
    let len = envelope.as_bytes().len();
    Some(linear(len, || CertifiedRecord::open(envelope, Dialects::Any)))
}

fn for_signer(payload: &[u8]) {
    let peer = keys::signer().peer_id();
    let Some(ours) = certify(payload) else { return };
    let model = model::record(payload, &peer.multihash_bytes());
    let (ours, model) = match (ours, model) {
        (Ok(ours), Ok(model)) => (ours, model),
        (Err(error), Err(expected)) => {
            if let VerifyError::Record(RecordError::Malformed(reason)) = &error {
                let expected = [Message::PeerRecord, Message::AddressInfo];
                assert!(expected.contains(&reason.message), "{reason}");
                assert!(reason.offset <= payload.len(), "{reason}");
            }
            assert_eq!(error.stage(), expected);
            return;
        }
        (ours, model) => panic!("ours {ours:?}, the model {model:?}"),
    };
    let ours = PeerRecord::from(&ours);
    assert_eq!(ours.peer_id(), peer, "peer id");
    assert_eq!(ours.seq().value(), model.seq, "seq");
    assert_eq!(ours.addresses(), model.addresses, "addresses");
    check_addresses(ours.addresses(), &peer);
}

/// What holds for the addresses of any record of `peer`.
///
/// # Panics
///
/// When it does not.
pub(super) fn check_addresses(addresses: &[Multiaddr], peer: &PeerId) {
    assert!(addresses.len() <= MAX_ADDRESSES, "{} addresses", addresses.len());
    let mut seen = HashSet::new();
    for address in addresses {
        assert!(seen.insert(address), "{address} twice");
        assert!(!address.is_empty() && address.len() <= MAX_ADDRESS_LEN, "{address}");
        assert!(!matches!(address.iter().last(), Some(Protocol::P2p(_))), "{address}");
        let again = Multiaddr::try_from(address.to_vec());
        assert!(again.is_ok_and(|again| again == *address), "{address} from its bytes");
        let normalized = normalize_address(address.as_ref(), peer).map(|kept| kept.as_bytes());
        assert_eq!(normalized, Ok(address.as_ref()), "normalised twice");
        let text = address_text(address);
        assert!(text.starts_with('/') && !text.contains(char::is_control), "{text:?}");
        match parse_address(&text) {
            Ok(read) => assert_eq!(read.to_vec(), address.to_vec(), "{text:?} is another address"),
            Err(error) => assert!(address.iter().any(has_no_text), "{text:?}: {error}"),
        }
    }
}

/// Whether the binary form of a component allows what its text form does not: garlic addresses of
/// few bytes, onion addresses with port 0.
fn has_no_text(component: Protocol<'_>) -> bool {
    match component {
        Protocol::Garlic64(_) | Protocol::Garlic32(_) => true,
        Protocol::Onion(_, port) => port == 0,
        Protocol::Onion3(address) => address.port() == 0,
        _ => false,
    }
}
