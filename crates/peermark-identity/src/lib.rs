//! Who signed: peer ids, public keys, signers, and verification that never disagrees with itself.
//!
//! This crate is where cryptography ends. It turns key bytes into a [`PublicKey`], signatures into
//! a yes or a [`BadSignature`], and secrets into a [`Keypair`] that signs; the crates above name
//! no cryptographic library. It does not know envelopes, records, domains or time.
//!
//! # The types, in the order one meets them
//!
//! - [`PeerId`]: libp2p's, on the stack; [`PeerIdExt`] is what peermark reads of it and makes of it:
//!   canonical bytes, text in base58btc or as a CID, and the key where it is one.
//! - [`PublicKey`]: a key that can verify, of one of the four [`KeyType`]s. There is no value of
//!   this type for a key that peermark refuses, so such a key has no peer id either.
//! - [`Signer`]: whatever can sign for a public key, a device or a remote service included.
//! - [`Keypair`]: a [`Signer`] whose secret is in memory: generated, or imported from libp2p's
//!   private key message, PKCS#8, PKCS#1, SEC1 or PEM.
//!
//! ```
//! use peermark_identity::{BadSignature, Keypair, PeerId, PeerIdExt, PublicKey, Signer};
//!
//! let keypair = Keypair::ed25519_from_seed(&[7; 32]);
//! let signature = keypair.sign(b"hello")?;
//!
//! // What travels is the key's protobuf; whoever has it knows the peer id and can verify.
//! let key = PublicKey::decode(&keypair.public_key().encode())?;
//! assert_eq!(key.verify(b"hello", &signature), Ok(()));
//! assert_eq!(key.verify(b"hallo", &signature), Err(BadSignature));
//! assert_eq!(key.peer_id(), keypair.peer_id());
//! assert_eq!(PeerId::parse_text(&key.peer_id().to_string())?, key.peer_id());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is accepted (K1 to K3)
//!
//! | type | key | signature |
//! |---|---|---|
//! | Ed25519 | 32 bytes: canonical encoding of a point that is not of low order | 64 bytes, S below the group order, R canonical and not of low order |
//! | secp256k1 | 33 bytes, compressed | ECDSA over SHA-256, strict DER, low S |
//! | ECDSA | P-256, the one 91-byte SubjectPublicKeyInfo | ECDSA over SHA-256, strict DER of 8 to 72 bytes, low or high S |
//! | RSA | canonical SubjectPublicKeyInfo, modulus of 2048 to 8192 bits, exponent odd, 65537 or more and below 2^33 | PKCS#1 v1.5 over SHA-256, as long as the modulus |
//!
//! A key of another type is [`PublicKeyError::UnsupportedType`], which is not a bad signature.
//! There is no switch and no feature that changes any of this: two builds of this crate accept
//! the same signatures, whatever features others turn on in the libraries underneath (K5).
//!
//! # Secrets (K4)
//!
//! Secrets are wiped when a [`Keypair`] is dropped, as far as the libraries underneath allow (its
//! documentation says how far), show up in no `Debug` and in no error, and have no serialisation
//! but [`Keypair::encode`].

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod algorithm;
mod digest;
mod key_type;
mod keypair;
mod peer_id;
mod public_key;
mod signer;

pub use digest::sha256;
pub use key_type::KeyType;
pub use keypair::{Container, GenerateError, Keypair, PrivateKeyError, SecretBytes, SecretDefect};
pub use multiaddr::PeerId;
pub use peer_id::{PeerIdBytes, PeerIdError, PeerIdExt};
pub use public_key::{BadSignature, KeyDefect, PublicKey, PublicKeyError};
pub use signer::{SignError, Signer};
