//! Keypairs whose secret is in memory (K4).

use core::fmt;

use ed25519_dalek::Signer as _;

use crate::algorithm::ed25519;
use crate::key_type::KeyType;
use crate::peer_id::PeerId;
use crate::public_key::{Inner, PublicKey};
use crate::signer::{SignError, Signer};

/// A secret in memory and its public key.
pub struct Keypair {
    public: PublicKey,
    secret: Secret,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl Keypair {
    /// The Ed25519 keypair of this 32-byte seed (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Self {
        let secret = Box::new(ed25519_dalek::SigningKey::from_bytes(seed));
        Self {
            public: PublicKey::from_inner(Inner::Ed25519(ed25519::PublicKey::from_secret(&secret))),
            secret: Secret::Ed25519(secret),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The peer id of the public half.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.public.peer_id()
    }

    /// The kind of this keypair.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }
}

impl Signer for Keypair {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.secret {
            Secret::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

/// The type and the peer id; never the secret.
impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keypair")
            .field("key_type", &self.key_type())
            .field("peer_id", &self.peer_id())
            .finish_non_exhaustive()
    }
}
