//! Keys and peer ids.

use peermark_identity::{KeyType, Keypair, PeerId, PeerIdExt as _, PublicKey, Signer};

use super::linear;
use crate::model;

/// Rules K1 to K4 and W6 over arbitrary bytes.
///
/// A public key that decodes encodes to the same bytes (with the type, where it was missing), its
/// peer id is the multihash of that and survives text and bytes, and no signature of bytes that
/// nobody signed verifies. Bytes that are a peer id are one in every form. A private key that
/// decodes signs for the public key that is derived from it.
///
/// # Panics
///
/// When that does not hold.
pub fn public_key(data: &[u8]) {
    if let Ok(key) = linear(data.len(), || PublicKey::decode(data)) {
        let encoded = key.encode();
        let model = model::key(data).expect("a key that the model reads");
        assert_eq!(encoded, model.canonical(), "canonical key");
        assert_eq!(PublicKey::decode(&encoded).as_ref(), Ok(&key), "encoded and decoded");
        assert!(KeyType::from_number(model.key_type.unwrap_or(0)) == Some(key.key_type()));
        of_key(&key, &encoded);
        for signature in [&[][..], data, &[0; 64], &[0; 256]] {
            assert!(key.verify(data, signature).is_err(), "a signature that nobody made");
        }
    }
    peer_id(data);
    private_key(data);
}

fn of_key(key: &PublicKey, encoded: &[u8]) {
    let id = key.peer_id();
    assert_eq!(PeerId::from(key), id);
    match &*id.multihash_bytes() {
        [0x00, len, digest @ ..] => {
            assert!(encoded.len() <= 42, "short keys are their own digest");
            assert_eq!(usize::from(*len), encoded.len(), "length");
            assert_eq!(digest, encoded, "digest");
            assert_eq!(id.public_key().expect("its own key").as_ref(), Some(key));
        }
        [0x12, 32, digest @ ..] => {
            assert!(encoded.len() > 42, "long keys are hashed");
            assert_eq!(digest.len(), 32, "digest");
            assert_eq!(id.public_key(), Ok(None), "no key in a hash");
        }
        other => panic!("peer id {other:02x?}"),
    }
    round_trips(id);
}

fn peer_id(data: &[u8]) {
    if let Ok(id) = PeerId::from_multihash_bytes(data) {
        assert_eq!(&*id.multihash_bytes(), data, "a peer id is its bytes");
        round_trips(id);
    }
    if let Ok(Ok(id)) = std::str::from_utf8(data).map(PeerId::parse_text) {
        round_trips(id);
    }
}

fn round_trips(id: PeerId) {
    assert_eq!(PeerId::from_multihash_bytes(&id.multihash_bytes()), Ok(id), "from bytes");
    assert_eq!(PeerId::parse_text(&id.to_string()), Ok(id), "from text");
    assert!(id.multihash_bytes().len() <= 44, "length");
}

fn private_key(data: &[u8]) {
    let Ok(keypair) = linear(data.len(), || Keypair::decode(data)) else {
        return;
    };
    let stored = keypair.encode();
    let again = Keypair::decode(stored.as_ref()).expect("what we encode we decode");
    assert_eq!(again.public_key(), keypair.public_key(), "public half");
    assert_eq!(again.encode().as_ref(), stored.as_ref(), "one canonical form");
    let signature = keypair.sign(data).expect("a keypair in memory signs");
    assert!(keypair.public_key().verify(data, &signature).is_ok(), "its own signature");
}
