//! Keys made by other implementations, in both directions.

use peermark_identity::{
    KeyDefect, KeyType, Keypair, PeerId, PeerIdExt as _, PublicKey, PublicKeyError, Signer,
};

use crate::support::{GoldenKey, golden_keys, unhex};

#[test]
fn k4_private_keys_of_other_implementations_give_their_peer_ids() {
    for golden in golden_keys() {
        let private = unhex(&golden.private);
        let keypair = Keypair::decode(&private).unwrap();
        if golden.expect == "refuse" {
            // The secret is an ordinary one; only its public half is written in another form.
            assert_eq!(golden.name, "js/ecdsa_p256_js");
            assert_eq!(keypair.key_type(), KeyType::Ecdsa);
            assert_ne!(keypair.public_key().encode(), unhex(&golden.public));
            continue;
        }
        check_public(&golden, keypair.public_key());
        let stored = keypair.encode();
        assert_eq!(*Keypair::decode(&stored).unwrap().encode(), *stored);
        if golden.name.starts_with("js/") {
            assert_eq!(*stored, *private, "{}", golden.name);
        }
        let signature = keypair.sign(b"message").unwrap();
        let received = PublicKey::decode(&unhex(&golden.received_public)).unwrap();
        assert_eq!(received.verify(b"message", &signature), Ok(()));
    }
}

#[test]
fn k1_public_keys_of_other_implementations_have_their_peer_ids() {
    for golden in golden_keys() {
        for encoded in [&golden.public, &golden.received_public] {
            let decoded = PublicKey::decode(&unhex(encoded));
            if golden.expect == "refuse" {
                let error = PublicKeyError::Invalid {
                    key_type: KeyType::Ecdsa,
                    reason: KeyDefect::Length { got: 87 },
                };
                assert_eq!(decoded, Err(error));
            } else {
                check_public(&golden, &decoded.unwrap());
            }
        }
    }
}

#[test]
fn w6_a_missing_type_is_rsa_and_is_written() {
    let golden = crate::support::golden("py/rsa2048");
    let received = unhex(&golden.received_public);
    assert_eq!(received[0], 0x12, "py-libp2p leaves the type out");
    let key = PublicKey::decode(&received).unwrap();
    assert_eq!(key.key_type(), KeyType::Rsa);
    assert_eq!(key.encode(), [&[0x08, 0x00], &received[..]].concat());
}

fn check_public(golden: &GoldenKey, key: &PublicKey) {
    assert_eq!(key.encode(), unhex(&golden.public), "{}", golden.name);
    let peer = key.peer_id();
    assert_eq!(peer.to_string(), golden.peer_id);
    assert_eq!(*peer.multihash_bytes(), *unhex(&golden.peer_id_bytes));
    assert_eq!(PeerId::parse_text(&golden.peer_id), Ok(peer));
    assert_eq!(PeerId::from(key), peer);
    let inlined = matches!(key.key_type(), KeyType::Ed25519 | KeyType::Secp256k1);
    assert_eq!(peer.public_key(), Ok(inlined.then(|| key.clone())));
}
