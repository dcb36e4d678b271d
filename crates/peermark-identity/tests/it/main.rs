//! What `peermark-identity` accepts and refuses, rule by rule.

mod ecdsa;
mod ed25519;
mod ed25519_vectors;
mod golden;
mod import;
mod mutation;
mod peer_id;
mod private_key;
mod public_key;
mod rsa;
mod signer;
mod support;
mod wycheproof;
