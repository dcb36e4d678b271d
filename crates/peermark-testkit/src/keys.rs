//! Keypairs of all four types that are the same in every run.
//!
//! Ed25519 and secp256k1 keys are made from a number. ECDSA and RSA keys are those of the vector
//! files: nothing here could derive their public halves. None of them is a secret.

use std::sync::LazyLock;

use peermark_identity::{KeyType, Keypair};

use crate::rng::Rng;
use crate::vectors::{self, Expect, PrivateKey};

/// The four types.
pub const TYPES: [KeyType; 4] =
    [KeyType::Ed25519, KeyType::Secp256k1, KeyType::Ecdsa, KeyType::Rsa];

/// How many different keypairs there are of a type; further numbers start over.
#[must_use]
pub fn count(key_type: KeyType) -> u64 {
    match key_type {
        KeyType::Ecdsa | KeyType::Rsa => {
            let keys = STORED.iter().filter(|(stored, _)| *stored == key_type);
            u64::try_from(keys.count()).unwrap_or(u64::MAX)
        }
        _ => u64::MAX,
    }
}

/// Keypair number `index` of a type.
///
/// # Panics
///
/// When a key in the vector files is none, which a test would have said.
#[must_use]
pub fn keypair(key_type: KeyType, index: u64) -> Keypair {
    match key_type {
        KeyType::Ed25519 => Keypair::ed25519_from_seed(&secret(index)),
        KeyType::Secp256k1 => {
            // A number of 254 bits is never zero by accident and always below the group order.
            let mut scalar = secret(index);
            scalar[0] &= 0x3f;
            Keypair::secp256k1_from_secret(&scalar).expect("a scalar below the order")
        }
        other => {
            let of_type: Vec<_> = STORED.iter().filter(|(stored, _)| *stored == other).collect();
            let index = usize::try_from(index % count(other)).expect("a small number");
            import(&of_type[index].1)
        }
    }
}

/// The Ed25519 keypair that properties sign with.
#[must_use]
pub fn signer() -> &'static Keypair {
    static SIGNER: LazyLock<Keypair> = LazyLock::new(|| keypair(KeyType::Ed25519, 0));
    &SIGNER
}

/// The keypair of a private key of the vector files.
///
/// # Panics
///
/// When it is none.
#[must_use]
pub fn import(private: &PrivateKey) -> Keypair {
    match private {
        PrivateKey::Protobuf(bytes) => Keypair::decode(bytes),
        PrivateKey::Pkcs8(bytes) => Keypair::from_pkcs8_der(bytes),
    }
    .expect("a private key of the vector files")
}

fn secret(index: u64) -> [u8; 32] {
    let mut rng = Rng::new(index ^ 0x7065_6572_6d61_726b);
    std::array::from_fn(|_| rng.byte())
}

static STORED: LazyLock<Vec<(KeyType, PrivateKey)>> = LazyLock::new(|| {
    let accepted = vectors::keys().into_iter().filter(|key| key.expect == Expect::Accept);
    accepted.map(|key| (import(&key.private).key_type(), key.private)).collect()
});
