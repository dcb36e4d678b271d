//! Flipped bits and cut ends: nothing stays the same key, nothing panics.

use peermark_identity::{Keypair, PeerId, PeerIdExt, PublicKey};

use crate::support::{golden_keys, unhex};

#[test]
fn w6_every_flipped_bit_of_a_key_is_refused_or_makes_another_peer() {
    for golden in golden_keys().iter().filter(|key| key.expect == "accept") {
        let good = unhex(&golden.public);
        let peer = PublicKey::decode(&good).unwrap().peer_id();
        let mut others = 0;
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(key) = PublicKey::decode(&bytes) {
                assert_ne!(key.peer_id(), peer, "{} bit {bit}", golden.name);
                assert_eq!(key.encode(), bytes);
                others += 1;
            }
        }
        assert!(others > 0, "{}", golden.name);
        for len in 0..good.len() {
            assert!(PublicKey::decode(&good[..len]).is_err(), "{} cut at {len}", golden.name);
        }
    }
}

#[test]
fn every_flipped_bit_of_a_peer_id_is_refused_or_makes_another() {
    for golden in golden_keys().iter().filter(|key| key.expect == "accept") {
        let good = unhex(&golden.peer_id_bytes);
        let peer = PeerId::from_multihash_bytes(&good).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = PeerId::from_multihash_bytes(&bytes) {
                assert_ne!(other, peer);
                assert_eq!(*other.multihash_bytes(), *bytes);
            }
        }
        for len in 0..good.len() {
            assert!(PeerId::from_multihash_bytes(&good[..len]).is_err());
        }
    }
}

#[test]
fn k4_no_flipped_bit_of_a_private_key_keeps_its_peer() {
    // An RSA key takes long to check; every bit of the others.
    let golden_keys = golden_keys();
    let small = golden_keys.iter().filter(|key| key.private.len() < 1000);
    for golden in small {
        let good = unhex(&golden.private);
        let peer = Keypair::decode(&good).unwrap().peer_id();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(keypair) = Keypair::decode(&bytes) {
                assert_ne!(keypair.peer_id(), peer, "{} bit {bit}", golden.name);
            }
        }
        for len in 0..good.len() {
            assert!(Keypair::decode(&good[..len]).is_err(), "{} cut at {len}", golden.name);
        }
    }
}
